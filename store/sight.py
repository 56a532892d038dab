"""Who may see what: conditions of the query itself, and how lists are cut into pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.errors import Forbidden
from domain.people import DESK, LEADS, PROBE_MARK, Scope
from store.alerts import ALERTS
from store.ledger import Tx
from store.outbox import OUTBOX

#: roles that see every alert of their streets; the others only those they were asked for
WIDE = DESK | {"auditor", "drill", "probe"}
ADMIN = LEADS | {"auditor"}
#: roles that may read the cards of those they see
PERSONAL = DESK | {"family_doctor", "street_office", "dispatch_120"}
_MOST = 500


def mine(scope: Scope) -> list[Any]:
    """The part of the ledger that this log-in may see, as conditions of the query."""
    where: list[Any] = []
    if scope.streets:
        where.append(sa.or_(ALERTS.c.street.in_(scope.streets), ALERTS.c.street.is_(None)))
    if scope.role in ("drill", "probe"):
        where.append(ALERTS.c.drill.is_(True))
    elif scope.role not in WIDE:
        asked = sa.select(OUTBOX.c.alert_id).where(OUTBOX.c.person == (scope.responder or scope.operator))
        where.append(ALERTS.c.id.in_(asked))
    return where


#: alerts of the watch's own probes count nowhere
NO_PROBE = sa.or_(ALERTS.c.street.is_(None), ALERTS.c.street.not_like(f"{PROBE_MARK}%"))


def only(scope: Scope, roles: frozenset[str]) -> None:
    """Raises ``Forbidden`` for every other role."""
    if scope.role not in roles:
        raise Forbidden("your log-in may not see this list")


def bound(limit: int) -> int:
    """How many rows a page may have."""
    return max(1, min(limit, _MOST))


def rows_of(tx: Tx, query: Any) -> list[Mapping[str, Any]]:
    """What a query finds, by column."""
    return [dict(row) for row in tx.execute(query).mappings()]


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON has it: instants as text."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def iso_or_none(at: datetime | None) -> str | None:
    """An instant as JSON has it."""
    return at.isoformat() if at else None
