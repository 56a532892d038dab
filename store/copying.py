"""Copies of the whole ledger: taken while it serves, proved, and put back.

SQLite by itself, PostgreSQL by its own tools.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from domain.errors import ConfigurationError
from store.disk import settle
from store.ledger import sqlite_path

_COUNTS = (
    "SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM alerts WHERE state = 'open'),"
    " (SELECT count(*) FROM timeline), (SELECT count(*) FROM homes), (SELECT version_num FROM alembic_version)"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a copy holds."""

    alerts: int
    open: int
    entries: int
    homes: int
    #: the migration it stands at
    schema: str


def copy_out(url: str, to: Path) -> Content:
    """One consistent copy, while others read and write. Raises ``ConfigurationError`` when it cannot be made."""
    source = sqlite_path(url)
    to.touch(mode=0o600)
    if source is None:
        return _dump(url, to)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(to)) as copy:
        # All pages in one step: in steps every commit of the living ledger would begin it anew.
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
    return prove(url, to)


def prove(url: str, copy: Path) -> Content:
    """Read a copy through. Raises ``ConfigurationError`` when it is damaged."""
    if sqlite_path(url) is None:
        _run(url, "pg_restore", ["--list", str(copy)], to_server=False)
        return Content(0, 0, 0, 0, "")
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as line:
            said = [row[0] for row in line.execute("PRAGMA integrity_check(5)")]
            if said != ["ok"]:
                raise ConfigurationError([f"the copy is damaged: {'; '.join(said)}"])
            return Content(*line.execute(_COUNTS).fetchone())
    except sqlite3.DatabaseError as error:
        raise ConfigurationError([f"the copy cannot be read: {error}"]) from error


def put_back(url: str, copy: Path, aside: str) -> Path | None:
    """Put a proved copy in the ledger's place; at every instant one whole ledger is there.

    Returns where the SQLite ledger that was there is kept (its name with ``aside``), None where there was none.
    """
    place = sqlite_path(url)
    if place is None:
        words = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error", str(copy)]
        _run(url, "pg_restore", words)
        return None
    _one_file(copy)
    kept = _set_aside(place, place.with_name(f"{place.name}.{aside}"))
    copy.replace(place)
    settle(place.parent)
    return kept


def _set_aside(place: Path, kept: Path) -> Path | None:
    """The old ledger under a second name, its newest commits with it."""
    if not place.exists() or not place.stat().st_size:
        return None
    # Without this the write-ahead log of the old ledger would lie beside the new one.
    _one_file(place)
    try:
        os.link(place, kept)
    except OSError:
        shutil.copy2(place, kept)
    return kept


def _one_file(ledger: Path) -> None:
    """Newest commits into the file itself. Raises ``ConfigurationError`` while somebody has it open."""
    try:
        with closing(sqlite3.connect(ledger, timeout=1)) as line:
            line.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            mode = line.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError:
        mode = "in use"
    if mode != "delete":
        raise ConfigurationError([f"somebody has {ledger} open: stop every `anling` of this ledger first"])


def _dump(url: str, to: Path) -> Content:
    """The figures and the dump are of one and the same instant."""
    import psycopg

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as line:
        line.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        snapshot = line.execute("SELECT pg_export_snapshot()").fetchone()
        content = line.execute(_COUNTS).fetchone()
        assert snapshot is not None
        assert content is not None
        _run(url, "pg_dump", ["--format=custom", f"--snapshot={snapshot[0]}", f"--file={to}"])
    prove(url, to)
    return Content(*content)


def _run(url: str, tool: str, words: Sequence[str], to_server: bool = True) -> None:
    """One of PostgreSQL's own tools; the password goes by the environment, where no list of processes shows it."""
    if shutil.which(tool) is None:
        raise ConfigurationError([f"{tool} is not on this machine: install PostgreSQL's client tools, or run it there"])
    parts = make_url(url)
    where = parts.set(drivername="postgresql", password=None).render_as_string()
    given = [tool, *([f"--dbname={where}"] if to_server else []), *words]
    password = {"PGPASSWORD": str(parts.password)} if parts.password else {}
    done = subprocess.run(given, env=os.environ | password, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigurationError([f"{tool}: {line}" for line in done.stderr.strip().splitlines()[-3:]])
