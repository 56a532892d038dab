"""Coverage: gaps by interval arithmetic are what a decision would find, minute by minute, in every zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alerts import Subject
from domain.duty import NONE, Absence, Changes, Deputy, Holiday, Override, Swap
from domain.people import Responder, Shift, Team
from escalation.coverage import Gap, Watch, gaps, subject_of, team_watches, watches
from escalation.duty import SHANGHAI, Roster
from tests.escalation.core import person

#: a Friday, midnight in Shanghai
FRIDAY = datetime(2026, 11, 20, tzinfo=SHANGHAI)
WEEK = timedelta(days=7)
PEOPLE = {id: person(id, "family_doctor") for id in ("a", "b", "c")}
MUTE = {"mute": Responder("mute", "Mute", "family_doctor", "street-1")}


def at(hours: float) -> datetime:
    """Hours after Friday's midnight."""
    return FRIDAY + timedelta(hours=hours)


def of(*shifts: Shift, changes: Changes = NONE, zone: ZoneInfo = SHANGHAI) -> Roster:
    """One team of doctors in one street."""
    return Roster(PEOPLE | MUTE, (Team("t", "family_doctor", "street-1", shifts),), zone, changes)


def away(*absences: Absence) -> Changes:
    """Nothing but these absences."""
    return Changes(absences=absences)


def found(roster: Roster, hours: float = 48) -> list[tuple[float, float, str]]:
    """The gaps as hours after Friday's midnight, each with its reason."""
    holes = gaps(roster, "family_doctor", "street-1", FRIDAY, at(hours))
    return [((g.start - FRIDAY) / timedelta(hours=1), (g.end - FRIDAY) / timedelta(hours=1), g.reason) for g in holes]


DAY, NIGHT = Shift("a", start="08:00", end="20:00"), Shift("b", start="20:00", end="08:00")


@pytest.mark.parametrize(
    ("roster", "expected"),
    [
        (of(Shift("a", always=True)), []),
        (of(DAY, NIGHT), []),
        (of(DAY), [(0, 8, "no_shift"), (20, 32, "no_shift"), (44, 48, "no_shift")]),
        # Saturday is nobody's
        (of(Shift("a", weekdays=(1, 2, 3, 4, 5, 7))), [(24, 48, "no_shift")]),
        (of(Shift("mute", always=True)), [(0, 48, "no_contact")]),
        (of(Shift("mute", always=True, deputy="a")), []),
        (of(Shift("nobody", always=True)), [(0, 48, "no_contact")]),
        (of(DAY, NIGHT, changes=away(Absence("x", "a", at(10), at(30)))), [(10, 20, "away")]),
        (of(DAY, NIGHT, changes=away(Absence("x", "a", at(10), at(30), "c"))), []),
        # a deputy who is away too is nobody
        (
            of(DAY, NIGHT, changes=away(Absence("x", "a", at(9), at(12), "c"), Absence("y", "c", at(10), at(11)))),
            [(10, 11, "away")],
        ),
        (of(DAY, NIGHT, changes=Changes((Override("o", "t", at(22), at(26), None, "b"),))), [(22, 26, "taken_off")]),
    ],
)  # fmt: skip
def test_gaps_are_named_with_their_reason(roster: Roster, expected: list[tuple[float, float, str]]) -> None:
    """P2, P4: an hour without anybody, and what has to be put right about it."""
    assert expected == found(roster)


def test_a_role_without_a_team_is_everybody_of_it_or_a_gap() -> None:
    """Nobody made a team: everybody of the role in the street counts, and where there is none that is said."""
    roster = Roster({"n": person("n", "neighbour")})

    here, there = (gaps(roster, "neighbour", street, FRIDAY, at(24)) for street in ("street-1", "street-2"))

    assert () == here
    assert (Gap("neighbour", "street-2", at(0), at(24), "no_team"),) == there


def test_who_is_on_by_turns() -> None:
    """The calendar of a role: no hole, no overlap, equal neighbours joined."""
    roster = of(DAY, NIGHT, changes=Changes(overrides=(Override("o", "t", at(10), at(12), "c", "a"),)))

    shown = watches(roster, "family_doctor", "street-1", at(0), at(24))

    assert (
        Watch(at(0), at(8), ("b",)), Watch(at(8), at(10), ("a",)), Watch(at(10), at(12), ("c",)),
        Watch(at(12), at(20), ("a",)), Watch(at(20), at(24), ("b",)),
    ) == shown  # fmt: skip
    assert shown == team_watches(roster, roster.teams[0], at(0), at(24))


def test_without_somebody_the_gap_shows() -> None:
    """P4: people whose numbers are dead count as nobody."""
    roster = of(DAY, NIGHT).without({"b"})

    assert [(0, 8, "no_contact"), (20, 32, "no_contact"), (44, 48, "no_contact")] == found(roster)


ZONES = ("Asia/Shanghai", "America/New_York", "Europe/London", "Pacific/Chatham", "Australia/Lord_Howe", "UTC")
CLOCKS = st.sampled_from(["00:00", "01:30", "02:00", "02:15", "03:00", "08:00", "20:00", "23:59", "24:00"])
SHIFTS = st.builds(
    Shift,
    st.sampled_from(["a", "b", "mute"]),
    weekdays=st.lists(st.integers(1, 7), max_size=4, unique=True).map(tuple),
    start=CLOCKS.filter(lambda clock: clock != "24:00"),
    end=CLOCKS,
    deputy=st.sampled_from([None, "c"]),
    days=st.sampled_from([None, None, "workday", "holiday"]),
)


@st.composite
def _changes(draw: st.DrawFn, begin: datetime) -> Changes:
    def span() -> tuple[datetime, datetime]:
        first = begin + timedelta(minutes=draw(st.integers(-600, 3000)))
        return first, first + timedelta(minutes=draw(st.integers(1, 2000)))

    who = st.sampled_from(["a", "b", "c"])
    maybe = st.one_of(st.none(), who)
    day = st.integers(-1, 3).map(lambda n: (begin + timedelta(days=n)).date())
    back = st.one_of(st.none(), day)
    return Changes(
        tuple(Override(f"o{n}", "t", *span(), draw(who), draw(maybe)) for n in range(draw(st.integers(0, 2)))),
        tuple(Swap(f"s{n}", "t", draw(day), "a", "b", draw(back)) for n in range(draw(st.integers(0, 1)))),
        tuple(Absence(f"x{n}", draw(who), *span(), draw(maybe)) for n in range(draw(st.integers(0, 2)))),
        tuple(Deputy("a", "b") for _ in range(draw(st.integers(0, 1)))),
        tuple(Holiday(draw(day), draw(st.booleans())) for _ in range(draw(st.integers(0, 1)))),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(ZONES), st.lists(SHIFTS, max_size=3))
def test_intervals_say_what_every_minute_says(data: st.DataObject, zone: str, shifts: list[Shift]) -> None:
    """P32: in any zone, over hours that are missing or come twice, with whatever bends the shifts."""
    here = ZoneInfo(zone)
    turned = data.draw(st.sampled_from([date(2026, 3, 7), date(2026, 3, 28), date(2026, 10, 3), date(2026, 10, 31)]))
    begin = datetime(turned.year, turned.month, turned.day, 18, tzinfo=UTC) - timedelta(hours=12)
    roster = of(*shifts, changes=data.draw(_changes(begin)), zone=here)
    end = begin + timedelta(hours=44)

    shown = watches(roster, "family_doctor", "street-1", begin, end)

    every = [begin + timedelta(minutes=n) for n in range(0, 44 * 60, 5)]
    subject = subject_of("street-1")
    expected = [tuple(p.id for p in roster.look_up("family_doctor", subject, minute)) for minute in every]
    assert expected == [next(w.people for w in shown if w.start <= minute < w.end) for minute in every]
    holes = gaps(roster, "family_doctor", "street-1", begin, end)
    assert [m for m, people in zip(every, expected, strict=True) if not people] == [
        m for m in every if any(g.start <= m < g.end for g in holes)
    ]


def test_a_home_asks_as_its_street_does() -> None:
    """Coverage asks for a home without a team of its own, as a decision would."""
    assert Subject("-", None, "street-1") == subject_of("street-1")
    assert "device:-" == subject_of(None).key
