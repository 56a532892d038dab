"""Standing orders: the plans in force and the roster, read from the ledger and remembered while unchanged."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog

from domain.clock import wall_now
from domain.errors import ConfigurationError
from escalation.duty import SHANGHAI, Roster
from escalation.plan import Plan, parse_plan
from store import commissioning, duty, plans, register
from store.ledger import Tx

T = TypeVar("T")
_LOG = structlog.get_logger("anling.standing")
#: what ended longer ago than this is not carried along for the present
_OVER = timedelta(days=2)
#: how many past rosters are remembered
_PAST = 8


class Standing:
    """Gives each decision its plan and its roster; asks the ledger whether they have changed."""

    def __init__(self, zone: ZoneInfo = SHANGHAI, now: Callable[[], datetime] = wall_now) -> None:
        self.zone = zone
        self._now = now
        self._plans: dict[str, Plan] = {}
        self._roster = Roster(zone=zone)
        self._installing: dict[str, datetime] = {}
        self._calendar: list[tuple[datetime, str, str | None]] = []
        self._seen: str | None = None
        #: the present roster answers for every instant from here on
        self._since = now()
        #: number of the last change of duty -> the roster as it was then
        self._past: dict[int, Roster] = {}
        self._lock = threading.Lock()
        #: versions that alerts are pinned to and that cannot be used
        self.lacking: set[str] = set()
        #: places of the ledger that could not be read at the last look, and were passed over
        self.unread: frozenset[str] = frozenset()

    def roster(self, tx: Tx) -> Roster:
        """Everybody who may be asked, as of this transaction."""
        self._refresh(tx)
        return self._roster

    def installing(self, tx: Tx, at: datetime) -> frozenset[str]:
        """Homes in which an installer is trying the devices at this moment."""
        self._refresh(tx)
        return frozenset(home for home, until in self._installing.items() if at < until)

    def edition(self, tx: Tx) -> str:
        """Changes whenever register, duty or plan do."""
        self._refresh(tx)
        return self._seen or ""

    def roster_at(self, tx: Tx, at: datetime) -> Roster:
        """Everybody who might have been asked at ``at``, as was laid down then; for the present and later, now."""
        roster = self.roster(tx)
        if at >= self._since:
            return roster
        n, _ = duty.newest(tx, at)
        with self._lock:
            known = self._past.get(n)
        if known is None:
            laid = duty.as_of(tx, at, self.zone)
            known = Roster(laid.responders, laid.teams, self.zone, laid.changes)
            with self._lock:
                while len(self._past) >= _PAST:
                    self._past.pop(next(iter(self._past)))
                self._past[n] = known
        return known

    def in_force(self, tx: Tx, at: datetime, street: str | None = None) -> Plan:
        """The plan for alerts raised at ``at`` in ``street``: its own, else the district's."""
        self._refresh(tx)
        return self.known(tx, at, street)

    def since(self, tx: Tx) -> datetime | None:
        """When the first plan of this installation came into force; None where there is none."""
        self._refresh(tx)
        return min((at for at, _, _ in self._calendar), default=None)

    def known(self, tx: Tx, at: datetime, street: str | None) -> Plan:
        """As ``in_force``, by what the last look into this transaction's ledger showed."""
        for of in (street, None) if street is not None else (None,):
            begun = [version for start, version, whose in self._calendar if start <= at and whose == of]
            if begun:
                return self.plan(tx, begun[-1])
        # Nothing has begun yet, whoever laid it down so: called too early by it is better than not at all.
        coming = [version for _, version, whose in self._calendar if whose is None]
        if coming:
            return self.plan(tx, coming[0])
        raise LookupError("no plan is in force; start the server with ANLING_PLAN or approve one")

    def apart(self, tx: Tx, at: datetime) -> timedelta:
        """What repeats to one telephone keep between them, whatever alerts they are about: the plan's ``min_gap``."""
        return min(rule.min_gap for rule in self.in_force(tx, at).rules.values())

    def _refresh(self, tx: Tx) -> None:
        """Read again what has changed since the last transaction."""
        version = register.version(tx)
        with self._lock:
            if version != self._seen:
                tx.unread.clear()
                now = self._now()
                self._roster = readable(tx, "duty", lambda: read_roster(tx, self.zone, now), lambda: self._unbent(tx))
                self._since = readable(tx, "duty", lambda: max(now - _OVER, duty.newest(tx)[1]), lambda: now)
                self._installing = readable(tx, "commissioning", lambda: commissioning.installing(tx), dict)
                self._calendar = self._dated(tx)
                self.unread = frozenset(tx.unread)
                self._seen = version

    def _dated(self, tx: Tx) -> list[tuple[datetime, str, str | None]]:
        return readable(tx, "plans", lambda: plans.whole_calendar(tx), lambda: self._calendar or plans.undated(tx))

    def _unbent(self, tx: Tx) -> Roster:
        """Everybody with their plain shifts, and the changes of duty that were known before one could not be read."""
        people = register.people(tx)
        return Roster(people.responders, people.teams, self.zone, self._roster.changes)

    def plan(self, tx: Tx, version: str) -> Plan:
        """The plan pinned to an alert; where that one cannot be used, the newest that can (P6)."""
        plan = self._plans.get(version) or self._read(tx, version)
        if plan is not None:
            return plan
        every = readable(tx, "plans", lambda: plans.whole_calendar(tx), lambda: plans.undated(tx))
        for other in (version for _, version, street in reversed(every) if street is None):
            plan = self._plans.get(other) or self._read(tx, other)
            if plan is not None:
                return plan
        raise LookupError("no usable plan is in the ledger; start the server with ANLING_PLAN or approve one")

    def _read(self, tx: Tx, version: str) -> Plan | None:
        """An alert is called by another plan sooner than by none."""
        text = plans.text_of(tx, version)
        try:
            if text is None:
                raise LookupError("it is not in the ledger")
            # The ledger's name counts: another text under a known version was given one of its own.
            read = parse_plan(text, version, lambda base: plans.text_of(tx, base))
            plan = self._plans[version] = replace(read, version=version)
        except (ConfigurationError, LookupError) as error:
            _LOG.error("plan_unusable", version=version, why=str(error)[:300])
            self.lacking.add(version)
            return None
        return plan


def read_roster(tx: Tx, zone: ZoneInfo, now: datetime) -> Roster:
    """The roster as this transaction has it, remembered nowhere; without what was over long before ``now``."""
    people = register.people(tx)
    return Roster(people.responders, people.teams, zone, duty.changes(tx, zone, now - _OVER))


def readable(tx: Tx, place: str, what: Callable[[], T], instead: Callable[[], T]) -> T:
    """``what``; where a row holds what nobody can read, ``instead``: one bad row must not stop every call (P6).

    Only what reading itself raises is answered so; a ledger that is away or busy still raises.
    """
    try:
        return what()
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        tx.unread.add(place)
        _LOG.error("standing_orders_unusable", error=type(error).__name__, text=str(error)[:200])
        return instead()
