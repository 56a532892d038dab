"""A neighbourhood with real processes: imported once for each database, copied fresh for each test."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.installation import PASSWORD, Installation
from tests.acceptance.neighbourhood import site
from tests.acceptance.outside import Mosquitto, Sink
from tests.acceptance.street import Street
from tests.waiting import eventually

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def the_sink() -> Iterator[Sink]:
    """The responders' own system; its address is in the site file."""
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture
def sink(the_sink: Sink) -> Sink:
    """The responders' own system, with nothing in its book."""
    the_sink.reset()
    return the_sink


def settle(installation: Installation) -> None:
    """By our own commands: migrate, import the site file, add a log-in."""
    file = installation.folder / "site.json"
    file.write_text(json.dumps(site(installation.sink.url), ensure_ascii=False))
    installation.run("db", "upgrade")
    installation.run("import", str(file))
    add = ("user", "add", "desk", "--role", "supervisor", "--password-stdin")
    installation.run(*add, said=PASSWORD + "\n")


@pytest.fixture(scope="session")
def settled_file(tmp_path_factory: pytest.TempPathFactory, the_sink: Sink) -> Path:
    """An SQLite ledger with the neighbourhood in it."""
    folder = tmp_path_factory.mktemp("settled")
    settle(Installation(folder, f"sqlite:///{folder}/anling.db", the_sink, None))
    return folder / "anling.db"


@pytest.fixture(scope="session")
def settled_database(postgres: Any, tmp_path_factory: pytest.TempPathFactory, the_sink: Sink) -> str:
    """A PostgreSQL database with the neighbourhood in it; its name."""
    name = str(postgres.create("template1"))
    settle(Installation(tmp_path_factory.mktemp("settled"), postgres.url(name), the_sink, None))
    return name


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker that keeps its sessions on disk."""
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def sqlite_copy(settled_file: Path, tmp_path: Path) -> str:
    """The address of a fresh copy of the settled SQLite ledger."""
    (tmp_path / "town").mkdir()
    shutil.copy(settled_file, tmp_path / "town" / "anling.db")
    return f"sqlite:///{tmp_path}/town/anling.db"


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh copy of the settled ledger; once for each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_copy")
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("settled_database")
    name = server.create(template)
    yield server.url(name)
    server.drop(name)


def ended(installation: Installation) -> Iterator[Installation]:
    """Whatever happens, nothing of it goes on running."""
    with ExitStack() as stack:
        stack.callback(installation.switch_off)
        yield installation
    eventually(lambda: not installation.left_behind(), what="the end of all processes")


@pytest.fixture
def town(database: str, tmp_path: Path, sink: Sink, broker: Mosquitto) -> Iterator[Installation]:
    """The neighbourhood on each database, with a broker; nothing of ours runs yet."""
    yield from ended(Installation(tmp_path / "town", database, sink, broker))


@pytest.fixture
def small_town(sqlite_copy: str, tmp_path: Path, sink: Sink, broker: Mosquitto) -> Iterator[Installation]:
    """The neighbourhood on SQLite, with a broker; nothing of ours runs yet."""
    yield from ended(Installation(tmp_path / "town", sqlite_copy, sink, broker))


@pytest.fixture
def street(tmp_path: Path, sink: Sink) -> Iterator[Street]:
    """The street, its world running, nothing of ours yet."""
    street = Street(tmp_path / "street", sink)
    street.settle()
    yield from ended(street)  # type: ignore[misc]
