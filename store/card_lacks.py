"""What each home's cards lack, kept beside them: forgotten when they are written, looked over when somebody asks."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from domain.completeness import Look
from store.bulk import among, listed, run, upsert
from store.ledger import Tx
from store.tables import metadata

KEPT: sa.Table = metadata.tables["card_lacks"]
_HOMES: sa.Table = metadata.tables["homes"]
_RESIDENTS: sa.Table = metadata.tables["residents"]


def forget(tx: Tx, homes: Sequence[str]) -> None:
    """Their cards have been written: to be called after that, in the same transaction."""
    if homes:
        run(tx, f"DELETE FROM card_lacks WHERE {among(tx, 'home_id')}", [(listed(tx, homes),)])


def forget_all(tx: Tx) -> None:
    """Very many have been written at once."""
    run(tx, "DELETE FROM card_lacks", [()])


def homes_of(tx: Tx, residents: Sequence[str]) -> list[str]:
    """Where they live before they are written: whoever moves leaves a home that lacks something."""
    if not residents:
        return []
    c = _RESIDENTS.c
    return [home for (home,) in tx.execute(sa.select(c.home_id).where(c.id.in_(residents)).distinct())]


def keep(tx: Tx, looks: Mapping[str, Look]) -> None:
    """What a look into these homes' cards found."""
    rows = [
        {"home_id": home, "codes": " ".join(sorted(look.codes)), "way_at": look.way_at, "medical_at": look.medical_at}
        for home, look in looks.items()
    ]
    if rows:
        tx.execute(upsert(tx, KEPT).on_conflict_do_nothing(), rows)


def unseen(where: Sequence[Any], most: int) -> Any:
    """A query for homes that nobody looked over since they were written; locked, so that nobody writes meanwhile."""
    seen = sa.select(KEPT.c.home_id).where(KEPT.c.home_id == _HOMES.c.id).exists()
    return sa.select(_HOMES.c.id).where(~seen, *where).order_by(_HOMES.c.id).limit(most).with_for_update()


def seen(tx: Tx, where: Sequence[Any]) -> list[tuple[str, Look]]:
    """Homes that were looked over, with what was found."""
    c = KEPT.c
    query = sa.select(c.home_id, c.codes, c.way_at, c.medical_at).join(_HOMES, _HOMES.c.id == c.home_id).where(*where)
    return [(home, Look(frozenset(codes.split()), way, medical)) for home, codes, way, medical in tx.execute(query)]
