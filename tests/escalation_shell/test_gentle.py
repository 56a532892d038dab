"""A request that is no emergency, a fall that the device doubts: what is added, and what is never taken away."""

from typing import Any

import pytest

from tests.town import Town

COMPANY = {"trigger": "service", "request": "company"}


def test_a_request_is_a_task_and_calls_nobody(town: Town) -> None:
    """Company, shopping, advice: most calls. The device has its receipt, the street's services a task; repeats none."""
    event = town.event(data=COMPANY)

    receipts = town.say(event) + town.say(event)

    assert [("stored", None)] * 2 == [(r.result, r.alert) for r in receipts if r]
    assert (0, 0) == (town.count("alerts"), town.count("outbox"))
    (task,) = town.rows("SELECT kind, street, home_id FROM tasks")
    assert ("service", "north", "home-1") == (task["kind"], task["street"], task["home_id"])


@pytest.mark.parametrize(
    "data",
    [{"trigger": "service"}, {"request": "company"}, {"trigger": "service", "request": "help"}, {"trigger": "button"},
     {"trigger": ["service"], "request": "company"}, {"trigger": "service", "request": None}, {}],
)  # fmt: skip
def test_everything_else_that_a_button_says_is_a_cry(town: Town, data: dict[str, Any]) -> None:
    """Half a request, an unknown one, a broken one: rather call once too often."""
    assert town.alert(town.press(data=data)).open


def test_a_request_during_an_alert_is_a_signal(town: Town) -> None:
    """Whoever has pressed for help and then presses anything is heard on that alert; nothing is lowered."""
    alert = town.press()

    assert alert == town.press(data=COMPANY)
    assert 2 == town.alert(alert).signals
    assert 0 == town.count("tasks")


def test_an_unknown_device_asks_for_nothing(town: Town) -> None:
    """From a device that nobody registered even the word "service" may be a cry."""
    assert town.alert(town.press("stranger-1", data=COMPANY)).open


@pytest.mark.parametrize(("confidence", "asked"), [(0.3, 1), (0.9, 0), (None, 0), ("low", 0), (True, 0)])
def test_a_doubtful_fall_is_asked_back_while_the_plan_calls(town: Town, confidence: object, asked: int) -> None:
    """The alert is raised at once whatever the confidence; the device of a doubtful one asks "are you well?"."""
    alert = town.press("band-0001", type="fall", data={"confidence": confidence})

    assert ("critical", True) == (str(town.alert(alert).severity), town.alert(alert).open)
    assert asked == town.count("errands", "device_id = 'band-0001' AND command = 'ask_checkin'")
