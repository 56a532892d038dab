"""ChirpStack v4 (and v3): the events of a LoRaWAN device, its codec's ``object`` inside."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import acknowledged, dated, finish, is_empty, told
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from broker_bridge.decoders.value import LOW, count, name, number, truth, word
from domain.events import Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``application/{id}/device/{devEui}/event/{event}``; over HTTP the fields tell which event it is."""
    device = _from_topic(topic)
    fields, why = body.fields(payload)
    if fields is None:
        return unreadable(why or "", device)
    device = device or _from_fields(fields)
    event = _event(topic, fields)
    if event in ("up", ""):
        return _up(fields, device, role)
    reader = _READERS.get(event)
    if reader is None:
        return noise(device, event) if event in _NOISE else unknown(device, f"event {event}")
    return sort(finish(reader(fields), device, fields.get("time"), _same(fields)))


def _up(fields: Fields, device: str | None, role: str | None) -> Translation:
    codec = _codec(fields)
    if is_empty(codec):
        if _nothing_sent(fields):
            return sort(finish([Reading(Kind.HEARTBEAT)], device, fields.get("time"), _same(fields)))
        return unknown(device, f"not decoded, fPort {str(fields.get('fPort'))[:8]}")
    return sort(finish(told(codec, role), device, fields.get("time"), _same(fields)))


def _codec(fields: Fields) -> Any:
    codec = fields.get("object")
    if codec is None and isinstance(fields.get("objectJSON"), str):
        codec, _ = body.value(fields["objectJSON"].encode())
    return codec


def _nothing_sent(fields: Fields) -> bool:
    """An uplink of the network alone: no data, or port 0."""
    return not fields.get("data") or count(fields.get("fPort")) == 0


def _same(fields: Fields) -> str | None:
    """The uplink, the same however often it is handed on; ``fCnt`` alone begins anew."""
    if (handed_on := name(fields.get("deduplicationId"))) is not None:
        return handed_on
    counter, address = count(fields.get("fCnt")), name(fields.get("devAddr"))
    return dated(f"{address}-{counter}", fields.get("time")) if address and counter is not None else None


def _from_topic(topic: str) -> str | None:
    levels = topic.split("/")
    if "device" in levels[:-1]:
        return levels[levels.index("device") + 1][:200].lower() or None
    return None


def _from_fields(fields: Fields) -> str | None:
    found = name(body.part(fields, "deviceInfo", "devEui")) or name(fields.get("devEUI")) or name(fields.get("devEui"))
    return found.lower() if found else None


def _event(topic: str, fields: Fields) -> str:
    last = topic.rsplit("/", 1)[-1]
    if last in _READERS or last in _NOISE or last == "up" or "/event/" in topic:
        return last
    return next((event for event, hint in _HINTS if hint in fields), "")


_HINTS = (
    ("up", "fCnt"), ("up", "object"), ("log", "level"), ("status", "margin"), ("ack", "acknowledged"),
    ("txack", "downlinkId"), ("location", "location"), ("join", "devAddr"),
)  # fmt: skip


def _status(fields: Fields) -> list[Reading]:
    """On external power there is no level; an absent one is not an empty battery."""
    supplied = truth(fields.get("externalPowerSource")) is True
    unavailable = supplied or truth(fields.get("batteryLevelUnavailable")) is True
    level = None if unavailable else number(fields.get("batteryLevel", fields.get("battery")), 0, 100)
    data: dict[str, Any] = {"external_power": True} if supplied else {}
    if level is None:
        return [Reading(Kind.HEARTBEAT, data)]
    readings = [Reading(Kind.HEARTBEAT, {**data, "battery_pct": level})]
    return [*readings, Reading(Kind.BATTERY_LOW, {"battery_pct": level}, level=True)] if level <= LOW else readings


def _join(fields: Fields) -> list[Reading]:
    del fields
    return [Reading(Kind.HEARTBEAT, {"state": "joined"})]


def _ack(fields: Fields) -> list[Reading]:
    return [acknowledged(fields.get("acknowledged"))]


def _log(fields: Fields) -> list[Reading]:
    """The network refuses the device: it may be trying to say something."""
    code = word(fields.get("code")) or word(fields.get("type"))
    quiet = word(fields.get("level")) == "info" or code.startswith("downlink")
    return [Reading(Kind.UNKNOWN, noise=quiet, said=json.dumps(code)[1:65].rstrip('"') or "log")]


def _location(fields: Fields) -> list[Reading]:
    where = body.part(fields, "location") or {}
    found = place(body.part(where, "latitude"), body.part(where, "longitude"), "WGS84", body.part(where, "accuracy"))
    return [Reading(Kind.LOCATION, found)] if found else [Reading(Kind.UNKNOWN, said="location")]


_READERS: dict[str, Callable[[Fields], list[Reading]]] = {
    "status": _status, "join": _join, "ack": _ack, "log": _log, "error": _log, "location": _location,
}  # fmt: skip
_NOISE = frozenset({"txack", "integration"})
