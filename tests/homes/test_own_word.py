"""Away and back in one step, by the home's own word: bounded, ended by a sign of life, and never against a press."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from channels.twiml import digits_meaning
from channels.wording import keys
from domain.errors import Forbidden, Refused
from domain.people import Scope
from homes.care_line import CareLine
from homes.family import Family
from homes.numbers import HomeNumbers
from homes.steps import TEMPLATE, read_steps
from homes.sweep import Sweep
from store import aways
from tests.town import Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
DESK = Scope("desk", "dispatcher")


def gone(town: Town) -> dict[str, str]:
    """Who is away now, and why."""
    with town.ledger.reading() as tx:
        return {home: row["kind"] for home, row in aways.away(tx, town.clock.now()).items()}


def button(town: Town, mode: str, **fields: Any) -> None:
    """The button with two faces is turned."""
    stamp = {"ts": town.clock.now().isoformat(), "clock": "ntp", "data": {"mode": mode}}
    town.say(town.event("dev-0001", "checkin_ok", **stamp | fields))


def sweep(town: Town, forward: timedelta) -> None:
    """Later, a process that has just started sweeps."""
    town.clock.forward(forward.total_seconds())
    Sweep(town.ledger, town.standing, town.clock, read_steps(TEMPLATE.read_text("utf-8")), SHANGHAI).turn()


@pytest.fixture
def line(town: Town) -> CareLine:
    """The care line."""
    return CareLine(town.ledger, town.standing, town.clock, town.tokens)


@pytest.fixture
def family(town: Town) -> Family:
    """The family's page."""
    return Family(town.ledger, town.clock, town.tokens, SHANGHAI)


def test_who_rings_us_from_home_says_it_with_a_key(town: Town, line: CareLine) -> None:
    """The number of the card leads to the home; 4 away, 6 back, and 2 is a cry for help, away or not."""
    numbers = HomeNumbers(town.ledger, town.tokens, SHANGHAI)
    token = numbers.answer("021-5000 0001", town.clock.now())
    assert token is not None
    letter = line.letter(token)
    assert letter is not None
    assert 0 == town.count("care_calls", "status = 'pending'")

    said = [line.answered(token, str(digits_meaning(digit, letter))) for digit in "4"]
    away = gone(town)
    said += [line.answered(token, str(digits_meaning(digit, letter))) for digit in "62"]

    assert (["away", "back", "help"], {"home-1": "away"}, {}) == (said, away, gone(town))
    assert "按6" in keys(letter)
    assert 1 == town.count("alerts", "kind = 'sos' AND home_id = 'home-1'")


def test_a_caller_is_away_for_a_day_only(town: Town, line: CareLine) -> None:
    """The number shown can be forged: nobody loses the daily question for longer by it."""
    token = HomeNumbers(town.ledger, town.tokens, SHANGHAI).answer("021-5000 0001", town.clock.now())
    assert token is not None

    line.answered(token, "away")

    assert {"home-1": "away"} == gone(town)
    town.clock.forward(timedelta(days=1, seconds=1).total_seconds())
    assert {} == gone(town)


@pytest.mark.parametrize("number", ["+8613900000000", "120", "", "anonymous"])
def test_a_strange_telephone_belongs_to_no_home(town: Town, number: str) -> None:
    """It is asked for codes, as ever."""
    assert HomeNumbers(town.ledger, town.tokens, SHANGHAI).answer(number, town.clock.now()) is None


def test_the_button_says_it_too_and_a_sign_of_life_ends_it(town: Town) -> None:
    """Getting out of the door is none; whoever moves hours later is back, and is asked again."""
    button(town, "away")
    town.clock.forward(300)
    town.intake.telemetry([town.event("door-0001", "activity", leaf="telemetry")])
    sweep(town, timedelta(minutes=5))
    leaving = gone(town)
    town.clock.forward(7200)
    town.intake.telemetry([town.event("door-0001", "activity", leaf="telemetry")])
    sweep(town, timedelta(minutes=2))

    assert ({"home-1": "away"}, {}) == (leaving, gone(town))


@pytest.mark.parametrize("odd", [{"retain": True}, {"clock": "unsynced"}, {"ts": "2026-11-19T04:00:00Z"}])
def test_an_old_word_of_a_button_silences_nobody(town: Town, odd: dict[str, Any]) -> None:
    """What lay in its memory since yesterday is no word of today."""
    button(town, "away", **odd)

    assert {} == gone(town)


def test_it_ends_by_itself(town: Town) -> None:
    """Nobody looked into it: after a week the home is asked again, whatever was forgotten."""
    button(town, "away")
    town.clock.forward(timedelta(days=7, minutes=1).total_seconds())

    assert {} == gone(town)


def test_a_press_calls_from_wherever_they_are_said_to_be(town: Town) -> None:
    """Away ends questions, never a call: nothing is lowered, nothing is late."""
    button(town, "hospital")

    assert town.alert(town.press("dev-0001")).open


def test_the_family_says_it_behind_its_link(town: Town, family: Family) -> None:
    """In one step, until a day, and back; the link was given out by somebody, which is written down."""
    token = family.link(DESK, "home-2").rpartition("/")[2]
    day = datetime(2026, 11, 25, tzinfo=SHANGHAI)

    away = family.say(token, "hospital", day)
    back = family.say(token, "back")

    assert away is not None
    assert ("hospital", day) == (away["away"]["kind"], datetime.fromisoformat(away["away"]["until_at"]))
    assert (None, 1) == (back and back["away"], town.count("read_audit", "what = 'family link'"))


def test_a_link_opens_nothing_else(town: Town, family: Family) -> None:
    """Not to strangers, not with a responder's token, not for a past day; and only the desk gives one out."""
    token = family.link(DESK, "home-2").rpartition("/")[2]

    assert [None, None] == [family.find("nonsense"), family.find(town.tokens.page("home-2", "", ""))]
    with pytest.raises(Refused):
        family.say(token, "away", town.clock.now() - timedelta(days=2))
    with pytest.raises(Forbidden):
        family.link(Scope("x", "auditor"), "home-2")
