"""Inactivity against a home's own days: explained so that anybody can check it; pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homes.rules import TEMPLATE
from homes.rules_quiet import looked_at, read_quiet, sentence, too_quiet

RULE = read_quiet(TEMPLATE.read_text("utf-8"))
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall time in Shanghai, November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def days(rhythm: Mapping[int, int], first: int = 1, last: int = 19) -> dict[datetime, int]:
    """So many signs in these local hours of each day."""
    return {at(day, hour): n for day in range(first, last + 1) for hour, n in rhythm.items()}


WATER = days({7: 2, 8: 1, 12: 2, 18: 2, 21: 1})
LAST = at(19, 21, 40)


def test_no_water_in_the_morning_is_explained() -> None:
    """"No water since 21:40, usually 3 times by 09:00", in both languages."""
    quiet = too_quiet(RULE, {"water": WATER}, {"water": LAST}, LAST, at(20, 9), SHANGHAI)

    assert quiet is not None
    assert "自21:40起没有用水，平时工作日到09:00约3次" == sentence(quiet, SHANGHAI, "zh")
    assert "no water used since 21:40, usually 3 times by 09:00 on working days" == sentence(quiet, SHANGHAI, "en")


@pytest.mark.parametrize(("hour", "minute"), [(23, 0), (3, 0), (7, 30), (8, 0)])
def test_a_quiet_night_is_a_night(hour: int, minute: int) -> None:
    """As long as it is usual to be quiet nobody is asked."""
    now = at(19 if hour == 23 else 20, hour, minute)

    assert too_quiet(RULE, {"water": WATER}, {"water": LAST}, LAST, now, SHANGHAI) is None


def test_another_sensor_speaks_for_the_home() -> None:
    """No water, but somebody walked about at eight: cross-checked before anybody is woken."""
    motion = days({7: 5, 8: 9})
    heard = {"water": LAST, "motion": at(20, 8, 10)}

    assert too_quiet(RULE, {"water": WATER, "motion": motion}, heard, at(20, 8, 10), at(20, 9), SHANGHAI) is None


def test_a_fall_at_noon_is_noticed_in_the_evening() -> None:
    """The time compared with is that since the last sign, not a fixed morning."""
    motion = days(dict.fromkeys(range(7, 22), 6))
    newest = at(20, 10, 20)

    quiet = too_quiet(RULE, {"motion": motion}, {"motion": newest}, newest, at(20, 14), SHANGHAI)

    assert ("motion", 18) == ((quiet.sign, quiet.usual) if quiet else None)


def test_who_sleeps_long_on_some_days_is_not_woken() -> None:
    """When the mornings differ there is no usual morning."""
    odd = {hour: n for hour, n in WATER.items() if hour.day % 2 or hour.hour > 3}

    assert too_quiet(RULE, {"water": odd}, {"water": LAST}, LAST, at(20, 9), SHANGHAI) is None


def test_a_new_home_has_no_usual_day() -> None:
    """With fewer than seven days nothing is said."""
    few = days({7: 2, 8: 1, 21: 1}, 14)

    assert too_quiet(RULE, {"water": few}, {"water": LAST}, LAST, at(20, 9), SHANGHAI) is None


def test_days_of_absence_are_not_compared_with() -> None:
    """A week at the daughter's makes the home's own days no quieter."""
    home = {hour: n for hour, n in WATER.items() if not 8 <= hour.astimezone(SHANGHAI).day <= 11}

    assert too_quiet(RULE, {"water": home}, {"water": LAST}, LAST, at(20, 9), SHANGHAI) is not None


def test_the_steps_end_with_an_alert() -> None:
    """The device, a call, then the plan: out of the same file."""
    assert ["ask_device", "care_call", "alert"] == [step.action.value for step in RULE.steps]


def sundays(hour: int, weeks: int, n: int = 3) -> dict[datetime, int]:
    """Signs in that hour of so many Sundays before the 29th, and in the evening of the Saturdays."""
    back = [timedelta(weeks=week) for week in range(1, weeks + 1)]
    return {at(29, hour) - b: n for b in back} | {at(28, 21) - b: 1 for b in back} | {at(29, 20) - b: 1 for b in back}


SATURDAY_NIGHT, SUNDAY_NINE = at(28, 21, 10), at(29, 9)
WEEKDAYS = {hour: n for hour, n in days({7: 3, 21: 1}, 1, 27).items() if hour.astimezone(SHANGHAI).weekday() < 5}


def test_who_sleeps_long_on_sundays_is_compared_with_sundays() -> None:
    """Water at seven on working days, at ten on Sundays: at nine on a Sunday nobody is asked, at eleven somebody is."""
    water = WEEKDAYS | sundays(10, 8)
    last = {"water": SATURDAY_NIGHT}

    nine = too_quiet(RULE, {"water": water}, last, SATURDAY_NIGHT, SUNDAY_NINE, SHANGHAI)
    eleven = too_quiet(RULE, {"water": water}, last, SATURDAY_NIGHT, at(29, 11), SHANGHAI)

    assert (None, 3, "sunday") == (nine, *((eleven.usual, eleven.days) if eleven else ()))
    assert eleven is not None
    assert "usually 3 times by 11:00 on Sundays" in sentence(eleven, SHANGHAI, "en")
    assert "平时周日到11:00约3次" in sentence(eleven, SHANGHAI, "zh")


def test_working_days_are_not_hidden_by_weekends() -> None:
    """Silent weekends (they sleep long) do not make a silent Monday morning usual."""
    monday, night = at(30, 9), at(29, 20, 10)
    water = WEEKDAYS | sundays(10, 4) | {at(29, 20): 1}

    quiet = too_quiet(RULE, {"water": water}, {"water": night}, night, monday, SHANGHAI)

    assert ("workday", 4) == ((quiet.days, quiet.usual) if quiet else None)


def test_with_few_sundays_all_days_are_alike() -> None:
    """A home of three weeks: what is known is better than nothing, and the sentence says no more than that."""
    water = days({7: 3, 20: 1, 21: 1}, 10, 28)

    quiet = too_quiet(RULE, {"water": water}, {"water": SATURDAY_NIGHT}, SATURDAY_NIGHT, SUNDAY_NINE, SHANGHAI)

    assert "" == (quiet.days if quiet else None)
    assert quiet is not None
    assert "usually 3 times by 09:00" == sentence(quiet, SHANGHAI, "en").rpartition(", ")[2]


def test_all_that_is_compared_is_read() -> None:
    """On a Sunday the Sundays of eight weeks, with a day around each; on a working day a fortnight and no more."""
    spans = looked_at(RULE, SATURDAY_NIGHT, SUNDAY_NINE, SHANGHAI)
    water = sundays(10, 8)

    assert all(any(start <= hour < end for start, end in spans) for hour in water)
    assert 1 == len(looked_at(RULE, SATURDAY_NIGHT, at(30, 9), SHANGHAI))
