"""Another maker's message on its way in: whom it names, and what each of them says in our words.

Pure. Two passes, because a button means what the register says it is: ``names`` asks, ``translate`` answers.
One message may become several: each has its device, its kind and an id that every repeat shares.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from broker_bridge.datum import at_the_edge
from broker_bridge.decoders import Reading, Translation
from broker_bridge.decoders import translate as decode
from broker_bridge.topics import Address, Leaf, parse
from domain.events import Event, Heard, Kind, Message
from domain.foreign import Inside, Outside

#: messages without an id that say the same within this are one press
_SAME_PRESS_S = 5
#: carried along with any reading: two copies of one press may differ in them
_BESIDE = frozenset({"battery_pct", "rssi", "link", "off", "press", "trigger", "action"})
_PLAIN_ID = re.compile(r"[0-9A-Za-z_:.\-]{1,100}")
#: more readings than this are no message of a home
_MOST = 200


def names(message: Message) -> tuple[Outside, ...]:
    """Everybody whom this message names; the register is asked for all of them at once."""
    address = _address(message)
    if address is None:
        return ()
    said = _decoded(address, message.payload, None)
    return tuple(dict.fromkeys(_outside(address, reading) for reading in said.events[:_MOST]))


def translate(message: Message, known: Mapping[Outside, Inside]) -> tuple[Heard, ...]:
    """What each named device says, read with the role that the register gives it. Never empty."""
    address = _address(message)
    if address is None:
        return (Heard(message, None, None, None, "topic: not one of ours"),)
    roles = sorted({inside.role for inside in known.values()}, key=str)
    said = {role: _decoded(address, message.payload, role) for role in roles}
    if None not in said and _has_strangers(address, said.values(), known):
        said[None] = _decoded(address, message.payload, None)
    heard = list(_heard(message, address, said, known))
    return tuple(heard) or (_kept(message, address, next(iter(said.values()))),)


def _has_strangers(address: Address, said: Iterable[Translation], known: Mapping[Outside, Inside]) -> bool:
    """Somebody whom the register does not know is read without a role."""
    found = [_outside(address, reading) in known for translation in said for reading in translation.events[:_MOST]]
    return not found or not all(found)


def _address(message: Message) -> Address | None:
    address = parse(message.topic)
    if address is None or address.leaf is not Leaf.VENDOR:
        return None
    return address if message.site is None else replace(address, site=message.site)


def _decoded(address: Address, payload: bytes, role: str | None) -> Translation:
    return decode(address.name or "", address.rest or "", payload, role)


def _heard(
    message: Message, address: Address, said: Mapping[str | None, Translation], known: Mapping[Outside, Inside]
) -> Iterable[Heard]:
    """Of each role's translation the readings of the devices that have this role."""
    for role, translation in said.items():
        for reading in translation.events[:_MOST]:
            outside = _outside(address, reading)
            inside = known.get(outside)
            if (inside.role if inside else None) == role:
                yield _one(message, address, reading, inside, translation.unreadable)


def _one(message: Message, address: Address, reading: Reading, inside: Inside | None, why: str | None) -> Heard:
    to = "" if message.topic.startswith("http:") else None
    device = inside.device if inside else _stranger(address, reading)
    if why is not None:
        return Heard(message, device, to, None, why)
    return Heard(message, device, to, _event(message, reading, device or ""))


def _kept(message: Message, address: Address, said: Translation) -> Heard:
    """Nobody's role fits any reading (a device that only one role sees): kept as it came."""
    to = "" if message.topic.startswith("http:") else None
    return Heard(message, None, to, None, said.unreadable or f"{address.name}: names no device in every role")


def _event(message: Message, reading: Reading, device: str) -> Event:
    return Event(
        kind=reading.kind,
        device=device,
        id=_id(message, reading, device),
        ts=reading.ts,
        # a time that the maker's platform gave may be trusted as far as lateness goes
        clock="ntp" if reading.late and reading.ts is not None else None,
        drill=reading.drill,
        data=at_the_edge(reading.data),
        said=reading.said,
        level=reading.level,
        nameless=reading.id is None,
        late=reading.late and reading.ts is None,
        noise=reading.noise,
    )


def _id(message: Message, reading: Reading, device: str) -> str:
    """The maker's own, or a hash of who says what in these five seconds: one press comes as several messages."""
    if reading.id is not None and _PLAIN_ID.fullmatch(reading.id):
        return f"{reading.kind}-{reading.id}"
    told: dict[str, Any] = {k: v for k, v in sorted(reading.data.items()) if k not in _BESIDE}
    if reading.id is not None:
        told["id"] = reading.id
    else:
        told["bucket"] = int(message.received_at.timestamp()) // _SAME_PRESS_S
    if reading.kind is Kind.UNKNOWN:
        told["payload"] = message.payload.hex()[:4000]
    words = orjson.dumps([device, str(reading.kind), told], default=str)
    return f"{reading.kind}-h{hashlib.sha256(words).hexdigest()[:32]}"


def _outside(address: Address, reading: Reading) -> Outside:
    names = () if reading.hub else tuple(dict.fromkeys(_spellings(reading.device, reading.part)))
    return Outside(address.name or "", address.site, names, reading.hub)


def _spellings(device: str | None, part: str | None) -> Iterable[str]:
    """``device/part`` before the device alone; addresses with and without colons, large and small."""
    if device is None:
        return
    for whole in ([f"{device}/{part}"] if part else []) + [device]:
        yield whole
        yield from (whole.lower(), whole.upper())
        bare = whole.replace(":", "").replace("-", "").upper()
        if re.fullmatch(r"[0-9A-F]{12}|[0-9A-F]{16}", bare):
            pairs = ":".join(bare[n : n + 2] for n in range(0, len(bare), 2))
            yield from (bare, bare.lower(), pairs, pairs.lower())


def _stranger(address: Address, reading: Reading) -> str | None:
    """A name for a device that the register does not know; it cannot be mistaken for one of ours."""
    if reading.device is None and not reading.hub:
        return None
    return f"{address.name}/{address.site or '-'}/{'hub' if reading.hub else reading.device}"[:200]
