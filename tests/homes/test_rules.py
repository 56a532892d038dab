"""Rules from signals to alerts: limits, fences and patience, case by case; pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from domain.errors import ConfigurationError
from homes.rules import (
    TEMPLATE,
    Memory,
    Patience,
    Seen,
    follow,
    is_place,
    metres,
    personal,
    read_rules,
    vital_signs,
    whereabouts,
)

RULES = read_rules(TEMPLATE.read_text("utf-8"))
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PATIENCE = Patience(2, timedelta(minutes=10), 2, timedelta(minutes=30))
HOME = {"lat": 31.2204, "lon": 121.4237}


def walk(*said: tuple[float, Seen]) -> list[bool]:
    """At which of these readings (minutes, what it says) there is an alarm."""
    memory: Memory | None = None
    alarms = []
    for minutes, seen in said:
        memory, alarm = follow(PATIENCE, memory, seen, NOON + timedelta(minutes=minutes))
        alarms.append(alarm)
    return alarms


@pytest.mark.parametrize(
    ("reading", "seen", "outside"),
    [
        ({"hr_bpm": 72, "spo2_pct": 96}, Seen.WELL, ()),
        ({"hr_bpm": 135, "spo2_pct": 96}, Seen.RED, ("hr_bpm",)),
        ({"hr_bpm": 38, "spo2_pct": 90}, Seen.RED, ("hr_bpm", "spo2_pct")),
        ({"hr_bpm": 128, "spo2_pct": 96}, Seen.NEITHER, ()),
        ({"hr_bpm": None, "spo2_pct": None, "temp_c": 24.0}, Seen.NEITHER, ()),
        ({"hr_bpm": 0, "spo2_pct": 0}, Seen.NEITHER, ()),
        ({"hr_bpm": 72, "spo2_pct": 255, "temp_c": -40}, Seen.WELL, ()),
        ({"hr_bpm": 72, "spo2_pct": float("nan")}, Seen.WELL, ()),
        ({"sys": 225, "dia": 110}, Seen.RED, ("sys",)),
        ({"hr_bpm": "fast", "spo2_pct": True}, Seen.NEITHER, ()),
        ({}, Seen.NEITHER, ()),
    ],
)
def test_what_a_reading_says(reading: dict[str, Any], seen: Seen, outside: tuple[str, ...]) -> None:
    """NEWS2's red values; near the limit nothing changes; a wristband on the table says nothing, nor does nonsense."""
    assert (seen, outside) == vital_signs(RULES, personal(RULES, None), reading)


def test_a_card_has_limits_of_its_own() -> None:
    """Somebody with COPD lives at 89 per cent: the doctor's limit on the card wins, the others stay."""
    card = {"medical": {"limits": {"spo2_pct": [85, None], "hr_bpm": "nonsense", "mood": [1, 2]}}}
    limits = personal(RULES, card)

    assert Seen.WELL is vital_signs(RULES, limits, {"hr_bpm": 80, "spo2_pct": 89})[0]
    assert Seen.RED is vital_signs(RULES, limits, {"hr_bpm": 80, "spo2_pct": 85})[0]
    assert Seen.RED is vital_signs(RULES, limits, {"hr_bpm": 140, "spo2_pct": 95})[0]


def test_two_red_readings_are_an_alarm_and_not_ten() -> None:
    """The second one raises; while it stays red nothing more, until half an hour has passed."""
    said = [(n * 5.0, Seen.RED) for n in range(9)]

    assert [False, True, False, False, False, False, False, True, False] == walk(*said)


def test_one_red_reading_among_good_ones_is_a_loose_strap() -> None:
    """A good reading in between takes the suspicion back."""
    assert [False] * 4 == walk((0, Seen.RED), (5, Seen.WELL), (10, Seen.RED), (15, Seen.WELL))


def test_a_flutter_at_the_limit_is_one_alarm() -> None:
    """One good reading does not end it, nor does one between limit and margin: no second alarm (hysteresis)."""
    said = [(0, Seen.RED), (1, Seen.RED), (2, Seen.WELL), (3, Seen.RED), (4, Seen.NEITHER), (5, Seen.WELL),
            (6, Seen.RED)]  # fmt: skip

    assert [False, True, False, False, False, False, False] == walk(*said)


def test_well_again_and_red_again_is_a_new_alarm() -> None:
    """Two good readings end it."""
    said = [(0, Seen.RED), (1, Seen.RED), (2, Seen.WELL), (3, Seen.WELL), (4, Seen.RED), (5, Seen.RED)]

    assert [False, True, False, False, False, True] == walk(*said)


def test_a_single_suspicion_has_a_deadline() -> None:
    """What nothing contradicts within ten minutes is believed; a grave reading needs nothing more."""
    memory, alarm = follow(PATIENCE, None, Seen.RED, NOON)

    assert (NOON + timedelta(minutes=10), False) == (memory.next_at if memory else None, alarm)
    assert [True] == walk((0, Seen.GRAVE))


def test_distances_are_those_of_the_earth() -> None:
    """A degree of latitude is 111.2 km; from People's Square to the Bund it is about 1.6 km."""
    assert 111_195 == round(metres(31, 121, 32, 121))
    assert 1_500 < metres(31.2304, 121.4737, 31.2400, 121.4900) < 2_000
    assert 0 == metres(31, 121, 31, 121)


@pytest.mark.parametrize(
    ("north_m", "acc", "fence", "at", "seen"),
    [
        (100, 10, None, 12, Seen.WELL),
        (290, 10, None, 12, Seen.NEITHER),
        (400, 10, None, 12, Seen.RED),
        (400, 150, None, 12, Seen.NEITHER),
        (700, 10, None, 12, Seen.GRAVE),
        (400, 10, None, 2, Seen.GRAVE),
        (400, 10, 1000, 2, Seen.WELL),
        (400, None, -5, 23, Seen.GRAVE),
    ],
)
def test_who_is_outside_the_fence(north_m: float, acc: float | None, fence: float | None, at: int, seen: Seen) -> None:
    """Outside only with all of the error; far away, or at night, one position is enough; homes may have their own."""
    fix = {"lat": HOME["lat"] + north_m / 111_195, "lon": HOME["lon"], "acc_m": acc}

    found, away = whereabouts(RULES, {**HOME, "fence_m": fence}, fix, time(at, 30))

    assert (seen, north_m) == (found, round(away))


def test_no_position_is_no_position() -> None:
    """Null Island, words and half a pair are none."""
    assert [True, False, False, False, False] == [
        is_place(p) for p in (HOME, {"lat": 0, "lon": 0}, {"lat": "31", "lon": 121}, {"lat": 31}, None)
    ]


def test_a_rule_without_owner_or_sense_is_refused() -> None:
    """Every rule names who answers for it and what tests it; all that is wrong is said at once."""
    text = TEMPLATE.read_text("utf-8").replace('owner = "区卫健委，家庭医生团队', 'nobody = "', 1)
    text = text.replace("confirm = 2", "confirm = 0", 1).replace('within = "10m"', 'within = "soon"', 1)

    with pytest.raises(ConfigurationError) as error:
        read_rules(text)

    for word in ("vitals: owner", "confirm must be 1", "within is no duration"):
        assert word in str(error.value)
