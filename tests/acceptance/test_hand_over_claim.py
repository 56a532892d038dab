"""kill -9 inside a timer's decision and inside a claim: what was answered with 200 is in the ledger."""

import pytest
import urllib3

from tests.acceptance.aftermath import attempts_are_whole, once_or_twice, one_alert_each, restart, settled
from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import plan
from tests.acceptance.outside import Contact, Reply
from tests.waiting import eventually

pytestmark = pytest.mark.mosquitto


FAST = plan(street=2, desk=5)


@pytest.mark.finer
@pytest.mark.parametrize("point", ["tick-before-commit", "tick-after-commit"])
def test_a_timer_survives_kill_9(town: Installation, point: str) -> None:
    """P17: killed while it decides that the street's turn has come: the street is asked, by one decision."""
    town.write_plan(FAST)
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
    town.write_plan(FAST)
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
def test_a_claim_in_the_answer_survives_kill_9(small_town: Installation, point: str) -> None:
    """A responder's system claims in its answer and we die: asked again at most once, it has the claim in the end."""

    def claim(contact: Contact) -> Reply:
        return Reply(body={"ack": "claim", "responder": contact.who})

    town = small_town
    town.sink.answer = claim
    town.write_plan(FAST)
    dying = town.serve(fatal=point)
    press = town.press()
    restart(town, dying)

    alert = town.device("dev-0001").wait_receipt(press)["alert"]

    def held() -> bool:
        return bool(town.api.alert(alert)["tracks"][0]["state"] == "claimed")

    eventually(held, what="the claim")
    once_or_twice(town)
    one_alert_each(town)
