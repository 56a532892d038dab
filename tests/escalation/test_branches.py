"""Beside the ladder: conditional steps, branches with claims of their own, and people who are only told."""

import json
from dataclasses import replace

import pytest

from domain.alerts import Outcome, Severity, Step, Subject, TrackState, VoiceCheck
from domain.contacts import Purpose
from domain.errors import Forbidden
from domain.events import Kind
from escalation.command import Claim, Close, Progress, Raise, Release, Signal, VoiceChecked
from escalation.decide import raise_alert
from escalation.plan import Plan, parse_plan
from escalation.timeline import replay
from tests.escalation.core import (
    AMBULANCE,
    CHANGNING,
    CHIEF,
    CLERK,
    DOCTOR,
    HOME,
    NOON,
    STREET,
    Story,
    actor,
    contacted,
    orders,
    person,
    roster,
    team,
)

KEYS, PATROL = person("keys", "key_holder"), person("patrol", "police")
NEXT_DOOR, DAUGHTER = person("next-door", "neighbour"), person("daughter", "family")
EVERYBODY = roster(
    DOCTOR, CLERK, AMBULANCE, KEYS, PATROL, NEXT_DOOR, DAUGHTER, CHIEF,
    teams=tuple(team(p.role, p.id, street=p.street, id=f"t-{p.id}") for p in (DOCTOR, CLERK, AMBULANCE, PATROL, CHIEF)),
)  # fmt: skip
NAMED = replace(HOME, facts=HOME.facts | {"key_holder:keys", "neighbour:next-door", "family:daughter"})
LADDER = """
version = "conditions-1"
[[track]]
name = "main"
[[track.step]]
role = "family_doctor"
[[track.step]]
role = "volunteer"
after = "30s"
when = { between = ["22:00", "06:00"] }
[[track.step]]
role = "street_office"
after = "60s"
[[track.step]]
role = "dispatch_120"
after = "120s"
"""


def story(plan: Plan = CHANGNING, kind: Kind = Kind.SOS, subject: Subject = NAMED) -> Story:
    """An alert of a home whose cards name a key holder, a neighbour and a daughter."""
    told = Story(EVERYBODY, plan, kind)
    raised = raise_alert("alert-1", subject, Raise(kind, "device:button-1"), NOON, EVERYBODY, plan)
    told.decisions[:] = [raised]
    return told


def at_the_door(told: Story) -> None:
    """The doctor takes it, and cannot get in."""
    told.at(10, Claim(actor(DOCTOR), "main"))
    told.at(300, Progress(actor(DOCTOR), Step.ACCESS_FAILED))


def test_a_step_whose_condition_does_not_hold_is_as_if_not_written() -> None:
    """At noon no volunteer is asked, and the steps after it keep their own times."""
    told = Story(roster(DOCTOR, CLERK, AMBULANCE, person("v", "volunteer")), parse_plan(LADDER))

    assert [(60.0, ("doctor", "clerk")), (120.0, ("doctor", "clerk", "ambulance"))] == told.until(120)


def test_a_step_whose_condition_holds_joins_at_its_time() -> None:
    """The same plan for those hours of the day: the volunteer joins after 30 s, the others as ever."""
    plan = parse_plan(LADDER.replace('"22:00", "06:00"', '"11:00", "12:00"'))
    told = Story(roster(DOCTOR, CLERK, AMBULANCE, person("v", "volunteer")), plan)

    assert [30.0, 60.0, 120.0] == [at for at, _ in told.until(120)]
    assert "v" in told.main.called


def test_where_no_step_holds_all_of_them_do() -> None:
    """A plan that forgot an hour of the day calls everybody rather than nobody (invariant 19)."""
    only = 'version = "x"\n[[track]]\nname = "main"\n[[track.step]]\nrole = "dispatch_120"\nwhen = {weekday = [7]}\n'

    assert ("ambulance",) == contacted(Story(plan=parse_plan(only)).decisions[0])


def test_the_door_does_not_open() -> None:
    """畅通生命通道: who has the key and the police are asked in the same decision, and the holder's claim stands."""
    told = story()
    at_the_door(told)

    assert {"keys", "patrol"} == set(contacted(told.decisions[-1]))
    assert (TrackState.CLAIMED, TrackState.CALLING) == (told.main.state, told.track("entry").state)


def test_a_branch_is_called_for_ever_until_somebody_claims_it() -> None:
    """It answers for itself: rounds as the severity says, though the ladder is claimed."""
    told = story()
    at_the_door(told)
    heard = [at for at, _ in told.until(1000)]

    assert [600.0, 900.0] == heard[:2]


def test_a_branchs_claim_is_its_own() -> None:
    """The key holder comes; the ladder goes on as if nothing had been said."""
    told = story(kind=Kind.FALL)
    told.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NO_ANSWER))
    told.at(10, Claim(actor(NEXT_DOOR)))

    assert TrackState.CLAIMED is told.track("neighbours").state
    assert {"next-door"} == {t.claimant for t in told.alert.tracks if t.claimant}


def test_who_takes_the_alert_does_not_take_the_branch() -> None:
    """A claim without a track means the ladder; the neighbours' branch is not answered by it."""
    told = story()
    told.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NEEDS_HELP))
    told.at(10, Claim(actor("desk", "dispatcher")))

    assert all(t.claimant == "desk" for t in told.alert.tracks if t.name not in ("main", "neighbours"))
    assert told.track("neighbours").claimant is None


def test_a_branch_that_rests_resumes() -> None:
    """Neighbours are let off while the whole ladder is claimed, hear who has it, and are asked again when it falls."""
    told = story()
    told.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NO_ANSWER))
    told.at(10, Claim(actor("desk", "dispatcher")))
    rests = told.track("neighbours").state
    heard = {o.person for o in orders(told.decisions[-1], Purpose.INFORM)}
    told.at(60, Release(actor("desk", "dispatcher"), "family_doctor"))

    assert TrackState.STOOD_DOWN is rests
    assert "next-door" in heard
    assert TrackState.CALLING is told.track("neighbours").state
    assert "next-door" in contacted(told.decisions[-1])


def test_a_branch_nobody_is_there_for_is_not_begun() -> None:
    """No neighbour is named and no volunteer on duty: no gap, no supervisor, no silence either: the ladder runs."""
    told = story(subject=HOME)
    told.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NO_ANSWER))

    assert told.alert.track("neighbours") is None
    assert "chief" not in {o.person for d in told.decisions for o in d.orders}


def test_a_needed_branch_without_anybody_asks_the_supervisor() -> None:
    """A door must be opened: with no key and no patrol the duty supervisor hears of it, and a gap is written."""
    told = Story(roster(DOCTOR, CLERK, AMBULANCE, CHIEF), kind=Kind.SOS)
    at_the_door(told)

    assert ("chief",) == contacted(told.decisions[-1])
    assert {"key_holder", "police", "duty_supervisor"} == {g.role for g in told.decisions[-1].gaps}


def test_one_homes_key_holder_is_not_anothers() -> None:
    """Whom the cards do not name is not asked, though registered for the street: a key opens one door."""
    told = story(subject=HOME)
    at_the_door(told)

    assert ("patrol",) == contacted(told.decisions[-1])


def test_who_helps_beside_does_not_close() -> None:
    """A neighbour tells the desk how it ended; the doctor who holds it closes over the neighbour's claim."""
    told = story()
    told.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NO_ANSWER))
    told.at(10, Claim(actor(NEXT_DOOR)))
    with pytest.raises(Forbidden, match="tell the desk"):
        told.at(20, Close(actor(NEXT_DOOR), Outcome.WELFARE_ONLY))
    told.at(30, Close(actor("desk", "dispatcher"), Outcome.WELFARE_ONLY))

    assert not told.alert.open
    assert "next-door" in {o.person for o in orders(told.decisions[-1], Purpose.STAND_DOWN)}
    assert {TrackState.STOOD_DOWN} == {t.state for t in told.alert.tracks}


def test_family_is_told_and_never_asked() -> None:
    """A notice: no track, no wait, no claim; by a way that rings nobody up."""
    told = story()
    told.at(10, Claim(actor(DOCTOR), "main"))
    news = [o for o in told.decisions[-1].orders if o.person == "daughter"]

    assert [Purpose.INFORM] == [o.purpose for o in news]
    assert {"event": "news", "news": "claimed"} == news[0].about
    assert "sms" == news[0].points[0].channel
    assert all("daughter" not in t.called for t in told.alert.tracks)


def test_the_ladder_is_the_same_with_and_without_what_runs_beside_it() -> None:
    """Nobody of the ladder is asked a second later or once less because neighbours and police are asked too."""
    ladder = replace(CHANGNING, branches=(), notices=(), raises=())
    told, bare = story(), story(ladder)
    runs = []
    for one in (told, bare):
        one.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NO_ANSWER))
        one.until(900)
        ordered = [(d.alert.decided_at, o) for d in one.decisions for o in d.orders]
        runs.append([(at, o.key) for at, o in ordered if o.track != "neighbours"])

    assert runs[0] == runs[1]


def test_somebody_with_dementia_outside_the_fence_is_lost() -> None:
    """R33: the same kind, graver by what the home's card says."""
    known = replace(HOME, facts=HOME.facts | {"dementia"})

    assert Severity.CRITICAL is story(kind=Kind.GEOFENCE_EXIT, subject=known).alert.severity
    assert Severity.URGENT is story(kind=Kind.GEOFENCE_EXIT).alert.severity


def test_a_graver_kind_joins_under_the_same_condition() -> None:
    """Who pressed first and then leaves the fence is judged by the same card."""
    told = story(subject=replace(HOME, facts=HOME.facts | {"dementia"}))
    told.at(5, Signal(Kind.GEOFENCE_EXIT, "device:band"))

    assert Severity.CRITICAL is told.alert.severity


def test_what_was_reported_is_replayed() -> None:
    """Invariant 8: facts learned on the way and branches are in the timeline, in JSON with sorted keys as well."""
    told = story(kind=Kind.FALL)
    told.at(5, VoiceChecked(actor("desk", "dispatcher"), VoiceCheck.NO_ANSWER))
    told.at(10, Claim(actor(DOCTOR)))
    told.at(20, Progress(actor(DOCTOR), Step.ACCESS_FAILED))
    sets = [json.dumps(e.data["set"], sort_keys=True) for d in told.decisions for e in d.entries if "set" in e.data]

    assert told.alert == replay(json.loads(s) for s in sets)
    assert {"step:access_failed", "voice_check:no_answer"} <= told.alert.subject.facts


def test_only_what_the_plan_asks_is_kept() -> None:
    """A step that no condition asks for is in the story and not among the facts."""
    told = Story(STREET)
    told.at(5, Claim(actor(DOCTOR)))
    told.at(10, Progress(actor(DOCTOR), Step.EN_ROUTE))

    assert HOME.facts == told.alert.subject.facts
