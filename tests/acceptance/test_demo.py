"""``anling demo``: one command, and a press that somebody is called for; it leaves nothing behind."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.acceptance.conftest import ended
from tests.acceptance.installation import Installation, Process
from tests.acceptance.outside import Sink
from tests.waiting import eventually

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def demo(tmp_path: Path, sink: Sink) -> Iterator[Installation]:
    """A folder for the demo; nothing runs yet."""
    town = Installation(tmp_path / "demo", None, sink, None)
    town.extra = {"ANLING_PLAN": ""}
    yield from ended(town)


def begin(demo: Installation) -> tuple[Process, str]:
    """Start it; returns when it has printed its log-in: the password."""
    process = demo.start("demo", "--homes", "4", "--first-press", "1")

    def printed() -> str | None:
        assert process.alive, process.words()
        found = re.search(r"password\s+(\S+)", process.words())
        return found[1] if found else None

    return process, str(eventually(printed, 20, "a printed log-in"))


def called(demo: Installation, password: str) -> bool:
    """Somebody has been contacted, as the printed log-in can see."""
    http = urllib3.PoolManager(retries=False, timeout=5)
    try:
        login = {"username": "demo", "password": password}
        token = http.request("POST", f"{demo.url}/api/v1/session", json=login).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        items = http.request("GET", f"{demo.url}/api/v1/messages", headers=headers).json()["items"]
        alerts = http.request("GET", f"{demo.url}/api/v1/alerts?drill=false", headers=headers).json()["items"]
        real = {alert["id"] for alert in alerts}  # the homes' commissioning has made drills before
        return any(item["alert"] in real and item["status"] not in ("pending", "leased") for item in items)
    finally:
        http.clear()


def test_the_first_press_is_called_for(demo: Installation) -> None:
    """Within 20 s of the start there is a press, its alert and a call; Ctrl-C ends everything."""
    process, password = begin(demo)
    assert demo.url in process.words()

    eventually(lambda: called(demo, password), max(1.0, process.started + 20 - time.monotonic()), "a call")

    left = demo.left_behind()
    assert any("simulators.world" in words for words in left)
    assert any("simulators.homes" in words for words in left)
    # as a terminal does: to the whole group
    os.killpg(process.popen.pid, signal.SIGINT)
    assert 0 == process.await_death()
    eventually(lambda: not demo.left_behind(), 5, "the end of all of it")


def test_kill_9_leaves_no_orphans(demo: Installation) -> None:
    """The demo is killed: broker, homes and world end with it."""
    process, _ = begin(demo)
    eventually(lambda: len(demo.left_behind()) >= 4, what="broker, homes and world")

    process.kill()

    eventually(lambda: not demo.left_behind(), 5, "the end of all of it")
