"""Watches over the devices: who falls silent, whose battery runs down, who is back; and who must be told.

Deadlines stand in the ledger: when a device was last heard, and how long its class may be quiet. A
turn may run late, twice, or in several processes at once; each piece can be run again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog

from domain.clock import Clock
from domain.events import Kind
from domain.tasks import Task, TaskKind
from escalation.standing import Standing
from homes.alarming import raise_alarm
from homes.rules_devices import Outage, Supervision, due_at, listening_since, streets_of, together
from store import faults, listening, pulses
from store.buttons import BUTTONS, buttons_of
from store.commissioning import commissioned
from store.faults import Fault, Limit
from store.ledger import Ledger, Tx
from store.tasks import open_of, refresh_tasks, reopen_tasks, settle_tasks

_T = TypeVar("_T")
_LOG = structlog.get_logger("anling.devices")
#: a turn that comes later than this was not listening in between
_GAP = timedelta(minutes=3)
#: the bridge's pulse may be so old
_PULSE = timedelta(minutes=1)
#: our own outages are remembered so long
_MEMORY = timedelta(days=7)
#: what a device's messages tell of itself
_TRACED = ("clock", "config", "sequence_gap")
#: these, batteries and tests are looked at this often
_SLOWLY = timedelta(minutes=10)
#: what somebody called done is looked at afresh after this
_AFRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Watched:
    """What one turn found."""

    silent: int = 0
    back: int = 0
    told: int = 0
    alerted: int = 0
    incidents: int = 0


class DeviceWatch:
    """Looks over all devices. One ``turn`` is one look."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, rules: Supervision, zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._rules = rules
        self._zone = zone
        self._slow_at: datetime | None = None

    def turn(self) -> Watched:
        """Note what is new, settle what is over, group what belongs together, tell who must know."""
        now = self._clock.now()
        outages = self._listen(now)
        back = self._clear("silent", faults.returned, now)
        silent = self._note("silent", lambda tx: faults.quiet(tx, self._limits(tx, now, outages)), now)
        if self._slow_at is None or now - self._slow_at >= _SLOWLY:
            self._slowly(now)
            self._slow_at = now
        incidents = self._group(now)
        told, alerted = self._tell(now)
        return Watched(silent, back, told, alerted, incidents)

    def _listen(self, now: datetime) -> list[Outage]:
        """Our own outages; this turn's too, when the bridge was away or nobody looked."""
        with self._ledger.reading() as tx:
            at, deaf = listening.known(tx)
            pulse = pulses.newest(tx).get("broker")
        away = pulse is not None and (not pulse.ok or now - pulse.at > _PULSE)
        if at is not None and (now - at > _GAP or away):
            start = deaf.pop()[0] if deaf and deaf[-1][1] == at else at
            deaf.append((start, now))
        deaf = [(a, b) for a, b in deaf if b > now - _MEMORY]
        with self._ledger.transaction(patient=True) as tx:
            listening.keep(tx, now, deaf)
        return [Outage(a, b) for a, b in deaf]

    def _limits(self, tx: Tx, now: datetime, outages: Sequence[Outage]) -> list[Limit]:
        limits = []
        for role, dialect in faults.kinds(tx):
            known = self._rules.class_of(role, dialect)
            seen = listening_since(now, known.quiet, outages)
            offline = listening_since(now, known.offline, outages) if known.offline else None
            limits.append(Limit(role, dialect, seen, offline))
        return limits

    def _note(self, fault: str, find: Callable[[Tx], list[str]], now: datetime) -> int:
        with self._ledger.reading() as tx:
            found = find(tx)
        for piece in _pieces(found):
            with self._ledger.transaction(patient=True) as tx:
                faults.note(tx, piece, fault, now)
        return len(found)

    def _clear(self, fault: str, find: Callable[[Tx], list[str]], now: datetime, result: str = "well again") -> int:
        with self._ledger.reading() as tx:
            found = find(tx)
        for piece in _pieces(found):
            self._over([(device, fault) for device in piece], now, result)
        return len(found)

    def _over(self, pairs: Sequence[tuple[str, str]], now: datetime, result: str) -> None:
        """The cause has gone: the device's task is done, and its home's, if a button works there again."""
        with self._ledger.transaction(patient=True) as tx:
            homes = faults.homes_of(tx, [device for device, _ in pairs])
            faults.clear(tx, pairs)
            settle_tasks(tx, [_key(device, fault) for device, fault in pairs], now, result)
            well = [home for home, (works, _) in buttons_of(tx, homes).items() if works]
            settle_tasks(tx, [f"unprotected:{home}" for home in well], now, result)

    def _slowly(self, now: datetime) -> None:
        """What may wait for minutes: batteries, tests, clocks, losses, who was taken out of use."""
        with self._ledger.reading() as tx:
            ended = faults.gone(tx)
            kinds = [(role, dialect, self._rules.class_of(role, dialect)) for role, dialect in faults.kinds(tx)]
        for piece in _pieces(ended):
            self._over(piece, now, "no longer in use")
        with self._ledger.transaction(patient=True) as tx:
            faults.forget_done(tx, now - _AFRESH)
        self._clear("battery_low", lambda tx: faults.charged(tx, self._rules.battery_well), now)
        self._note("battery_low", lambda tx: faults.flat(tx, self._rules.battery_low), now)
        for fault in _TRACED:
            self._clear(fault, lambda tx, f=fault: faults.mended(tx, f), now)  # type: ignore[misc]
            self._note(fault, lambda tx, f=fault: faults.odd(tx, f), now)  # type: ignore[misc]
        spans = {
            "test_due": [(r, d, now - c.press) for r, d, c in kinds if c.press],
            "unused": [(r, d, now - c.wear) for r, d, c in kinds if c.wear],
        }
        for fault, limits in spans.items():
            self._clear(fault, lambda tx, f=fault: faults.used(tx, f), now)  # type: ignore[misc]
            self._note(
                fault, lambda tx, f=fault, x=limits: faults.idle(tx, f, x, self._rules.tests), now  # type: ignore[misc]
            )

    def _group(self, now: datetime) -> int:
        """Thirty thousand wills are one incident: one task, and nobody is called about a single home."""
        with self._ledger.reading() as tx:
            known, homes = faults.incidents(tx), faults.untold_homes(tx, now)
            settled = [key for key in known if key not in open_of(tx, known)]
            waits = faults.waiting_incidents(tx)
        running = streets_of([key for key in known if key not in settled])
        groups = together(self._rules, homes, running)
        if groups or settled or known or waits:
            with self._ledger.transaction() as tx:
                for key in settled:
                    faults.release(tx, key)
                for street in groups:
                    faults.join_incident(tx, running.get(street) or f"network:{street}:{now:%Y%m%dT%H%M%S}", street)
                self._tell_incidents(tx, waits, now)
        return len(groups.keys() - running.keys())

    def _tell_incidents(self, tx: Tx, waits: Iterable[str], now: datetime) -> None:
        present = faults.incidents(tx)
        refresh_tasks(tx, [
            Task(key, TaskKind.NETWORK_INCIDENT, now, now + timedelta(minutes=30), key.split(":", 2)[1] or None,
                 data={**counts, "what": "network_incident"})
            for key, counts in present.items()
        ])  # fmt: skip
        for key in present.keys() - set(waits):
            _LOG.critical("network_incident", task=key, homes=present[key]["homes"], devices=present[key]["devices"])
        settle_tasks(tx, [key for key in waits if key not in present], now, "all devices are back")

    def _tell(self, now: datetime) -> tuple[int, int]:
        with self._ledger.reading() as tx:
            if not faults.untold(tx, now, now - self._rules.hold, 1):
                return 0, 0
        with self._ledger.transaction() as tx:
            found = faults.untold(tx, now, now - self._rules.hold)
            left = self._left(tx, found, now)
            calls = set(left[: self._rules.alerts])
            later = set(left[self._rules.alerts :])
            ripe = [fault for fault in found if fault.home not in later or fault.fault != "silent"]
            reopen_tasks(tx, [self._task(fault, now) for fault in ripe])
            alerted = sum(self._call(tx, home, ripe, now) for home in sorted(calls))
            faults.told(tx, [(fault.device, fault.fault) for fault in ripe], now)
        return len(ripe), alerted

    def _left(self, tx: Tx, found: Sequence[Fault], now: datetime) -> list[str]:
        """Homes that these silences leave with no working button: known for a while, and not called about already."""
        silent = {f.home for f in found if f.fault == "silent" and f.role in (*BUTTONS, "gateway")}
        if not silent:
            return []
        accepted = commissioned(tx, silent)
        called = open_of(tx, [f"unprotected:{home}" for home in silent])
        return sorted(
            home for home, (works, since) in buttons_of(tx, silent).items()
            if not works and f"unprotected:{home}" not in called
            and (home in accepted or (since is not None and since <= now - self._rules.known))
        )  # fmt: skip

    def _call(self, tx: Tx, home: str, found: Sequence[Fault], now: datetime) -> bool:
        silent = [f for f in found if f.home == home and f.fault == "silent"]
        told = {"devices": len(silent), "device": silent[0].device}
        raised = raise_alarm(tx, self._standing, home, Kind.DEVICE_SILENT, "supervision", told, now)
        reopen_tasks(tx, [Task(
            f"unprotected:{home}", TaskKind.UNPROTECTED, now, now + self._rules.within, silent[0].street, home,
            alert=raised, data=told,
        )])  # fmt: skip
        return raised is not None

    def _task(self, fault: Fault, now: datetime) -> Task:
        seen = fault.last_seen.isoformat() if fault.last_seen else None
        data = {**fault.data, "fault": fault.fault, "role": fault.role, "last_seen": seen}
        due = due_at(self._rules, now, self._zone)
        key = _key(fault.device, fault.fault)
        return Task(key, TaskKind.DEVICE_FAULT, now, due, fault.street, fault.home, fault.device, data=data)


def _key(device: str, fault: str) -> str:
    return f"fault:{fault}:{device}"


def _pieces(found: Sequence[_T], size: int = 1_000) -> Iterable[Sequence[_T]]:
    return (found[n : n + size] for n in range(0, len(found), size))
