"""Errands: words for devices, kept until the bridge has said them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.ids import new_id
from store.ledger import Tx
from store.tables import ErrandRow

ERRANDS = ErrandRow.__table__  # type: ignore[attr-defined]
#: a question of this morning is not asked in the evening
_STALE = timedelta(hours=2)


def send(tx: Tx, devices: Iterable[str], command: str, data: Mapping[str, Any], now: datetime) -> None:
    """Say ``command`` to each of them (for a child: to its gateway)."""
    rows = [
        {"id": new_id(), "device_id": d, "command": command, "data": dict(data), "created_at": now, "said_at": None}
        for d in devices
    ]
    if rows:
        tx.execute(sa.insert(ERRANDS), rows)


def unsaid(tx: Tx, now: datetime, limit: int) -> list[dict[str, Any]]:
    """What has not been said and is not stale, oldest first."""
    c = ERRANDS.c
    query = sa.select(ERRANDS).where(c.said_at.is_(None), c.created_at > now - _STALE).order_by(c.id).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]


def said(tx: Tx, ids: Iterable[str], now: datetime) -> None:
    """The bridge has said these."""
    tx.execute(sa.update(ERRANDS).where(ERRANDS.c.id.in_(list(ids))).values(said_at=now))


def prune(tx: Tx, before: datetime) -> None:
    """Forget what was said, or has gone stale, long ago."""
    tx.execute(sa.delete(ERRANDS).where(ERRANDS.c.created_at < before))
