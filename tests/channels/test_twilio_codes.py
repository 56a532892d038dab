"""Twilio's codes: for now or for good; unknown is for now and loud (P15)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from channels.twilio_codes import CODES, DEAD_NUMBERS, Kind, classify, read
from domain.contacts import FailedForGood, FailedForNow

#: the loudness that goes with each class
LOUD = {Kind.NOW: [], Kind.THEIRS: [], Kind.GOOD: [], Kind.DEAD: [], Kind.OURS: ["error"]}


def dictionary() -> Iterator[int]:
    """Every code of Twilio's dictionary that calls, messages, numbers and accounts can meet."""
    lines = Path(__file__).with_name("twilio_dictionary.txt").read_text("utf-8").splitlines()
    for word in " ".join(line for line in lines if not line.startswith("#")).split():
        first, _, last = word.partition("-")
        yield from range(int(first), int(last or first) + 1)


def test_every_code_of_the_dictionary_has_a_class() -> None:
    """P15: no documented code is left to the rule for unknown ones."""
    documented = list(dictionary())

    assert [] == [code for code in documented if code not in CODES]
    assert 1_327 == len(documented)


def test_each_class_does_as_it_says() -> None:
    """For now, for good, whose fault it is, and how loud: for each code of the list."""
    for code, meaning in CODES.items():
        with capture_logs() as logs:
            result = classify(str(code))

        good = meaning.kind in (Kind.GOOD, Kind.DEAD, Kind.OURS)
        assert (FailedForGood if good else FailedForNow) is type(result)
        assert (meaning.words, str(code)) == (result.reason, result.code)
        assert (meaning.kind in (Kind.THEIRS, Kind.OURS)) is result.ours
        assert LOUD[meaning.kind] == [log["log_level"] for log in logs]


def test_a_code_on_two_lines_is_refused(tmp_path: Path) -> None:
    """Nobody has to guess which line wins."""
    twice = tmp_path / "codes.csv"
    twice.write_text("codes,class,meaning\n21200-21220,ours,a\n21211,dead,b\n", "utf-8")

    with pytest.raises(ValueError, match="21211 stands on two lines"):
        read(twice)


def test_a_fault_of_our_own_number_kills_no_telephone() -> None:
    """P4: a code about who calls never marks the number called as dead."""
    about_us = {"21401", "21421", "21601", "21407", "21206", "21606", "21212", "32017", "13225", "21216"}

    assert set() == about_us & DEAD_NUMBERS


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (99999, 400, FailedForNow),
        (60200, 400, FailedForNow),
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
        (21211, Kind.DEAD), (21214, Kind.DEAD), (21215, Kind.OURS), (21610, Kind.GOOD), (21614, Kind.DEAD),
        (20003, Kind.OURS), (20429, Kind.THEIRS), (20503, Kind.THEIRS), (30001, Kind.NOW), (30003, Kind.NOW),
        (30005, Kind.DEAD), (30006, Kind.DEAD), (30007, Kind.GOOD), (30008, Kind.NOW), (10004, Kind.THEIRS),
        (13227, Kind.OURS), (32016, Kind.NOW), (21601, Kind.OURS), (30630, Kind.GOOD), (22001, Kind.NOW),
    ],
)  # fmt: skip
def test_the_well_known_ones(code: int, kind: Kind) -> None:
    """Read one by one in Twilio's list."""
    assert kind is CODES[code].kind
