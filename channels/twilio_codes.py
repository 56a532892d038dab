"""Twilio's error codes, each for now or for good (P15). An unknown one is for now, and loud.

What each code means for us is data: ``twilio_codes.csv``, read against the whole of
Twilio's dictionary (twilio.com/docs/api/errors) as far as calls, messages, numbers,
accounts and HTTP go. The other products of that list are none of ours; a code of theirs,
and one that is new, is unknown.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from domain.contacts import FailedForGood, FailedForNow

_log = structlog.get_logger(__name__)

_LIST = Path(__file__).with_name("twilio_codes.csv")


class Kind(StrEnum):
    """What a code means for the person we want to reach."""

    #: another attempt may work
    NOW = "now"
    #: another attempt may work; the trouble is the provider's, not the person's telephone
    THEIRS = "theirs"
    #: this message, or this kind of message, will not reach this number: take the next way at once
    GOOD = "good"
    #: the same, and the number itself will never answer: coverage counts it as none (P4)
    DEAD = "dead"
    #: our account, number or document is at fault: nobody can be reached this way until an operator mends it
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One line of the list."""

    kind: Kind
    words: str


def read(path: Path = _LIST) -> dict[int, Meaning]:
    """The list, every code by itself; a line ``a-b`` speaks for all from a to b. A code on two lines is refused."""
    found: dict[int, Meaning] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for code in _codes(row["codes"]):
                if code in found:
                    raise ValueError(f"{path.name}: {code} stands on two lines; leave one of them")
                found[code] = Meaning(Kind(row["class"]), row["meaning"])
    return found


def _codes(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    return iter(range(int(first), int(last or first) + 1))


CODES = read()

#: the codes that say the number itself will never answer
DEAD_NUMBERS = frozenset(str(code) for code, meaning in CODES.items() if meaning.kind is Kind.DEAD)


def classify(code: str | int | None, status: int | None = None) -> FailedForNow | FailedForGood:
    """For now or for good, by Twilio's ``code``; without a known one by the HTTP ``status``.

    The result names the code and never the number called.
    """
    text = str(code or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
    meaning = CODES.get(number or 0)
    if number is None or meaning is None:
        return _unknown(number, status)
    match meaning.kind:
        case Kind.NOW | Kind.THEIRS:
            return FailedForNow(meaning.words, code=str(number), ours=meaning.kind is Kind.THEIRS)
        case Kind.GOOD | Kind.DEAD:
            return FailedForGood(meaning.words, code=str(number))
        case Kind.OURS:
            _log.error("twilio_account_fault", code=number, fault=meaning.words)
            return FailedForGood(meaning.words, code=str(number), ours=True)


def _unknown(code: int | None, status: int | None) -> FailedForNow | FailedForGood:
    if code is None and status in (401, 403):
        _log.error("twilio_account_fault", status=status)
        return FailedForGood("our log-in was refused", code=str(status), ours=True)
    _log.warning("twilio_code_unknown", code=code, status=status)
    said = code or status
    theirs = code is None and (status is None or status >= 500 or status < 400)
    return FailedForNow("an error we do not know yet", code=str(said) if said else None, ours=theirs)
