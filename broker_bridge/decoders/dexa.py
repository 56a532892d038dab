"""DEXA pagers: everything comes on the keep-alive topic, told apart by a hexadecimal type."""

from collections.abc import Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unreadable
from broker_bridge.decoders.value import LOW, name, number, percent
from domain.events import Kind

Fields = Mapping[str, Any]

_TYPES: dict[str, tuple[Kind, dict[str, Any]]] = {
    "08": (Kind.SOS, {"trigger": "button"}),
    "0a": (Kind.FALL, {"trigger": "man_down"}),
    "10": (Kind.HEARTBEAT, {}),
    "ka": (Kind.HEARTBEAT, {}),
    "reg": (Kind.HEARTBEAT, {"state": "registered"}),
    "status": (Kind.HEARTBEAT, {}),
    "lwt": (Kind.OFFLINE, {}),
    "offline": (Kind.OFFLINE, {}),
    "ack": (Kind.HEARTBEAT, {"answer": "received"}),
    "02": (Kind.HEARTBEAT, {"answer": "received"}),
    "80": (Kind.HEARTBEAT, {"answer": "coming"}),
    "82": (Kind.HEARTBEAT, {"answer": "coming_later"}),
    "84": (Kind.HEARTBEAT, {"answer": "not_coming"}),
}


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``p/u/{uid}/ka`` and the older ``reg``, ``status``, ``ack``, ``lwt``; ``r`` is ours to the pager."""
    del role
    device, leaf = _address(topic)
    if leaf == "r":
        return noise(device, "a call to the pager")
    if leaf == "lwt":
        return sort([Reading(Kind.OFFLINE, device=device)])
    fields, why = body.fields(payload)
    if fields is None:
        return unreadable(why or "", device)
    return sort(finish([*_said(fields, leaf)], device or name(fields.get("uid")), fields.get("ts")))


def _address(topic: str) -> tuple[str | None, str]:
    levels = topic.strip("/").split("/")
    if len(levels) >= 4 and levels[:2] == ["p", "u"]:
        return levels[2][:200], levels[3]
    return None, levels[-1]


def _said(fields: Fields, leaf: str) -> list[Reading]:
    code = _code(fields.get("type"))
    own = _own(fields)
    if code is None and leaf in _TYPES:
        code = leaf
    if code not in _TYPES:
        return [Reading(Kind.UNKNOWN, own, said=f"type {str(fields.get('type'))[:20]}")]
    kind, data = _TYPES[code]
    readings = [Reading(kind, {**own, **data})]
    where = place(*_fix(fields), "WGS84")
    if where is not None:
        readings.append(Reading(Kind.LOCATION, where))
    if own.get("battery_pct", 100) <= LOW:
        readings.append(Reading(Kind.BATTERY_LOW, own, level=True))
    return readings


def _code(said: Any) -> str | None:
    """``"8"``, ``8`` and ``"08"`` are one code; letters count in any case."""
    if isinstance(said, bool) or not isinstance(said, str | int):
        return None
    code = str(said).strip().lower().removeprefix("0x")
    return code.zfill(2) if code else None


def _own(fields: Fields) -> dict[str, Any]:
    level, signal = percent(fields.get("bat")), number(fields.get("sig"), -200, 0)
    return {key: item for key, item in (("battery_pct", level), ("rssi", signal)) if item is not None}


def _fix(fields: Fields) -> tuple[Any, Any]:
    fix = fields.get("gps") if isinstance(fields.get("gps"), dict) else fields
    return body.part(fix, "lat"), body.part(fix, "lon") or body.part(fix, "lng")
