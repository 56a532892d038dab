"""Bridge, engine and API as processes of their own on one ledger (wire.md section 6)."""

import os
import time

import pytest

from tests.acceptance.installation import Installation, Process
from tests.acceptance.neighbourhood import device, home, plan
from tests.acceptance.outside import Contact
from tests.waiting import eventually, quickest

pytestmark = pytest.mark.mosquitto

#: room -> what ``/readyz`` names when it is gone
NAMES = {"bridge": ["broker"], "engine": ["clock", "engine", "providers", "senders"]}


def start(town: Installation) -> dict[str, Process]:
    """All three, ready."""
    town.write_plan(plan(street=60, desk=120))
    rooms = {room: town.start(room) for room in ("bridge", "engine", "api")}
    town.await_ready(*rooms.values())
    return rooms


def test_press_contact_claim_close(town: Installation) -> None:
    """A press in one process is a contact out of the other within a second; the third claims and closes."""
    start(town)
    town.press("dev-0002")
    town.sink.await_asked("doctor-1", "home-0002")

    numbers = iter((1, 3, 4))
    made: list[tuple[str, Contact]] = []

    def called() -> float:
        number = next(numbers)
        town.device(device(number)).wait_up()
        began = time.monotonic()
        press = town.press(device(number))
        made.append((press, town.sink.await_asked("doctor-1", home(number))))
        return made[-1][1].at - began

    assert quickest(called, 1.0) <= 1
    press, call = made[0]
    receipt = town.device("dev-0001").wait_receipt(press)

    assert receipt["alert"] == call.alert
    claimed = town.api.act(call.alert, "claim")
    assert (200, "claimed") == (claimed.status, claimed.body["tracks"][0]["state"])
    closed = town.api.act(call.alert, "close", outcome="treated_home", note="Blood pressure, rest")
    assert (200, "closed") == (closed.status, closed.body["state"])
    states = town.device("dev-0001").states
    eventually(lambda: "closed" in [s.get("stage") or s.get("state") for s in states], what="the lamp at home")
    assert not town.broken()


def _killed_and_named(town: Installation, rooms: dict[str, Process], room: str) -> None:
    rooms[room].kill()
    eventually(lambda: sorted(town.broken()) == NAMES[room], 20, f"naming the {room}")
    rooms[room] = town.start(room)
    town.await_ready(*rooms.values())


@pytest.mark.finer
@pytest.mark.slow
def test_readyz_names_the_room_that_is_gone(town: Installation) -> None:
    """Each room is killed in turn: ``/readyz`` names what is missing, and is content again when it is back."""
    rooms = start(town)
    sqlite = "sqlite" in str(town.database)
    turns = ["bridge", "engine"] if os.environ.get("ANLING_PROVE") else ["bridge" if sqlite else "engine"]

    for room in turns:
        _killed_and_named(town, rooms, room)

    rooms["api"].kill()
    assert town.ready() is None
    town.press()
    town.sink.await_asked("doctor-1", "home-0001")


def test_a_press_while_the_bridge_is_gone(small_town: Installation) -> None:
    """The bridge is killed and started again: the broker and the device kept the press."""
    town = small_town
    rooms = start(town)
    town.device("dev-0001").wait_up()
    rooms["bridge"].kill()

    press = town.press()
    town.start("bridge")

    assert "stored" == town.device("dev-0001").wait_receipt(press)["result"]
    town.sink.await_asked("doctor-1", "home-0001")
    assert 1 == town.count("alerts")
