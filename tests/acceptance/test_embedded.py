"""``anling serve`` with nothing given: it brings its own broker, and takes it along when it goes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import ended
from tests.acceptance.installation import Installation, Process
from tests.acceptance.neighbourhood import plan
from tests.acceptance.outside import Sink
from tests.waiting import eventually

pytestmark = pytest.mark.mosquitto

WITHOUT = Path(__file__).with_name("without_mosquitto.py")


@pytest.fixture
def lone_town(sqlite_copy: str, tmp_path: Path, sink: Sink) -> Iterator[Installation]:
    """The neighbourhood without a broker of its own."""
    town = Installation(tmp_path / "town", sqlite_copy, sink, None)
    town.write_plan(plan(street=60, desk=120))
    yield from ended(town)


def test_the_broker_in_the_box(lone_town: Installation) -> None:
    """A press by the embedded broker is receipted and called; kill -9 leaves no broker behind; the next start works."""
    town = lone_town
    first = town.serve()
    press = town.press()
    alert = town.device("dev-0001").wait_receipt(press)["alert"]
    assert alert == town.sink.await_asked("doctor-1").alert
    assert any("mosquitto" in words for words in town.left_behind())

    first.kill()
    eventually(lambda: not town.left_behind(), 5, "the end of its broker")
    town.serve()
    later = town.press("dev-0002")

    assert "stored" == town.device("dev-0002").wait_receipt(later)["result"]
    town.sink.await_asked("doctor-1", "home-0002")


def test_a_polite_end_takes_the_broker_along(lone_town: Installation) -> None:
    """SIGTERM: status 0 within seconds, nothing goes on running."""
    server = lone_town.serve()

    server.popen.terminate()

    assert 0 == server.await_death()
    eventually(lambda: not lone_town.left_behind(), 5, "the end of its broker")


def test_without_mosquitto_a_press_still_works(lone_town: Installation) -> None:
    """amqtt takes its place (MQTT 3.1.1): a press is receipted and called."""
    town = lone_town
    log = town.folder / "amqtt.log"
    server = Process([sys.executable, str(WITHOUT), "serve"], town.env(), log)
    town.processes.append(server)
    town.await_ready(server)
    assert any("embedded_amqtt" in words for words in town.left_behind())

    press = town.press()

    assert "stored" == town.device("dev-0001").wait_receipt(press)["result"]
    town.sink.await_asked("doctor-1", "home-0001")
