"""The steps of the daily check-in: read, refused, and when each is due."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.checkins import Action, Checkin, Rule, Step, Way, read_rule
from domain.errors import ConfigurationError
from homes.steps import TEMPLATE, instant, next_time, passed, read_steps

SHANGHAI = ZoneInfo("Asia/Shanghai")
STEPS = read_steps(TEMPLATE.read_text("utf-8"))
BY = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


def question(step: int = 0) -> Checkin:
    """A home that has until 09:30."""
    return Checkin("home-1", date(2026, 11, 20), "north", BY - timedelta(hours=4.5), BY, step, None)


def test_the_template_asks_gently_first_and_alerts_last() -> None:
    """The device, two calls, a neighbour, and then the plan."""
    actions = [step.action for step in STEPS]

    assert [Action.ASK_DEVICE, Action.CARE_CALL, Action.CARE_CALL, Action.ASK_NEIGHBOUR, Action.ALERT] == actions


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the last step must be"),
        ('[[step]]\naction = "care_call"\nafter = "5m"', "the last step must be"),
        ('[[step]]\naction = "sing"\nafter = "5"', "step 1: action 'sing'"),
        ('[[step]]\naction = "sing"\nafter = "5"', "step 1: after '5'; write minutes"),
        ('[[step]]\naction="alert"\nafter="5m"\n[[step]]\naction="alert"\nafter="5m"', "must come after"),
        ("[[step", "checkins.toml"),
    ],
)
def test_wrong_steps_are_refused_with_the_remedy(text: str, told: str) -> None:
    """All at once; a list that could end in silence is never taken."""
    with pytest.raises(ConfigurationError) as error:
        read_steps(text)

    assert told in "\n".join(error.value.problems)


def test_steps_come_at_their_times() -> None:
    """A sweep in time: each step at its minute after the window's end."""
    now, due = BY - timedelta(minutes=30), []
    for taken in range(1, len(STEPS)):
        now = next_time(STEPS, question(taken - 1), taken, now)
        due.append(int((now - BY).total_seconds() // 60))

    assert [0, 10, 20, 45] == due


def test_a_late_sweep_leaves_time_to_answer() -> None:
    """Three hours late: the device is not asked any more, each step keeps five minutes, the alert still comes (P20)."""
    now = BY + timedelta(hours=3)
    taken, due = passed(STEPS, question(), now), []
    while STEPS[taken].action is not Action.ALERT:
        later = next_time(STEPS, question(taken), taken + 1, now)
        due.append((STEPS[taken].action, (later - now).total_seconds() / 60))
        now, taken = later, taken + 1

    assert [(Action.CARE_CALL, 5.0), (Action.CARE_CALL, 5.0), (Action.ASK_NEIGHBOUR, 5.0)] == due


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York"])
def test_a_day_has_its_minutes_whatever_the_clocks_do(zone: str) -> None:
    """Half past nine is half past nine, also on the day the clocks change (P32)."""
    for day in (date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)):
        local = instant(day, 9 * 60 + 30, ZoneInfo(zone)).astimezone(ZoneInfo(zone))

        assert (day, 9, 30) == (local.date(), local.hour, local.minute)
    assert instant(date(2026, 11, 21), 0, SHANGHAI) == instant(date(2026, 11, 20), 24 * 60, SHANGHAI)


def test_a_rule_is_read_or_told_what_is_wrong() -> None:
    """Times, their order, the ways; everything at once."""
    problems: list[str] = []
    good = read_rule({"by": "09:30", "window_opens": "05:00", "ways": ["activity", "voice"]}, problems)

    assert Rule(300, 570, (Way.ACTIVITY, Way.VOICE)) == good
    assert [] == problems
    assert read_rule({"by": "half past", "window_opens": "25:00", "ways": ["dream"]}, problems) is None
    assert 3 == len(problems)
    assert read_rule({"by": "05:00", "window_opens": "09:30"}, problems) is None
    assert "must be before" in problems[-1]


def test_every_step_has_a_length() -> None:
    """Steps are data: an action and minutes."""
    assert Step(Action.ALERT, timedelta(minutes=45)) == STEPS[-1]
