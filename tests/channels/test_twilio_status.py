"""Status reports in any order, repeated, late: the same row (P21)."""

from itertools import permutations, product
from typing import Any

import pytest

from channels.aliyun_codes import call_code
from channels.twilio_status import merge, outcome, rank
from domain.contacts import Accepted, FailedForGood, FailedForNow

CALL = ["queued", "initiated", "ringing", "in-progress", "completed"]
ENDS = ["busy", "no-answer", "failed", "canceled"]
SMS = ["accepted", "queued", "sending", "sent", "delivered"]


def _fold(reports: Any) -> str | None:
    status = None
    for report in reports:
        status = merge(status, report)
    return status


@pytest.mark.parametrize("size", range(1, 7))
def test_every_order_of_every_set_ends_alike(size: int) -> None:
    """All permutations of the nine statuses, six at a time, end in the furthest of them."""
    ends = [_fold(order) == max(order, key=rank) for order in permutations(CALL + ENDS, size)]

    assert all(ends)


def test_duplicates_change_nothing() -> None:
    """All sequences with repetition, four reports long."""
    ends = [_fold(reports) == max(reports, key=rank) for reports in product(CALL + ENDS, repeat=4)]

    assert all(ends)


def test_the_usual_call_ends_completed() -> None:
    """Backwards too."""
    assert ["completed"] * 2 == [_fold(CALL), _fold(reversed(CALL))]


@pytest.mark.parametrize("order", [*permutations(["??", "moon", "ringing"])])
def test_unknown_reports_never_win_over_known_ones(order: tuple[str, ...]) -> None:
    """A new word of the provider is kept only while nothing better is known."""
    assert "ringing" == _fold(order)


def test_two_unknown_reports_have_an_order_too() -> None:
    """Whichever came first."""
    assert _fold(["a", "b"]) == _fold(["b", "a"])


@pytest.mark.parametrize(
    ("said", "meant"),
    [("answered", "in-progress"), ("In-Progress", "in-progress"), (" NO_ANSWER ", "no-answer"), ("", "")],
)
def test_other_spellings(said: str, meant: str) -> None:
    """The event name ``answered`` is the status ``in-progress``."""
    assert meant == merge(None, said)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("queued", None),
        ("initiated", None),
        ("ringing", None),
        ("in-progress", None),
        ("answered", None),
        ("moon", None),
        ("completed", FailedForNow("no answer from a person", code="completed")),
        ("busy", FailedForNow("busy", code="busy")),
        ("no-answer", FailedForNow("no-answer", code="no-answer")),
        ("failed", FailedForNow("failed", code="failed")),
        ("canceled", FailedForNow("canceled", code="canceled")),
    ],
)
def test_what_a_calls_end_means(status: str, result: object) -> None:
    """None of them is an acknowledgement, not even a completed call (P11, invariant 14)."""
    assert result == outcome(status)


def test_a_failed_call_with_a_reason_uses_it() -> None:
    """A number that does not exist will not exist in a minute."""
    assert [FailedForGood, FailedForNow] == [type(outcome("failed", code)) for code in ("13224", "10004")]


@pytest.mark.parametrize("order", list(permutations([*SMS, "undelivered"], 6))[::7])
def test_messages_too(order: tuple[str, ...]) -> None:
    """Sent is not delivered; delivered wins: the telephone has it."""
    assert "delivered" == _fold(order)


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        ("queued", None, None),
        ("sent", None, None),
        ("delivered", None, Accepted(note="delivered")),
        ("undelivered", None, FailedForNow("undelivered", code="undelivered")),
        ("undelivered", "30003", FailedForNow("phone off or out of reach", code="30003")),
        ("failed", 30005, FailedForGood("no such phone", code="30005")),
        ("failed", None, FailedForNow("failed", code="failed")),
        ("undelivered", "MOBILE_NOT_ON_SERVICE",
         FailedForNow("switched off, out of reach, or no such number", code="MOBILE_NOT_ON_SERVICE")),
        ("undelivered", "INVALID_NUMBER", FailedForGood("not a telephone number", code="INVALID_NUMBER")),
        ("failed", call_code("200004"), FailedForGood("not a telephone number", code="call:200004")),
        ("failed", call_code("200005"), FailedForNow("failed", code="failed")),
        ("undelivered", "MK:0099", FailedForNow("an error we do not know yet", code="MK:0099")),
    ],
)
def test_what_a_messages_end_means(status: str, code: Any, result: object) -> None:
    """By the code where there is one."""
    assert result == outcome(status, code)
