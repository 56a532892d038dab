"""The hot path's SQL: written once, sent in groups, without building a statement object each time.

Plain SQL with ``?`` for both databases. ``among`` compares a column with a whole list in
one parameter, so that a statement's text never depends on how many rows it is about.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa

from store.ledger import Tx


def fetch(tx: Tx, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query, as the driver gives them."""
    cursor = tx.connection.exec_driver_sql(_text(sql, tx.postgres), parameters)
    return [tuple(row) for row in cursor]


def run(tx: Tx, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement once for each row of parameters; returns how many rows of the table it touched."""
    if not rows:
        return 0
    return int(tx.connection.exec_driver_sql(_text(sql, tx.postgres), list(rows)).rowcount)


def among(tx: Tx, column: str) -> str:
    """``column IN (…)`` with the whole list in one parameter; give it as ``listed(tx, values)``."""
    return f"{column} = ANY(?)" if tx.postgres else f"{column} IN (SELECT value FROM json_each(?))"


def listed(tx: Tx, values: Iterable[str]) -> Any:
    """The parameter for ``among``."""
    return list(values) if tx.postgres else orjson.dumps(list(values)).decode()


class Insert:
    """Inserts many rows of one table; ``conflict`` is what follows ON CONFLICT."""

    def __init__(self, table: sa.Table, columns: Sequence[str] | None = None, conflict: str = "") -> None:
        self._table = table
        self._columns = tuple(columns or (c.name for c in table.columns))
        self._conflict = f" ON CONFLICT {conflict}" if conflict else ""
        self._binders: dict[bool, tuple[Callable[[Any], Any] | None, ...]] = {}

    def __call__(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert ``rows``; each must name every column. Returns how many went in."""
        if not rows:
            return 0
        binders = self._binders.get(tx.postgres) or self._bind(tx)
        pairs = tuple(zip(self._columns, binders, strict=True))
        made = [tuple(bind(row[name]) if bind else row[name] for name, bind in pairs) for row in rows]
        return run(tx, self._sql(), made)

    def _sql(self) -> str:
        names = ", ".join(f'"{name}"' for name in self._columns)
        marks = ", ".join("?" * len(self._columns))
        return f'INSERT INTO "{self._table.name}" ({names}) VALUES ({marks}){self._conflict}'

    def _bind(self, tx: Tx) -> tuple[Callable[[Any], Any] | None, ...]:
        columns = [self._table.c[name] for name in self._columns]
        self._binders[tx.postgres] = tuple(binder(c, tx.connection.dialect) for c in columns)
        return self._binders[tx.postgres]


def binder(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """How a value of this column is given to the driver; None: as it is."""
    if isinstance(column.type, sa.types.TypeDecorator):
        return column.type.bind_processor(dialect)
    return None


def instant(tx: Tx, value: Any) -> Any:
    """An aware datetime as the driver wants it."""
    return value if tx.postgres or value is None else value.isoformat(timespec="microseconds")


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


@lru_cache(maxsize=256)
def _text(sql: str, postgres: bool) -> str:
    return sql.replace("%", "%%").replace("?", "%s") if postgres else sql
