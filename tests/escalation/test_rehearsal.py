"""The rehearsal: who would be contacted when, by which way and why."""

import json
from dataclasses import replace

from domain.clock import iso
from domain.events import Kind
from escalation.explained import as_json, as_table
from escalation.plan import parse_plan
from escalation.rehearsal import rehearse
from tests.escalation.core import AMBULANCE, CHANGNING, CHIEF, CLERK, DOCTOR, HOME, NOON, STREET, person, roster


def test_the_golden_timeline_of_the_ladder() -> None:
    """Doctor at once, street office after a minute, 120 after two, then everybody every five (P31)."""
    run = rehearse(CHANGNING, STREET, HOME, Kind.SOS, NOON, rounds=2)

    assert [
        (0, "doctor", "step"),
        (60, "doctor", "next_step"), (60, "clerk", "step"),
        (120, "doctor", "next_step"), (120, "clerk", "next_step"), (120, "ambulance", "step"),
        (420, "doctor", "round"), (420, "clerk", "round"), (420, "ambulance", "round"),
        (720, "doctor", "round"), (720, "clerk", "round"), (720, "ambulance", "round"),
    ] == [(line.after, line.responder, line.why) for line in run.contacts]  # fmt: skip


def test_the_golden_timeline_of_a_fall() -> None:
    """All three at once, and again every two minutes."""
    run = rehearse(CHANGNING, STREET, HOME, Kind.FALL, NOON)

    assert [0.0] * 3 + [120.0] * 3 == [line.after for line in run.contacts]
    assert {"dispatch_120", "family_doctor", "street_office"} == {line.track for line in run.contacts}


def test_an_empty_step_is_shown_and_pulls_the_next_forward() -> None:
    """P3: the hole and what it does to the others, in one table."""
    run = rehearse(CHANGNING, roster(CLERK, AMBULANCE), HOME, Kind.SOS, NOON)
    first = [(line.after, line.what, line.role, line.why) for line in run.lines if line.after == 0]

    assert ("gap", "family_doctor", "nobody on duty") in [(w, r, y) for _, w, r, y in first]
    assert (0.0, "contact", "street_office", "pulled_forward") in first


def test_nobody_at_all_ends_with_the_supervisor() -> None:
    """P2: the last resort says so."""
    run = rehearse(CHANGNING, roster(CHIEF), HOME, Kind.SOS, NOON)

    assert ("chief", "last_resort") == (run.contacts[0].responder, run.contacts[0].why)


def test_branches_and_notices_stand_in_the_table() -> None:
    """What if the door does not open: the fact given, the branch and its reason are shown."""
    keys = person("keys", "key_holder")
    known = replace(HOME, facts=HOME.facts | {"key_holder:keys", "step:access_failed"})
    run = rehearse(CHANGNING, roster(DOCTOR, CLERK, AMBULANCE, keys), known, Kind.SOS, NOON)
    (begins,) = [line for line in run.lines if line.what == "branch_began"]

    assert ("entry", "step:access_failed") == (begins.track, begins.why)
    assert ("keys", "entry", 0.0) in [(c.responder, c.track, c.after) for c in run.contacts]


def test_the_table_speaks_both_languages() -> None:
    """Chinese first; a row for each event, its way and its reason."""
    run = rehearse(CHANGNING, STREET, HOME, Kind.FALL, NOON)
    chinese, english = as_table(run), as_table(run, "en")

    assert "跌倒" in chinese[0]
    assert "2026-11-20 11:00" in chinese[0]
    assert len(run.lines) + 2 == len(chinese) == len(english)
    assert "round 1: nobody has it, everybody again" in english[-1]


def test_the_json_holds_everything() -> None:
    """It can be read back, and says each reason as a code and in both languages."""
    run = rehearse(CHANGNING, STREET, HOME, Kind.SOS, NOON)
    told = json.loads(json.dumps(as_json(run)))

    assert (len(run.lines), iso(NOON), "urgent") == (len(told["events"]), told["at"], told["severity"])
    assert {"id": "doctor", "name": "Doctor"} == told["events"][0]["responder"]
    assert ("voice", ["sms"], "step") == tuple(told["events"][0][k] for k in ("channel", "then", "why"))
    assert {"zh", "en"} == set(told["events"][0]["words"])


def test_a_plan_that_hardly_moves_ends() -> None:
    """A rehearsal is finite, whatever the plan."""
    slow = parse_plan('version = "x"\n[[track]]\nname = "m"\n[[track.step]]\nrole = "dispatch_120"\n')

    assert 20 == len({c.after for c in rehearse(slow, STREET, HOME, Kind.SOS, NOON, rounds=19).contacts})
