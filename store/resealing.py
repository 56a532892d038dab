"""Resealing: every sealed value under the present key, in short transactions, from wherever it was interrupted."""

import string
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from domain.errors import Unreadable
from store import numbers, proofs
from store.ledger import Ledger, Tx

#: table.column -> the row's part of the place it is sealed to; a test finds columns that are missing
PLACES = {
    "care_calls.address": "{key}",
    "checkins.note": "{day}/{home_id}",
    "heard_once.answer": "{stamp}",
    "homes.access": "{id}",
    "inbox.payload": "{id}",
    "last_signs.value": "{home_id}/{kind}",
    "operators.spare": "{name}",
    "operators.totp": "{name}",
    "residents.card": "{id}",
    "responder_pins.pin": "{responder_id}",
    "responders.contacts": "{id}",
    "shift_notes.note": "{id}",
    "stopped_contacts.address": "{responder_id}/{channel}",
    "tasks.note": "{key}",
    "telemetry.payload": "{device_id}",
    "telemetry.reading": "{device_id}",
    "timeline.note": "{alert_id}/{seq}",
}
#: hashes of the timeline cover the ciphertext: it stays inside as it is
_CHAINED = frozenset({"timeline.note"})
_BATCH = 100
#: between two transactions, so that whoever presses a button finds the ledger free
_REST_S = 0.005


def reseal(ledger: Ledger, told: Callable[[str, int], None] = lambda column, done: None) -> dict[str, int]:
    """How many values of each column were sealed anew, and of how many no key is known (``unreadable``).

    Values that somebody changes meanwhile are left to them: they seal with the present key.
    """
    done: dict[str, int] = {}
    for column in PLACES:
        for renewed, unreadable in _column(ledger, column):
            done[column] = done.get(column, 0) + renewed
            done["unreadable"] = done.get("unreadable", 0) + unreadable
            told(column, done[column])
    return done


def _column(ledger: Ledger, column: str) -> Iterator[tuple[int, int]]:
    name, _, field = column.partition(".")
    table = SQLModel.metadata.tables[name]
    keys = list(table.primary_key.columns)
    fields = {*(k.name for k in keys), *_fields(PLACES[column]), field}
    query = sa.select(*(table.c[f] for f in sorted(fields))).where(table.c[field].is_not(None)).order_by(*keys)
    after: tuple[Any, ...] | None = None
    while True:
        with ledger.reading() as tx:
            rows = [dict(row) for row in tx.execute(_beyond(query, keys, after).limit(_BATCH)).mappings()]
        fresh, unreadable = _renewed(ledger, column, rows)
        if fresh:
            _write_batch(ledger, table, field, fresh)
            time.sleep(_REST_S)
        yield len(fresh), unreadable
        if len(rows) < _BATCH:
            return
        after = tuple(rows[-1][k.name] for k in keys)


def _renewed(
    ledger: Ledger, column: str, rows: list[dict[str, Any]]
) -> tuple[list[tuple[dict[str, Any], bytes]], int]:
    field = column.partition(".")[2]
    renew = ledger.sealer.around_anew if column in _CHAINED else ledger.sealer.anew
    fresh, unreadable = [], 0
    for row in rows:
        try:
            sealed = renew(row[field], f"{column}|{PLACES[column].format(**row)}")
        except Unreadable:
            unreadable += 1
            continue
        if sealed is not None:
            fresh.append((row, sealed))
    return fresh, unreadable


def _write_batch(ledger: Ledger, table: sa.Table, field: str, fresh: list[tuple[dict[str, Any], bytes]]) -> None:
    keys = [k.name for k in table.primary_key.columns]
    statement = sa.update(table).where(table.c[field] == sa.bindparam("was"))
    for key in keys:
        statement = statement.where(table.c[key] == sa.bindparam(f"k_{key}"))
    values = [
        {"was": row[field], "fresh": sealed, **{f"k_{key}": row[key] for key in keys}} for row, sealed in fresh
    ]
    with ledger.transaction(patient=True) as tx:
        tx.execute(statement.values({field: sa.bindparam("fresh")}), values)
        if (table.name, field) == ("responders", "contacts"):
            _remark(tx, [row["id"] for row, _ in fresh])
        if (table.name, field) == ("residents", "card"):
            numbers.renew(tx, [row["id"] for row, _ in fresh])


def _remark(tx: Tx, responders: list[str]) -> None:
    """What is known of a telephone is found by a mark that the key makes."""
    c = SQLModel.metadata.tables["responders"].c
    for id, sealed in tx.execute(sa.select(c.id, c.contacts).where(c.id.in_(responders))).all():
        for point in tx.sealer.open_json(sealed, f"responders.contacts|{id}") or []:
            proofs.remark(tx, id, point["channel"], point["address"])


def _beyond(query: Any, keys: list[Any], after: tuple[Any, ...] | None) -> Any:
    return query if after is None else query.where(sa.tuple_(*keys) > sa.tuple_(*(sa.literal(v) for v in after)))


def _fields(pattern: str) -> Mapping[str, None]:
    return {name: None for _, name, _, _ in string.Formatter().parse(pattern) if name}
