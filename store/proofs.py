"""Contact points that were proved (somebody answered there) or refused for good; addresses only as marks."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.people import Responder
from store.bulk import overwrite
from store.edition import touch
from store.ledger import Tx
from store.tables import ProofRow

PROOFS = ProofRow.__table__  # type: ignore[attr-defined]
_WHY = 60


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one contact point."""

    proved_at: datetime | None = None
    broken_at: datetime | None = None
    broken_why: str | None = None


def prove(tx: Tx, responder: str, channel: str, address: str, at: datetime) -> None:
    """A person answered there, or has tried it: it works, whatever a provider said before."""
    mark = tx.sealer.mark(address)
    known = _of(tx, responder, channel, mark)
    _put(tx, responder, channel, mark, proved_at=at, broken_at=None, broken_why=None)
    if known and known.broken_at:
        touch(tx)


def refuse(tx: Tx, responder: str, channel: str, address: str, at: datetime, why: str) -> None:
    """A provider refused the address for good (STOP, no such number). Coverage is worked out anew (P25)."""
    mark = tx.sealer.mark(address)
    known = _of(tx, responder, channel, mark)
    if known is None or known.broken_at is None:
        _put(tx, responder, channel, mark, broken_at=at, broken_why=why[:_WHY])
        touch(tx)


def known_of(tx: Tx, people: dict[str, Responder]) -> dict[tuple[str, int], Proof]:
    """(responder, position of the contact point) -> what is known; nothing known: absent."""
    kept: dict[tuple[str, str, str], Proof] = {}
    for row in tx.execute(sa.select(PROOFS)).mappings():
        proof = Proof(row["proved_at"], row["broken_at"], row["broken_why"])
        kept[row["responder"], row["channel"], row["mark"]] = proof
    concerned = {responder for responder, _, _ in kept}
    return {
        (id, point.n): proof
        for id in concerned & people.keys()
        for point in people[id].contacts
        for proof in [_first(kept, id, point.channel, tx.sealer.marks(point.address))]
        if proof
    }


def remark(tx: Tx, responder: str, channel: str, address: str) -> None:
    """What is known under an earlier key's mark is known under the present one's."""
    c, (present, *earlier) = PROOFS.c, tx.sealer.marks(address)
    for old in earlier:
        here = (c.responder == responder) & (c.channel == channel)
        if _of(tx, responder, channel, present) is None:
            tx.execute(sa.update(PROOFS).where(here, c.mark == old).values(mark=present))
        else:
            tx.execute(sa.delete(PROOFS).where(here, c.mark == old))


def _first(
    kept: dict[tuple[str, str, str], Proof], responder: str, channel: str, marks: list[str]
) -> Proof | None:
    """The present key's mark before those of earlier ones."""
    return next((kept[responder, channel, mark] for mark in marks if (responder, channel, mark) in kept), None)


def _of(tx: Tx, responder: str, channel: str, mark: str) -> Proof | None:
    c = PROOFS.c
    here = (c.responder == responder) & (c.channel == channel) & (c.mark == mark)
    row = tx.execute(sa.select(c.proved_at, c.broken_at, c.broken_why).where(here)).first()
    return Proof(*row) if row else None


def _put(tx: Tx, responder: str, channel: str, mark: str, **values: object) -> None:
    overwrite(tx, PROOFS, [{"responder": responder, "channel": channel, "mark": mark, **values}])
