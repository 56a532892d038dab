"""The staffing report: what is missing in the coming days, told so that somebody can put it right."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from domain.duty import Absence, Changes
from domain.people import ContactPoint, Responder, Shift, Team
from domain.tasks import TaskKind
from escalation.duty import SHANGHAI, Roster
from escalation.dutywatch import tasks_of
from escalation.staffing import Contacts, roles_of, shown, staffing, street_gaps
from escalation.workdays import Confidence
from tests.escalation.core import AMBULANCE, CHANGNING, CHIEF, CLERK, DOCTOR, PHONE, TEXT, person, roster, team

FRIDAY = datetime(2026, 11, 20, tzinfo=SHANGHAI)
FORTNIGHT = FRIDAY + timedelta(days=14)
STREETS = ("street-1", "street-2")
ALL = roster(DOCTOR, CLERK, AMBULANCE)


def places(report: object) -> list[tuple[str, str | None, str]]:
    """Role, street and reason of each gap."""
    return [(g.role, g.street, g.reason) for g in report.gaps]  # type: ignore[attr-defined]


def test_a_gap_is_told_for_each_street() -> None:
    """The doctor's street is covered, the other is not; the desk of the district covers both."""
    report = staffing(ALL, ["family_doctor", "dispatch_120"], STREETS, FRIDAY, FORTNIGHT, Contacts())

    assert [("family_doctor", "street-2", "no_team")] == places(report)


def test_a_gap_of_all_streets_is_told_once() -> None:
    """The desk sleeps from eight to eight, for everybody."""
    desk = Team("desk", "dispatch_120", None, (Shift("ambulance", start="08:00", end="20:00"),))
    sleepy, end = replace(ALL, teams=(desk,)), FRIDAY + timedelta(days=2)
    report = staffing(sleepy, ["dispatch_120"], STREETS, FRIDAY, end, Contacts())

    assert [("dispatch_120", None, "no_shift")] * 3 == places(report)


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        (Contacts(), None),
        (Contacts(configured=lambda point: point.channel != "dispatch_120"), "no_channel"),
        (Contacts(refused=frozenset({("ambulance", 0), ("ambulance", 1)})), "refused"),
        # one way is left
        (Contacts(refused=frozenset({("ambulance", 0)})), None),
    ],
)
def test_who_cannot_be_reached_is_nobody(contacts: Contacts, expected: str | None) -> None:
    """P4, P25: no way that is configured, or every number refused: the tier is empty, and the person is named."""
    report = staffing(ALL, ["dispatch_120"], STREETS[:1], FRIDAY, FORTNIGHT, contacts)

    wanted = [("dispatch_120", "street-1", "no_contact")] if expected else []
    assert wanted == places(report)
    assert ([("ambulance", expected)] if expected else []) == [
        (m.person.id, m.reason) for m in report.mute if m.person is AMBULANCE
    ]


def test_contacts_nobody_proved_are_named_without_their_address() -> None:
    """Drill lines need no proof; an address never enters the report."""
    report = staffing(ALL, [], STREETS, FRIDAY, FORTNIGHT, Contacts(proved=frozenset({("doctor", 0), ("clerk", 2)})))

    found = [(u.person.id, u.point.channel) for u in report.unproved]
    assert [
        ("ambulance", "dispatch_120"), ("clerk", "voice"), ("clerk", "sms"), ("doctor", "sms"), ("doctor", "webhook"),
    ] == found  # fmt: skip
    assert "+86" not in str(shown(report))


def test_only_people_on_some_roster_are_looked_at() -> None:
    """Somebody with a role whose teams do not name them is nobody's deputy and in nobody's way."""
    idle = Responder("idle", "Idle", "family_doctor", "street-1")
    spare = Responder("spare", "Spare", "street_office", "street-1")
    people = Roster(
        {p.id: p for p in (DOCTOR, idle, spare)},
        (team("family_doctor", "doctor"),),
        changes=Changes(absences=(Absence("x", "doctor", FRIDAY, FORTNIGHT, "spare"),)),
    )

    report = staffing(people, ["family_doctor"], STREETS[:1], FRIDAY, FORTNIGHT, Contacts())

    assert ["spare"] == [m.person.id for m in report.mute]
    assert [("family_doctor", "street-1", "away")] == places(report)


def test_a_doubtful_calendar_is_said_when_shifts_ask_for_it() -> None:
    """A year whose notice is not out: lowered confidence, a task only where it matters."""
    start, end = datetime(2150, 12, 25, tzinfo=SHANGHAI), datetime(2151, 1, 5, tzinfo=SHANGHAI)
    plain = staffing(ALL, [], STREETS, start, end, Contacts())
    asking = replace(ALL, teams=(Team("t", "family_doctor", "street-1", (Shift("doctor", days="workday"),)),))
    report = staffing(asking, [], STREETS, start, end, Contacts())

    known = [(y.year, y.confidence) for y in report.calendar]
    assert [(2150, Confidence.WEEKDAYS), (2151, Confidence.WEEKDAYS)] == known
    assert {"duty/calendar/2150", "duty/calendar/2151"} <= {t.key for t in tasks_of(report, start)}
    assert () == plain.calendar


def test_tasks_have_natural_keys_and_no_names() -> None:
    """One for each role and street and one for each person; due when the first gap begins."""
    mute = Responder("mute", "张三", "family_doctor", "street-1")
    people = Roster({"mute": mute}, (team("family_doctor", "mute"),))
    report = staffing(people, ["family_doctor", "dispatch_120"], STREETS, FRIDAY, FORTNIGHT, Contacts())

    tasks = {t.key: t for t in tasks_of(report, FRIDAY)}

    assert {"duty/gap/family_doctor/street-1", "duty/gap/family_doctor/street-2", "duty/gap/dispatch_120/-",
            "duty/contact/mute"} == tasks.keys()  # fmt: skip
    assert {TaskKind.COVERAGE} == {t.kind for t in tasks.values()}
    assert FRIDAY == tasks["duty/gap/dispatch_120/-"].due_at
    assert 336.0 == tasks["duty/gap/dispatch_120/-"].data["hours"]
    assert "张三" not in str([t.data for t in tasks.values()])


def test_the_roles_of_a_plan_and_of_the_teams() -> None:
    """The ladder's and those of a needed branch, and every other that has a team; the supervisor where there is one."""
    volunteers = replace(ALL, teams=(*ALL.teams, team("volunteer", "doctor")))

    ladder = ["family_doctor", "street_office", "dispatch_120"]

    assert [*ladder, "police", "volunteer"] == roles_of(CHANGNING, volunteers)
    assert "duty_supervisor" in roles_of(CHANGNING, roster(DOCTOR, CHIEF))


def test_a_district_is_looked_over_in_a_moment() -> None:
    """Thirty streets, three roles, night and day shifts and two hundred absences: a fortnight well under a second."""
    people, teams = {}, []
    for s in range(30):
        for role in ("family_doctor", "street_office"):
            for half in ("day", "night"):
                id = f"{role}-{s}-{half}"
                people[id] = person(id, role, PHONE, TEXT, street=f"street-{s}")
            shifts = (
                Shift(f"{role}-{s}-day", start="08:00", end="20:00"),
                Shift(f"{role}-{s}-night", start="20:00", end="08:00"),
            )
            teams.append(Team(f"{role}-{s}", role, f"street-{s}", shifts))
    ids = list(people)
    away = tuple(
        Absence(f"x{n}", ids[n % len(ids)], FRIDAY + timedelta(hours=n), FRIDAY + timedelta(hours=n + 9))
        for n in range(200)
    )
    district = Roster(people, tuple(teams), changes=Changes(absences=away))
    streets = [f"street-{s}" for s in range(30)]

    began = time.process_time()
    roles = ["family_doctor", "street_office", "dispatch_120"]
    report = staffing(district, roles, streets, FRIDAY, FORTNIGHT, Contacts())
    took = time.process_time() - began

    assert {"away", "no_team"} == {g.reason for g in report.gaps}
    assert took < 3.0, f"{took:.2f} s of processor time"


def test_streets_are_asked_as_decisions_ask() -> None:
    """A street with a team of its own falls back on the district's at night, and so has no gap."""
    wide = team("family_doctor", "doctor", street=None)
    own = Team("own", "family_doctor", "street-2", (Shift("clerk", start="08:00", end="20:00"),))

    assert () == street_gaps(replace(ALL, teams=(wide, own)), "family_doctor", STREETS, FRIDAY, FORTNIGHT)
    assert 15 == len(street_gaps(replace(ALL, teams=(own,)), "family_doctor", STREETS, FRIDAY, FORTNIGHT))


def test_a_contact_point_of_another_channel_is_not_mixed_up() -> None:
    """Proof is for one point of one person."""
    two = person("two", "family_doctor", ContactPoint(0, "voice", "+1"), ContactPoint(1, "voice", "+2"))
    report = staffing(roster(two), [], (), FRIDAY, FORTNIGHT, Contacts(proved=frozenset({("two", 1)})))

    assert [0] == [u.point.n for u in report.unproved]
    assert date(2026, 11, 20) == report.start.date()
