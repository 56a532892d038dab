"""The judge on records made by hand: what passes, what does not, and why."""

from typing import Any

import pytest

from simulators.drillfile import parse_drill
from simulators.judge import (
    AlertView,
    Finding,
    Glimpse,
    Reached,
    Receipted,
    Record,
    Sort,
    Tolerance,
    TrackView,
    closing_time,
    judge,
)
from simulators.scenario import Drill
from simulators.sitefile import parse_site
from simulators.watch import who_is_who

EXACT = Tolerance(0.0, 0.0)


def drill(*expects: dict[str, Any], **more: Any) -> Drill:
    """A drill of 600 s that expects this."""
    raw = {
        "title": {"zh": "按", "en": "Press"}, "homes": ["home-0001"], "deadline": "600s",
        "act": [{"at": "0s", "press": "dev-0001"}], "expect": list(expects), **more,
    }
    return parse_drill(raw, "x.toml")


def call(
    at: float, who: str = "doctor-1", channel: str = "voice", type: str = "contact", **more: Any
) -> Reached:
    return Reached(at, who, channel, type, **{"drill": True, **more})


def glimpse(at: float, state: str = "open", **more: Any) -> Glimpse:
    return Glimpse(at, (AlertView("a-1", state, **more),))


def bad(findings: tuple[Finding, ...]) -> list[tuple[Sort, str]]:
    return [(finding.sort, finding.why) for finding in findings if not finding.good]


DOCTOR = {"contact": "doctor-1", "within": ["0s", "3s"]}


@pytest.mark.parametrize(
    ("expect", "reached", "expected"),
    [
        # the plain case
        (DOCTOR, [call(1)], []),
        # never
        (DOCTOR, [], [(Sort.EXPECTED, "0 < 1")]),
        # too late is missing and unexpected at once
        (DOCTOR, [call(4)], [(Sort.EXPECTED, "0 < 1"), (Sort.UNEXPECTED, "")]),
        # somebody else does not count, and is unexpected
        (DOCTOR, [call(1, "street-1")], [(Sort.EXPECTED, "0 < 1"), (Sort.UNEXPECTED, "")]),
        # the wrong channel
        ({**DOCTOR, "channel": "webhook"}, [call(1)], [(Sort.EXPECTED, "0 < 1"), (Sort.UNEXPECTED, "")]),
        # any of several people
        ({**DOCTOR, "contact": ["doctor-1", "doctor-2"]}, [call(1, "doctor-2")], []),
        # a count is exact in both directions
        ({**DOCTOR, "count": 2}, [call(1)], [(Sort.EXPECTED, "1 < 2")]),
        ({**DOCTOR, "count": 2}, [call(1), call(2)], []),
        ({**DOCTOR, "count": 1}, [call(1), call(2)], [(Sort.EXPECTED, "2 > 1")]),
        ({**DOCTOR, "count": 0}, [call(1)], [(Sort.EXPECTED, "1 > 0")]),
        # allowed but not needed
        ({**DOCTOR, "at_least": 0}, [], []),
        # two calls of one person by one channel keep their distance; another channel needs none
        ({**DOCTOR, "apart": "2s"}, [call(0.5), call(1)], [(Sort.EXPECTED, "间隔过短 closer than 2s")]),
        ({**DOCTOR, "apart": "2s"}, [call(0.5), call(2.5)], []),
        ({**DOCTOR, "apart": "2s"}, [call(0.5), call(0.6, channel="sms")], []),
        # news asks nobody to come: never unexpected
        (DOCTOR, [call(1), call(9, type="stand_down"), call(9, "street-1", type="inform")], []),
        # an update asks again
        (DOCTOR, [call(1), call(9, type="update")], [(Sort.UNEXPECTED, "")]),
    ],
)
def test_contacts(expect: dict[str, Any], reached: list[Reached], expected: list[tuple[Sort, str]]) -> None:
    """Who was reached, by what, when and how often; anybody else fails the drill."""
    findings = judge(drill(expect), Record(tuple(reached)), EXACT)

    assert expected == bad(findings)


def test_unexpected_may_be_only_reported() -> None:
    """``unexpected = "report"`` shows it without failing."""
    findings = judge(drill(DOCTOR, unexpected="report"), Record((call(1), call(1, "street-1"))), EXACT)

    assert [] == bad(findings)
    assert [Sort.EXPECTED, Sort.UNEXPECTED] == [finding.sort for finding in findings]


@pytest.mark.parametrize(
    ("at", "good"), [(9.7, False), (9.75, True), (10.0, True), (20.5, True), (20.6, False)]
)
def test_tolerance_is_small_before_and_larger_after(at: float, good: bool) -> None:
    """A machine may be slow; nobody may be called noticeably early."""
    expect = {"contact": "doctor-1", "within": ["10s", "20s"]}

    findings = judge(drill(expect), Record((call(at),)), Tolerance(0.25, 0.5))

    assert good == findings[0].good


CLAIMED = (TrackView("main", "claimed", "doctor-1"),)
CALLING = (TrackView("main", "calling", None),)


@pytest.mark.parametrize(
    ("fields", "more", "good"),
    [
        ({"state": "open"}, {}, True),
        ({"state": "closed"}, {}, False),
        ({"claimed_by": "doctor-1"}, {"tracks": CLAIMED}, True),
        ({"claimed_by": "street-1"}, {"tracks": CLAIMED}, False),
        ({"track": "main", "track_state": "claimed", "claimed_by": "doctor-1"}, {"tracks": CLAIMED}, True),
        ({"track": "family_doctor", "claimed_by": "doctor-1"}, {"tracks": CLAIMED}, False),
        # "" is nobody
        ({"claimed_by": ""}, {"tracks": CALLING}, True),
        ({"claimed_by": ""}, {"tracks": CLAIMED}, False),
        ({"signals": 2, "cancel_requested": True}, {"signals": 2, "cancel_requested": True}, True),
        ({"signals": 2}, {"signals": 3}, False),
        ({"open": 1}, {}, True),
        ({"open": 0}, {}, False),
        ({"severity": "critical", "kind": "fall"}, {"severity": "critical", "kind": "fall"}, True),
    ],
)
def test_alerts(fields: dict[str, Any], more: dict[str, Any], good: bool) -> None:
    """Each field of an alert that a drill can ask for."""
    expect = {"alert": fields, "within": ["0s", "9s"]}

    findings = judge(drill(expect), Record(glimpses=(glimpse(5, **more),)), EXACT)

    assert good == findings[0].good


def test_two_fields_must_hold_for_one_alert() -> None:
    """An open alert and a closed one with the claim do not add up to an open claimed one."""
    both = Glimpse(1, (AlertView("a-1", "open"), AlertView("a-2", "closed", tracks=CLAIMED)))
    expect = {"alert": {"state": "open", "claimed_by": "doctor-1"}, "within": ["0s", "9s"]}

    assert not judge(drill(expect), Record(glimpses=(both,)), EXACT)[0].good


@pytest.mark.parametrize(
    ("glimpses", "good"),
    [
        ([glimpse(1, cancel_requested=True), glimpse(8, cancel_requested=True)], True),
        # once otherwise is enough to fail
        ([glimpse(1, cancel_requested=True), glimpse(2), glimpse(8, cancel_requested=True)], False),
        # outside the window it does not matter
        ([glimpse(1, cancel_requested=True), glimpse(10)], True),
        # nothing seen proves nothing
        ([glimpse(10, cancel_requested=True)], False),
    ],
)
def test_always_means_every_look(glimpses: list[Glimpse], good: bool) -> None:
    """``always`` holds at every look of the window, and there must be one."""
    expect = {"alert": {"cancel_requested": True}, "within": ["0s", "9s"], "always": True}

    assert good == judge(drill(expect), Record(glimpses=tuple(glimpses)), EXACT)[0].good


@pytest.mark.parametrize(
    ("receipt", "good"),
    [
        (Receipted(1, "dev-0001", "stored"), True),
        (Receipted(1, "dev-0001", "rejected"), False),
        (Receipted(1, "dev-0002", "stored"), False),
        (Receipted(9, "dev-0001", "stored"), False),
    ],
)
def test_receipts(receipt: Receipted, good: bool) -> None:
    """Only ``stored``, for that device, in time."""
    expect = {"receipt": "dev-0001", "within": ["0s", "3s"]}

    assert good == judge(drill(expect), Record(receipts=(receipt,)), EXACT)[0].good


def test_nobody_is_asked_after_the_close() -> None:
    """P7: a contact after the close fails even where an expectation would allow it; a stand-down does not."""
    expect = {"contact": "doctor-1", "within": ["0s", "600s"]}
    record = Record((call(1), call(20), call(21, type="stand_down")), (glimpse(1), glimpse(10, "closed")))

    assert [(Sort.AFTER_CLOSE, "")] == bad(judge(drill(expect), record, EXACT))


@pytest.mark.parametrize(
    ("glimpses", "expected"),
    [
        ([], None),
        ([glimpse(1)], None),
        ([glimpse(1), glimpse(5, "closed"), glimpse(6, "closed")], 5),
        # a new alert after the close: nothing is over
        ([glimpse(5, "closed"), Glimpse(6, (AlertView("a-1", "closed"), AlertView("a-2", "open")))], None),
        ([Glimpse(0, ()), glimpse(5, "closed")], 5),
    ],
)
def test_closing_time(glimpses: list[Glimpse], expected: float | None) -> None:
    """The drill is over when everything it opened is closed."""
    assert expected == closing_time(glimpses)


def test_a_drill_never_reaches_a_real_desk() -> None:
    """Wire section 1: one contact to a 120 that is not marked for drills fails, whatever was expected."""
    expect = {"contact": "desk-120", "within": ["0s", "9s"], "at_least": 0}
    record = Record((call(1, "desk-120", "dispatch_120", real_desk=True),))

    assert [(Sort.REAL_DESK, "")] == bad(judge(drill(expect), record, EXACT))


def test_everybody_is_told_that_it_is_a_drill() -> None:
    """A contact that says it is no drill fails; one that was not heard yet does not."""
    record = Record((call(1, drill=False), call(2, drill=None)))

    assert [(Sort.NOT_A_DRILL, "")] == bad(judge(drill(DOCTOR), record, EXACT))


def test_a_real_press_may_reach_the_real_desk() -> None:
    """With ``drill = false`` the rules of drills do not apply."""
    expect = {"contact": "desk-120", "within": ["0s", "9s"]}
    record = Record((call(1, "desk-120", "dispatch_120", drill=False),))

    assert [] == bad(judge(drill(expect, drill=False), record, EXACT))


def test_a_check_in_of_a_neighbour_is_no_contact_of_the_drill() -> None:
    """The street goes on asking other homes; whoever lives in the drill's home, and every responder, still counts."""
    homes = [
        {"id": f"home-000{n}", "devices": [], "residents": [{"id": f"r{n}", "phones": [f"+861000{n}", "+8610009"]}]}
        for n in (1, 2)
    ]
    people = [{"id": "doctor-1", "role": "family_doctor", "contacts": [{"channel": "voice", "address": "+8610002"}]}]
    homes[1]["residents"][0]["phones"].append("+8610003")

    names = who_is_who(drill(DOCTOR), parse_site({"homes": homes, "responders": people}, "site.json"))

    assert frozenset({"+8610003"}) == names.elsewhere
