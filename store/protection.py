"""Protection: which homes could call for help at this moment, and which could not. A number nobody can hide."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import Forbidden, NotFound
from domain.people import LEADS, PROBE_MARK, Scope
from store.bulk import among, fetch, instant, listed
from store.buttons import IS_BUTTON, WORKS
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.register import HOMES, touch
from store.sight import WIDE, bound, only

#: why a home counts as it does, in the order in which it is asked
STATES = ("suspended", "enrolled", "silent", "protected")
_SEES = WIDE | {"street_office", "family_doctor"}
#: of a home ``h``: away; not accepted by an installer; without a button that works; protected
_STATE = f"""CASE
    WHEN EXISTS (SELECT 1 FROM aways a WHERE a.home_id = h.id AND a.ended_at IS NULL AND a.from_at <= ?
        AND (a.until_at IS NULL OR a.until_at > ?)) THEN 'suspended'
    WHEN NOT EXISTS (SELECT 1 FROM commissionings c WHERE c.home_id = h.id AND c.signed_at IS NOT NULL) THEN 'enrolled'
    WHEN NOT EXISTS (SELECT 1 FROM devices d JOIN device_states s ON s.device_id = d.id
        WHERE d.home_id = h.id AND {IS_BUTTON} AND {WORKS}) THEN 'silent'
    ELSE 'protected' END"""
_HERE = f"h.ended_at IS NULL AND h.street NOT LIKE '{PROBE_MARK}%'"


class Protection:
    """Counts and lists homes by whether they are protected."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[datetime, dict[str, int]]] = {}

    def page(
        self, scope: Scope, state: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> dict[str, Any]:
        """Counts of all homes in scope, by street, and one page of those that are not protected (or of ``state``)."""
        only(scope, _SEES)
        with self._ledger.reading() as tx:
            counts = self._by_street(tx, scope)
            items = self._items(tx, scope, state, bound(limit) + 1, cursor or "")
        more = len(items) > bound(limit)
        items = items[: bound(limit)]
        streets = {street: _summed({street: found}) for street, found in sorted(counts.items())}
        return _summed(counts) | {
            "streets": streets, "items": items, "next_cursor": items[-1]["home"] if more else None,
        }  # fmt: skip

    def counts(self, scope: Scope, fresh_s: float = 10.0) -> dict[str, int]:
        """The numbers alone, for a screen that asks often; at most ``fresh_s`` old."""
        now = self._clock.now()
        known = self._known.get(scope.streets)
        if known is not None and 0 <= (now - known[0]).total_seconds() < fresh_s:
            return known[1]
        with self._ledger.reading() as tx:
            counted = _summed(self._by_street(tx, scope))
        self._known = {k: v for k, v in self._known.items() if (now - v[0]).total_seconds() < fresh_s}
        self._known[scope.streets] = (now, counted)
        return counted

    def end(self, scope: Scope, home: str) -> dict[str, Any]:
        """Nobody lives there any more: not asked, not supervised. Its devices' presses still count."""
        return self._change(scope, home, {"ended_at": self._clock.now(), "ended_by": scope.operator})

    def resume(self, scope: Scope, home: str) -> dict[str, Any]:
        """Somebody lives there again."""
        return self._change(scope, home, {"ended_at": None, "ended_by": None})

    def _change(self, scope: Scope, home: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if scope.role not in LEADS:
            raise Forbidden("only a supervisor or an administrator ends a home")
        with self._ledger.transaction() as tx:
            street = tx.execute(sa.select(HOMES.c.street).where(HOMES.c.id == home)).scalar()
            if street is None or not scope.sees(street):
                raise NotFound(f"no home {home}")
            tx.execute(sa.update(HOMES).where(HOMES.c.id == home).values(**values))
            touch(tx)
            what = "home resumed" if values["ended_at"] is None else "home ended"
            write_down(tx, self._clock.now(), scope.operator, what, home, "homes")
            return {"home": home, "state": self.state_of(tx, home)}

    def state_of(self, tx: Tx, home: str) -> str:
        """``protected`` ``silent`` ``enrolled`` ``suspended`` ``ended``."""
        sql = f"SELECT CASE WHEN h.ended_at IS NOT NULL THEN 'ended' ELSE {_STATE} END FROM homes h WHERE h.id = ?"
        return str(fetch(tx, sql, *self._now(tx), home)[0][0])

    def _now(self, tx: Tx) -> tuple[Any, Any]:
        now = instant(tx, self._clock.now())
        return now, now

    def _by_street(self, tx: Tx, scope: Scope) -> dict[str, dict[str, int]]:
        where, values = _streets(tx, scope)
        sql = (
            f"SELECT street, state, count(*) FROM (SELECT h.street AS street, {_STATE} AS state FROM homes h"
            f" WHERE {_HERE}{where}) AS x GROUP BY street, state"
        )
        found: dict[str, dict[str, int]] = {}
        for street, state, n in fetch(tx, sql, *self._now(tx), *values):
            found.setdefault(street, {})[state] = int(n)
        return found

    def _items(self, tx: Tx, scope: Scope, state: str | None, limit: int, after: str) -> list[dict[str, Any]]:
        where, values = _streets(tx, scope)
        which = "state = ?" if state else "state <> ?"
        sql = (
            f"SELECT home, street, state FROM (SELECT h.id AS home, h.street AS street, {_STATE} AS state FROM homes h"
            f" WHERE {_HERE}{where} AND h.id > ?) AS x WHERE {which} ORDER BY home LIMIT ?"
        )
        rows = fetch(tx, sql, *self._now(tx), *values, after, state or "protected", limit)
        return [{"home": home, "street": street, "state": found} for home, street, found in rows]


def states_of(tx: Tx, now: datetime, homes: Iterable[str]) -> dict[str, str]:
    """Home -> ``protected`` ``silent`` ``enrolled`` ``suspended`` ``ended``."""
    state = f"CASE WHEN h.ended_at IS NOT NULL THEN 'ended' ELSE {_STATE} END"
    at = instant(tx, now)
    sql = f"SELECT h.id, {state} FROM homes h WHERE {among(tx, 'h.id')}"
    return dict(fetch(tx, sql, at, at, listed(tx, set(homes))))


def _streets(tx: Tx, scope: Scope) -> tuple[str, tuple[Any, ...]]:
    return (f" AND {among(tx, 'h.street')}", (listed(tx, scope.streets),)) if scope.streets else ("", ())


def _summed(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """All that are not protected are ``unprotected``, whatever the reason."""
    each = {state: sum(found.get(state, 0) for found in counts.values()) for state in STATES}
    homes = sum(each.values())
    return {"homes": homes, "unprotected": homes - each["protected"], **each}
