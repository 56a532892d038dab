"""Care calls: calls that ask how things are, written before the dial, settled after, answered by a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from store.bulk import upsert
from store.ledger import Tx
from store.tables import CareCallRow

_LOG = structlog.get_logger("anling.checkins")
CARE = CareCallRow.__table__  # type: ignore[attr-defined]
#: a dial that nobody settled in this time died with its process: rather twice than never
_LOST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class CareCall:
    """One call to make, or made."""

    key: str
    home: str
    day: str
    #: None: the resident
    responder: str | None
    channel: str
    address: str

    def __repr__(self) -> str:
        return f"CareCall({self.key})"


def order(tx: Tx, calls: Sequence[CareCall], now: datetime) -> None:
    """Make these calls; ordering one twice is harmless."""
    rows = [
        {
            "key": c.key, "home_id": c.home, "day": c.day, "responder": c.responder, "channel": c.channel,
            "address": tx.sealer.seal(c.address.encode(), _place(c.key)), "created_at": now, "status": "pending",
        }
        for c in calls
    ]  # fmt: skip
    if rows:
        tx.execute(upsert(tx, CARE).on_conflict_do_nothing(), rows)


def any_waiting(tx: Tx) -> bool:
    """Whether some call is to be made, or its dial was lost."""
    query = sa.select(CARE.c.key).where(CARE.c.status.in_(("pending", "sending"))).limit(1)
    return tx.execute(query).first() is not None


def lease(tx: Tx, now: datetime, limit: int) -> list[CareCall]:
    """Calls to make now, taken so that no other process makes them too."""
    c = CARE.c
    lost = sa.and_(c.status == "sending", c.settled_at < now - _LOST)
    query = sa.select(CARE).where(sa.or_(c.status == "pending", lost)).order_by(c.key).limit(limit)
    rows = list(tx.execute(query.with_for_update(skip_locked=True)).mappings())
    keys = [row["key"] for row in rows]
    tx.execute(sa.update(CARE).where(c.key.in_(keys)).values(status="sending", settled_at=now))
    found = {row["key"]: _call(tx, row) for row in rows}
    for key in [key for key, call in found.items() if call is None]:
        # Nobody can dial it: the next step comes at its time, and no other call waits for it (P6).
        _LOG.error("care_call_unusable", key=key)
        settle(tx, key, "failed", now, reason="its number cannot be read")
    return [call for call in found.values() if call is not None]


def find(tx: Tx, key: str) -> CareCall | None:
    """One call by its key; None where there is none, or its number cannot be read."""
    row = tx.execute(sa.select(CARE).where(CARE.c.key == key)).mappings().first()
    return None if row is None else _call(tx, row)


def newest(tx: Tx, prefix: str) -> datetime | None:
    """When the newest call was ordered whose key begins with ``prefix``."""
    last = sa.select(sa.func.max(CARE.c.created_at, type_=CARE.c.created_at.type))
    return tx.execute(last.where(CARE.c.key >= prefix, CARE.c.key < prefix + "\U0010ffff")).scalar()


def by_reference(tx: Tx, reference: str) -> str | None:
    """The key of the call to which a provider gave this reference."""
    return tx.execute(sa.select(CARE.c.key).where(CARE.c.reference == reference).limit(1)).scalar()


def settle(
    tx: Tx, key: str, status: str, now: datetime, reference: str | None = None, reason: str | None = None
) -> None:
    """``sent`` or ``failed``; what was answered stays answered."""
    values = {"status": status, "settled_at": now, "reference": reference, "reason": reason}
    tx.execute(sa.update(CARE).where(CARE.c.key == key, CARE.c.status != "answered").values(**values))


def answer(tx: Tx, key: str, word: str, now: datetime) -> None:
    """What a person said by a key."""
    tx.execute(sa.update(CARE).where(CARE.c.key == key).values(status="answered", answer=word, settled_at=now))


def prune(tx: Tx, before: datetime) -> None:
    """Forget calls of long ago."""
    tx.execute(sa.delete(CARE).where(CARE.c.created_at < before))


def _call(tx: Tx, row: sa.RowMapping) -> CareCall | None:
    address = tx.sealer.peek(row["address"], _place(row["key"]))
    if address is None:
        return None
    return CareCall(row["key"], row["home_id"], row["day"], row["responder"], row["channel"], address.decode())


def _place(key: str) -> str:
    return f"care_calls.address|{key}"
