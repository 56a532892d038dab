"""Finding a home for somebody who telephones: by the number, a name, an address. Every search is written down."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from domain.addresses import written
from domain.clock import Clock
from domain.errors import Forbidden
from domain.people import Scope
from store import numbers, register
from store.alerts import ALERTS
from store.bulk import read_json
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.register import HOMES
from store.sight import PERSONAL

#: more than this is not a home that was found
MOST = 12
_BATCH = 500
#: seconds after which somebody who telephones should rather be asked for more
_PATIENCE_S = 2.0
_SHORTEST_NUMBER = 6


@dataclass(frozen=True, slots=True)
class Found:
    """The homes that fit; not ``whole`` when time ran out before every card of the streets was opened."""

    homes: list[dict[str, Any]]
    whole: bool = True


class Finder:
    """A number by its mark, at once; a name by opening the cards of the reader's streets, for two seconds at most."""

    def __init__(self, ledger: Ledger, clock: Clock, patience: float = _PATIENCE_S) -> None:
        self._ledger = ledger
        self._clock = clock
        self._patience = patience

    def find(self, scope: Scope, said: str) -> Found:
        """Homes with ``id`` ``address`` ``street`` ``residents`` ``by`` (phone, contact, name, address, id), ``alert``.

        At most ``MOST``. A number matches by its last digits, so +86 and 0 in front do not matter.
        """
        if scope.role not in PERSONAL:
            raise Forbidden("your log-in may not look for people")
        wanted = _Wanted(said)
        until = time.monotonic() + self._patience
        with self._ledger.reading() as tx:
            search = _Search(tx, scope, wanted, until)
            found = [] if wanted.empty else search.homes()
            open_now = _open_alerts(tx, [home["id"] for home in found])
        with self._ledger.transaction() as tx:
            named = ", ".join(home["id"] for home in found) or "nothing"
            write_down(tx, self._clock.now(), scope.operator, "search for a home", named, "raise by hand")
        return Found([home | {"alert": open_now.get(home["id"])} for home in found], search.whole)


class _Wanted:
    """What was typed, in the forms it is compared in."""

    def __init__(self, said: str) -> None:
        self.text = re.sub(r"\s", "", said).casefold()
        digits = re.sub(r"\D", "", said)
        number = len(digits) >= _SHORTEST_NUMBER and not re.search(r"[^\d\s+()-]", said)
        self.number = numbers.last_digits(digits) if number else ""
        self.empty = len(self.text) < 2

    def rings(self, phones: object) -> bool:
        """Whether one of these numbers is the caller's."""
        listed = phones if isinstance(phones, list) else [phones]
        return bool(self.number) and any(re.sub(r"\D", "", str(p)).endswith(self.number) for p in listed if p)

    def reads(self, text: object) -> bool:
        """Whether a name or an address holds what was typed."""
        return not self.number and self.text in re.sub(r"\s", "", str(text or "")).casefold()


class _Search:
    """One search; ``whole`` turns false when the time was not enough."""

    def __init__(self, tx: Tx, scope: Scope, wanted: _Wanted, until: float) -> None:
        self._tx = tx
        self._scope = scope
        self._wanted = wanted
        self._until = until
        self.whole = True

    def homes(self) -> list[dict[str, Any]]:
        """A whole number is looked up; the beginning or end of one, a name, an address are compared with all."""
        if len(self._wanted.number) == numbers.LAST and numbers.filled(self._tx):
            ids = numbers.homes_with(self._tx, self._wanted.number, self._scope.streets, MOST)
            return list(self._fitting(self._rows(HOMES.c.id.in_(ids))))
        return list(islice(self._walked(), MOST))

    def _rows(self, *where: Any) -> list[tuple[Any, ...]]:
        c = HOMES.c
        query = sa.select(c.id, c.street, c.address).where(*where).order_by(c.id).limit(_BATCH)
        query = query.where(c.street.in_(self._scope.streets)) if self._scope.streets else query
        return [tuple(row) for row in self._tx.execute(query)]

    def _walked(self) -> Iterator[dict[str, Any]]:
        after = ""
        while rows := self._rows(HOMES.c.id > after):
            after = rows[-1][0]
            yield from self._fitting(rows)
            if time.monotonic() > self._until:
                self.whole = not self._rows(HOMES.c.id > after)
                return

    def _fitting(self, rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        people = register.residents_of(self._tx, [row[0] for row in rows])
        for id, street, address in rows:
            written = address if isinstance(address, dict) else read_json(address)
            by = _why(self._wanted, id, written, people[id])
            if by:
                yield {"id": id, "street": street, "address": written, "by": by,
                       "residents": [{k: r.get(k) for k in ("id", "name", "birth")} for r in people[id]]}  # fmt: skip


def _why(wanted: _Wanted, id: str, address: Mapping[str, Any], people: list[dict[str, Any]]) -> str | None:
    if any(wanted.rings(p.get("phones")) for p in people):
        return "phone"
    if any(wanted.rings([k.get("phone") for k in p.get("contacts") or ()]) for p in people):
        return "contact"
    if any(wanted.reads(p.get("name")) for p in people):
        return "name"
    if wanted.reads(written(address)) or wanted.reads(written({**address, "text": None})):
        return "address"
    return "id" if wanted.text == id.casefold() else None


def _open_alerts(tx: Tx, homes: list[str]) -> dict[str, str]:
    query = sa.select(ALERTS.c.home_id, ALERTS.c.id).where(
        ALERTS.c.state == "open", ALERTS.c.home_id.in_(homes), ALERTS.c.drill.is_(False)
    )
    return {row[0]: row[1] for row in tx.execute(query)} if homes else {}
