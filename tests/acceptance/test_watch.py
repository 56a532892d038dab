"""The watch beside a real installation: all is well, then one part after another is taken away (P33)."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.acceptance.installation import Installation, Process
from tests.acceptance.neighbourhood import plan
from tests.acceptance.outside import Mosquitto
from tests.waiting import eventually

pytestmark = pytest.mark.mosquitto

#: seconds: design, "silence of ours is noticed by others"
NOTICED = 15.0
PARTS = ["engine", "bridge", "api", "broker", "ledger", "watch"] if os.environ.get("ANLING_PROVE") else ["engine"]


class Switch:
    """The uptime service outside: notes each word of the dead-man's switch."""

    def __init__(self) -> None:
        self.words: list[float] = []
        switch = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                switch.words.append(time.monotonic())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def silent(self) -> float:
        """Seconds since the last word."""
        return time.monotonic() - self.words[-1] if self.words else float("inf")

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def switch() -> Iterator[Switch]:
    """A dead-man's switch outside."""
    switch = Switch()
    yield switch
    switch.close()


def watched(town: Installation, switch: Switch) -> dict[str, Process]:
    """Every room in a process of its own, and the watch beside them; returns when the switch hears it."""
    town.write_plan(plan(street=60, desk=120, repeat=120, retry=60))
    town.extra |= {
        "ANLING_DEADMAN_URL": switch.url,
        "ANLING_OPERATOR_CONTACTS": f"webhook={town.sink.url}/operator",
        "ANLING_WATCH_API_URL": town.url,
    }
    rooms = {room: town.start(room) for room in ("bridge", "engine", "api")}
    town.await_ready(*rooms.values())
    rooms["watch"] = town.start("watch")
    eventually(lambda: len(switch.words) > 1, 60, f"the switch: {rooms['watch'].words()}")
    return rooms


def told(town: Installation) -> list[str]:
    """What the operator has heard, in order."""
    return [str(c.body["about"]["text"]) for c in list(town.sink.contacts) if c.who == "operator"]


@pytest.mark.finer
@pytest.mark.slow
def test_all_is_well(town: Installation, switch: Switch) -> None:
    """The probe presses through the broker, its call comes, its drill is closed as a test; nobody else hears of it.

    It counts in no indicator, ``/readyz`` shows the watch, and the operator hears nothing.
    """
    rooms = watched(town, switch)

    probes = town.rows("SELECT state, drill, outcome, closed_by, street FROM alerts")

    assert [("closed", True, "test", "probe:watch", "~watch")] == [
        (p["state"], bool(p["drill"]), p["outcome"], p["closed_by"], p["street"]) for p in probes
    ]
    assert [] == town.sink.contacts
    assert "~watch" == town.rows("SELECT DISTINCT person FROM outbox")[0]["person"]
    said = town.ready()
    assert said is not None
    assert {"ok": True, "detail": "ok"} == {k: said.body["parts"]["watch"][k] for k in ("ok", "detail")}
    assert rooms["watch"].alive
    assert [] == town.rows("SELECT key FROM tasks WHERE street LIKE '~%' OR home_id LIKE '~%' OR key LIKE '%~%'")


def frozen(town: Installation, rooms: dict[str, Process], broker: Mosquitto, part: str) -> Callable[[], None]:
    """Take one part away; returns what brings it back."""
    if part == "ledger":
        lock = sqlite3.connect(town.folder / "anling.db", isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")
        return lock.close
    process = broker._process if part == "broker" else rooms[part].popen
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    return lambda: process.send_signal(signal.SIGCONT)


def _taken_away(
    town: Installation, rooms: dict[str, Process], switch: Switch, gone: tuple[str, Callable[[], None]]
) -> None:
    """The part is gone: who notices, how soon; then it comes back."""
    part, back = gone
    before, began = len(told(town)), time.monotonic()
    try:
        if part == "watch":
            eventually(lambda: "watch" in town.broken(), 30, "readyz naming the watch")
        else:
            eventually(lambda: len(told(town)) > before, 40, f"the operator about {part}: {rooms['watch'].words()}")
        heard = [at for at in switch.words if at > began]
        assert (heard[-1] if heard else began) - began <= NOTICED, part
    finally:
        back()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whatever_is_taken_away_the_watch_shouts(small_town: Installation, broker: Mosquitto, switch: Switch) -> None:
    """P33: each part is frozen; within 15 s the switch hears nothing more and the operator is told past the engine.

    When it goes on, the switch hears us again, and the operator that all is well. A frozen watch is silence, which
    the others notice themselves.
    """
    town = small_town
    rooms = watched(town, switch)
    for part in PARTS:
        _taken_away(town, rooms, switch, (part, frozen(town, rooms, broker, part)))
        eventually(lambda: switch.silent < 2, 90, f"the switch after {part}: {rooms['watch'].words()}")
    eventually(lambda: told(town) and "解除" in told(town)[-1], 40, "the word that all is well")
    tasks = town.rows("SELECT key, done_at, data FROM tasks WHERE key LIKE 'operator/watch/%'")
    assert tasks
    assert all(task["done_at"] for task in tasks), [task["key"] for task in tasks]
    assert {"zh", "en"} == set(json.loads(tasks[0]["data"])["remedy"])
