"""kill -9 at each hand-over from button to phone: whatever one stage has written, the next one finds."""

import time

import pytest

from tests.acceptance.aftermath import attempts_are_whole, on_time, once_or_twice, one_alert_each, restart, settled
from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import plan

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
