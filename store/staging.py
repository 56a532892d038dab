"""Staging: the rows of a large import are laid out where only their own connection sees them, and taken over at once.

SQLite has one writer. Sealing thirty thousand cards and handing over their rows takes seconds, in which no
press may wait for the ledger; copying rows from table to table takes a fraction of one. PostgreSQL's
writers do not wait for each other and need none of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from store.bulk import binder
from store.ledger import Tx

#: what an import never takes away: a file without the secret (it was printed once) does not shut the device out
KEPT = {
    "secret_hash": "coalesce(excluded.secret_hash, {table}.secret_hash)",
    "checkin_since": "coalesce({table}.checkin_since, excluded.checkin_since)",
}
#: rows handed over in one statement
_PIECE = 500


def lay_out(tx: Tx, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows (all of the same columns) beside ``table``, in memory; the ledger itself is not written."""
    names = list(rows[0]) if rows else [c.name for c in table.primary_key]
    columns = ", ".join(f'"{name}"' for name in names)
    cursor, dialect = tx.cursor, tx.connection.dialect
    cursor.execute(f"DROP TABLE IF EXISTS temp.staged_{table.name}")
    cursor.execute(f"CREATE TEMP TABLE staged_{table.name} AS SELECT {columns} FROM {table.name} WHERE 0")
    bind = [binder(table.c[name], dialect) for name in names]
    made = [tuple(b(row[n]) if b else row[n] for n, b in zip(names, bind, strict=True)) for row in rows]
    marks = ", ".join("?" * len(names))
    for at in range(0, len(made), _PIECE):
        cursor.executemany(f"INSERT INTO temp.staged_{table.name} VALUES ({marks})", made[at : at + _PIECE])


def take_over(tx: Tx, table: sa.Table) -> None:
    """Upsert what was laid out; rows that it does not name stay."""
    cursor = tx.cursor
    cursor.execute(f"SELECT name FROM pragma_table_info('staged_{table.name}')")
    names = [name for (name,) in cursor.fetchall()]
    keys = [c.name for c in table.primary_key]
    values = [
        f'"{name}" = ' + KEPT.get(name, f'excluded."{name}"').format(table=table.name)
        for name in names if name not in keys
    ]  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in names)
    then = f"UPDATE SET {', '.join(values)}" if values else "NOTHING"
    cursor.execute(
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM temp.staged_{table.name}"
        f" WHERE true ON CONFLICT ({', '.join(keys)}) DO {then}"
    )


def clear(tx: Tx, *tables: sa.Table) -> None:
    """Give the memory back."""
    for table in tables:
        tx.cursor.execute(f"DROP TABLE IF EXISTS temp.staged_{table.name}")
