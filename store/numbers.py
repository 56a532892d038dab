"""Whose telephone number is this? Kept as keyed marks beside the sealed cards: one look-up, nothing in the clear."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from store import meta
from store.bulk import among, listed, run, upsert
from store.ledger import Ledger, Tx
from store.tables import metadata

MARKS: sa.Table = metadata.tables["phone_marks"]
RESIDENTS: sa.Table = metadata.tables["residents"]
HOMES: sa.Table = metadata.tables["homes"]

#: a number is the same by its last digits: +86 and 0 in front do not matter
LAST = 8
#: says in ``meta`` that every card has been read
_FILLED = "phone_marks"
_BATCH = 500


def last_digits(number: object) -> str:
    """What a number is compared by; empty for what has no digits."""
    return re.sub(r"\D", "", str(number or ""))[-LAST:]


def keep(tx: Tx, cards: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """These residents' numbers, and their contacts', are these and no others. In the transaction of the cards."""
    known = {id: _marks(tx, card) for id, card in cards}
    forget(tx, list(known))
    rows = [{"mark": mark, "resident_id": id} for id, marks in known.items() for mark in marks]
    if rows:
        tx.execute(upsert(tx, MARKS).on_conflict_do_nothing(), rows)


def doubt(tx: Tx) -> None:
    """Many cards have changed at once: until ``fill`` has read them again, who looks for a number reads cards."""
    run(tx, "DELETE FROM meta WHERE key = ?", [(_FILLED,)])


def forget(tx: Tx, residents: Sequence[str]) -> None:
    """Nobody is found by these residents' numbers any more."""
    if residents:
        run(tx, f"DELETE FROM phone_marks WHERE {among(tx, 'resident_id')}", [(listed(tx, residents),)])


def renew(tx: Tx, residents: Sequence[str]) -> None:
    """The marks of these residents by the present key."""
    rows = tx.execute(sa.select(RESIDENTS.c.id, RESIDENTS.c.card).where(RESIDENTS.c.id.in_(residents)))
    keep(tx, [(id, _opened(tx, id, card)) for id, card in rows])


def homes_with(tx: Tx, number: str, streets: Sequence[str], most: int) -> list[str]:
    """Homes where this number belongs to a resident or to a contact of one; of these streets, or of all."""
    marks = tx.sealer.marks(_place(last_digits(number)))
    query = sa.select(HOMES.c.id).distinct().join(RESIDENTS, RESIDENTS.c.home_id == HOMES.c.id)
    query = query.join(MARKS, MARKS.c.resident_id == RESIDENTS.c.id)
    query = query.where(MARKS.c.mark.in_(marks), RESIDENTS.c.ended_at.is_(None))
    query = query.where(HOMES.c.street.in_(streets)) if streets else query
    return [row[0] for row in tx.execute(query.order_by(HOMES.c.id).limit(most))]


def filled(tx: Tx) -> bool:
    """Whether every card has been read: before that a number that is not found may yet be there."""
    return meta.read(tx, _FILLED) is not None


def fill(ledger: Ledger) -> None:
    """Read every card once, a few hundred in each transaction; what is written meanwhile keeps itself."""
    with ledger.reading() as tx:
        if filled(tx):
            return
    after: str | None = ""
    while after is not None:
        with ledger.transaction() as tx:
            after = _fill(tx, after)


def _fill(tx: Tx, after: str) -> str | None:
    """The next cards; their last id, None at the end."""
    query = sa.select(RESIDENTS.c.id, RESIDENTS.c.card).where(RESIDENTS.c.id > after)
    rows = [tuple(row) for row in tx.execute(query.order_by(RESIDENTS.c.id).limit(_BATCH).with_for_update())]
    keep(tx, ((id, _opened(tx, id, card)) for id, card in rows))
    if rows:
        return str(rows[-1][0])
    meta.begin(tx, {_FILLED: "1"})
    return None


def _marks(tx: Tx, card: Mapping[str, Any]) -> set[str]:
    """The marks of everybody on a card; the present key's, by which they are found."""
    numbers = [*(card.get("phones") or ()), *(kin.get("phone") for kin in card.get("contacts") or ())]
    return {tx.sealer.mark(_place(digits)) for digits in map(last_digits, numbers) if digits}


def _place(digits: str) -> str:
    """What is marked: a mark of digits alone could be that of something else."""
    return f"phone|{digits}"


def _opened(tx: Tx, id: str, card: bytes) -> Mapping[str, Any]:
    """A card that cannot be opened has no numbers; who reads it is told (``store.register``)."""
    return tx.sealer.peek_json(card, f"residents.card|{id}") or {}
