"""What the 120 desk hears while others are on their way: who goes, whether the door opens, how the person is."""

import pytest

from domain.alerts import Outcome, Step, VoiceCheck
from domain.contacts import Purpose
from domain.events import Kind
from escalation.command import Claim, Close, Command, Progress, Release, VoiceChecked
from escalation.sheet import Decision, Order
from tests.escalation.core import AMBULANCE, CLERK, DOCTOR, PHONE, Story, actor, orders, person, roster

DISPATCHER = actor("desk", "dispatcher")


def fall() -> Story:
    """A critical alert: 120, doctor and street office are called; the clerk at 120 and the doctor have taken theirs."""
    story = Story(kind=Kind.FALL)
    story.at(2, Claim(actor(AMBULANCE)))
    story.at(3, Claim(actor(DOCTOR)))
    return story


def _news(decision: Decision) -> list[Order]:
    """What the desk is told by this decision."""
    return [order for order in orders(decision, Purpose.INFORM) if order.person == "ambulance"]


@pytest.mark.parametrize(
    ("command", "about"),
    [
        (Progress(actor(DOCTOR), Step.ACCESS_FAILED), {"event": "progress", "step": "access_failed", "by": "doctor"}),
        (Progress(actor(DOCTOR), Step.INSIDE), {"event": "progress", "step": "inside", "by": "doctor"}),
        (Claim(actor(CLERK)), {"event": "claimed", "by": "clerk", "role": "street_office"}),
        (Release(actor(DOCTOR)), {"event": "released", "by": "doctor"}),
        (VoiceChecked(DISPATCHER, VoiceCheck.NEEDS_HELP), {"event": "voice_check", "result": "needs_help"}),
    ],
)
def test_the_desk_hears_it_though_its_own_track_is_claimed(command: Command, about: dict[str, str]) -> None:
    """The crew is on the road: news of its case, once, by its own system and never by telephone."""
    decision = fall().at(10, command)

    (order,) = _news(decision)
    assert ("ambulance", ["dispatch_120"]) == (order.person, [p.channel for p in order.points])
    assert about.items() <= dict(order.about or {}).items()


def test_the_desk_does_not_hear_its_own_words() -> None:
    """What the crew reports goes to the others by the board."""
    assert [] == _news(fall().at(10, Progress(actor(AMBULANCE), Step.AT_DOOR)))


def test_who_was_never_asked_hears_nothing() -> None:
    """The doctor took it within a minute: 120 has no case."""
    story = Story()
    story.at(5, Claim(actor(DOCTOR)))

    assert [] == _news(story.at(10, Progress(actor(DOCTOR), Step.INSIDE)))


def test_the_end_is_a_stand_down_and_no_news() -> None:
    """One letter for one decision."""
    decision = fall().at(60, Close(actor(DOCTOR), Outcome.TREATED_HOME, force=True))

    assert [] == _news(decision)
    assert "ambulance" in {o.person for o in orders(decision, Purpose.STAND_DOWN)}


def test_a_desk_by_telephone_only_is_not_rung_up_for_news() -> None:
    """News ring nobody up."""
    story = fall()
    story.roster = roster(DOCTOR, CLERK, person("ambulance", "dispatch_120", PHONE, street=None))

    assert [] == _news(story.at(10, Progress(actor(DOCTOR), Step.INSIDE)))


def test_news_of_a_drill_go_to_a_drill_line() -> None:
    """Nothing of a drill reaches the real 120 (invariant 15)."""
    story = Story(kind=Kind.FALL, drill=True)
    story.at(3, Claim(actor(DOCTOR)))

    (order,) = _news(story.at(10, Progress(actor(DOCTOR), Step.INSIDE)))
    assert [True] == [p.drill for p in order.points]
