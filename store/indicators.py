"""The rows from which the figures are worked out: real alerts with their first claim, check-ins by day, drills."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.people import Scope
from store.alerts import ALERTS, TIMELINE
from store.checkins import CHECKINS
from store.ledger import Tx
from store.sight import NO_PROBE, mine


@dataclass(frozen=True, slots=True)
class AlertFact:
    """One alert, as far as figures need it: nobody's name, no address."""

    kind: str
    severity: str
    drill: bool
    raised_at: datetime
    #: the first claim by a person; None: nobody has claimed it (yet)
    claimed_at: datetime | None
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class DayFact:
    """How many check-ins of one day stand in one state."""

    day: str
    state: str
    count: int


def alert_facts(tx: Tx, scope: Scope, since: datetime, until: datetime) -> list[AlertFact]:
    """Alerts raised in between, drills too, oldest first."""
    a, t = ALERTS.c, TIMELINE.c
    where = [a.raised_at >= since, a.raised_at < until, NO_PROBE, *mine(scope)]
    taken = sa.select(t.alert_id, sa.func.min(t.at).label("at")).where(t.type == "claimed")
    first = taken.where(t.alert_id.in_(sa.select(a.id).where(*where))).group_by(t.alert_id).subquery()
    query = sa.select(a.kind, a.severity, a.drill, a.raised_at, first.c.at, a.closed_at, a.outcome)
    query = query.outerjoin(first, first.c.alert_id == a.id).where(*where).order_by(a.id)
    return [AlertFact(*row) for row in tx.execute(query)]


def day_facts(tx: Tx, scope: Scope, first: str, last: str) -> list[DayFact]:
    """Check-ins of the days from ``first`` to ``last`` (ISO dates), by state."""
    c = CHECKINS.c
    where = [c.day >= first, c.day <= last, *([c.street.in_(scope.streets)] if scope.streets else [])]
    query = sa.select(c.day, c.state, sa.func.count()).where(*where).group_by(c.day, c.state).order_by(c.day, c.state)
    return [DayFact(day, state, int(n)) for day, state, n in tx.execute(query)]
