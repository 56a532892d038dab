"""G601, G616, 618 watches: one status holds everything, numbers as text, Amap's datum, no zone."""

from collections.abc import Iterator, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.place import pair, place
from broker_bridge.decoders.reading import Reading, Translation, sort, unreadable
from broker_bridge.decoders.value import LOW, count, name, percent, truth, vitals
from domain.events import Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``atom/g616/status/{imei}``; the answer to a command is a sign of life."""
    del role
    levels = topic.strip("/").split("/")
    device = levels[3] if len(levels) > 3 else None
    if "cmd" in levels[:-1]:
        return sort([Reading(Kind.HEARTBEAT, {"answer": levels[-1][:20]}, device)])
    fields, why = body.fields(payload)
    if fields is None:
        return unreadable(why or "", device)
    said = [*_said(fields)] or [Reading(Kind.HEARTBEAT if _known(fields) else Kind.UNKNOWN, _own(fields))]
    return sort(finish(said, device or name(fields.get("imei"))))


def _said(fields: Fields) -> Iterator[Reading]:
    own = _own(fields)
    if truth(fields.get("sos")) is True:
        yield Reading(Kind.SOS, {"trigger": "button", **own}, level=True)
    elif truth(fields.get("sos")) is None and fields.get("sos") is not None:
        yield Reading(Kind.UNKNOWN, said=f"sos: {str(fields.get('sos'))[:20]}")
    if truth(fields.get("isWearing")) is False:
        yield Reading(Kind.TAMPER, {"kind": "not_worn"}, level=True)
    elif found := _vitals(fields):
        yield Reading(Kind.VITALS, {**own, **found})
    if truth(fields.get("isOnline")) is False:
        yield Reading(Kind.OFFLINE)
    if where := _where(fields):
        yield Reading(Kind.LOCATION, {**own, **where})
    steps = count(fields.get("stepCount"), 10**6)
    if steps:
        yield Reading(Kind.ACTIVITY, {"kind": "steps", "state": steps})
    if own.get("battery_pct", 100) <= LOW:
        yield Reading(Kind.BATTERY_LOW, own, level=True)


def _known(fields: Fields) -> bool:
    return not {"sos", "isWearing", "heartRate", "battery", "location"}.isdisjoint(fields)


def _own(fields: Fields) -> dict[str, Any]:
    level = percent(fields.get("battery"))
    over = [kind for kind, is_over in (
        ("battery_low", level is not None and level > LOW), ("sos", truth(fields.get("sos")) is False),
        ("tamper", truth(fields.get("isWearing")) is True),
    ) if is_over]  # fmt: skip
    own: dict[str, Any] = {} if level is None else {"battery_pct": level}
    return own | ({"off": over} if over else {})


def _vitals(fields: Fields) -> dict[str, float]:
    """Taken off, the watch measures the table."""
    return vitals({
        "hr_bpm": fields.get("heartRate"), "spo2_pct": fields.get("bloodOxygen"), "temp_c": fields.get("temperature"),
        "sys": fields.get("bpSystolic"), "dia": fields.get("bpDiastolic"),
    })  # fmt: skip


def _where(fields: Fields) -> dict[str, Any] | None:
    """``"lng,lat"``; date ``yyMMdd`` and time ``HHmmss`` of the fix."""
    halves = pair(fields.get("location"))
    if halves is None:
        return None
    fix = f"{fields.get('locationDate') or ''}{fields.get('locationTime') or ''}"
    return place(halves[1], halves[0], "GCJ02", None, fix if len(fix) == 12 else None)
