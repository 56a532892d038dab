"""Asked for by hand: 120, who has a key, the police are called now, and nothing else stands still for it."""

import pytest

from domain.alerts import Severity, TrackState
from domain.contacts import Purpose
from domain.errors import Refused
from escalation.command import Claim, Release, Summon
from escalation.plan import parse_plan
from tests.escalation.core import CLERK, DOCTOR, DRILL_DESK, Story, actor, contacted, orders, roster
from tests.escalation.test_branches import LADDER, story

DESK = actor("desk-one", "dispatcher")


def test_120_is_asked_at_once_and_written_down() -> None:
    """Ten seconds after the press, long before its turn, 120 is called; the alert is critical; it says who asked."""
    told = Story()

    now = told.at(10, Summon(DESK, "dispatch_120"))

    assert "ambulance" in contacted(now)
    assert Severity.CRITICAL is now.alert.severity
    assert ("summoned", "desk-one") == (now.entries[0].type, now.entries[0].by)


def test_who_has_it_keeps_it() -> None:
    """The doctor on the way keeps the claim; 120 is called beside."""
    told = Story()
    told.at(5, Claim(actor(DOCTOR)))

    now = told.at(20, Summon(DESK, "dispatch_120"))

    assert ("ambulance", "clerk") == contacted(now)
    assert TrackState.CLAIMED is told.track("family_doctor").state


def test_in_a_plan_of_one_line_the_step_joins_now() -> None:
    """Where critical has no lines of its own, the steps up to 120 join at once."""
    told = Story(plan=parse_plan(LADDER, "test"))

    now = told.at(10, Summon(DESK, "dispatch_120"))

    assert ("clerk", "ambulance") == contacted(now)


def test_120_is_asked_again_at_a_distance() -> None:
    """Pressed twice within the smallest distance it is one call, a minute later a second one (invariant 18)."""
    told = Story()
    told.at(10, Summon(DESK, "dispatch_120"))

    assert () == contacted(told.at(12, Summon(DESK, "dispatch_120")))
    assert ("ambulance",) == contacted(told.at(40, Summon(DESK, "dispatch_120")))


def test_who_holds_the_line_to_120_and_is_not_120_lets_it_go() -> None:
    """A dispatcher who took every line and then wants 120 gives back that one: it is called."""
    told = Story()
    told.at(10, Summon(DESK, "dispatch_120"))
    told.at(20, Claim(DESK))

    assert "ambulance" in contacted(told.at(60, Summon(DESK, "dispatch_120")))
    assert TrackState.CLAIMED is told.track("street_office").state


def test_a_drill_asks_only_the_drills_desk() -> None:
    """Invariant 15: whoever presses it, a drill's way to 120 is the one marked so."""
    told = Story(drill=True)

    now = told.at(10, Summon(DESK, "dispatch_120"))

    points = [point for order in orders(now, Purpose.CONTACT) if order.person == "ambulance" for point in order.points]
    assert points
    assert {DRILL_DESK.address} == {point.address for point in points if point.channel == "dispatch_120"}
    assert all(point.drill for point in points)


def test_nobody_at_120_is_a_gap_and_no_silence() -> None:
    """With nobody there the console hears of it, and the rest of the line is called."""
    told = Story(roster=roster(DOCTOR, CLERK))

    now = told.at(10, Summon(DESK, "dispatch_120"))

    assert "dispatch_120" in {gap.role for gap in now.gaps}


def test_the_key_and_the_police_begin_by_hand() -> None:
    """Nobody needs to stand before the door first; the claim on the ladder stays."""
    told = story()
    told.at(10, Claim(actor(DOCTOR), "main"))

    now = told.at(20, Summon(DESK, "police"))

    assert {"keys", "patrol"} == set(contacted(now))
    assert TrackState.CALLING is told.track("entry").state
    assert TrackState.CLAIMED is told.main.state
    assert {"keys", "patrol"} == set(contacted(told.at(60, Summon(DESK, "key_holder"))))


def test_a_branch_that_was_begun_by_hand_goes_on_by_itself() -> None:
    """Released, it calls again like one that began by its condition."""
    told = story()
    told.at(20, Summon(DESK, "police"))
    told.at(30, Claim(DESK, "entry"))

    told.at(90, Release(DESK, "entry"))

    assert TrackState.CALLING is told.track("entry").state


def test_a_role_that_no_plan_knows_changes_nothing() -> None:
    """A slip of the pen is answered with the roles there are."""
    with pytest.raises(Refused, match="dispatch_120"):
        Story().at(10, Summon(DESK, "dispatch120"))


def test_a_branch_without_anybody_is_said_at_once() -> None:
    """Nobody next door, nobody on call: whoever asks hears it."""
    with pytest.raises(Refused):
        Story().at(10, Summon(DESK, "neighbour"))
