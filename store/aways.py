"""Times away: with the family, in hospital. Nobody is asked then, and nothing is forgotten."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.ids import new_id
from store.ledger import Tx
from store.register import DEVICES
from store.sight import plain
from store.tables import AwayRow
from store.traces import STATES

AWAYS = AwayRow.__table__  # type: ignore[attr-defined]


def begin(tx: Tx, home: str, kind: str, now: datetime, until: datetime | None, by: str) -> dict[str, Any]:
    """Away from now on."""
    row = {
        "id": new_id(), "home_id": home, "kind": kind, "from_at": now, "until_at": until, "by": by, "ended_at": None,
        "ended_by": None,
    }  # fmt: skip
    tx.execute(sa.insert(AWAYS), [row])
    return plain(row)


def end(tx: Tx, home: str, now: datetime, by: str) -> bool:
    """Back again; False when nobody was away."""
    open_ones = (AWAYS.c.home_id == home, AWAYS.c.ended_at.is_(None))
    return bool(tx.execute(sa.update(AWAYS).where(*open_ones).values(ended_at=now, ended_by=by)).rowcount)


def away(tx: Tx, now: datetime, homes: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
    """Home -> since when, until when, why; only those that are away at this moment."""
    query = sa.select(AWAYS).where(holds(now))
    if homes is not None:
        query = query.where(AWAYS.c.home_id.in_(list(homes)))
    return {row["home_id"]: plain(dict(row)) for row in tx.execute(query).mappings()}


def holds(now: datetime) -> Any:
    """Condition on ``AWAYS``: this one holds at that moment."""
    c = AWAYS.c
    return c.ended_at.is_(None) & (c.from_at <= now) & sa.or_(c.until_at.is_(None), c.until_at > now)


def own(way: str) -> str:
    """Who says it: the home itself, by ``voice``, ``button`` or its ``family``."""
    return f"home:{way}"


def own_with_life(tx: Tx, now: datetime) -> list[tuple[str, datetime, datetime]]:
    """Homes that said themselves that nobody is there: since when, and their newest sign of life."""
    c, d, s = AWAYS.c, DEVICES.c, STATES.c
    query = sa.select(c.home_id, c.from_at, sa.func.max(s.last_life)).join_from(AWAYS, DEVICES, d.home_id == c.home_id)
    query = query.join(STATES, s.device_id == d.id).where(c.ended_at.is_(None), c.from_at <= now, c.by.like("home:%"))
    rows = tx.execute(query.where(s.last_life.is_not(None)).group_by(c.home_id, c.from_at)).all()
    return [(home, since, life) for home, since, life in rows]
