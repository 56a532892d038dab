"""Latecomers: a step whose turn has passed and whose condition comes true only then."""

import pytest

from domain.alerts import VoiceCheck
from domain.people import Responder
from escalation.command import Note, VoiceChecked
from escalation.duty import Roster
from escalation.plan import Plan, parse_plan
from tests.escalation.core import AMBULANCE, CHIEF, CLERK, DOCTOR, Story, actor, contacted, person, roster

NEAR = person("near", "volunteer")
ANSWERED = """
version = "late-1"
[voice_check]
no_answer = "urgent"
[[track]]
name = "main"
[[track.step]]
role = "family_doctor"
[[track.step]]
role = "volunteer"
after = "30s"
when = { voice_check = ["no_answer"] }
[[track.step]]
role = "dispatch_120"
after = "60s"
"""
#: noon in the town is 11:00 in Shanghai
HOURS = ANSWERED.replace('voice_check = ["no_answer"]', 'between = ["11:03", "18:00"]')


def story(people: Roster, plan: Plan) -> Story:
    """An alert whose every step has had its turn; the volunteer's did not apply."""
    told = Story(people, plan)
    told.until(65)
    assert "near" not in told.main.called
    return told


def gaps(told: Story) -> list[str]:
    """The roles that the newest decision misses."""
    return [gap.role for gap in told.decisions[-1].gaps]


def test_nobody_there_for_a_step_that_holds_only_now_is_a_gap() -> None:
    """Reported in the decision that makes it hold, once; nobody else is asked sooner for it (P2)."""
    told = story(roster(DOCTOR, CLERK, AMBULANCE), parse_plan(ANSWERED))

    told.at(70, VoiceChecked(actor(CHIEF), VoiceCheck.NO_ANSWER))
    first = gaps(told), contacted(told.decisions[-1])
    told.at(71, Note(actor(CHIEF), "still nothing"))

    assert (["volunteer"], ()) == first
    assert [] == gaps(told)


def test_who_is_there_for_it_is_asked_in_the_same_decision() -> None:
    """The home does not answer: the volunteer is called now, and not at the next round."""
    told = story(roster(DOCTOR, CLERK, AMBULANCE, NEAR), parse_plan(ANSWERED))

    told.at(70, VoiceChecked(actor(CHIEF), VoiceCheck.NO_ANSWER))

    assert ([], ("near",)) == (gaps(told), contacted(told.decisions[-1]))


@pytest.mark.parametrize(("people", "missed"), [((DOCTOR, AMBULANCE), 1), ((DOCTOR, AMBULANCE, NEAR), 0)])
def test_an_hour_that_begins_is_noticed_at_the_next_look(people: tuple[Responder, ...], missed: int) -> None:
    """From 11:03 on the volunteer's step holds: asked with the next round, or missed once."""
    told = story(roster(*people), parse_plan(HOURS))

    told.until(2000)

    assert missed == sum(gap.role == "volunteer" for decision in told.decisions for gap in decision.gaps)
    assert ("near" in told.main.called) is (NEAR in people)
