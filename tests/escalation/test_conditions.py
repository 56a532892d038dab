"""Conditions: when a step applies; and a condition that is written wrongly is explained."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.alerts import Severity
from escalation.conditions import ALWAYS, Circumstances, When, read_when

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: a Sunday, 03:10 in Shanghai
NIGHT = datetime(2026, 11, 21, 19, 10, tzinfo=UTC)


def read(raw: object) -> tuple[When, list[str]]:
    """The condition, and what is wrong with it."""
    problems: list[str] = []
    return read_when(raw, lambda line, what: problems.append(f"{line}: {what}")), problems


def case(kind: str = "fall", at: datetime = NIGHT, *facts: str) -> Circumstances:
    """An urgent alert at a moment, with what is known of the home."""
    return Circumstances(kind, Severity.URGENT, at.astimezone(SHANGHAI), frozenset(facts))


@pytest.mark.parametrize(
    ("raw", "given", "expected"),
    [
        ({}, case(), True),
        ({"kind": ["fall", "sos"]}, case("sos"), True),
        ({"kind": "gas"}, case("sos"), False),
        ({"severity": ["critical"]}, case(), False),
        # past midnight, the first minute counted, the last not
        ({"between": ["22:00", "06:00"]}, case(), True),
        ({"between": ["03:10", "03:11"]}, case(), True),
        ({"between": ["03:11", "03:10"]}, case(), False),
        ({"between": ["08:00", "24:00"]}, case(), False),
        # the day that the clock in Shanghai shows, though it is still Saturday in UTC
        ({"weekday": [7]}, case(), True),
        ({"weekday": [6]}, case(), False),
        ({"category": "lives_alone"}, case("fall", NIGHT, "category:lives_alone"), True),
        ({"category": ["lives_alone", "all_elderly"]}, case("fall", NIGHT, "category:all_elderly"), True),
        ({"category": "lives_alone"}, case(), False),
        # each line must hold, of a line any word
        ({"fact": ["dementia", "home_bed"], "category": "lives_alone"}, case("fall", NIGHT, "home_bed"), False),
        ({"fact": ["dementia", "home_bed"]}, case("fall", NIGHT, "home_bed"), True),
        ({"voice_check": ["no_answer"]}, case("fall", NIGHT, "voice_check:no_answer"), True),
        ({"step": "access_failed"}, case("fall", NIGHT, "step:at_door"), False),
        # a Sunday is no working day, the Monday after it is; the second of October is a holiday whatever its weekday
        ({"days": "holiday"}, case(), True),
        ({"days": "workday"}, case(), False),
        ({"days": "workday"}, case("fall", NIGHT + timedelta(days=1)), True),
        ({"days": "holiday"}, case("fall", datetime(2026, 10, 2, 4, tzinfo=UTC)), True),
        # `not` is about the whole table: at night on a Sunday, and not by day or on another day
        ({"not": {"between": ["22:00", "06:00"], "weekday": 7}}, case(), False),
        ({"not": {"between": ["22:00", "06:00"], "weekday": 6}}, case(), True),
        ({"kind": "fall", "not": {"fact": "dementia"}}, case("fall", NIGHT, "dementia"), False),
        ({"kind": "fall", "not": {"fact": "dementia"}}, case(), True),
        ({"not": {"days": "workday"}}, case(), True),
    ],
)  # fmt: skip
def test_a_condition_holds(raw: object, given: Circumstances, expected: bool) -> None:
    """Every line that is written must hold, of each line one word; wall time is the district's (P32)."""
    when, problems = read(raw)

    assert (expected, []) == (when.holds(given), problems)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("night", "must be a table: when = {"),
        ({"hour": 3}, "hour: unknown condition 'hour'; known are kind, severity, between"),
        ({"kind": ["sneeze"]}, "kind: 'sneeze' is unknown; write one of checkin_missed"),
        ({"kind": []}, "kind: is an empty list, it would never hold"),
        ({"between": ["22:00"]}, 'write between = ["22:00", "06:00"]'),
        ({"between": ["22:00", "25:00"]}, "is no part of a day"),
        ({"between": ["6", "7"]}, "is no part of a day"),
        ({"between": ["06:00", "06:00"]}, "is no part of a day"),
        ({"weekday": [0, True]}, "weekday: 0 is no weekday; write numbers from 1 (Monday) to 7 (Sunday)"),
        ({"weekday": []}, "would never hold"),
        ({"category": "rich"}, "category: 'rich' is unknown; write one of lives_alone, all_elderly"),
        ({"fact": [["dementia"]]}, "is unknown; write one of dementia, home_bed"),
        ({"days": ["workday"]}, 'days: [\'workday\'] is unknown; write days = "workday" or days = "holiday"'),
        ({"not": {}}, "not: must be a table of conditions without another `not`"),
        ({"not": {"not": {"kind": "fall"}}}, "not: must be a table of conditions without another `not`"),
        ({"not": {"kind": "sneeze"}}, "not.kind: 'sneeze' is unknown"),
    ],
)
def test_a_slip_is_explained(raw: object, said: str) -> None:
    """Which line, what is wrong, what to write instead."""
    assert said in read(raw)[1][0]


def test_everything_wrong_is_told_at_once() -> None:
    """Four slips, four lines."""
    assert 4 == len(read({"kind": "x", "fact": "y", "weekday": 9, "step": "z"})[1])


def test_a_condition_says_what_it_asks_and_reads_back_in_words() -> None:
    """Only what some condition asks is pinned to an alert."""
    when, _ = read({"kind": "fall", "between": ["22:00", "06:00"], "fact": "dementia", "category": "lives_alone"})

    assert {"dementia", "category:lives_alone"} == when.asks
    assert "kind fall; between 22:00-06:00; category:lives_alone; dementia" == when.words()
    assert "always" == ALWAYS.words()


def test_what_must_not_hold_is_asked_and_read_back_too() -> None:
    """A fact that only a ``not`` names is pinned to the alert as well, or it would never be known."""
    when, _ = read({"days": "holiday", "not": {"kind": ["sos"], "fact": ["dementia"]}})

    assert {"dementia"} == when.asks
    assert "holiday; not (kind sos; dementia)" == when.words()
