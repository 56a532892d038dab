"""Finding a home for somebody who telephones: by the number, a name, an address. Every search is written down."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import Forbidden
from domain.people import Scope
from store import register
from store.alerts import ALERTS
from store.bulk import read_json
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.register import HOMES
from store.sight import PERSONAL

#: more than this is not a home that was found
MOST = 12
_BATCH = 500
_SHORTEST_NUMBER = 6


class Finder:
    """Opens the cards of the caller's streets one after another; nothing about them is kept in the clear."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def find(self, scope: Scope, said: str) -> list[dict[str, Any]]:
        """Homes with ``id`` ``address`` ``street`` ``residents`` ``by`` (phone, contact, name, address, id), ``alert``.

        At most ``MOST``. A number matches by its last digits, so +86 and 0 in front do not matter.
        """
        if scope.role not in PERSONAL:
            raise Forbidden("your log-in may not look for people")
        wanted = _Wanted(said)
        with self._ledger.reading() as tx:
            found = [] if wanted.empty else list(_search(tx, scope, wanted))
            open_now = _open_alerts(tx, [home["id"] for home in found])
        with self._ledger.transaction() as tx:
            named = ", ".join(home["id"] for home in found) or "nothing"
            write_down(tx, self._clock.now(), scope.operator, "search for a home", named, "raise by hand")
        return [home | {"alert": open_now.get(home["id"])} for home in found]


class _Wanted:
    """What was typed, in the forms it is compared in."""

    def __init__(self, said: str) -> None:
        self.text = re.sub(r"\s", "", said).casefold()
        digits = re.sub(r"\D", "", said)
        number = len(digits) >= _SHORTEST_NUMBER and not re.search(r"[^\d\s+()-]", said)
        self.number = digits[-8:] if number else ""
        self.empty = len(self.text) < 2

    def rings(self, phones: object) -> bool:
        """Whether one of these numbers is the caller's."""
        listed = phones if isinstance(phones, list) else [phones]
        return bool(self.number) and any(re.sub(r"\D", "", str(p)).endswith(self.number) for p in listed if p)

    def reads(self, text: object) -> bool:
        """Whether a name or an address holds what was typed."""
        return not self.number and self.text in re.sub(r"\s", "", str(text or "")).casefold()


def _search(tx: Tx, scope: Scope, wanted: _Wanted) -> Iterator[dict[str, Any]]:
    c = HOMES.c
    query = sa.select(c.id, c.street, c.address).order_by(c.id)
    query = query.where(c.street.in_(scope.streets)) if scope.streets else query
    after, left = "", MOST
    while rows := [tuple(row) for row in tx.execute(query.where(c.id > after).limit(_BATCH))]:
        after = rows[-1][0]
        people = register.residents_of(tx, [row[0] for row in rows])
        for id, street, address in rows:
            written = address if isinstance(address, dict) else read_json(address)
            by = _why(wanted, id, written, people[id])
            if by:
                yield {"id": id, "street": street, "address": written, "by": by,
                       "residents": [{k: r.get(k) for k in ("id", "name", "birth")} for r in people[id]]}  # fmt: skip
                left -= 1
                if not left:
                    return


def _why(wanted: _Wanted, id: str, address: Mapping[str, Any], people: list[dict[str, Any]]) -> str | None:
    if any(wanted.rings(p.get("phones")) for p in people):
        return "phone"
    if any(wanted.rings([k.get("phone") for k in p.get("contacts") or ()]) for p in people):
        return "contact"
    if any(wanted.reads(p.get("name")) for p in people):
        return "name"
    parts = "".join(str(address.get(k) or "") for k in ("road", "lane", "estate", "building", "unit", "room"))
    if wanted.reads(address.get("text")) or wanted.reads(parts):
        return "address"
    return "id" if wanted.text == id.casefold() else None


def _open_alerts(tx: Tx, homes: list[str]) -> dict[str, str]:
    query = sa.select(ALERTS.c.home_id, ALERTS.c.id).where(
        ALERTS.c.state == "open", ALERTS.c.home_id.in_(homes), ALERTS.c.drill.is_(False)
    )
    return {row[0]: row[1] for row in tx.execute(query)} if homes else {}
