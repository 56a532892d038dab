"""The probe: presses a button every minute, waits for the call, closes the drill: the whole way of a home."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.alerts import Actor
from domain.clock import wall_now
from domain.errors import Forbidden, NotFound, Refused
from domain.ids import new_id
from domain.people import ROLES
from escalation.commands import Commands
from store import probes
from store.ledger import Ledger
from store.probes import Probe
from watch.finding import Finding
from watch.sink import Call

_LOG = structlog.get_logger("anling.watch")
#: seconds between two presses, and after one that failed
EVERY = 60.0
AGAIN = 15.0
#: seconds within which the call must come, and the alert be closed
BOUND = 10.0
#: what probes leave behind is kept this long
KEPT = timedelta(days=7)
_PRUNE_EVERY = 3600.0


class Probing:
    """One press at a time. ``press`` hands an event to the broker and says if it could."""

    def __init__(
        self,
        ledger: Ledger,
        commands: Commands,
        now: Callable[[], datetime],
        probe: Probe,
        press: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        self._ledger = ledger
        self._commands = commands
        self._now = now
        self._probe = probe
        self._press = press
        self._actor = Actor(f"probe:{probe.device}", "probe", role="probe", roles=frozenset({"probe"}))
        self._lock = threading.Lock()
        self._event: str | None = None
        self._pressed = 0.0
        self._receipt: str | None = None
        #: alert -> its first call to the sink since the press
        self._calls: dict[str, Call] = {}
        self._due = 0.0
        self._pruned = time.monotonic()
        self._seq = 0
        #: what went wrong with the last press; None when all went well
        self.failure: str | None = None
        #: monotonic second of the last press that went all the way round, the wall clock then, and its milliseconds
        self.ok_at: float | None = None
        self.ok_wall: datetime | None = None
        self.took_ms: float | None = None

    def receipt(self, said: Mapping[str, Any]) -> None:
        """A receipt came from the broker."""
        with self._lock:
            if said.get("id") == self._event and said.get("alert"):
                self._receipt = str(said["alert"])

    def call(self, call: Call) -> None:
        """A contact came to the sink."""
        with self._lock:
            if self._event is not None and call.drill and call.type == "contact":
                self._calls.setdefault(call.alert, call)

    def turn(self) -> None:
        """One step. What the ledger raises fails the press that is under way."""
        now = time.monotonic()
        try:
            if self._event is None:
                if now >= self._due:
                    self._begin(now)
            elif call := self._came_round():
                self._finish(now, call)
            elif now - self._pressed > BOUND:
                self._fail(now, self._missing())
        except Exception as error:
            self._fail(now, f"ledger: {type(error).__name__}")
            raise
        if now - self._pruned > _PRUNE_EVERY:
            self._pruned = now
            self._prune()

    def findings(self, now: float) -> list[Finding]:
        """The last press that did not come round. ``now``: monotonic seconds."""
        late = self.ok_at is not None and now - self.ok_at > EVERY + AGAIN + 2 * BOUND
        why = self.failure or ("no press has come round for too long" if late else None)
        return [Finding("probe", detail=why)] if why else []

    def _begin(self, now: float) -> None:
        """Enrol, close what an earlier press left open (else this one would only join it), and press."""
        with self._ledger.transaction(patient=True) as tx:
            probes.enrol(tx, self._probe, ROLES)
            left = probes.open_alerts(tx, self._probe)
        for alert in left:
            self._close(alert)
        with self._lock:
            self._seq += 1
            self._event, self._receipt, self._calls, self._pressed = new_id(), None, {}, now
            event = {
                "v": 1, "id": self._event, "seq": self._seq, "type": "sos", "ts": wall_now().isoformat(),
                "clock": "ntp", "drill": True, "data": {"trigger": "probe"},
            }  # fmt: skip
        if not self._press(event):
            self._fail(now, "no connection to the broker")

    def _came_round(self) -> Call | None:
        """The call of the very alert that the receipt names; a late one of an earlier press proves nothing."""
        with self._lock:
            return self._calls.get(self._receipt or "")

    def _finish(self, now: float, call: Call) -> None:
        self._close(call.alert)
        took = (call.at - self._pressed) * 1000
        if self.failure is not None:
            _LOG.warning("probe_well_again", ms=round(took))
        self.failure, self.ok_at, self.ok_wall, self.took_ms = None, now, wall_now(), took
        self._end(now + EVERY)

    def _missing(self) -> str:
        with self._lock:
            if self._receipt is not None:
                return f"a receipt, and no call within {BOUND:.0f} s"
            return f"no receipt{' but a call' if self._calls else ' and no call'} within {BOUND:.0f} s"

    def _fail(self, now: float, why: str) -> None:
        self.failure = why
        self._end(now + AGAIN)

    def _end(self, due: float) -> None:
        with self._lock:
            self._event, self._due = None, due

    def _close(self, alert: str) -> None:
        """As ``test``, by the probe's own account; only a drill can be closed so (invariant 3)."""
        try:
            self._commands.close(alert, self._actor, "test", "test")
        except (Refused, NotFound, Forbidden) as error:
            _LOG.warning("probe_not_closed", alert=alert, why=type(error).__name__)

    def _prune(self) -> None:
        with self._ledger.transaction(patient=True) as tx:
            gone = probes.prune(tx, self._now() - KEPT)
        if gone:
            _LOG.info("probes_pruned", alerts=gone)
