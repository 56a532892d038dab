"""The day's check-ins as they may be shown: by street, with counts."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.people import Scope
from store.checkins import CHECKINS
from store.home_sight import theirs
from store.ledger import Tx
from store.register import HOMES
from store.sight import bound, iso_or_none, rows_of


@dataclass(frozen=True, slots=True)
class Filter:
    """Which ones."""

    day: str
    state: str | None = None
    home: str | None = None


def page_of(tx: Tx, scope: Scope, wanted: Filter, limit: int, cursor: str | None) -> dict[str, Any]:
    """By home id."""
    c = CHECKINS.c
    query = sa.select(CHECKINS, HOMES.c.address).outerjoin(HOMES, HOMES.c.id == c.home_id)
    query = query.where(*_seen(tx, scope, wanted.day))
    query = query.where(*([c.state == wanted.state] if wanted.state else []))
    query = query.where(*([c.home_id == wanted.home] if wanted.home else []))
    query = query.where(*([c.home_id > cursor] if cursor else []))
    rows = rows_of(tx, query.order_by(c.home_id).limit(bound(limit) + 1))
    items = [_shown(row) for row in rows[: bound(limit)]]
    return {"items": items, "next_cursor": items[-1]["home"] if len(rows) > bound(limit) else None}


def counts(tx: Tx, scope: Scope, day: str) -> dict[str, int]:
    """State -> how many."""
    query = sa.select(CHECKINS.c.state, sa.func.count()).where(*_seen(tx, scope, day)).group_by(CHECKINS.c.state)
    return {"open": 0, "ok": 0, "excused": 0, "missed": 0} | {state: int(n) for state, n in tx.execute(query)}


def _seen(tx: Tx, scope: Scope, day: str) -> list[Any]:
    here = [CHECKINS.c.day == day]
    if scope.streets:
        here.append(sa.or_(CHECKINS.c.street.in_(scope.streets), CHECKINS.c.street.is_(None)))
    if scope.role == "family_doctor":
        here.append(CHECKINS.c.home_id.in_(sa.select(HOMES.c.id).where(*theirs(tx, scope))))
    return here


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": f"{row['home_id']}:{row['day']}", "home": row["home_id"], "day": row["day"], "street": row["street"],
        "address": row["address"], "state": row["state"], "by_at": iso_or_none(row["by_at"]), "late": row["late"],
        "step": row["step"], "next_at": iso_or_none(row["next_at"]), "settled_at": iso_or_none(row["settled_at"]),
        "way": row["way"], "by": row["by"], "alert": row["alert_id"],
    }  # fmt: skip
