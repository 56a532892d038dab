"""Restarts with open alerts: every timer is in the ledger, none is late by more than the restart (P17, P34)."""

import sqlite3
import time
from itertools import count
from typing import Any

import pytest

from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import device, home, plan
from tests.waiting import eventually, quickest

pytestmark = pytest.mark.mosquitto

STATES = ("second", "first", "claimed", "offered", "critical", "drill")


def up(town: Installation) -> float:
    """The monotonic second in which the process answers."""
    eventually(lambda: town.ready() is not None, 20, "an answer")
    return time.monotonic()


@pytest.mark.finer
def test_a_tier_whose_turn_passed_while_we_were_down(town: Installation) -> None:
    """P17: killed between tier 1 and tier 2, back after the moment: tier 2 at once, tier 3 on time."""
    town.write_plan(plan(street=3, desk=10))
    first = town.serve()
    town.press()
    raised = town.sink.await_asked("doctor-1").at
    first.kill()
    assert not town.sink.asked("street-1")
    time.sleep(max(0.0, raised + 3.5 - time.monotonic()))

    town.start()
    began = up(town)

    street, desk = town.sink.await_asked("street-1"), town.sink.await_asked("desk-1", within=15)
    assert street.at - began < 2
    assert abs(desk.at - raised - 10) < 1
    # Everybody who has joined is asked again with each later tier.
    assert [2, 1] == [len(town.sink.asked(who)) for who in ("street-1", "desk-1")]
    assert 1 == len([c for c in town.sink.asked("street-1") if c.at < desk.at - 0.5])


def test_how_long_nobody_is_called_after_kill_9(town: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """From kill -9 to the next contact, started again at once: 5 s at most, on a busy machine (the bench: 2)."""
    town.write_plan(plan(street=3))
    town.serve()
    numbers = count(1)

    def nobody_called() -> float:
        one, other = next(numbers), next(numbers)
        town.press(device(one))
        raised = town.sink.await_asked("doctor-1", home(one)).at
        waiting = town.device(device(other))
        waiting.wait_up()
        time.sleep(max(0.0, raised + 2.7 - time.monotonic()))
        town.processes[-1].kill()
        killed = time.monotonic()
        waiting.press()
        town.start()
        timer = town.sink.await_asked("street-1", home(one)).at - killed
        press = town.sink.await_asked("doctor-1", home(other)).at - killed
        with capsys.disabled():
            print(f" [kill -9 -> a timer's contact {timer:.2f} s, a waiting press's contact {press:.2f} s]", end="")
        return max(timer, press)

    assert quickest(nobody_called, 5.0) <= 5


def _raise_all(town: Installation) -> dict[str, str]:
    """One open alert in each state; state -> id."""
    town.api.log_in()
    window = {"name": "states", "homes": ["home-0006"], "minutes": 5}
    assert 201 == town.api.ask("POST", "/api/v1/drills", window).status
    presses = {}
    for number, (name, kind) in enumerate(
        [(name, "fall" if name == "critical" else "sos") for name in STATES], 1
    ):
        it = town.device(device(number))
        it.wait_up()
        presses[name] = (it, it.press(kind, drill=name == "drill"))
        if name == "second":
            town.sink.await_asked("street-1")
    found = {name: it.wait_receipt(press)["alert"] for name, (it, press) in presses.items()}
    for name in ("claimed", "offered"):
        assert 200 == town.api.act(found[name], "claim").status
    town.sink.await_asked("doctor-1", "home-0004")
    assert 200 == town.api.act(found["offered"], "offer", to="doctor-1").status
    return found


def _track(town: Installation, alert: str) -> dict[str, Any]:
    return dict(town.api.alert(alert)["tracks"][0])


@pytest.mark.finer
@pytest.mark.slow
def test_open_alerts_in_each_state_go_on(town: Installation) -> None:
    """P34: a server started on a ledger with open alerts goes on with each of them from where it stood."""
    town.write_plan(plan(street=3, desk=6, repeat=4, claim=15, offer=11))
    first = town.serve()
    found = _raise_all(town)
    first.kill()
    before = len(town.sink.contacts)

    town.serve()

    assert {"second": "calling", "first": "calling", "claimed": "claimed", "offered": "claimed"} == {
        name: _track(town, found[name])["state"] for name in ("second", "first", "claimed", "offered")
    }
    assert _track(town, found["offered"])["offer"]
    assert 3 == len(town.api.alert(found["critical"])["tracks"])
    town.sink.await_asked("desk-1", "home-0001")
    town.sink.await_asked("street-1", "home-0002")
    drill = town.sink.await_asked("desk-1-drill", "home-0006")
    assert drill.drill
    eventually(
        lambda: {"doctor-1", "street-1", "desk-1"}
        <= {c.who for c in town.sink.contacts[before:] if c.alert == found["critical"]},
        what="repeats on all three tracks",
    )
    eventually(lambda: _track(town, found["claimed"])["state"] == "calling", 25, "the end of the claim")
    eventually(lambda: _track(town, found["offered"])["offer"] is None, 15, "the end of the offer")
    assert not [c for c in town.sink.contacts if c.home == "home-0006" and not c.drill]


@pytest.mark.parametrize("command", [("serve",), ("engine",), ("db", "upgrade")])
def test_an_older_program_refuses_a_newer_ledger(small_town: Installation, command: tuple[str, ...]) -> None:
    """P34: a ledger that a newer program has migrated is not touched, and the operator is told what to start."""
    town = small_town
    with sqlite3.connect(town.folder / "anling.db") as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    file.close()

    done = town.run(*command, check=False)

    assert 2 == done.returncode
    assert "9999" in done.stderr
    assert "Traceback" not in done.stderr
    assert [{"version_num": "9999"}] == town.rows("SELECT version_num FROM alembic_version")
