"""Who is on duty, at any minute of any day, whatever zone the server lives in."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alerts import Subject
from domain.duty import Changes, Swap
from domain.people import Responder, Shift, Team
from escalation.coverage import gaps
from escalation.duty import Roster, begun, usable
from tests.escalation.core import AMBULANCE, DESK, DRILL_DESK, HOME, NOON, PHONE, person, team

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: a Friday
FRIDAY = date(2026, 11, 20)
NIGHT = Shift("doctor", start="20:00", end="08:00")


def local(hour: int, minute: int = 0, day: date = FRIDAY) -> datetime:
    """A moment in Shanghai."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


def names(people: tuple[Responder, ...]) -> tuple[str, ...]:
    """Their ids."""
    return tuple(p.id for p in people)


@pytest.mark.parametrize(
    ("shift", "at", "expected"),
    [
        (Shift("doctor", always=True), local(3), True),
        (Shift("doctor"), local(0), True),
        (Shift("doctor"), local(23, 59), True),
        (Shift("doctor", start="08:00", end="20:00"), local(7, 59), False),
        (Shift("doctor", start="08:00", end="20:00"), local(8), True),
        (Shift("doctor", start="08:00", end="20:00"), local(19, 59), True),
        (Shift("doctor", start="08:00", end="20:00"), local(20), False),
        (NIGHT, local(19, 59), False),
        (NIGHT, local(20), True),
        (NIGHT, local(0), True),
        (NIGHT, local(7, 59), True),
        (NIGHT, local(8), False),
        # the same hour twice is a whole day from that hour on
        (Shift("doctor", start="08:00", end="08:00", weekdays=(5,)), local(7, 59), False),
        (Shift("doctor", start="08:00", end="08:00", weekdays=(5,)), local(8), True),
        (Shift("doctor", start="08:00", end="08:00", weekdays=(5,)), local(7, 59, date(2026, 11, 21)), True),
        # a Friday's night shift runs into Saturday, whether or not Saturday is named
        (Shift("doctor", start="20:00", end="08:00", weekdays=(5,)), local(3, 0, date(2026, 11, 21)), True),
        (Shift("doctor", start="20:00", end="08:00", weekdays=(5,)), local(3), False),
        (Shift("doctor", start="20:00", end="08:00", weekdays=(7,)), local(3, 0, date(2026, 11, 23)), True),
        (Shift("doctor", weekdays=(1, 2, 3, 4)), local(12), False),
        # dates win over weekdays
        (Shift("doctor", dates=(FRIDAY,), weekdays=(1,)), local(12), True),
        (Shift("doctor", dates=(date(2026, 11, 19),)), local(12), False),
        (Shift("doctor", start="20:00", end="08:00", dates=(date(2026, 11, 19),)), local(3), True),
        (Shift("doctor", start="20:00", end="24:00"), local(23, 59), True),
        (Shift("doctor", start="9:30", end="10:00"), local(9, 30), True),
    ],
)
def test_a_shift_covers_its_minutes(shift: Shift, at: datetime, expected: bool) -> None:
    """The first minute is in, the last one is out; a shift that ends before it starts runs into the next day."""
    assert expected is (begun(shift, at) is not None)


@given(st.integers(0, 24 * 60), st.integers(0, 24 * 60), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_day_and_night_shift_leave_no_hole(start: int, end: int, moment: datetime) -> None:
    """Two shifts that hand over to each other cover every minute between them, exactly once."""
    one, two = (f"{m // 60:02}:{m % 60:02}" for m in (start % 1440, end % 1440))
    at = moment.replace(tzinfo=SHANGHAI)

    on = [begun(Shift(id, start=first, end=last), at) for id, first, last in (("a", one, two), ("b", two, one))]

    assert (0 if one == two else 1) == on.count(None)


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai", "Pacific/Chatham"])
def server_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that lives in another zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ") if before is None else os.environ.__setitem__("TZ", before)
    time.tzset()


def test_the_servers_zone_means_nothing(server_zone: str) -> None:
    """P32: wherever the server thinks it is, the night shift is the night in Shanghai."""
    duty = Roster({"doctor": person("doctor", "family_doctor")}, (Team("t", "family_doctor", "street-1", (NIGHT,)),))

    hours = [h for h in range(24) if duty.on_duty("family_doctor", HOME, datetime(2026, 11, 20, h, tzinfo=UTC))]

    assert [*range(12, 24)] == hours, server_zone


def test_gaps_are_the_same_wherever_the_server_stands(server_zone: str) -> None:
    """P32: swaps, working days and coverage go by wall time in Shanghai, whatever the server's own is."""
    shifts = (Shift("a", days="workday"), Shift("b", start="20:00", end="08:00", days="holiday"))
    team_of = (Team("t", "family_doctor", "street-1", shifts),)
    people = {id: person(id, "family_doctor") for id in ("a", "b")}
    duty = Roster(people, team_of, changes=Changes(swaps=(Swap("s", "t", FRIDAY, "a", "b"),)))

    holes = gaps(duty, "family_doctor", "street-1", local(0), local(0) + timedelta(days=3))

    saturday, sunday = date(2026, 11, 21), date(2026, 11, 22)
    assert [
        (local(0, day=saturday), local(20, day=saturday)),
        (local(8, day=sunday), local(20, day=sunday)),
    ] == [(g.start, g.end) for g in holes], server_zone
    assert ("b",) == names(duty.on_duty("family_doctor", HOME, local(12)))


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)), st.sampled_from(["America/New_York", "Europe/London"]))
def test_days_with_a_missing_or_a_double_hour_have_duty_too(moment: datetime, zone: str) -> None:
    """P32: in a zone with summer time somebody is on duty at every instant, the turned hour included."""
    shifts = (Shift("day", start="08:00", end="20:00"), Shift("night", start="20:00", end="08:00"))
    people = {id: person(id, "family_doctor") for id in ("day", "night")}
    duty = Roster(people, (Team("t", "family_doctor", "street-1", shifts),), ZoneInfo(zone))

    assert 1 == len(duty.on_duty("family_doctor", HOME, moment.replace(tzinfo=UTC)))


DOCTORS = {id: person(id, "family_doctor") for id in ("own", "street", "district", "far")}
OWN = team("family_doctor", "own", street="street-9", id="own-team")
LOCAL = team("family_doctor", "street")
WIDE = team("family_doctor", "district", street=None)
FAR = team("family_doctor", "far", street="street-2")
SIGNED = Subject("home-1", "button-1", "street-1", "own-team")


@pytest.mark.parametrize(
    ("teams", "subject", "expected"),
    [
        ((OWN, LOCAL, WIDE, FAR), SIGNED, ("own",)),
        ((LOCAL, WIDE, FAR), SIGNED, ("street",)),
        ((WIDE, FAR), SIGNED, ("district",)),
        ((FAR,), SIGNED, ("own", "street", "district", "far")),
        ((OWN, LOCAL, WIDE, FAR), HOME, ("street",)),
        ((team("family_doctor"), WIDE), HOME, ("district",)),
        ((team("family_doctor"), FAR), HOME, ()),
        # a device nobody registered: the district's team, else any street's, else anybody
        ((OWN, LOCAL, WIDE), Subject(None, "button-9"), ("district",)),
        ((LOCAL, FAR), Subject(None, "button-9"), ("street", "far")),
        ((), Subject(None, "button-9"), ("own", "street", "district", "far")),
    ],
)
def test_the_homes_own_team_first(teams: tuple[Team, ...], subject: Subject, expected: tuple[str, ...]) -> None:
    """R9: the signed family doctors, then the street's, then the district's; wider only where nobody is on duty."""
    assert expected == names(Roster(DOCTORS, teams).on_duty("family_doctor", subject, NOON))


def test_the_own_team_counts_for_doctors_only() -> None:
    """A home's family-doctor team does not come as the street office."""
    wrong = Team("own-team", "street_office", "street-9", (Shift("own", always=True),))

    assert () == Roster(DOCTORS, (wrong, team("street_office"))).on_duty("street_office", SIGNED, NOON)


def test_an_own_team_that_sleeps_wakes_the_streets() -> None:
    """By night, when nobody of the signed team is on duty, the street's doctors are asked."""
    by_day = Team("own-team", "family_doctor", None, (Shift("own", start="08:00", end="20:00"),))
    duty = Roster(DOCTORS, (by_day, LOCAL))

    at_noon, at_night = (names(duty.on_duty("family_doctor", SIGNED, at)) for at in (local(12), local(3)))

    assert (("own",), ("street",)) == (at_noon, at_night)


def test_the_answer_changes_on_the_minute() -> None:
    """What was asked a second ago is not asked again, but a shift that begins now counts now."""
    duty = Roster(DOCTORS, (Team("t", "family_doctor", "street-1", (Shift("own", start="12:00"),)),))

    people = [names(duty.on_duty("family_doctor", HOME, local(12) + timedelta(seconds=s))) for s in (-1, 0, 1, -1)]

    assert [(), ("own",), ("own",), ()] == people


def test_a_deputy_stands_in_for_who_cannot_be_reached() -> None:
    """P4: no contact at all, or no longer in the register: the shift's deputy counts."""
    people = {
        "mute": Responder("mute", "Mute", "family_doctor", "street-1"),
        "deputy": person("deputy", "family_doctor"),
    }
    shifts = (Shift("mute", always=True, deputy="deputy"), Shift("gone", always=True, deputy="deputy"))

    on = Roster(people, (Team("t", "family_doctor", "street-1", shifts),)).on_duty("family_doctor", HOME, NOON)

    assert ("deputy",) == names(on)


@pytest.mark.parametrize(
    ("who", "role", "drill", "expected"),
    [
        (AMBULANCE, "dispatch_120", False, (DESK,)),
        (AMBULANCE, "dispatch_120", True, (DRILL_DESK,)),
        (person("bare", "dispatch_120", DESK), "dispatch_120", True, ()),
        # a desk that only has a drill line is still better than nobody
        (person("line", "dispatch_120", DRILL_DESK), "dispatch_120", False, (DRILL_DESK,)),
        # 120 in another role's team is still 120
        (AMBULANCE, "family_doctor", True, (DRILL_DESK,)),
        (person("clerk", "street_office", PHONE), "dispatch_120", True, ()),
        (person("clerk", "street_office", PHONE), "street_office", True, (PHONE,)),
    ],
)
def test_a_drill_never_reaches_the_real_120(
    who: Responder, role: str, drill: bool, expected: tuple[object, ...]
) -> None:
    """Invariant 15: in a drill only contacts marked for drills, in earnest only the others."""
    assert expected == usable(who, role, drill)


def test_a_desk_without_a_drill_line_is_nobody_in_a_drill() -> None:
    """Invariant 15: the tier is then a gap, never the real desk."""
    bare = person("bare", "dispatch_120", DESK, street=None)
    duty = Roster({"bare": bare}, (team("dispatch_120", "bare", street=None),))

    assert (("bare",), ()) == tuple(names(duty.on_duty("dispatch_120", HOME, NOON, drill)) for drill in (False, True))


PROBE = Responder("probe", "probe", "street_office", "~probe", "zh", (PHONE,))
PROBES = tuple(
    Team(f"~{role}", role, "~probe", (Shift("probe", always=True),)) for role in ("family_doctor", "dispatch_120")
)


def test_a_probe_reaches_its_own_people_and_nobody_else() -> None:
    """The watch's own press never rings a doctor, a street office or a desk, also where its own team has nobody."""
    doctor = person("doctor", "family_doctor")
    here = Subject("~home", None, "~probe")
    roster = Roster({"doctor": doctor, "probe": PROBE}, (team("doctors", "family_doctor", "doctor"), *PROBES))

    assert ("probe",) == names(roster.on_duty("family_doctor", here, NOON, True))
    assert () == roster.on_duty("street_office", here, NOON, True)
    assert () == Roster({"doctor": doctor}).on_duty("family_doctor", here, NOON, True)


def test_nobody_else_reaches_a_probe() -> None:
    """A probe's team stands in for no real one: neither for a street without a team, nor for an unknown place."""
    doctor = person("doctor", "family_doctor")
    roster = Roster({"doctor": doctor, "probe": PROBE}, PROBES)

    found = [roster.on_duty("family_doctor", where, NOON) for where in (HOME, Subject(None, "dev-x"))]

    assert [("doctor",), ("doctor",)] == [names(people) for people in found]
