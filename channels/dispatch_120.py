"""The 120 desk: the incident goes out signed, the case number comes back, and later the desk's own words.

Accepted is delivery, not a claim. Only a signed callback that names the clerk is a person
speaking (wire.md section 5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from channels.exchange import Answer, Exchange
from channels.message import decode, encode, incident
from channels.pulsed import refusal
from channels.signed_post import SignedPost
from domain.clock import wall_now
from domain.contacts import Accepted, FailedForGood, Letter, Result
from domain.errors import Refused

STATUSES = (
    "taken", "dispatched", "on_scene", "patient_on_board", "at_hospital", "handed_over", "closed",
    "cancelled",
)  # fmt: skip

REASONS = ("address", "type", "too_old", "other")

#: characters of a clerk's note that are kept
LONGEST_NOTE = 2000

_log = structlog.get_logger(__name__)


class Dispatch120(SignedPost):
    """``channel = "dispatch_120"``. A drill comes only to an address marked for it."""

    name = "dispatch_120"

    def __init__(
        self,
        secrets: Sequence[str] = (),
        call_back: Sequence[str] = (),
        exchange: Exchange | None = None,
        wall: Callable[[], datetime] = wall_now,
    ) -> None:
        """``call_back``: our own telephone numbers, where the crew reaches a person."""
        super().__init__(secrets, exchange, wall)
        self._call_back = tuple(call_back)

    def _deliver(self, letter: Letter) -> Result:
        body = encode(incident(letter, self._call_back))
        answer = self._post(letter, body)
        said = decode(answer.body) if isinstance(answer, Answer) else {}
        return _rejected(said) or refusal(answer) or _accepted(said, letter)


def _rejected(said: Mapping[str, Any]) -> FailedForGood | None:
    if said.get("result") != "rejected":
        return None
    reason = said.get("reason")
    known = reason if reason in REASONS else "other"
    return FailedForGood(f"rejected: {known}", code=known)


def _accepted(said: Mapping[str, Any], letter: Letter) -> Accepted:
    """A 2xx that we do not understand is delivery all the same: nobody is silenced by it."""
    case = said.get("case")
    if said.get("result") == "accepted" and isinstance(case, str | int) and str(case):
        return Accepted(reference=str(case))
    if said.get("result") == "accepted":
        return Accepted(reference=letter.case, note="accepted without a case number")
    _log.warning("desk_answer_not_understood", key=letter.key)
    return Accepted(reference=letter.case, note="the desk's answer was not understood")


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """One thing the desk told us about a case."""

    case: str
    status: str
    #: the desk's own time, None when absent or unreadable; deadlines never use it
    at: datetime | None
    #: the clerk's number; with it a person is speaking, without it a machine
    by: str | None
    note: str | None

    def __repr__(self) -> str:
        return f"DeskStatus({self.case}, {self.status})"


def desk_status(body: bytes) -> DeskStatus:
    """Read a callback whose signature was already checked; ``Refused`` names everything that is wrong."""
    said = decode(body)
    if not said:
        raise Refused('send a JSON object: {"case", "status", "at", "by", "note"}')
    case, status = _text(said.get("case")), said.get("status")
    problems = [] if case else ["case: give the case number from your answer"]
    if status not in STATUSES:
        problems.append(f"status: one of {', '.join(STATUSES)}")
    if problems or case is None:
        raise Refused("; ".join(problems))
    at, by, note = _time(said.get("at")), _text(said.get("by")), _text(said.get("note"))
    return DeskStatus(case, str(status), at, by, note and note[:LONGEST_NOTE])


def _text(value: object) -> str | None:
    """A name or number as text; None for nothing, blank, or something that is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def _time(value: object) -> datetime | None:
    """A crew's odd clock must not cost us the status: what cannot be read is left out."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None
