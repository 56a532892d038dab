"""The watch: each eye in a loop of its own, a judge over them, three voices: crier, notebook, dead-man's switch."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from broker_bridge.settings import BrokerAddress
from domain.clock import wall_now
from domain.contacts import Channel
from escalation.commands import Commands
from escalation.standing import Standing
from store.ledger import Ledger
from store.probes import Probe
from watch import auditor, deadman, doorman, notebook
from watch.auditor import Auditor, Operator
from watch.crier import Crier
from watch.deadman import Deadman
from watch.doorman import Doorman
from watch.ear import Ear, device_of
from watch.finding import Finding
from watch.notebook import Notebook
from watch.probing import Probing
from watch.sink import Call, Sink
from watch.turning import Turning

_LOG = structlog.get_logger("anling.watch")
#: seconds between two judgements, and after which a judge that stands says nothing good any more
_EVERY = 1.0
_STANDS = 5.0
#: seconds after which an eye that does not turn counts as closed
_CLOSED = 12.0
#: seconds in which everything may come up before what is not seen yet counts as wrong
_BREATH = 40.0


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What a watch needs to know. Secrets are not shown."""

    instance: str
    broker: BrokerAddress
    zone: ZoneInfo
    ca_file: Path | None = None
    #: where the senders reach the probe's sink; None: on this machine
    sink_url: str | None = None
    api_url: str | None = None
    deadman_url: str | None = None
    deadman_secret: str | None = field(default=None, repr=False)
    #: whom to tell; empty: the duty supervisors of the register
    operators: Sequence[Operator] = ()


class Watch:
    """Starts with everything away, and then says so."""

    def __init__(self, settings: WatchSettings, ledger: Ledger, channels: Mapping[str, Channel]) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self._auditor = Auditor(ledger)
        self._ear = Ear(settings.broker, settings.instance, self._receipt, settings.ca_file)
        self._doorman = Doorman(settings.api_url)
        secret = secrets.token_urlsafe(24)
        self._sink = Sink(settings.sink_url, secret, self._call)
        self._probing = Probing(
            ledger, Commands(ledger, Standing(settings.zone), self._auditor), self._auditor.now,
            Probe(device_of(settings.broker), self._sink.url, secret), self._ear.press,
        )  # fmt: skip
        self._crier = Crier(settings.instance, channels, self._operators)
        self._notebook = Notebook(ledger, settings.instance, self._auditor.now, self._probed)
        self._deadman = Deadman(
            settings.instance, settings.deadman_url, settings.deadman_secret, lambda: self.well, self._ear.beat
        )
        self._loops = {
            "judge": Turning("judge", _EVERY, self.judge),
            "auditor": Turning("auditor", auditor.EVERY, self._auditor.turn),
            "doorman": Turning("doorman", doorman.EVERY, self._doorman.turn),
            "probe": Turning("probe", 0.25, self._probing.turn),
            "crier": Turning("crier", 1.0, self._crier.turn),
            "notebook": Turning("notebook", notebook.EVERY, self._notebook.turn),
            "deadman": Turning("deadman", deadman.EVERY, self._deadman.turn),
        }
        #: what is wrong, as last judged
        self.findings: tuple[Finding, ...] = ()
        self._said = 0.0

    def start(self) -> None:
        """Open every eye."""
        self._sink.start()
        self._ear.start()
        for loop in self._loops.values():
            loop.start()

    def stop(self) -> None:
        """Close them. Whoever hears the dead-man's switch will notice: announce it."""
        for loop in self._loops.values():
            loop.stop(1.0)
        self._crier.stop()
        self._ear.stop()
        self._sink.stop()

    @property
    def well(self) -> bool:
        """Everything was seen, nothing is wrong, and the judge himself is awake."""
        awake = self._loops["judge"].age < _STANDS
        return awake and self._ready and all(f.code == "deadman" for f in self.findings)

    @property
    def _ready(self) -> bool:
        probed = self._probing.ok_at is not None
        return self._auditor.reading is not None and self._ear.ready and self._doorman.ready and probed

    def judge(self) -> None:
        """One judgement over what all eyes see; a loop of ours that stands is a finding too."""
        now = time.monotonic()
        loop = self._loops["auditor"]
        found = [
            *self._auditor.findings(now, loop.ailment),
            *self._ear.findings(now),
            *self._doorman.findings(now),
            *self._probing.findings(now),
            *self._deadman.findings(now),
            *self._closed_eyes(),
        ]
        if self._starting(now):
            found = [f for f in found if "no process" not in f.detail and f.code not in ("api", "broker", "probe")]
        self.findings = tuple({(f.code, f.detail): f for f in found}.values())
        self._crier.findings = self._notebook.findings = self.findings
        self._notebook.well = self.well
        self._tell(now)

    def _starting(self, now: float) -> bool:
        """The rooms may come up after us: until all was seen once, or a while has passed."""
        return not self._ready and now - self._began < _BREATH

    def _closed_eyes(self) -> list[Finding]:
        stand = sorted(name for name, loop in self._loops.items() if loop.age > _CLOSED)
        found = [Finding("auditor", about=tuple(stand))] if stand else []
        ailment = self._loops["notebook"].ailment
        return found + ([Finding("database", detail=ailment[:200])] if ailment else [])

    def _tell(self, now: float) -> None:
        """How things stand, for whoever listens at the broker; it comes back to us as the proof that it works."""
        if now - self._said < 3:
            return
        self._said = now
        state = "well" if self.well else "shouting" if self.findings else "looking"
        findings = [f.plain() | {"reason": {c: f.reason(c) for c in ("zh", "en")}} for f in self.findings[:10]]
        self._ear.tell({"v": 1, "state": state, "at": wall_now().isoformat(), "findings": findings})

    def _receipt(self, said: Mapping[str, object]) -> None:
        self._probing.receipt(said)

    def _call(self, call: Call) -> None:
        self._probing.call(call)

    def _probed(self) -> tuple[datetime | None, float | None]:
        return self._probing.ok_wall, self._probing.took_ms

    def _operators(self) -> Sequence[Operator]:
        """Those of the settings, else the duty supervisors as last read: the ledger may be away."""
        if self._settings.operators:
            return self._settings.operators
        return self._auditor.reading.operators if self._auditor.reading else ()
