"""The auditor: reads the ledger every few seconds with its own questions and says what must not be there."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.clock import wall_now
from domain.people import ContactPoint
from store import audit, pulses, register, watching
from store.audit import Seen
from store.ledger import Ledger, Tx
from watch.clocks import Clocks
from watch.finding import Finding
from watch.limits import FIRST_LATE, REPEAT_LATE, SLACK, TIMER_LATE, UNJUDGED_LATE, Limits, limits_of
from watch.proof import proved
from watch.signs import EngineTime, Signs

#: seconds between two looks
EVERY = 3.0
#: seconds that one look may take before the database counts as away
STALL = 6.0
#: seconds after which no further walk over all live rows is begun in the same look
_QUICK = 0.2
#: alerts proved in one look: open ones, and any
_PROVED = 25
#: newest attempts that are looked at, and how many must have failed
_ATTEMPTS = timedelta(minutes=10)
_LEAST, _SHARE = 8, 0.6
_FAILED = frozenset({"failed", "unknown", "busy", "no-answer", "undelivered"})
_ROLE = "duty_supervisor"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who looks after the system, and one way to reach them."""

    id: str
    language: str
    point: ContactPoint


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the ledger."""

    #: monotonic second at its end, and how long it took
    at: float
    took: float
    findings: tuple[Finding, ...]
    operators: tuple[Operator, ...] = ()


class Auditor:
    """One pair of eyes on the ledger; ``turn`` is one look. The newest reading stays until the next."""

    def __init__(self, ledger: Ledger, wall: Callable[[], datetime] = wall_now) -> None:
        self._ledger = ledger
        self._wall = wall
        self._signs = Signs()
        self._time = EngineTime()
        self._clocks = Clocks(wall(), time.monotonic())
        self._cursors = {True: "", False: ""}
        self._unproved: dict[str, Finding] = {}
        self._waiting: dict[str, float] = {}
        self._shapes: dict[str, list[Finding]] = {}
        self._asked: dict[str, float] = {}
        self._version: str | None = None
        self._limits = Limits()
        self._desks: frozenset[tuple[str, int]] = frozenset()
        self._operators: tuple[Operator, ...] = ()
        #: monotonic second at which the look under way began
        self.began: float | None = None
        self.reading: Reading | None = None

    def turn(self) -> None:
        """Look once. Raises what the ledger raises."""
        began = self.began = time.monotonic()
        try:
            with self._ledger.reading() as tx:
                findings = self._look(tx)
        finally:
            self.began = None
        ended = time.monotonic()
        self.reading = Reading(ended, ended - began, tuple(findings), self._operators)

    def now(self) -> datetime:
        """Engine time, carried on by our own seconds: what this process acts by."""
        return self._time.now(time.monotonic(), self._wall())

    def findings(self, now: float, ailment: str | None) -> list[Finding]:
        """The last look's, and whether looking itself has stopped. ``now``: monotonic seconds."""
        known = list(self.reading.findings) if self.reading else []
        began = self.began
        if ailment is not None:
            return [Finding("database", detail=ailment[:200]), *known]
        if began is not None and now - began > STALL:
            return [Finding("database", detail=f"a look has taken {now - began:.0f} s"), *known]
        return known

    def _look(self, tx: Tx) -> list[Finding]:
        self._learn(tx)
        now, wall = time.monotonic(), self._wall()
        saved = pulses.saved_time(tx)
        self._time.hear(saved, now)
        self._signs.hear(watching.signs(tx), now)
        engine = self._time.now(now, wall)
        return [
            *self._late(tx, engine, now),
            *self._shape(tx, engine),
            *self._walk(tx),
            *self._providers(tx, engine),
            *self._signs.judge(now),
            *self._clocks.judge(wall, now, audit.clock(tx), engine if saved else None),
        ]

    def _learn(self, tx: Tx) -> None:
        """Plans, 120 contacts and operators, read again when the register has changed."""
        version = register.version(tx)
        if version == self._version:
            return
        points = watching.contact_points(tx)
        self._limits = limits_of(watching.plan_texts(tx))
        self._desks = _real_desks(watching.people_of(tx, "dispatch_120"), points)
        self._operators = tuple(
            Operator(id, language, point)
            for id, language in watching.people_of(tx, _ROLE)
            for point in points.get(id, ())
        )
        self._version = version

    def _late(self, tx: Tx, now: datetime, seconds: float) -> list[Finding]:
        return _told((
            ("overdue", audit.overdue(tx, now - TIMER_LATE)),
            ("unleased", audit.unleased(tx, now - FIRST_LATE, now - REPEAT_LATE)),
            ("passed_over", audit.passed_over(tx, now - 2 * FIRST_LATE, now - FIRST_LATE)),
            ("lease_expired", audit.expired_leases(tx, now - TIMER_LATE)),
            ("unjudged", self._too_long(audit.unjudged(tx), seconds)),
        ), now)  # fmt: skip

    def _too_long(self, pending: Sequence[Seen], now: float) -> list[Seen]:
        """Messages we have seen waiting for too long: their own stamps are the wall clock's."""
        self._waiting = {seen.id: self._waiting.get(seen.id, now) for seen in pending}
        return [replace(seen, since=None) for seen in pending if now - self._waiting[seen.id] > UNJUDGED_LATE]

    def _shape(self, tx: Tx, now: datetime) -> list[Finding]:
        """What walks all live rows: all of it at each look while that is quick, else as far as time allows, in turn."""
        limits = self._limits
        asked: dict[str, Callable[[], list[Seen]]] = {
            "misshapen": lambda: audit.misshapen(tx, now + limits.claim + SLACK, now - limits.gap - SLACK),
            "trackless": lambda: audit.trackless(tx),
            "unheard": lambda: audit.unheard(tx, now - TIMER_LATE),
            "doubled": lambda: audit.doubled(tx),
        }
        began = time.monotonic()
        for code in sorted(asked, key=lambda code: self._asked.get(code, 0.0)):
            self._shapes[code] = _told([(code, asked[code]())], now)
            self._asked[code] = time.monotonic()
            if self._asked[code] - began > _QUICK:
                break
        quick = (("far_timer", audit.far_timers(tx, now + limits.gap + SLACK)), ("mixed_drill", audit.mixed(tx)))
        return _told(quick, now) + [finding for found in self._shapes.values() for finding in found]

    def _walk(self, tx: Tx) -> list[Finding]:
        """Prove a few alerts whole, and those again that were not well."""
        ids = list(self._unproved)
        for only_open, cursor in self._cursors.items():
            found = audit.walk(tx, cursor, _PROVED, only_open)
            self._cursors[only_open] = found[-1] if len(found) == _PROVED else ""
            ids += found
        wrong = proved(audit.stories(tx, list(dict.fromkeys(ids))), self._limits, self._desks)
        self._unproved = {finding.about[0]: finding for finding in wrong[: audit.MOST]}
        return wrong[: audit.MOST]

    def _providers(self, tx: Tx, now: datetime) -> list[Finding]:
        newest = audit.newest_attempts(tx, now - _ATTEMPTS)
        found = []
        for channel in sorted({channel for channel, _ in newest}):
            words = [status for name, status in newest if name == channel]
            failed = sum(word in _FAILED for word in words)
            if len(words) >= _LEAST and failed >= _SHARE * len(words):
                found.append(Finding("providers", failed, detail=f"{channel}: {failed} of {len(words)}"))
        return found


def _told(seen: Sequence[tuple[str, Sequence[Seen]]], now: datetime) -> list[Finding]:
    return [_finding(code, rows, now) for code, rows in seen if rows]


def _finding(code: str, rows: Sequence[Seen], now: datetime) -> Finding:
    oldest = min((row.since for row in rows if row.since), default=None)
    number = f"{len(rows)} or more" if len(rows) >= audit.MOST else str(len(rows))
    since = f", for {(now - oldest).total_seconds():.0f} s" if oldest and oldest < now else ""
    return Finding(code, len(rows), tuple(row.id for row in rows[:5]), number + since)


def _real_desks(
    people: Sequence[tuple[str, str]], points: dict[str, Sequence[ContactPoint]]
) -> frozenset[tuple[str, int]]:
    return frozenset((id, p.n) for id, _ in people for p in points.get(id, ()) if not p.drill)
