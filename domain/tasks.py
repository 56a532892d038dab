"""Work that no ladder drives: somebody must do it by a time, and says what came of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class TaskKind(StrEnum):
    """The closed list of things that wait for a person."""

    #: the 120 desk did not take it: a person must dial 120 now
    DIAL_120 = "dial_120"
    #: something that may have been an emergency could not be read
    UNREADABLE = "unreadable"
    #: a device is silent, flat, taken off or tampered with
    DEVICE_FAULT = "device_fault"
    #: a home has no working way to call
    UNPROTECTED = "unprotected"
    #: many homes fell silent together
    NETWORK_INCIDENT = "network_incident"
    #: an hour with nobody on duty, a person without a working contact
    COVERAGE = "coverage"
    #: what is owed after a close (within 24 h)
    FOLLOW_UP = "follow_up"
    #: a red alert closed as accidental wants a second pair of eyes
    REVIEW = "review"
    #: somebody should call in at a home
    VISIT = "visit"
    #: a request that is no emergency: company, shopping, advice
    SERVICE = "service"
    #: the system itself needs its operator
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. ``key`` is natural: opening it twice is harmless."""

    key: str
    kind: TaskKind
    opened_at: datetime
    due_at: datetime | None = None
    street: str | None = None
    home: str | None = None
    device: str | None = None
    alert: str | None = None
    #: ids, codes and numbers, for the screen; no names, no addresses, no free text
    data: Mapping[str, Any] = field(default_factory=dict)


def own_review(task: Mapping[str, Any], persons: Collection[str]) -> bool:
    """Whether a task as it is kept asks for a second pair of eyes, and one of ``persons`` was the first."""
    return task["kind"] == TaskKind.REVIEW and (task["data"] or {}).get("closed_by") in persons
