"""What cloud platforms forward from narrow-band devices: services with properties, events with a name."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.states import alarm
from broker_bridge.decoders.worded import Word, worded
from domain.events import Kind

Fields = Mapping[str, Any]

#: the time of a report, never a property of the thing
_TIMES = frozenset({"time", "timestamp", "ts", "eventTime", "event_time"})


def event(named: str, content: Any, role: str | None, alarming: bool) -> list[Reading]:
    """An event by its name (``sosAlarm``), else by what its content says.

    ``alarming``: the platform calls it a warning or a fault; then one without content is ``unknown``.
    """
    fields = content if isinstance(content, dict) else {}
    found = meaning(named)
    if found is not None and found.kind is not Kind.HEARTBEAT:
        return [alarm(found, _state(fields, content)), *_besides(fields, role, found.kind)]
    if fields:
        return tell(plain(fields), role)
    if found is not None or not alarming:
        return [Reading(Kind.HEARTBEAT, {"event": named[:64]})] if named else [Reading(Kind.HEARTBEAT)]
    return [Reading(Kind.UNKNOWN, said=f"event {named}"[:64])]


def _besides(fields: Fields, role: str | None, kind: Kind) -> list[Reading]:
    """What an event brings along (position, battery, vitals); not its own state once more."""
    told = tell(plain(fields), role) if fields else []
    return [one for one in told if one.kind not in (kind, Kind.HEARTBEAT, Kind.UNKNOWN)]


def _state(fields: Fields, content: Any) -> Any:
    """Whether the event is on: a state inside it, or no more than that it was sent."""
    if not isinstance(content, dict | list):
        return "alarm" if worded(content) is Word.NOTHING else content
    for key, item in fields.items():
        if key.lower() in ("status", "state", "alarm", "value", "alarm_status", "alarmstatus", "alarm_state"):
            return "clear" if worded(item) is Word.NO else "test" if worded(item) is Word.TEST else "alarm"
    own = [worded(item) for key, item in fields.items() if meaning(key) is not None]
    return "clear" if own and all(told is Word.NO for told in own) else "alarm"


def plain(fields: Fields) -> dict[str, Any]:
    """The properties without the report's own times."""
    return {key: item for key, item in fields.items() if key not in _TIMES}


def transparent(said: Any, role: str | None) -> list[Reading]:
    """Bytes passed through in base64: read when they are JSON, else ``unknown``: the product has its own codec."""
    try:
        raw = base64.b64decode(said, validate=True) if isinstance(said, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    found, why = body.fields(raw) if raw[:1] == b"{" else (None, "")
    del why
    return tell(plain(found), role) if found else [Reading(Kind.UNKNOWN, said="transparent bytes")]
