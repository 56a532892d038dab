"""What a message of our own protocol says: identity from the topic, the rest with doubt.

Pure and total: it never raises, an emergency is never refused for a bad field, and
whatever was odd stands in ``faults`` for the technician (wire.md section 1).
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from broker_bridge.datum import at_the_edge
from broker_bridge.payload import LIMIT, Fields, read
from broker_bridge.topics import Address, Leaf, parse
from domain.events import OURS, Event, Heard, Kind, Message

_ID = re.compile(r"[0-9A-Za-z_-]{16,64}")
_KINDS: dict[str, Kind] = {kind.value: kind for kind in Kind if kind not in OURS}
_CLOCKS = frozenset({"ntp", "cell", "rtc", "unsynced"})
_LEVELS = frozenset({Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK})
_STATES = frozenset({"alarm", "test", "clear"})
_MOST = 2**63

Faults = list[str]


def hear(message: Message, length: int | None = None) -> Heard:
    """What was said and by whom; ``event`` is None when the bytes could not be read.

    ``length`` is the size on the wire, in bytes, when the payload was cut on arrival.
    """
    try:
        return _hear(message, len(message.payload) if length is None else length)
    except Exception as error:  # total by contract: the bytes are kept, whatever they did to us
        return Heard(message, None, None, None, f"decoder failed: {type(error).__name__}")


def _hear(message: Message, length: int) -> Heard:
    address = parse(message.topic)
    if length > LIMIT:
        return _too_long(message, address, length)
    if address is None:
        return Heard(message, None, None, None, "topic: not one of ours")
    if address.leaf is Leaf.VENDOR:
        return Heard(message, None, None, None, dialect=address.name)
    reader = _READERS.get(address.leaf)
    if reader is None or address.device is None:
        return Heard(message, None, None, None, "a service of ours")
    fields, faults = read(message.payload)
    if fields is None:
        return Heard(message, address.device, address.to, None, "; ".join(faults))
    to = address.to if reader is _envelope else None
    return Heard(message, address.device, to, reader(message, address, fields, list(faults)))


def _too_long(message: Message, address: Address | None, length: int) -> Heard:
    why = f"payload: {length} bytes, over {LIMIT}; the first {LIMIT} are kept"
    cut = replace(message, payload=message.payload[:LIMIT])
    if address is None:
        return Heard(cut, None, None, None, why)
    if address.leaf is Leaf.VENDOR:
        return Heard(cut, None, None, None, why, dialect=address.name)
    return Heard(cut, address.device, address.to, None, why)


def _envelope(message: Message, address: Address, fields: Fields, faults: Faults) -> Event:
    kind, said = _kind(fields.get("type"), faults)
    data = _data(fields.get("data"), faults)
    drill = fields.get("drill") is True
    if kind in _LEVELS:
        data = _level(data, faults)
        drill = drill or data["state"] == "test"
    if "crs" in data:
        data = at_the_edge(data)
    if fields.get("v", 1) != 1:
        faults.append("v: not 1")
    return Event(
        kind=kind,
        device=address.device or "",
        id=_id(fields.get("id"), message.payload, faults),
        gateway=address.gateway,
        seq=_count("seq", fields.get("seq"), faults),
        boot=_count("boot", fields.get("boot"), faults),
        ts=_instant(fields.get("ts"), faults),
        clock=_clock(fields.get("clock"), faults),
        drill=drill,
        data=data,
        faults=tuple(faults),
        said=said,
    )


def _status(message: Message, address: Address, fields: Fields, faults: Faults) -> Event:
    """Online is a sign of life; offline is the device's will, or its good-bye."""
    state = fields.get("state")
    if state not in ("online", "offline"):
        faults.append("state: neither online nor offline")
        return _sign(message, address, fields, faults, Kind.UNKNOWN)
    kind = Kind.HEARTBEAT if state == "online" else Kind.OFFLINE
    return _sign(message, address, fields, faults, kind)


def _sign(message: Message, address: Address, fields: Fields, faults: Faults, kind: Kind) -> Event:
    data = {key: value for key, value in fields.items() if key not in ("v", "boot")}
    return Event(
        kind=kind,
        device=address.device or "",
        id=_moment(message),
        boot=_count("boot", fields.get("boot"), faults),
        data=data,
        faults=tuple(faults),
        said=_say(fields.get("state")) if kind is Kind.UNKNOWN else None,
    )


def _cmdres(message: Message, address: Address, fields: Fields, faults: Faults) -> Event:
    """An answer to a command is a sign of life that carries the answer."""
    data = {"cmdres": fields}
    boot = _count("boot", fields.get("boot"), faults)
    return Event(Kind.HEARTBEAT, address.device or "", _moment(message), boot=boot, data=data, faults=tuple(faults))


_READERS: dict[Leaf, Callable[[Message, Address, Fields, Faults], Event]] = {
    Leaf.EVENT: _envelope,
    Leaf.TELEMETRY: _envelope,
    Leaf.STATUS: _status,
    Leaf.CMDRES: _cmdres,
}


def _kind(said: Any, faults: Faults) -> tuple[Kind, str | None]:
    if type(said) is str:
        if kind := _KINDS.get(said):
            return kind, "unknown" if kind is Kind.UNKNOWN else None
        if kind := _KINDS.get(_plain(said)):
            faults.append(f"type: written as {_say(said)}")
            return kind, None
    faults.append("type: missing" if said is None else "type: not in the list")
    return Kind.UNKNOWN, _say(said)


def _plain(said: str) -> str:
    """``SOS `` (also in full width) and ``water leak`` mean what they say."""
    folded = unicodedata.normalize("NFKC", said[:64]).strip(" \t\r\n\0\ufffd\ufeff").casefold()
    return re.sub(r"[\s-]+", "_", folded)


def _say(said: Any) -> str | None:
    """The device's own word, short, for people to read."""
    if said is None:
        return None
    return said[:64] if isinstance(said, str) else type(said).__name__


def _data(data: Any, faults: Faults) -> Fields:
    if type(data) is dict:
        return data
    if data is not None:
        faults.append("data: not an object")
    return {}


def _level(data: Fields, faults: Faults) -> Fields:
    """Smoke, gas and water that do not say ``clear`` or ``test`` are an alarm."""
    state = data.get("state")
    if isinstance(state, str) and state in _STATES:
        return data
    faults.append("state: missing, taken as alarm" if state is None else "state: unknown, taken as alarm")
    return {**data, "state": "alarm"}


def _id(value: Any, payload: bytes, faults: Faults) -> str:
    if type(value) is str and _ID.fullmatch(value):
        return value
    faults.append(f"id: {'missing' if value is None else 'bad'}, sha256 of the payload taken")
    return f"sha256:{hashlib.sha256(payload).hexdigest()}"


def _moment(message: Message) -> str:
    """Statuses have no id and repeat word for word: their id is what they say and when it came."""
    told = message.topic.encode("utf-8", "replace") + message.payload
    return f"sha256:{hashlib.sha256(told + message.received_at.isoformat().encode()).hexdigest()}"


def _count(name: str, value: Any, faults: Faults) -> int | None:
    if value is None:
        return None
    if type(value) is int and 0 <= value < _MOST:
        return value
    faults.append(f"{name}: not a count")
    return None


def _clock(value: Any, faults: Faults) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value in _CLOCKS:
        return value
    faults.append("clock: unknown")
    return None


def _instant(value: Any, faults: Faults) -> datetime | None:
    """The device's own time in UTC; nobody's deadline runs on it."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        faults.append("ts: unreadable")
        return None
    faults.append("ts: no zone")
    return None
