"""The natural key of a message: what makes its repeats harmless."""

import hashlib

from domain.events import Event, Heard, Kind
from domain.ids import new_id
from store.inbox import Arrival

#: id-less messages that repeat within this are one press (wire.md, "Receipt")
_SAME_PRESS_S = 60


def arrival_of(heard: Heard) -> Arrival:
    """A message on its way into the inbox, with a row id of its own."""
    event, message = heard.event, heard.message
    event_id = event.id if event else digest(message.payload)
    kind = str(event.kind if event else Kind.UNREADABLE)
    return Arrival(new_id(), _natural_key(heard, event, event_id), message, heard.device, event_id, kind)


def _natural_key(heard: Heard, event: Event | None, event_id: str) -> str:
    """Device and event id. Without an id, the same bytes within a minute are one press, later ones a new one."""
    device = heard.device or heard.message.topic[:200]
    if not event_id.startswith("sha256:"):
        return f"{device}:{event_id}"
    if heard.message.retain:
        return f"{device}:{event_id}:retained"
    return f"{device}:{event_id}:{int(heard.message.received_at.timestamp()) // _SAME_PRESS_S}"


def digest(payload: bytes) -> str:
    """What stands for an id where the device gave none."""
    return "sha256:" + hashlib.sha256(payload).hexdigest()
