"""A case at the 120 desk: from the incident that was sent to the patient who was handed over."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CaseState(StrEnum):
    """In the order in which a case goes on; ``rejected`` and ``cancelled`` may come at any time before the end."""

    ACCEPTED = "accepted"
    #: by a clerk with a number: from here on a person has it
    TAKEN = "taken"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    PATIENT_ON_BOARD = "patient_on_board"
    AT_HOSPITAL = "at_hospital"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


_ORDER = {state: n for n, state in enumerate(CaseState)}
#: nothing of a case in one of these goes on: the next letter is a first report
ENDED = frozenset({CaseState.CLOSED, CaseState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Case:
    """What the desk has made of one alert."""

    alert: str
    person: str
    #: the outbox row that carried the incident
    key: str
    number: str | None
    state: CaseState
    at: datetime
    #: the clerk's own number
    clerk: str | None = None
    reason: str | None = None
    #: by the desk's own clock; tells only which of its words was the later one
    told_at: datetime | None = None


def moves(before: CaseState | None, after: CaseState) -> bool:
    """Whether a case may go from one state to the other: on, never back; call-backs come in any order and twice.

    A rejected incident that the desk accepts after all goes on; a cancelled case may be taken up anew.
    """
    if before is None or before in (CaseState.REJECTED, CaseState.CANCELLED):
        return after is not before
    if before in ENDED or after is CaseState.REJECTED:
        return False
    return after is CaseState.CANCELLED or _ORDER[after] > _ORDER[before]
