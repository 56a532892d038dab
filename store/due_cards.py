"""Cards to complete: which homes lack what, the gravest first; only cards that are shown or new are opened."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.completeness import LACKS, lacks_on, look_over
from domain.errors import Forbidden
from domain.people import LEADS, Scope
from store import card_lacks, register
from store.home_sight import theirs
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.register import HOMES
from store.sight import rows_of

#: homes looked over in one transaction, and seconds in which one page does so
_BATCH, _PATIENCE_S = 250, 1.5
_PLACE = ("id", "street", "category", "address", "location", "family_doctor_team")


class DueCards:
    """Looks over the cards of homes that somebody lives in."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def page(self, scope: Scope, today: date, street: str | None, lack: str, most: int) -> dict[str, Any]:
        """The first ``most`` homes that lack something (or ``lack``), and how many lack what.

        ``unseen``: homes that could not be looked over in time; they are when the page is opened again.
        """
        if scope.role not in LEADS:
            raise Forbidden("only administrators and supervisors look over all cards")
        self._catch_up(scope, street)
        with self._ledger.reading() as tx:
            where = _where(tx, scope, street)
            total = int(tx.execute(sa.select(sa.func.count()).select_from(HOMES).where(*where)).scalar() or 0)
            looked = card_lacks.seen(tx, where)
        found = [(home, lacks) for home, look in looked if (lacks := lacks_on(look, today))]
        counts = Counter(code for _, lacks in found for code in lacks)
        wanted = [(home, lacks) for home, lacks in found if lack in ("", *lacks)]
        wanted.sort(key=lambda one: (LACKS.index(one[1][0]), -len(one[1]), one[0]))
        return {
            "items": self._shown(scope, wanted[:most]), "more": max(0, len(wanted) - most), "homes": total,
            "lacking": len(found), "unseen": total - len(looked),
            "counts": [(code, counts[code]) for code in LACKS if counts[code]],
        }  # fmt: skip

    def _catch_up(self, scope: Scope, street: str | None) -> None:
        until, after = time.monotonic() + _PATIENCE_S, ""
        while time.monotonic() < until:
            with self._ledger.transaction() as tx:
                where = [*_where(tx, scope, street), HOMES.c.id > after]
                ids = [id for (id,) in tx.execute(card_lacks.unseen(where, _BATCH))]
                card_lacks.keep(tx, {id: look_over(home) for id, home in _opened(tx, ids).items()})
            if len(ids) < _BATCH:
                return
            after = ids[-1]

    def _shown(self, scope: Scope, wanted: Sequence[tuple[str, list[str]]]) -> list[tuple[dict[str, Any], list[str]]]:
        """With addresses and names; who reads them is written down."""
        if not wanted:
            return []
        with self._ledger.transaction() as tx:
            homes = _opened(tx, [id for id, _ in wanted])
            told = f"{len(homes)} homes"
            write_down(tx, self._clock.now(), scope.operator, "access and medical card", told, "cards to complete")
        return [(homes[id], lacks) for id, lacks in wanted if id in homes]


def _where(tx: Tx, scope: Scope, street: str | None) -> list[Any]:
    return [*theirs(tx, scope), HOMES.c.ended_at.is_(None), *([HOMES.c.street == street] if street else [])]


def _opened(tx: Tx, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Homes with their cards."""
    query = sa.select(*(HOMES.c[name] for name in _PLACE)).where(HOMES.c.id.in_(ids))
    people, access = register.residents_of(tx, ids), register.accesses_of(tx, ids)
    return {row["id"]: {**row, "residents": people[row["id"]], "access": access.get(row["id"], {})}
            for row in rows_of(tx, query)}  # fmt: skip
