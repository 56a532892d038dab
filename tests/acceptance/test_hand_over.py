"""kill -9 at each hand-over from button to phone: whatever one stage has written, the next one finds."""

import time
from collections import Counter
from datetime import datetime

import pytest
import urllib3

from tests.acceptance.installation import Installation, Process
from tests.acceptance.neighbourhood import plan
from tests.acceptance.outside import Contact, Reply, eventually

pytestmark = pytest.mark.mosquitto
#: seconds until the street office joins
STREET = 2.0



@pytest.fixture(autouse=True)
def _fast(town: Installation) -> None:
    town.write_plan(plan(street=STREET, desk=5))


ON_THE_WAY = [
    "intake-before-commit",
    "intake-after-commit",
    "between-receipt-and-puback",
    "before-lease",
    "lease-before-commit",
    "lease-before-dial",
    "dial-before-settle",
    "settle-before-commit",
    "after-settle",
]


def one_alert_each(town: Installation) -> None:
    """Each press is in the inbox once, and made or joined one alert; each home has at most one that is open."""
    presses = town.rows("SELECT device_id, event_id, alert_id FROM inbox WHERE kind = 'sos'")
    assert len(presses) == len({(p["device_id"], p["event_id"]) for p in presses})
    assert all(p["alert_id"] for p in presses)
    homes = Counter(a["home_id"] for a in town.rows("SELECT home_id FROM alerts WHERE state = 'open'"))
    assert not [home for home, n in homes.items() if n > 1]


def attempts_are_whole(town: Installation) -> None:
    """Attempts of a contact are numbered without holes; only the last may still be under way."""
    for row in town.rows("SELECT key, status, attempts FROM outbox"):
        tries = town.rows(f"SELECT n, status FROM attempts WHERE key = '{row['key']}' ORDER BY n")
        assert list(range(1, row["attempts"] + 1)) == [t["n"] for t in tries], (row, tries)
        if row["status"] == "accepted":
            assert "accepted" == tries[-1]["status"]


def once_or_twice(town: Installation) -> None:
    """No contact is lost, none is made more often than once and once more for the crash; all are signed."""
    rows = town.rows("SELECT key, status FROM outbox")
    times = town.sink.times_per_key()
    assert {r["key"] for r in rows if r["status"] not in ("superseded", "pending")} <= set(times)
    assert set(times) <= {r["key"] for r in rows}
    assert 2 >= max(times.values())
    assert all(c.signed for c in town.sink.contacts)


def settled(town: Installation) -> None:
    """Wait until nothing is under way."""
    eventually(lambda: not town.count("outbox", "status = 'leased'"), what="rest")


def restart(town: Installation, dead: Process) -> Process:
    """It died by the plug; start it again on the same data."""
    assert -9 == dead.await_death()
    return town.serve()


def on_time(town: Installation, contact: Contact, after: float, up: float) -> None:
    """Asked when the plan says, or as soon as we were up again."""
    raised = datetime.fromisoformat(town.api.alert(contact.alert)["raised_at"]).timestamp()
    assert contact.wall > raised + after - 0.1
    assert contact.wall < max(raised + after, up) + 1.5


@pytest.mark.parametrize("point", ON_THE_WAY)
def test_a_press_survives_kill_9(town: Installation, point: str) -> None:
    """P16, P18: killed there, and started again: one alert, the doctor asked once or twice, then the street on time."""
    dying = town.serve(fatal=point)
    press = town.press()
    restart(town, dying)
    up = time.time()

    receipt = town.device("dev-0001").wait_receipt(press)

    assert "stored" == receipt["result"]
    doctor = town.sink.await_asked("doctor-1")
    street = town.sink.await_asked("street-1")
    on_time(town, street, STREET, up)
    settled(town)
    assert 1 == town.count("alerts")
    assert receipt["alert"] == doctor.alert == street.alert
    one_alert_each(town)
    attempts_are_whole(town)
    once_or_twice(town)


@pytest.mark.parametrize("point", ["tick-before-commit", "tick-after-commit"])
def test_a_timer_survives_kill_9(town: Installation, point: str) -> None:
    """P17: killed while it decides that the street's turn has come: the street is asked, by one decision."""
    dying = town.serve(fatal=point)
    town.press()
    restart(town, dying)

    street, desk = town.sink.await_asked("street-1"), town.sink.await_asked("desk-1")

    settled(town)
    assert desk.alert == street.alert
    one_alert_each(town)
    attempts_are_whole(town)
    once_or_twice(town)


@pytest.mark.parametrize("point", ["claim-before-commit", "claim-after-commit"])
def test_a_claim_survives_kill_9(town: Installation, point: str) -> None:
    """P10: killed inside the claim: nobody was told 200. What was committed holds, else the calls go on."""
    dying = town.serve(fatal=point)
    town.press()
    alert = town.sink.await_asked("doctor-1").alert
    town.api.log_in()

    with pytest.raises(urllib3.exceptions.HTTPError):
        town.api.act(alert, "claim")

    restart(town, dying)
    state = town.api.alert(alert)["tracks"][0]["state"]
    assert {"claim-before-commit": "calling", "claim-after-commit": "claimed"}[point] == state
    assert 200 == town.api.act(alert, "claim").status
    settled(town)
    one_alert_each(town)
    attempts_are_whole(town)


def test_a_claim_that_was_answered_is_in_the_ledger(town: Installation) -> None:
    """After 200 the claim outlives kill -9, and nobody else is asked."""
    first = town.serve()
    town.press()
    alert = town.sink.await_asked("doctor-1").alert
    claimed = town.api.act(alert, "claim")
    first.kill()

    town.serve()

    assert 200 == claimed.status
    assert "claimed" == town.api.alert(alert)["tracks"][0]["state"]
    asked = len(town.sink.asked())
    eventually(lambda: not town.broken())
    assert asked == len(town.sink.asked())


@pytest.mark.parametrize("point", ["dial-before-settle", "claim-before-commit", "claim-after-commit"])
def test_a_claim_in_the_answer_survives_kill_9(town: Installation, point: str) -> None:
    """A responder's system claims in its answer and we die: asked again at most once, it has the claim in the end."""

    def claim(contact: Contact) -> Reply:
        return Reply(body={"ack": "claim", "responder": contact.who})

    town.sink.answer = claim
    dying = town.serve(fatal=point)
    press = town.press()
    restart(town, dying)

    alert = town.device("dev-0001").wait_receipt(press)["alert"]

    def held() -> bool:
        return bool(town.api.alert(alert)["tracks"][0]["state"] == "claimed")

    eventually(held, what="the claim")
    once_or_twice(town)
    one_alert_each(town)
