"""What a press may gently mean besides an alert: a request that is no emergency, and a question back to the home.

Both only ever add. A request is believed only when it is said in full and nothing is open at that home;
a question goes to the device while the plan is calling already.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.events import REQUESTS, Heard, Kind
from domain.tasks import Task, TaskKind
from store import errands
from store.ledger import Tx
from store.register import Speaker
from store.tasks import open_tasks

#: somebody calls back within this (owner: the street's service for old people)
_WITHIN = timedelta(hours=4)
#: a fall that the device itself doubts more than this is asked back (owner: the district's health commission)
_UNSURE = 0.6


def is_request(kind: Kind, data: Mapping[str, Any]) -> bool:
    """Company, shopping, advice: only the button made for it says so, with both words; all else is a cry (R35)."""
    return kind is Kind.SOS and data.get("trigger") == "service" and data.get("request") in REQUESTS


def open_request(tx: Tx, heard: Heard, speaker: Speaker, now: datetime) -> None:
    """Into the queue of services, once per event."""
    assert heard.event is not None
    key = f"service:{speaker.device}:{heard.event.id}"
    told = {"request": heard.event.data["request"], "by": "button"}
    open_tasks(tx, [Task(
        key, TaskKind.SERVICE, now, now + _WITHIN, speaker.street, speaker.home, speaker.device, data=told,
    )])  # fmt: skip


def ask_back(tx: Tx, kind: Kind, heard: Heard, now: datetime) -> None:
    """A doubtful fall: the device asks "are you well?". The alert stands whatever it hears; "cancel" asks a person."""
    confidence = heard.event.data.get("confidence") if heard.event else None
    doubtful = isinstance(confidence, int | float) and not isinstance(confidence, bool) and confidence < _UNSURE
    if kind is not Kind.FALL or not doubtful or not heard.to or heard.device is None:
        return
    child = {"dev": heard.device} if heard.to != heard.device else {}
    errands.send(tx, [heard.to], "ask_checkin", {"about": "fall", **child}, now)
