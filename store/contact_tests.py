"""A responder tries the own telephone: what was ordered, what came of it, and whether somebody answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.errors import Refused
from domain.ids import new_id
from store.ledger import Tx
from store.sight import rows_of
from store.tables import ContactTestRow

TESTS = ContactTestRow.__table__  # type: ignore[attr-defined]
#: between two tests of one person by one channel
PAUSE = timedelta(minutes=1)
#: a test that was not answered within this proves nothing any more
VALID = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PhoneTest:
    """One test."""

    id: str
    responder: str
    channel: str
    point: int
    digit: str
    ordered_at: datetime


def order(tx: Tx, responder: str, channel: str, point: int, digit: str, by: str, at: datetime) -> str:
    """Order a test; it is sent by whoever sends. Raises ``Refused`` right after the last one."""
    c = TESTS.c
    last = tx.execute(
        sa.select(sa.func.max(c.ordered_at, type_=c.ordered_at.type)).where(
            c.responder_id == responder, c.channel == channel
        )
    ).scalar()
    if last is not None and at - last < PAUSE:
        raise Refused("this telephone was tried a moment ago; wait a minute")
    id = new_id()
    row = {"id": id, "responder_id": responder, "channel": channel, "point": point, "ordered_at": at,
           "ordered_by": by, "digit": digit, "status": "pending"}  # fmt: skip
    tx.execute(sa.insert(TESTS), [row])
    return id


def take(tx: Tx, at: datetime) -> PhoneTest | None:
    """The next test to be sent, taken; one that its sender did not finish within a minute is not sent again."""
    c = TESTS.c
    query = sa.select(TESTS).where(c.status == "pending").order_by(c.ordered_at).limit(1)
    row = tx.execute(query.with_for_update(skip_locked=True) if tx.postgres else query).mappings().first()
    if row is None:
        return None
    tx.execute(sa.update(TESTS).where(c.id == row["id"]).values(status="sending", sent_at=at))
    return _test(row)


def get(tx: Tx, id: str) -> PhoneTest | None:
    """One test."""
    row = tx.execute(sa.select(TESTS).where(TESTS.c.id == id)).mappings().first()
    return _test(row) if row else None


def note(tx: Tx, id: str, **values: Any) -> None:
    """What came of sending it, or what the provider said later; that somebody answered stays true."""
    here = TESTS.c.id == id
    still = here & (TESTS.c.status != "proved") if "status" in values else here
    tx.execute(sa.update(TESTS).where(still).values(**values))


def proved(tx: Tx, id: str, at: datetime) -> None:
    """A person answered it."""
    tx.execute(sa.update(TESTS).where(TESTS.c.id == id).values(status="proved", proved_at=at))


def unanswered(tx: Tx, responder: str, channel: str, at: datetime) -> PhoneTest | None:
    """The newest test of this person by this channel that still waits for an answer."""
    c = TESTS.c
    query = sa.select(TESTS).where(
        c.responder_id == responder, c.channel == channel, c.ordered_at > at - VALID, c.status != "proved"
    )
    row = tx.execute(query.order_by(c.ordered_at.desc()).limit(1)).mappings().first()
    return _test(row) if row else None


def latest(tx: Tx, responder: str, limit: int = 6) -> list[Mapping[str, Any]]:
    """The newest tests of one person, as they are shown."""
    c = TESTS.c
    columns = (c.id, c.channel, c.ordered_at, c.sent_at, c.status, c.word, c.reason, c.proved_at)
    query = sa.select(*columns).where(c.responder_id == responder).order_by(c.ordered_at.desc()).limit(limit)
    return rows_of(tx, query)


def _test(row: Mapping[Any, Any]) -> PhoneTest:
    return PhoneTest(
        row["id"], row["responder_id"], row["channel"], row["point"], row["digit"], row["ordered_at"]
    )


def waiting(tx: Tx) -> bool:
    """Whether a test waits to be sent."""
    return tx.execute(sa.select(TESTS.c.id).where(TESTS.c.status == "pending").limit(1)).first() is not None
