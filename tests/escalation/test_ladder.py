"""The ladder: who is called, when, again and again, until somebody has it."""

from itertools import pairwise

import pytest

from domain.alerts import Outcome, TrackState
from domain.events import Kind
from domain.people import Responder
from escalation.command import Claim, Close, Decline, Failed, Raise, Release, Tick
from escalation.decide import decide, raise_alert
from escalation.duty import Roster
from escalation.plan import parse_plan
from tests.escalation.core import (
    AMBULANCE,
    CHANGNING,
    CHIEF,
    CLERK,
    DOCTOR,
    NOON,
    STREET,
    Story,
    actor,
    contacted,
    person,
    roster,
    seconds,
    team,
)

DEPUTY = person("deputy", "family_doctor")
DAY = 86400


def test_doctor_street_ambulance_then_everybody_again() -> None:
    """The district's plan: 0, 60 and 120 s, who has joined is asked again with each step, then every five minutes."""
    story = Story()

    heard = [(0.0, contacted(story.decisions[0])), *story.until(730)]

    everybody = ("doctor", "clerk", "ambulance")
    assert [
        (0.0, ("doctor",)),
        (60.0, ("doctor", "clerk")),
        (120.0, everybody),
        (420.0, everybody),
        (720.0, everybody),
    ] == heard


def test_a_critical_alert_calls_all_three_at_once() -> None:
    """A fall opens one track for each role, in the same decision as the alert."""
    story = Story(kind=Kind.FALL)

    assert ("ambulance", "doctor", "clerk") == contacted(story.decisions[0])
    assert ["dispatch_120", "family_doctor", "street_office"] == [t.name for t in story.alert.tracks]


def test_two_days_without_an_answer_are_two_days_of_calls() -> None:
    """P1: nobody answers for 48 h; no silence is longer than ``max_gap``, and each round asks every tier."""
    story = Story()

    heard = story.until(2 * DAY)

    times = [0.0, *(t for t, _ in heard)]
    gaps = [b - a for a, b in pairwise(times)]
    assert max(gaps) <= CHANGNING.max_gap.total_seconds()
    assert times[-1] > 2 * DAY - 300
    assert {("doctor", "clerk", "ambulance")} == {people for t, people in heard if t >= 120}


def test_one_telephone_that_always_fails_does_not_silence_the_others() -> None:
    """A person who is tried again every minute never puts off the round for those who merely did not answer."""
    story = Story()
    story.until(120)
    asked = []

    for second in range(121, 1000):
        decision = story.at(second)
        asked += [(second, p) for p in contacted(decision) if p == "doctor"]
        if "ambulance" in contacted(decision) or second == 121:
            story.at(second, Failed("main", 0, "ambulance", "refused"))

    assert [(420, "doctor"), (720, "doctor")] == asked


@pytest.mark.parametrize(
    ("people", "first", "empty"),
    [
        ((DOCTOR, CLERK, AMBULANCE), {"doctor"}, []),
        ((CLERK, AMBULANCE), {"clerk"}, ["family_doctor"]),
        ((AMBULANCE,), {"ambulance"}, ["family_doctor", "street_office"]),
        ((DOCTOR, AMBULANCE), {"doctor"}, []),
        ((DOCTOR,), {"doctor"}, []),
        ((CHIEF,), {"chief"}, ["family_doctor", "street_office", "dispatch_120", "duty_supervisor"]),
        ((), set(), ["family_doctor", "street_office", "dispatch_120", "duty_supervisor"]),
    ],
)
def test_an_empty_tier_is_reported_and_adds_no_wait(
    people: tuple[Responder, ...], first: set[str], empty: list[str]
) -> None:
    """P2, P3: whoever is missing, the next one is called in the same decision and the gap is said aloud."""
    story = Story(roster(*people))

    decision = story.decisions[0]
    assert (first, empty) == (set(contacted(decision)), [g.role for g in decision.gaps])


def test_a_person_whom_no_way_reaches_counts_as_nobody() -> None:
    """P4: a doctor without any contact is a gap; the street is called at once."""
    people = {"silent": Responder("silent", "Silent", "family_doctor", "street-1"), "clerk": CLERK}
    story = Story(Roster(people, (team("family_doctor", "silent"), team("street_office", "clerk"))))

    assert ("clerk",) == contacted(story.decisions[0])
    assert ["family_doctor"] == [g.role for g in story.decisions[0].gaps]


def test_an_empty_tier_in_the_middle_brings_the_later_ones_forward() -> None:
    """The wait for an empty street office is saved: the ambulance is called with the second step, not after it."""
    story = Story(roster(DOCTOR, AMBULANCE))

    assert [(60.0, ("doctor", "ambulance"))] == story.until(120)


def test_too_few_people_are_a_gap_too() -> None:
    """``min_contacts``: one of two is called, and the lack is reported."""
    text = CHANGNING.text.replace('role = "family_doctor"\nafter', 'role = "family_doctor"\nmin_contacts = 2\nafter', 1)
    story = Story(plan=parse_plan(text))

    assert ("doctor",) == contacted(story.decisions[0])
    assert [("family_doctor", "too few on duty")] == [(g.role, g.reason) for g in story.decisions[0].gaps]


def test_a_step_that_wholly_failed_brings_the_next_forward() -> None:
    """Both doctors fail within five seconds: the street is called now, and 120 sixty seconds later."""
    story = Story(roster(DOCTOR, DEPUTY, CLERK, AMBULANCE))

    one = story.at(3, Failed("main", 0, "doctor", "busy"))
    both = story.at(5, Failed("main", 0, "deputy", "busy"))
    later = story.until(65)

    assert ((), ("clerk",)) == (contacted(one), contacted(both))
    assert (65.0, "ambulance") == (later[-1][0], later[-1][1][-1])


def test_who_failed_is_asked_again_after_a_minute() -> None:
    """P12: a telephone that was off for 90 s is reached by the next attempt, without waiting for the round."""
    story = Story()
    story.until(120)
    story.at(125, Failed("main", 0, "doctor", "unreachable"))

    heard = story.until(300)

    assert [(180.0, ("doctor",))] == heard


@pytest.mark.parametrize("failure", [
    Failed("main", 7, "doctor", "of another generation"),
    Failed("main", 0, "nobody", "never called"),
    Failed("other", 0, "doctor", "no such track"),
])  # fmt: skip
def test_a_late_or_foreign_failure_changes_nothing(failure: Failed) -> None:
    """P21: what a provider says about an old call is not about this one."""
    story = Story()

    assert not story.at(5, failure).changed


def test_cannot_is_heard_at_once() -> None:
    """The only doctor declines: the street is called in the same decision, the doctor left in peace till the round."""
    story = Story()

    decision = story.at(10, Decline(actor(DOCTOR)))

    assert ("clerk",) == contacted(decision)
    assert {420.0 - 50} == {t for t, people in story.until(400) if "doctor" in people}


def test_when_all_have_declined_the_supervisor_hears_and_they_are_asked_again() -> None:
    """Everybody on duty says "cannot": a gap, the duty supervisor at once, and no silence longer than a minute."""
    story = Story(roster(DOCTOR, CLERK, AMBULANCE, CHIEF))
    for second, who in ((1, DOCTOR), (2, CLERK), (3, AMBULANCE)):
        last = story.at(second, Decline(actor(who)))

    assert ("chief",) == contacted(last)
    assert ["everybody on duty has declined"] == [g.reason for g in last.gaps]


def test_when_all_have_declined_and_there_is_no_supervisor_they_are_asked_again_after_a_minute() -> None:
    """``retry_after``: people who said "cannot" are better than silence."""
    story = Story()
    for second, who in ((1, DOCTOR), (2, CLERK), (3, AMBULANCE)):
        story.at(second, Decline(actor(who)))

    assert [(63.0, ("doctor", "clerk", "ambulance"))] == story.until(100)


def test_after_an_outage_one_look_makes_good() -> None:
    """P17: an hour without an engine, then every tier that has passed joins at once, one contact each, no replay."""
    story = Story()

    decision = story.at(3600)

    assert ("doctor", "clerk", "ambulance") == contacted(decision)
    assert [(3900.0, ("doctor", "clerk", "ambulance"))] == story.until(3900)


def test_a_clock_that_steps_back_stops_nothing() -> None:
    """P38: a look two hours early decides at the newest known time; the next step comes when it should."""
    story = Story()
    story.until(60)

    early = story.at(60 - 7200)
    story.at(61 - 7200, Decline(actor(CLERK)))

    assert not early.changed
    assert NOON + seconds(60) == story.alert.decided_at
    assert [(120.0, ("doctor", "ambulance"))] == story.until(120)


def test_who_comes_on_duty_is_called_with_the_next_look() -> None:
    """A doctor whose shift begins while an alert calls is a first contact: no distance is kept."""
    story = Story()
    story.until(60)
    story.roster = roster(DOCTOR, DEPUTY, CLERK, AMBULANCE)

    assert "deputy" in contacted(story.at(120))


def test_when_the_shift_goes_home_the_next_tier_does_not_wait() -> None:
    """The doctors of the first tier leave before the second one's turn: the next look does not wait for it."""
    text = CHANGNING.text.replace('\nafter = "60s"', '\nafter = "20m"').replace('\nafter = "120s"', '\nafter = "30m"')
    story = Story(plan=parse_plan(text))
    story.roster = roster(CLERK, AMBULANCE)

    assert [(300.0, ("clerk",))] == story.until(300)


def test_repeats_keep_their_distance() -> None:
    """Invariant 18: a step that is pulled forward rings only the new people, not those who were rung a moment ago."""
    story = Story(roster(DOCTOR, DEPUTY, CLERK, AMBULANCE))
    story.at(2, Failed("main", 0, "doctor", "busy"))

    assert ("clerk",) == contacted(story.at(3, Failed("main", 0, "deputy", "busy")))


def test_a_first_step_that_waits_does_not() -> None:
    """Invariant 19: where no step of a plan is at 0 s the soonest begins at once, the others keep their distance."""
    text = CHANGNING.text
    for old, new in (("120s", "150s"), ("60s", "90s"), ("0s", "30s")):
        text = text.replace(f'\nafter = "{old}"', f'\nafter = "{new}"')
    story = Story(plan=parse_plan(text))

    assert ("doctor",) == contacted(story.decisions[0])
    assert [60.0, 120.0] == [t for t, _ in story.until(120)]


def test_ten_thousand_alerts_do_not_shut_out_the_next_one() -> None:
    """P30: the core knows no number of open alerts at all; two homes never share a key."""
    keys = set()
    for n in range(100):
        decision = raise_alert(
            f"alert-{n}", Story().alert.subject, Raise(Kind.SOS, "device:button-1"), NOON, STREET, CHANGNING
        )
        keys |= {o.key for o in decision.orders}

    assert 100 == len(keys)


def test_a_decision_is_the_same_twice() -> None:
    """Invariant 9: deciding again gives the same keys: a crash between decision and commit orders nothing twice."""
    story = Story()
    now = NOON + seconds(60)

    once, twice = (decide(story.alert, Tick(), now, STREET, CHANGNING) for _ in range(2))

    assert once == twice
    assert ("alert-1/main/0/0.2/doctor/voice/2", "alert-1/main/0/0.2/clerk/voice/1") == tuple(
        o.key for o in once.orders
    )


def test_nothing_due_is_nothing_decided() -> None:
    """A look before the timer runs out writes nothing."""
    assert not Story().at(59).changed


def test_a_closed_alert_is_left_alone() -> None:
    """After the end neither time nor a late failure changes anything."""
    story = Story()
    closed = story.at(10, Close(actor(DOCTOR), Outcome.TREATED_HOME)).alert

    story.at(DAY)
    story.at(DAY, Failed("main", 0, "doctor", "late"))

    assert closed == story.alert
    assert TrackState.STOOD_DOWN is story.main.state


def test_the_only_person_on_duty_who_gives_back_is_asked_again() -> None:
    """Release by the last one there is: left in peace for a minute, then rung again; never silence."""
    story = Story(roster(DOCTOR))
    story.at(5, Claim(actor(DOCTOR)))

    released = story.at(600, Release(actor(DOCTOR)))

    assert () == contacted(released)
    assert "everybody on duty has declined" in [g.reason for g in released.gaps]
    assert [(660.0, ("doctor",))] == story.until(700)


def test_no_answer_on_the_telephone_is_tried_again_after_a_minute_though_a_text_was_sent() -> None:
    """P12: voicemail, then a text message "delivered": the telephone rings again without waiting for a round."""
    story = Story()
    story.until(120)
    story.at(150, Failed("main", 0, DOCTOR.id, "no answer", more=True))

    heard = story.until(300)

    assert (180.0, (DOCTOR.id,)) in heard


def test_a_way_that_failed_while_another_is_tried_pulls_nobody_forward() -> None:
    """The street office keeps its minute as long as the doctor may still answer the text message."""
    story = Story()
    story.at(20, Failed("main", 0, DOCTOR.id, "busy", more=True))

    heard = story.until(70)

    assert [(60.0, (DOCTOR.id, CLERK.id))] == heard
