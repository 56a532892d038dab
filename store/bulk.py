"""The hot path's SQL: written once, sent in groups, without building a statement object each time.

Plain SQL with ``?`` for both databases, handed to the driver itself: SQLAlchemy's own way
costs more than SQLite needs for the work. ``among`` compares a column with a whole list in
one parameter, so that a statement's text never depends on how many rows it is about.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa

from domain.clock import iso
from store.columns import PlainJSON, UTCDateTime
from store.ledger import Tx


def fetch(tx: Tx, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query, as the driver gives them."""
    cursor = tx.cursor
    cursor.execute(_text(sql, tx.postgres), parameters)
    return list(cursor.fetchall())


def run(tx: Tx, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement once for each row of parameters; returns how many rows of the table it touched."""
    if not rows:
        return 0
    cursor = tx.cursor
    cursor.executemany(_text(sql, tx.postgres), list(rows))
    return int(cursor.rowcount)


def among(tx: Tx, column: str) -> str:
    """``column IN (…)`` with the whole list in one parameter; give it as ``listed(tx, values)``."""
    return f"{column} = ANY(?)" if tx.postgres else f"{column} IN (SELECT value FROM json_each(?))"


def listed(tx: Tx, values: Iterable[str]) -> Any:
    """The parameter for ``among``."""
    return list(values) if tx.postgres else orjson.dumps(list(values)).decode()


class Insert:
    """Inserts many rows of one table in one statement; ``conflict`` is what follows ON CONFLICT.

    PostgreSQL gets all rows as one JSON parameter (``json_to_recordset``): many times
    cheaper than a statement for each row. SQLite gets many rows in one VALUES: for each
    statement the driver gives the interpreter away and has to win it back.
    """

    def __init__(self, table: sa.Table, columns: Sequence[str] | None = None, conflict: str = "") -> None:
        self._columns = [table.c[name] for name in columns or (c.name for c in table.columns)]
        names = ", ".join(_quoted(c.name) for c in self._columns)
        tail = f" ON CONFLICT {conflict}" if conflict else ""
        record = ", ".join(f"{_quoted(c.name)} {_type(c)}" for c in self._columns)
        # WHERE true: SQLite and PostgreSQL must not read ON CONFLICT as part of the query
        self._postgres = (
            f'INSERT INTO "{table.name}" ({names}) SELECT {names}'
            f" FROM json_to_recordset(%s::json) AS u({record}) WHERE true{tail}"
        )
        self._head, self._tail = f'INSERT INTO "{table.name}" ({names}) VALUES ', tail
        self._values = itemgetter(*(c.name for c in self._columns))
        self._binders: tuple[tuple[int, Callable[[Any], Any]], ...] = ()

    def __call__(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert ``rows``; each must name every column."""
        if not rows:
            return
        if tx.postgres:
            tx.later(self._postgres, (_json(rows),))
            return
        binders = self._binders or self._bind(tx)
        _in_pieces(tx, self._head, self._tail, [self._made(row, binders) for row in rows])

    def _made(self, row: Mapping[str, Any], binders: Sequence[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
        values = list(self._values(row))
        for place, bind in binders:
            values[place] = bind(values[place])
        return tuple(values)

    def _bind(self, tx: Tx) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
        found = ((n, binder(c, tx.connection.dialect)) for n, c in enumerate(self._columns))
        self._binders = tuple((n, bind) for n, bind in found if bind)
        return self._binders


class Update:
    """Updates many rows of one table in one statement; values are written ``:name`` in ``change`` and ``where``.

    ``types`` gives each value's PostgreSQL type.
    """

    def __init__(self, table: str, change: str, where: str, types: Mapping[str, str]) -> None:
        body = f"{change} WHERE {where}"
        self._order = tuple(_NAME.findall(body))
        self._single = f"UPDATE {table} SET {_NAME.sub('?', body)}"
        self._names = tuple(types)
        record = ", ".join(f"v_{name} {type}" for name, type in types.items())
        named = ", ".join(f"column{n} AS v_{name}" for n, name in enumerate(types, 1))
        change, where = _NAME.sub(r"u.v_\1", change), _NAME.sub(r"u.v_\1", where)
        self._head = f"UPDATE {table} SET {change} FROM (SELECT {named} FROM (VALUES "
        self._tail = f")) AS u WHERE {where}"
        self._postgres = f"UPDATE {table} SET {change} FROM json_to_recordset(%s::json) AS u({record}) WHERE {where}"

    def __call__(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Update for each of ``rows``."""
        if not rows:
            return
        if tx.postgres:
            given = _json([{f"v_{name}": row[name] for name in self._order} for row in rows])
            tx.later(self._postgres, (given,))
        elif len(rows) == 1:
            tx.cursor.execute(self._single, tuple([_plain(rows[0][name]) for name in self._order]))
        else:
            made = [tuple(_plain(row[name]) for name in self._names) for row in rows]
            _in_pieces(tx, self._head, self._tail, made)


def _in_pieces(tx: Tx, head: str, tail: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run ``head VALUES… tail`` with 128, 64, … 1 rows at a time: few texts, which the driver keeps prepared."""
    at, size = 0, _PIECE
    while at < len(rows):
        while size > len(rows) - at:
            size //= 2
        piece = tuple(chain.from_iterable(rows[at : at + size]))
        tx.cursor.execute(_values(head, len(rows[0]), size, tail), piece)
        at += size


@lru_cache(maxsize=1024)
def _values(head: str, width: int, size: int, tail: str) -> str:
    marks = f"({', '.join('?' * width)})"
    return f"{head}{', '.join([marks] * size)}{tail}"


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, default=_hex).decode()


def _hex(value: Any) -> str:
    """Bytes as PostgreSQL reads them."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} cannot go into the ledger")


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def _quoted(name: str) -> str:
    return f'"{name}"'


def _type(column: sa.Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text")


_PIECE = 128
_NAME = re.compile(r"(?<!:):(\w+)")
_TYPES: tuple[tuple[type, str], ...] = (
    (PlainJSON, "jsonb"),
    (UTCDateTime, "timestamptz"),
    (sa.Boolean, "boolean"),
    (sa.Integer, "bigint"),
    (sa.Float, "double precision"),
    (sa.LargeBinary, "bytea"),
)


def binder(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """How a value of this column is given to the driver; None: as it is."""
    if isinstance(column.type, sa.types.TypeDecorator):
        return column.type.bind_processor(dialect)
    return None


def instant(tx: Tx, value: Any) -> Any:
    """An aware datetime as the driver wants it."""
    return value if tx.postgres or value is None else iso(value)


def read_instant(tx: Tx, value: Any) -> Any:
    """An instant as ``fetch`` gave it, aware and UTC; None stays None."""
    if value is None:
        return None
    return value.astimezone(UTC) if tx.postgres else datetime.fromisoformat(value)


def read_json(value: Any) -> Any:
    """A JSON value as ``fetch`` gave it: text on SQLite, parsed already on PostgreSQL."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def upsert(tx: Tx, table: sa.Table) -> Any:
    """An INSERT of the database at hand, which knows ``on_conflict_do_update``."""
    if tx.postgres:
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def overwrite(
    tx: Tx, table: sa.Table, rows: Sequence[Mapping[str, Any]], kept: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Insert rows of the same columns, or put them in place of those with the same key; other columns stay.

    ``kept``: column -> what it becomes instead, as SQL in which ``{table}`` and ``excluded`` stand for old and new.
    """
    if rows:
        insert, keys = upsert(tx, table), [c.name for c in table.primary_key]
        changed: dict[str, Any] = {name: insert.excluded[name] for name in rows[0] if name not in keys}
        changed |= {name: sa.text(kept[name].format(table=table.name)) for name in changed.keys() & kept.keys()}
        tx.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


@lru_cache(maxsize=256)
def _text(sql: str, postgres: bool) -> str:
    return sql.replace("%", "%%").replace("?", "%s") if postgres else sql
