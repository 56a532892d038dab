"""A storm of presses while the product, the broker or both are killed: none is lost, none makes two alerts."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import ended
from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import HOMES, device, home, plan
from tests.acceptance.outside import Mosquitto, Sink
from tests.waiting import eventually

pytestmark = pytest.mark.mosquitto

QUIET = plan(street=60, desk=120, repeat=120, retry=60)
#: presses of a storm, and the seconds it lasts
PRESSES, LASTS = HOMES, 4.0
ROUNDS = 5 if os.environ.get("ANLING_PROVE") else 1


def connect(town: Installation, homes: int) -> None:
    """Switch the devices on."""
    for number in range(1, homes + 1):
        town.device(device(number))
    for number in range(1, homes + 1):
        town.device(device(number)).wait_up(30)


@contextmanager
def pressing(town: Installation, homes: int, seconds: float) -> Iterator[None]:
    """Each home presses once, evenly, while the block runs; the block ends when all have pressed."""
    def press() -> None:
        begun = time.monotonic()
        for number in range(1, homes + 1):
            time.sleep(max(0.0, begun + seconds * number / homes - time.monotonic()))
            town.device(device(number)).press()

    thread = threading.Thread(target=press)
    thread.start()
    yield
    thread.join()


def each_home_helped_once(town: Installation, homes: int, kills: int = 1) -> None:
    """One alert for each home, its doctor asked for it at least once; no contact more often than the kills explain."""
    alerts = Counter(row["home_id"] for row in town.rows("SELECT home_id FROM alerts"))
    assert {home(n): 1 for n in range(1, homes + 1)} == alerts
    assert homes == town.count("inbox", "kind = 'sos'")
    wanted = {home(n) for n in range(1, homes + 1)}
    eventually(lambda: wanted <= {c.home for c in town.sink.asked("doctor-1")}, 30, "a call for each home")
    assert not town.rows(f"SELECT key FROM attempts GROUP BY key HAVING count(*) > {1 + kills}")
    assert all(c.signed for c in town.sink.contacts)


@pytest.mark.finer
def test_killed_twice_in_a_storm(town: Installation) -> None:
    """P18: 200 presses in 4 s, kill -9 twice in the middle: 200 alerts, each doctor's telephone rings."""
    town.write_plan(QUIET)
    server = town.serve()
    connect(town, PRESSES)

    with pressing(town, PRESSES, LASTS):
        for _ in range(2 * ROUNDS):
            time.sleep(1.2)
            server.kill()
            server = town.start()

    town.await_receipts(60)
    each_home_helped_once(town, PRESSES, 2 * ROUNDS)


@pytest.fixture(params=["persistence", "no persistence"])
def fragile_town(
    request: pytest.FixtureRequest, sqlite_copy: str, tmp_path: Path, sink: Sink
) -> Iterator[Installation]:
    """A neighbourhood whose broker keeps its sessions, and one whose broker forgets everything."""
    broker = Mosquitto(tmp_path / "broker", persistence=request.param == "persistence")
    broker.start()
    yield from ended(Installation(tmp_path / "town", sqlite_copy, sink, broker))
    broker.kill()


def _broker(town: Installation) -> Callable[[], None]:
    broker = town.broker
    assert broker is not None

    def kill() -> None:
        broker.kill()
        time.sleep(0.5)
        broker.start()

    return kill


def test_the_broker_is_killed(fragile_town: Installation) -> None:
    """The broker dies with what it had acknowledged: the devices repeat until the ledger's own receipt (wire.md 1)."""
    town = fragile_town
    town.write_plan(QUIET)
    server = town.serve()
    connect(town, 60)

    with pressing(town, 60, 3):
        time.sleep(1)
        _broker(town)()
        time.sleep(1)
        _broker(town)()

    town.await_receipts(60)
    each_home_helped_once(town, 60)
    assert server.alive


def test_broker_and_product_are_killed_together(fragile_town: Installation) -> None:
    """The power goes: both are killed in the same moment and come back."""
    town = fragile_town
    town.write_plan(QUIET)
    server = town.serve()
    connect(town, 60)

    with pressing(town, 60, 3):
        time.sleep(1.5)
        server.kill()
        _broker(town)()
        town.start()

    town.await_receipts(60)
    each_home_helped_once(town, 60)
