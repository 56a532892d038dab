"""kill -9 at each hand-over from button to phone: whatever one stage has written, the next one finds."""

import time

import pytest

from tests.acceptance.aftermath import attempts_are_whole, on_time, once_or_twice, one_alert_each, restart, settled
from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import plan

pytestmark = pytest.mark.mosquitto
#: seconds until the street office joins
STREET = 2.0

#: the commits and the calls between them
HAND_OVERS = ["intake-before-commit", "intake-after-commit", "lease-before-dial", "dial-before-settle"]
#: their neighbours, that differ little from one database to the other
IN_BETWEEN = [
    "between-receipt-and-puback",
    "before-lease",
    "lease-before-commit",
    "inside-the-dial",
    "settle-before-commit",
    "after-settle",
]


@pytest.mark.parametrize("point", HAND_OVERS)
def test_a_press_survives_kill_9(town: Installation, point: str) -> None:
    """P16, P18: killed there, and started again: one alert, the doctor asked once or twice, then the street on time."""
    survives(town, point)


@pytest.mark.parametrize("point", IN_BETWEEN)
def test_a_press_survives_kill_9_in_between(small_town: Installation, point: str) -> None:
    """P16, P18: the same at the finer points."""
    survives(small_town, point)


def survives(town: Installation, point: str) -> None:
    """Press, die there, start again; then everything has happened that should, and not more."""
    town.write_plan(plan(street=STREET, desk=5))
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
