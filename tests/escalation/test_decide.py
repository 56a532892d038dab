"""What each command makes of an alert: the rows of the design's table, and what is refused."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.alerts import Actor, Outcome, Severity, Stage, Step, TrackState, VoiceCheck
from domain.contacts import Purpose
from domain.errors import Forbidden, Held, Refused
from domain.events import Kind
from domain.people import Responder
from escalation.command import (
    Accept,
    Cancel,
    Claim,
    Close,
    Command,
    Decline,
    Failed,
    Note,
    Offer,
    Progress,
    Release,
    Signal,
    Tick,
    VoiceChecked,
)
from escalation.plan import parse_plan
from escalation.timeline import replay
from tests.escalation.core import (
    AMBULANCE,
    CHANGNING,
    CHIEF,
    CLERK,
    DOCTOR,
    NOON,
    Story,
    actor,
    contacted,
    orders,
    person,
    roster,
    seconds,
    told,
)

DEPUTY = person("deputy", "family_doctor")
ROLES = ("dispatch_120", "family_doctor", "street_office")
DESK_CLERK = actor("desk", "dispatcher")
SUPERVISOR = actor("boss", "supervisor")
BUTTON = Actor("button-1", "Button", sort="device")
ONE_TRACK = parse_plan("""
version = "one-track"
[severity.critical]
claim_for = "10m"
repeat_every = "2m"
[kinds]
fall = "critical"
[[track]]
name = "main"
[[track.step]]
role = "family_doctor"
[[track.step]]
role = "dispatch_120"
after = "60s"
""")


def claimed(by: Responder | Actor = DOCTOR, at: float = 10, **story: object) -> Story:
    """An alert that somebody has."""
    told = Story(**story)  # type: ignore[arg-type]
    told.at(at, Claim(actor(by) if not isinstance(by, Actor) else by))
    return told


def test_raise_calls_in_the_same_decision() -> None:
    """raise → CALLING, the first contacts with it, and the lamp says so."""
    decision = Story().decisions[0]

    assert (TrackState.CALLING, NOON + seconds(60)) == (
        decision.alert.tracks[0].state,
        decision.alert.tracks[0].next_at,
    )
    assert (Stage.CALLING, 1, NOON) == (decision.alert.stage, decision.alert.version, decision.alert.decided_at)
    assert ["raised", "called"] == [e.type for e in decision.entries]


def test_a_claim_stops_the_calls_and_the_others_hear_who_has_it() -> None:
    """claim → CLAIMED until the time to live is over; older calls are void; nobody is called again (P7)."""
    story = Story()
    story.until(60)

    decision = story.at(70, Claim(actor(DOCTOR)))

    assert (TrackState.CLAIMED, "doctor", 1) == (story.main.state, story.main.claimant, story.main.gen)
    assert NOON + seconds(70) + timedelta(minutes=15) == story.main.claim_until
    assert (("clerk", "claimed"),) == told(decision)
    assert ([], ()) == (story.until(600), contacted(story.at(600)))


def test_claiming_twice_is_one_claim() -> None:
    """P23: the same person again is told "yours" and nothing is written; another one hears who has it."""
    story = claimed()

    assert not story.at(11, Claim(actor(DOCTOR))).changed
    with pytest.raises(Held) as caught:
        story.at(12, Claim(actor(CLERK)))
    assert ("doctor", "Doctor", story.main.claim_until) == (
        caught.value.holder_id, caught.value.holder_name, caught.value.until
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "track", "taken"),
    [
        (actor(DOCTOR), None, {"family_doctor"}),
        (actor(DOCTOR), "street_office", {"street_office"}),
        (DESK_CLERK, None, {"dispatch_120", "family_doctor", "street_office"}),
    ],
)
def test_a_claim_means_the_callers_own_track(who: Actor, track: str | None, taken: set[str]) -> None:
    """The named track; else the one of the caller's role; else every one that is calling."""
    story = Story(kind=Kind.FALL)

    story.at(5, Claim(who, track))

    assert taken == {t.name for t in story.alert.tracks if t.claimant == who.id}


def test_a_claim_without_progress_runs_out_and_calls_resume() -> None:
    """P8: at the deadline the claimant hears, and everybody who had joined is called again, from the same tier."""
    story = claimed()

    heard = story.until(10 + 900)

    assert [(910.0, ("doctor",))] == heard
    assert (("doctor", "expired"),) == told(story.decisions[-1])
    assert (TrackState.CALLING, 2, 1) == (story.main.state, story.main.gen, story.main.joined)
    assert (960.0, ("doctor", "clerk")) == story.until(970)[0]


def test_who_declined_and_then_took_it_is_called_like_anybody_when_the_claim_runs_out() -> None:
    """The later word counts (P8): "cannot" of an hour ago must not cost the only doctor the call at the deadline."""
    story = Story()
    story.at(5, Decline(actor(DOCTOR)))
    story.at(10, Claim(actor(DOCTOR)))

    assert (910.0, ("doctor", "clerk")) == story.until(920)[0]


@pytest.mark.parametrize("step", Step)
def test_progress_renews_the_claim(step: Step) -> None:
    """en route, at the door, inside …: the lease begins anew, the track stays with its holder."""
    story = claimed()

    story.at(600, Progress(actor(DOCTOR), step))

    assert NOON + seconds(600) + timedelta(minutes=15) == story.main.claim_until
    assert "doctor" == story.main.claimant


@pytest.mark.parametrize(
    ("steps", "stage"),
    [
        ((), Stage.CLAIMED),
        ((Step.EN_ROUTE,), Stage.COMING),
        ((Step.AT_DOOR,), Stage.ARRIVED),
        ((Step.AT_DOOR, Step.EN_ROUTE), Stage.ARRIVED),
        ((Step.CALLED_120,), Stage.CLAIMED),
    ],
)
def test_the_lamp_at_home_follows(steps: tuple[Step, ...], stage: Stage) -> None:
    """What the old person sees: recorded, calling, claimed, coming, arrived, closed."""
    story = claimed()
    for step in steps:
        story.at(20, Progress(actor(DOCTOR), step))

    assert stage is story.alert.stage


def test_release_resumes_from_where_it_stood() -> None:
    """release → CALLING: the time the claim took does not count, who gave it back is left out of this wave."""
    story = Story(roster(DOCTOR, DEPUTY, CLERK, AMBULANCE))
    story.at(40, Claim(actor(DOCTOR)))

    decision = story.at(340, Release(actor(DOCTOR)))

    assert ("deputy",) == contacted(decision)
    assert [(360.0, ("deputy", "clerk"))] == story.until(360)


def test_the_only_doctor_who_gives_back_brings_the_street_forward() -> None:
    """Nobody is left in the first tier who might come: the second one does not wait for its turn."""
    story = claimed()

    assert ("clerk",) == contacted(story.at(20, Release(actor(DOCTOR))))


def test_a_holder_who_cannot_is_a_release() -> None:
    """decline by the claimant frees the track."""
    story = claimed()

    decision = story.at(20, Decline(actor(DOCTOR)))

    assert (TrackState.CALLING, ("clerk",)) == (story.main.state, contacted(decision))


def test_released_in_the_same_breath_the_others_are_rung_when_their_distance_is_over() -> None:
    """Everybody was rung a moment before the claim came back: the next ring is 15 s later, not a tier later."""
    story = Story(roster(DOCTOR, DEPUTY, CLERK, AMBULANCE))
    story.at(3, Claim(actor(DOCTOR)))
    story.at(5, Release(actor(DOCTOR)))

    assert [(15.0, ("deputy",))] == story.until(20)


def test_a_supervisor_releases_for_another_who_hears_of_it() -> None:
    """``force``: the claimant is told, and calling resumes; without it the claim stands."""
    story = claimed()
    with pytest.raises(Held):
        story.at(15, Release(SUPERVISOR))

    decision = story.at(20, Release(SUPERVISOR, force=True))

    assert (("doctor", "released"),) == told(decision)
    assert TrackState.CALLING is story.main.state


def test_an_offer_leaves_the_duty_with_the_giver() -> None:
    """offer → unchanged until accepted; the other one hears of it, and the offer never outlives the claim."""
    story = claimed()

    decision = story.at(20, Offer(actor(DOCTOR), actor(CLERK)))

    assert (("clerk", "offered"),) == told(decision)
    assert ("doctor", "clerk", NOON + seconds(140)) == (
        story.main.claimant,
        story.main.offer_to,
        story.main.offer_until,
    )


def test_an_accepted_offer_changes_hands_once() -> None:
    """accept → CLAIMED by the other; the giver hears; the time both held it does not count for the ladder."""
    story = claimed()
    story.at(20, Offer(actor(DOCTOR), actor(CLERK)))

    decision = story.at(30, Accept(actor(CLERK)))
    story.at(430, Release(actor(CLERK)))

    assert (("doctor", "claimed"),) == told(decision)
    assert NOON + seconds(420) == story.main.started_at


@pytest.mark.parametrize("end", [Decline(actor(CLERK)), None])
def test_an_offer_nobody_takes_ends(end: Command | None) -> None:
    """Declined or run out: the giver keeps it, and accepting is too late."""
    story = claimed()
    story.at(20, Offer(actor(DOCTOR), actor(CLERK)))
    story.at(140, end)

    assert ("doctor", None) == (story.main.claimant, story.main.offer_to)
    with pytest.raises(Refused):
        story.at(141, Accept(actor(CLERK)))


def test_only_who_was_offered_it_may_accept() -> None:
    """An offer names one person: a third one who accepts is refused, and the giver keeps it."""
    story = claimed()
    story.at(20, Offer(actor(DOCTOR), actor(CLERK)))

    with pytest.raises(Refused):
        story.at(30, Accept(DESK_CLERK))

    assert ("doctor", "clerk") == (story.main.claimant, story.main.offer_to)


def test_pressed_again_is_counted_and_the_claimant_hears() -> None:
    """P29: the same home, another cause: visible, counted, a wish to cancel is void, whoever holds it hears once."""
    story = claimed(by=DESK_CLERK)
    story.roster = roster(DOCTOR, CLERK, AMBULANCE, person("desk", "key_holder"))
    story.at(20, Cancel("device:button-1"))

    decision = story.at(30, Signal(Kind.WATER_LEAK, "device:water-1"))

    assert (2, False, Severity.URGENT, Kind.SOS) == (
        story.alert.signals, story.alert.cancel_requested, story.alert.severity, story.alert.kind
    )  # fmt: skip
    assert (("desk", "signal"),) == told(decision)


def test_worse_opens_the_missing_tracks() -> None:
    """A fall joins an SOS that calls: ``main`` is stood down in favour of the three, in the same decision."""
    story = Story()

    decision = story.at(30, Signal(Kind.FALL, "device:radar-1"))

    assert (Severity.CRITICAL, Kind.FALL) == (story.alert.severity, story.alert.kind)
    assert {"ambulance", "doctor", "clerk"} == set(contacted(decision))
    states = {str(t.name): str(t.state) for t in story.alert.tracks}
    assert {"main": "stood_down"} | dict.fromkeys(ROLES, "calling") == states


def test_worse_leaves_the_claimant_in_charge_of_the_own_role() -> None:
    """A claimed ``main`` becomes the track of the claimant's role; the shorter lease of critical holds from now on."""
    story = claimed()

    decision = story.at(30, Signal(Kind.FALL, "device:radar-1"))

    own = story.track("family_doctor")
    assert ("doctor", NOON + seconds(30) + timedelta(minutes=10)) == (own.claimant, own.claim_until)
    assert {"ambulance", "clerk"} == set(contacted(decision))
    assert (("doctor", "signal"),) == told(decision)
    assert TrackState.STOOD_DOWN is story.main.state


def test_an_inherited_claim_that_is_given_back_calls_the_own_role_for_ever() -> None:
    """The heir of ``main`` climbs its own ladder: released, its doctors are called in rounds."""
    story = Story(roster(DOCTOR, DEPUTY, CLERK, AMBULANCE))
    story.until(120)
    story.at(130, Claim(actor(DOCTOR)))
    story.at(140, Signal(Kind.FALL, "device:radar-1"))
    story.at(150, Claim(actor(CLERK)))
    story.at(150, Claim(actor(AMBULANCE)))

    decision = story.at(200, Release(actor(DOCTOR)))

    assert ("deputy",) == contacted(decision)
    assert [320.0, 440.0] == [t for t, people in story.until(450) if "deputy" in people]


def test_a_dispatcher_keeps_what_was_claimed_beside_the_new_tracks() -> None:
    """No track is of the dispatcher's role: all three call, ``main`` stays claimed, and once released it is over."""
    story = claimed(by=DESK_CLERK)

    decision = story.at(30, VoiceChecked(DESK_CLERK, VoiceCheck.NO_ANSWER))
    assert {"ambulance", "doctor", "clerk"} == set(contacted(decision))
    assert "desk" == story.main.claimant

    story.at(40, Release(DESK_CLERK))
    assert TrackState.STOOD_DOWN is story.main.state
    assert {"ambulance", "doctor", "clerk"} == {p for _, people in story.until(200) for p in people}


def test_a_key_pressed_in_a_call_of_before_counts() -> None:
    """The doctor's telephone still says ``main`` when the fall comes in; the key press takes the doctor's own track."""
    story = Story()
    story.at(5, Signal(Kind.FALL, "device:radar-1"))

    story.at(8, Claim(actor(DOCTOR), "main", "key_press"))

    assert "doctor" == story.track("family_doctor").claimant


def test_a_track_that_a_higher_severity_needs_is_never_stood_down() -> None:
    """Routine and critical share a track that urgent has not: it calls on, else critical would find it at its end."""
    text = CHANGNING.text.replace('["routine", "urgent"]', '["urgent"]').replace(
        '["critical"]', '["routine", "critical"]'
    )
    story = Story(plan=parse_plan(text), kind=Kind.WATER_LEAK)
    story.at(5, Signal(Kind.SOS, "device:button-1"))
    story.at(9, Signal(Kind.FALL, "device:radar-1"))

    states = {t.name: t.state for t in story.alert.tracks}
    assert ["calling"] * 3 == [states[n] for n in ("dispatch_120", "family_doctor", "street_office")]


def test_a_track_that_runs_on_takes_the_shorter_waits() -> None:
    """One track for all severities: the round of critical is two minutes from now, not five."""
    story = Story(roster(DOCTOR, AMBULANCE), ONE_TRACK)
    story.until(60)
    story.at(70, Signal(Kind.FALL, "device:radar-1"))

    assert [190.0, 310.0] == [t for t, _ in story.until(320)]


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        (VoiceCheck.OK, Severity.URGENT),
        (VoiceCheck.NEEDS_HELP, Severity.CRITICAL),
        (VoiceCheck.NO_ANSWER, Severity.CRITICAL),
    ],
)
def test_no_answer_and_needs_help_raise_the_severity(result: VoiceCheck, severity: Severity) -> None:
    """voice check → noted; the plan says what it makes of the severity; "ok" stops nothing."""
    story = Story()

    story.at(20, VoiceChecked(DESK_CLERK, result))

    assert (severity, True) == (story.alert.severity, story.alert.open)
    assert any(t.state is TrackState.CALLING for t in story.alert.tracks)


def test_a_note_changes_nothing() -> None:
    """note → a line in the timeline, its text apart from the data."""
    story = Story()

    decision = story.at(20, Note(DESK_CLERK, "the key is with the neighbour"))

    assert [("note", "the key is with the neighbour")] == [(e.type, e.note) for e in decision.entries]
    assert (story.decisions[0].alert.tracks, ()) == (story.alert.tracks, decision.orders)


def test_a_false_alarm_is_verified_by_voice_not_believed() -> None:
    """cancel by the resident → noted, still calling."""
    story = Story()

    story.at(20, Cancel("device:button-1"))

    assert (True, True) == (story.alert.cancel_requested, story.alert.open)
    assert [(60.0, ("doctor", "clerk"))] == story.until(60)


def test_the_end_is_told_once_to_everybody_who_was_asked() -> None:
    """close → all stood down, no timer anywhere; whoever was called or held it hears once, the closer not."""
    story = Story(kind=Kind.FALL)
    story.at(5, Claim(DESK_CLERK, "street_office"))
    story.roster = roster(DOCTOR, CLERK, AMBULANCE, person("desk", "key_holder"))

    decision = story.at(60, Close(actor(DOCTOR), Outcome.TREATED_HOME, force=True))

    assert {TrackState.STOOD_DOWN} == {t.state for t in story.alert.tracks}
    assert {None} == {t.due_at for t in story.alert.tracks}
    assert ["ambulance", "clerk", "desk"] == sorted(o.person for o in orders(decision, Purpose.STAND_DOWN))
    assert (Stage.CLOSED, Outcome.TREATED_HOME, "doctor") == (
        story.alert.stage,
        story.alert.outcome,
        story.alert.closed_by,
    )


def test_closing_what_another_holds_needs_a_supervisor() -> None:
    """409 for others; the supervisor's ``force`` is noted with the name of the holder."""
    story = claimed()
    with pytest.raises(Held):
        story.at(20, Close(actor(CLERK), Outcome.ACCIDENTAL))

    decision = story.at(20, Close(SUPERVISOR, Outcome.ACCIDENTAL, force=True))

    assert ["doctor"] == decision.entries[-1].data["over"]


@pytest.mark.parametrize("role", ["drill", "probe"])
@pytest.mark.parametrize(
    ("drill", "outcome", "allowed"),
    [(True, Outcome.TEST, True), (True, Outcome.AWAY, False), (False, Outcome.TEST, False)],
)
def test_a_drill_account_closes_only_drills_and_only_as_test(
    role: str, drill: bool, outcome: Outcome, allowed: bool
) -> None:
    """Invariant 3: never a real alert."""
    story = Story(drill=drill)

    try:
        story.at(20, Close(actor("runner", role), outcome))
    except Forbidden:
        assert not allowed
    assert allowed is not story.alert.open


def test_a_drill_calls_the_desks_drill_line() -> None:
    """Invariant 15: the 120 tier of a drill is rung on the drill line only."""
    story = Story(kind=Kind.FALL, drill=True)

    points = [o.points for o in orders(story.decisions[0], Purpose.CONTACT) if o.person == "ambulance"]

    assert [(AMBULANCE.contacts[1],)] == points


COMMANDS: list[Callable[[Actor], Command]] = [
    Claim,
    Release,
    Decline,
    Accept,
    lambda who: Offer(who, actor(CLERK)),
    lambda who: Offer(actor(DOCTOR), who),
    lambda who: Progress(who, Step.AT_DOOR),
    lambda who: VoiceChecked(who, VoiceCheck.OK),
    lambda who: Note(who, "hello"),
    lambda who: Close(who, Outcome.ACCIDENTAL),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_only_persons_act(command: Callable[[Actor], Command]) -> None:
    """Invariant 3: no device, engine or provider claims, hands over, reports or closes."""
    with pytest.raises(Forbidden):
        claimed().at(20, command(BUTTON))


@pytest.mark.parametrize("command", [c for n, c in enumerate(COMMANDS) if n != 5])
def test_a_closed_alert_takes_no_command(command: Callable[[Actor], Command]) -> None:
    """Invariant 4: it never changes again; a new signal makes a new alert."""
    story = claimed()
    story.at(20, Close(actor(DOCTOR), Outcome.ACCIDENTAL))

    with pytest.raises(Refused, match="closed"):
        story.at(30, command(actor(DOCTOR)))
    with pytest.raises(Refused):
        story.at(30, Signal(Kind.SOS, "device:button-1"))
    assert not story.at(30, Tick()).changed


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (Claim(actor(DOCTOR), "no such track"), Refused),
        (Progress(actor(DOCTOR), Step.AT_DOOR), Refused),
        (Release(actor(DOCTOR)), Refused),
        (Offer(actor(DOCTOR), actor(CLERK)), Refused),
        (Accept(actor(CLERK)), Refused),
    ],
)
def test_what_makes_no_sense_is_refused(command: Command, error: type[Exception]) -> None:
    """Nobody has claimed: there is nothing to report on, to give back or to hand over."""
    with pytest.raises(error):
        Story().at(5, command)


def test_offering_to_oneself_is_refused() -> None:
    """The duty cannot be passed in a circle."""
    with pytest.raises(Refused):
        claimed().at(20, Offer(actor(DOCTOR), actor(DOCTOR)))


def test_another_persons_claim_is_not_reported_on() -> None:
    """Progress by one who does not hold it says who does."""
    with pytest.raises(Held):
        claimed().at(20, Progress(actor(CLERK), Step.AT_DOOR))


def test_the_supervisor_of_last_resort_is_retried_too() -> None:
    """P2: nobody in any tier, and the supervisor's telephone fails: again after a minute, not after the round."""
    story = Story(roster(CHIEF))
    story.at(5, Failed("main", 0, "chief", "busy"))

    assert [(60.0, ("chief",))] == story.until(100)


def test_the_plans_ways_come_first_and_any_way_is_better_than_none() -> None:
    """The plan names channels in order; a person who has none of them is reached by what there is."""
    text_only = person("doctor", "family_doctor", AMBULANCE.contacts[0])

    ways = [
        [p.channel for p in orders(Story(roster(who)).decisions[0], Purpose.CONTACT)[0].points]
        for who in (DOCTOR, text_only)
    ]

    assert [["voice", "sms"], ["dispatch_120"]] == ways


def test_the_timeline_gives_the_alert_back() -> None:
    """Invariant 8: every kind of command, through JSON and back."""
    story = Story(roster(DOCTOR, DEPUTY, CLERK, AMBULANCE))
    story.until(130)
    commands: list[Command] = [
        Failed("main", 0, "clerk", "busy"), Decline(actor(DEPUTY)), Claim(actor(DOCTOR)),
        Progress(actor(DOCTOR), Step.EN_ROUTE), Offer(actor(DOCTOR), actor(CLERK)), Accept(actor(CLERK)),
        Signal(Kind.FALL, "device:radar-1"), Release(actor(CLERK)), VoiceChecked(DESK_CLERK, VoiceCheck.OK),
        Cancel("device:button-1"), Close(DESK_CLERK, Outcome.LIFTED_NO_INJURY),
    ]  # fmt: skip
    for n, command in enumerate(commands):
        story.at(140 + n, command)

    written = [json.dumps(e.data["set"]) for d in story.decisions for e in d.entries if "set" in e.data]

    assert story.alert == replay(json.loads(w) for w in written)


def test_an_empty_timeline_is_no_alert() -> None:
    """Replaying nothing is an error, not an alert."""
    with pytest.raises(ValueError, match="empty timeline"):
        replay([])
