"""Who comes in whose place: swaps, overrides, absences, deputies and the days that are not what the week says."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.duty import Absence, Changes, Deputy, Holiday, Override, Swap
from domain.people import Responder, Shift, Team
from escalation import workdays
from escalation.duty import SHANGHAI, Roster
from escalation.workdays import Calendar, Confidence
from tests.escalation.core import HOME, person

FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
PEOPLE = {id: person(id, "family_doctor") for id in ("a", "b", "c", "d")} | {
    "mute": Responder("mute", "Mute", "family_doctor")
}
DAY, NIGHT = Shift("a", start="08:00", end="20:00"), Shift("b", start="20:00", end="08:00")


def at(hour: int, day: date = FRIDAY) -> datetime:
    """A moment in Shanghai."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def on(when: datetime, *shifts: Shift, **changes: tuple[object, ...]) -> tuple[str, ...]:
    """Who is on duty in a street with one team."""
    team = Team("t", "family_doctor", "street-1", shifts or (DAY, NIGHT))
    roster = Roster(PEOPLE, (team,), SHANGHAI, Changes(**changes))  # type: ignore[arg-type]
    return tuple(p.id for p in roster.on_duty("family_doctor", HOME, when))


def test_a_swap_is_the_shift_that_begins_that_day() -> None:
    """A night shift is swapped whole, past midnight; the one of the night before stays."""
    swap = (Swap("s", "t", FRIDAY, "b", "c"),)

    nights = [on(when, swaps=swap) for when in (at(3), at(22), at(3, SATURDAY), at(22, SATURDAY))]

    assert [("b",), ("c",), ("c",), ("b",)] == nights


def test_a_swap_may_be_given_back() -> None:
    """Two shifts of one team change hands by one entry."""
    swap = (Swap("s", "t", FRIDAY, "a", "b", back=SATURDAY),)

    people = [on(when, swaps=swap) for when in (at(12), at(12, SATURDAY), at(22, SATURDAY))]

    assert [("b",), ("a",), ("a",)] == people


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (Override("o", "t", at(12), at(13), "c", "a"), ("c",)),
        (Override("o", "t", at(12), at(13), "c"), ("a", "c")),
        (Override("o", "t", at(12), at(13), None, "a"), ()),
        (Override("o", "t", at(11), at(12), "c", "a"), ("a",)),
        (Override("o", "t", at(13), at(14), "c", "a"), ("a",)),
        (Override("o", "t", at(12), at(13), "c", "b"), ("a",)),
        (Override("o", "other", at(12), at(13), "c", "a"), ("a",)),
        (Override("o", "t", at(12), at(13), "a"), ("a",)),
        # who comes instead and cannot be reached is nobody; no deputy of the one replaced is asked
        (Override("o", "t", at(12), at(13), "mute", "a"), ()),
    ],
)
def test_an_override_counts_for_its_hours(override: Override, expected: tuple[str, ...]) -> None:
    """Instead of somebody, besides the others, or nobody; the first minute is in, the last is out."""
    assert expected == on(at(12), overrides=(override,))


def test_of_two_overrides_the_later_counts() -> None:
    """As they were recorded."""
    both = (Override("o", "t", at(8), at(20), "b", "a"), Override("p", "t", at(12), at(13), "c", "a"))

    assert (("c",), ("b",)) == (on(at(12), overrides=both), on(at(14), overrides=both))


@pytest.mark.parametrize(
    ("absences", "deputies", "shift", "expected"),
    [
        ((Absence("x", "a", at(12), at(13)),), (), DAY, ()),
        ((Absence("x", "a", at(12), at(13), "c"),), (), DAY, ("c",)),
        ((Absence("x", "a", at(12), at(13)),), (), Shift("a", always=True, deputy="d"), ("d",)),
        ((Absence("x", "a", at(12), at(13), "c"),), (), Shift("a", always=True, deputy="d"), ("c",)),
        ((Absence("x", "a", at(12), at(13)),), (Deputy("a", "b"),), DAY, ("b",)),
        # the deputy is away too, and has a deputy
        ((Absence("x", "a", at(9), at(19), "c"), Absence("y", "c", at(9), at(19), "d")), (), DAY, ("d",)),
        # they name each other
        ((Absence("x", "a", at(9), at(19), "c"), Absence("y", "c", at(9), at(19), "a")), (), DAY, ()),
        ((Absence("x", "a", at(13), at(19)),), (), DAY, ("a",)),
        ((), (Deputy("mute", "d"),), Shift("mute", always=True), ("d",)),
        ((Absence("x", "a", at(9), at(19), "mute"),), (Deputy("mute", "d"),), DAY, ("d",)),
    ],
)
def test_a_deputy_steps_in(
    absences: tuple[Absence, ...], deputies: tuple[Deputy, ...], shift: Shift, expected: tuple[str, ...]
) -> None:
    """P4: for who is away or cannot be reached; the absence's deputy first, then the shift's, then the person's."""
    assert expected == on(at(12), shift, absences=absences, deputies=deputies)


def test_who_took_a_shift_and_is_away_is_stood_in_for() -> None:
    """Swap, override and absence build on each other."""
    changes: dict[str, tuple[object, ...]] = {
        "swaps": (Swap("s", "t", FRIDAY, "a", "b"),),
        "overrides": (Override("o", "t", at(12), at(13), "c", "b"),),
        "absences": (Absence("x", "c", at(11), at(14), "d"),),
    }

    assert (("b",), ("d",)) == (on(at(11), **changes), on(at(12), **changes))


def test_somebody_without_a_team_can_be_away() -> None:
    """Where nobody made a team, everybody of the role counts except who is away."""
    people = {id: person(id, "neighbour") for id in ("n", "m")}
    roster = Roster(people, (), SHANGHAI, Changes(absences=(Absence("x", "n", at(9), at(19)),)))

    assert ("m",) == tuple(p.id for p in roster.on_duty("neighbour", HOME, at(12)))


WORK, REST = Shift("a", days="workday"), Shift("b", days="holiday")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 20), "a"),
        (date(2026, 11, 21), "b"),
        # National Day, a Thursday; the Sunday before and the Saturday after are worked
        (date(2026, 10, 1), "b"),
        (date(2026, 9, 20), "a"),
        (date(2026, 10, 10), "a"),
        (date(2026, 10, 7), "b"),
        # the notice for 2027 is not in yet: statutory days are known
        (date(2027, 10, 1), "b"),
        (date(2027, 3, 3), "a"),
        # no calendar at all: weekdays
        (date(2150, 11, 20), "a"),
        (date(2150, 11, 22), "b"),
    ],
)
def test_shifts_follow_the_chinese_calendar(day: date, expected: str) -> None:
    """Working days with those in lieu, holidays with weekends; there is always an answer."""
    assert (expected,) == on(at(12, day), WORK, REST)


def test_weekdays_and_days_must_both_hold() -> None:
    """Mondays that are worked; dates win over both."""
    monday = Shift("a", weekdays=(1,), days="workday")
    named = Shift("a", dates=(date(2026, 10, 1),), days="workday")

    assert ((), ("a",)) == (on(at(12), monday), on(at(12, date(2026, 11, 16)), monday))
    assert (("a",), ()) == (on(at(12, date(2026, 10, 1)), named), on(at(12), named))


def test_entries_of_ones_own_win() -> None:
    """The authorities may move a day at short notice; one in-lieu day of one's own makes a year official."""
    own = Calendar.of([Holiday(FRIDAY, works=False), Holiday(date(2027, 2, 13), works=True)])

    assert (False, True) == (own.works(FRIDAY), own.works(date(2027, 2, 13)))
    assert Confidence.OFFICIAL == own.confidence(2027)
    assert ("b",) == on(at(12), WORK, REST, holidays=(Holiday(FRIDAY, works=False),))


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2025, Confidence.OFFICIAL), (2026, Confidence.OFFICIAL),
        (2150, Confidence.WEEKDAYS), (1900, Confidence.WEEKDAYS),
    ],
)
def test_the_calendar_says_how_far_it_can_be_trusted(year: int, expected: Confidence) -> None:
    """A year whose notice is known, and years nobody knows anything about."""
    assert expected == Calendar().confidence(year)


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library is not there."""
    workdays.chinese_year.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    yield
    workdays.chinese_year.cache_clear()


def test_a_missing_calendar_stops_nobody(no_library: None) -> None:
    """Weekdays then, and the calendar says so."""
    assert ("a",) == on(at(12, date(2026, 10, 1)), WORK, REST)
    assert Confidence.WEEKDAYS == Calendar().confidence(2026)


def test_one_of_two_complementary_shifts_always_runs() -> None:
    """However little the calendar knows, each day is a working day or a holiday."""
    noons = [datetime(2026, 1, 1, 4, tzinfo=UTC) + timedelta(days=n) for n in range(0, 800, 3)]

    assert {1} == {len(on(noon, WORK, REST)) for noon in noons}
