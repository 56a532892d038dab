"""Twilio's codes: for now or for good; unknown is for now and loud (P15)."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from channels.twilio_codes import FOR_GOOD, FOR_NOW, OURS, classify
from domain.contacts import FailedForGood, FailedForNow


def test_a_code_is_in_one_list_only() -> None:
    """Nobody has to guess which list wins."""
    assert len({*FOR_NOW, *FOR_GOOD, *OURS}) == len(FOR_NOW) + len(FOR_GOOD) + len(OURS)


@pytest.mark.parametrize("code", sorted(FOR_NOW))
def test_for_now(code: int) -> None:
    """Another attempt may work."""
    assert FailedForNow(FOR_NOW[code], code=str(code)) == classify(code)


@pytest.mark.parametrize("code", sorted(FOR_GOOD))
def test_for_good(code: int) -> None:
    """This number will not be reached this way; said quietly, it is one person's."""
    with capture_logs() as logs:
        result = classify(str(code))

    assert FailedForGood(FOR_GOOD[code], code=str(code)) == result
    assert [] == logs


@pytest.mark.parametrize("code", sorted(OURS))
def test_faults_of_our_account_are_loud(code: int) -> None:
    """Nobody is reached this way until an operator mends it."""
    with capture_logs() as logs:
        result = classify(code)

    assert FailedForGood(OURS[code], code=str(code)) == result
    assert ["error"] == [log["log_level"] for log in logs]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (99999, 400, FailedForNow),
        (None, None, FailedForNow),
        (None, 400, FailedForNow),
        (None, 429, FailedForNow),
        (None, 500, FailedForNow),
        (None, 401, FailedForGood),
        (None, 403, FailedForGood),
        ("", 503, FailedForNow),
        ("nonsense", 400, FailedForNow),
        ("９", 400, FailedForNow),
        ("1" * 5000, 400, FailedForNow),
        (0, None, FailedForNow),
    ],
)
def test_an_unknown_one_is_for_now_and_loud(code: Any, status: int | None, kind: type) -> None:
    """A temporary fault taken for final is silence; so the doubt is for trying again."""
    with capture_logs() as logs:
        result = classify(code, status)

    assert kind is type(result)
    assert 1 == len(logs)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (21211, FailedForGood), (21214, FailedForGood), (21215, FailedForGood), (21610, FailedForGood),
        (21614, FailedForGood), (20003, FailedForGood), (20429, FailedForNow), (20503, FailedForNow),
        (30001, FailedForNow), (30003, FailedForNow), (30005, FailedForGood), (30006, FailedForGood),
        (30007, FailedForGood), (30008, FailedForNow), (10004, FailedForNow), (13227, FailedForGood),
    ],
)  # fmt: skip
def test_the_well_known_ones(code: int, kind: type) -> None:
    """Read one by one in Twilio's list."""
    assert kind is type(classify(code))
