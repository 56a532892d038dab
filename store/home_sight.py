"""Which homes a log-in may see, as conditions of the query: its streets; doctors and the 120 desk only theirs."""

from typing import Any

import sqlalchemy as sa

from domain.people import PROBE_MARK, Scope
from store.alerts import ALERTS
from store.ledger import Tx
from store.register import HOMES, TEAMS
from store.sight import mine

#: roles that see the homes of their teams, or about which they were asked, and no others
NARROW = frozenset({"family_doctor", "dispatch_120"})


def theirs(tx: Tx, scope: Scope) -> list[Any]:
    """Conditions on ``HOMES``."""
    where: list[Any] = [HOMES.c.street.not_like(f"{PROBE_MARK}%")]
    if scope.streets:
        where.append(HOMES.c.street.in_(scope.streets))
    if scope.role in NARROW:
        teams = _teams_of(tx, scope.responder or scope.operator)
        asked = sa.select(ALERTS.c.home_id).where(ALERTS.c.home_id.is_not(None), ALERTS.c.state == "open", *mine(scope))
        where.append(sa.or_(HOMES.c.family_doctor_team.in_(teams), HOMES.c.id.in_(asked)))
    return where


def may_see(tx: Tx, scope: Scope, home: str) -> bool:
    """Whether this home is among them."""
    return tx.execute(sa.select(HOMES.c.id).where(HOMES.c.id == home, *theirs(tx, scope))).first() is not None


def _teams_of(tx: Tx, responder: str) -> list[str]:
    """The teams in whose shifts somebody stands, also as a deputy."""
    rows = tx.execute(sa.select(TEAMS.c.id, TEAMS.c.shifts))
    return [id for id, shifts in rows if any(responder in (s["responder"], s.get("deputy")) for s in shifts or ())]
