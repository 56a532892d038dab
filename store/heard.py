"""Which signed messages were obeyed already, with what we answered; known to every process and after a restart."""

from datetime import datetime

import sqlalchemy as sa

from store.bulk import upsert
from store.ledger import Tx
from store.tables import HeardRow

HEARD = HeardRow.__table__  # type: ignore[attr-defined]


def answered(tx: Tx, stamp: str, now: datetime) -> str | None:
    """What was answered to the message of this stamp; None: it was not obeyed yet, or is forgotten."""
    query = sa.select(HEARD.c.answer).where(HEARD.c.stamp == stamp, HEARD.c.until > now)
    kept = tx.execute(query).scalar()
    if kept is None:
        return None
    answer = tx.sealer.peek(kept, _place(stamp))
    return "" if answer is None else answer.decode()  # it was obeyed, whatever was said


def keep(tx: Tx, stamp: str, answer: str, until: datetime) -> None:
    """It was obeyed, and this is what we said. The first answer stays."""
    row = {"stamp": stamp, "until": until, "answer": tx.sealer.seal(answer.encode(), _place(stamp))}
    tx.execute(upsert(tx, HEARD).values([row]).on_conflict_do_nothing())


def forget(tx: Tx, now: datetime) -> int:
    """Drop what has run out. Returns how many."""
    return int(tx.execute(sa.delete(HEARD).where(HEARD.c.until <= now)).rowcount)


def _place(stamp: str) -> str:
    return f"heard_once.answer|{stamp}"
