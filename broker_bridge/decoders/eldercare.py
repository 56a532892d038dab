"""A Chinese eldercare platform's push: ``pushType`` and ``Action`` numbers for many makers' devices."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.alarm_names import Meaning, meaning
from broker_bridge.decoders.button import BUTTONS
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.naming import words
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unreadable
from broker_bridge.decoders.states import hazard
from broker_bridge.decoders.value import LOW, name, number, percent, truth, vitals
from broker_bridge.decoders.worded import Word
from domain.events import Kind

Fields = Mapping[str, Any]

_SOS: tuple[Kind, dict[str, Any]] = (Kind.SOS, {"trigger": "button"})
_CORD: tuple[Kind, dict[str, Any]] = (Kind.SOS, {"trigger": "pull_cord"})
_MOTION: tuple[Kind, dict[str, Any]] = (Kind.ACTIVITY, {"kind": "motion", "state": "on"})
_ALARM = {"state": "alarm"}
_ACTIONS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "4": (Kind.HEARTBEAT, {"state": "inside"}),
    "5": (Kind.GEOFENCE_EXIT, {}),
    "6": (Kind.HEARTBEAT, {"state": "entered"}),
    "7": _SOS,
    "9": (Kind.BATTERY_LOW, {}),
    "10": (Kind.TAMPER, {"kind": "not_worn"}),
    "11": (Kind.FALL, {}),
    "24": (Kind.TAMPER, {"kind": "sim_changed"}),
    "26": (Kind.HEARTBEAT, {"wifi": "off"}),
    "27": (Kind.HEARTBEAT, {"wifi": "on"}),
    "28": (Kind.OFFLINE, {"wifi": "off"}),
    "42": (Kind.HEARTBEAT, {"state": "armed"}),
    "43": (Kind.HEARTBEAT, {"state": "disarmed"}),
    "44": (Kind.HEARTBEAT, {"state": "armed_home"}),
    "47": (Kind.HEARTBEAT, {"wifi": "other"}),
    "49": _MOTION,
    "50": _SOS,
    "51": (Kind.TAMPER, {"kind": "case_open"}),
    "52": (Kind.HEARTBEAT, {"state": "restored"}),
    "63": _MOTION,
    "84": (Kind.OFFLINE, {"state": "gateway"}),
    "85": (Kind.HEARTBEAT, {"state": "gateway"}),
    "115": _CORD,
    "118": (Kind.FALL, {}),
    "123": (Kind.GAS, _ALARM),
    "124": (Kind.SMOKE, _ALARM),
    "125": (Kind.WATER_LEAK, _ALARM),
    "127": (Kind.FALL, {}),
    "129": (Kind.GAS, _ALARM),
    "130": _MOTION,
    "131": _SOS,
    "132": _SOS,
    "138": (Kind.ACTIVITY, {"kind": "bed"}),
    "451": (Kind.ACTIVITY, {"kind": "door", "state": "open"}),
    "452": (Kind.SMOKE, _ALARM),
    "453": _MOTION,
    "454": (Kind.GAS, _ALARM),
    "455": (Kind.GAS, {**_ALARM, "medium": "CO"}),
    "456": _SOS,
    "457": (Kind.TAMPER, {"kind": "case_open"}),
    "458": (Kind.WATER_LEAK, _ALARM),
    "459": _MOTION,
    "450A": (Kind.HEARTBEAT, {"power": "cut"}),
}
#: the device beside it says what kind of detector speaks
_BY_DEVICE = words("35 36 37 45 45FF 61 67 113 114 116 117 119 121 134 135 139 153")
_BY_ROLE = {
    "smoke": Kind.SMOKE, "gas": Kind.GAS, "water": Kind.WATER_LEAK, "leak": Kind.WATER_LEAK, "fall": Kind.FALL,
}  # fmt: skip
_SIGNS = (("烟", "smoke"), ("燃气", "gas"), ("气感", "gas"), ("一氧化碳", "co"), ("水浸", "leak"), ("门", "door"),
          ("红外", "motion"), ("跌倒", "fall"), ("SOS", "sos"), ("按", "sos"), ("拉绳", "sos"),
          ("拆", "tamper"))  # fmt: skip
#: changes of the register
_NOISE = frozenset({"86", "87", "200"})


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """1 SOS, 2 vitals, 3 position, 4 a notice with its ``Action``; more come over time."""
    del topic
    fields, why = body.fields_or_form(payload)
    if fields is None:
        return unreadable(why or "")
    device = next(
        (found for key in ("imei", "IMEI", "MID", "UID", "deviceId") if (found := name(fields.get(key)))), None
    )
    if _code(fields.get("pushType")) in ("8", "14") or _code(fields.get("Action")) in _NOISE:
        return noise(device, f"pushType {fields.get('pushType')}")
    said = [*_said(fields, role), *_beside(fields)]
    return sort(finish(said, device, fields.get("Time") or fields.get("time")))


def _code(said: Any) -> str:
    """A code as text: ``9``, ``9.0`` and ``"9"`` are one."""
    figure = number(said)
    if figure is not None and figure == int(figure):
        return str(int(figure))
    return str(said).strip().upper() if isinstance(said, str) else ""


def _said(fields: Fields, role: str | None) -> Iterator[Reading]:
    kind = _code(fields.get("pushType"))
    if kind == "1":
        yield Reading(_SOS[0], dict(_SOS[1]))
    elif kind == "4" or (not kind and "Action" in fields):
        yield _action(_code(fields.get("Action")), fields, role)
    elif kind in ("2", "13"):
        found = _vitals(fields)
        yield Reading(Kind.VITALS, dict(found)) if found else Reading(Kind.HEARTBEAT)
    elif kind in ("10", "12"):
        yield Reading(Kind.HEARTBEAT, {"news": "sleep"})
    elif kind != "3":
        yield Reading(Kind.UNKNOWN, said=f"pushType {kind}"[:64])


def _vitals(fields: Fields) -> dict[str, float]:
    return vitals({
        "hr_bpm": fields.get("H"), "spo2_pct": fields.get("O"), "temp_c": fields.get("W"), "sys": fields.get("X"),
        "dia": fields.get("Y"), "resp_rpm": fields.get("Breathe"),
    })  # fmt: skip


def _action(code: str, fields: Fields, role: str | None) -> Reading:
    if code == "-1":
        online = truth(fields.get("OL"))
        if online is None:
            return Reading(Kind.UNKNOWN, said="neither online nor offline")
        return Reading(Kind.HEARTBEAT if online else Kind.OFFLINE, {"state": "online" if online else "offline"})
    if code == "45" and f"45{_code(fields.get('DevType'))}" in _ACTIONS:
        code = f"45{_code(fields.get('DevType'))}"
    if code in _ACTIONS:
        kind, data = _ACTIONS[code]
        return Reading(kind, dict(data))
    if code in _BY_DEVICE:
        return _by_device(code, fields, role)
    return Reading(Kind.UNKNOWN, said=f"Action {code}"[:64])


def _by_device(code: str, fields: Fields, role: str | None) -> Reading:
    """A notice of many makers' detectors: what they are stands beside it, or in the register."""
    told = " ".join(str(fields.get(key) or "") for key in ("DevType", "PDType", "EventType", "type"))
    sense = meaning(told.strip()) or next((meaning(word) for sign, word in _SIGNS if sign in told), None)
    if sense is None:
        kind = next((kind for hint, kind in _BY_ROLE.items() if hint in (role or "")), None)
        sense = Meaning(kind, {}) if kind else Meaning(*_SOS) if role in BUTTONS else None
    if sense is None:
        return Reading(Kind.UNKNOWN, said=f"Action {code} {told}".strip()[:64], drill=code == "67")
    if sense.kind in (Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK):
        found = hazard(Meaning(sense.kind, {**sense.data, **_ALARM}), Word.TEST if code == "67" else Word.YES, code)
        return replace(found, level=False) if found else Reading(Kind.UNKNOWN)
    data = {"state": "open", **sense.data} if sense.data.get("kind") == "door" else dict(sense.data)
    return Reading(sense.kind, data, drill=code == "67")


def _beside(fields: Fields) -> Iterator[Reading]:
    """A position (Amap's datum, as Chinese platforms draw it) and the battery come with many pushes."""
    lon, lat = fields.get("Lon", fields.get("lon")), fields.get("Lat", fields.get("lat"))
    where = place(lat, lon, "GCJ02", fields.get("Radius"))
    level = percent(fields.get("B"))
    if where is not None:
        yield Reading(Kind.LOCATION, where | ({} if level is None else {"battery_pct": level}))
    elif _code(fields.get("pushType")) == "3":
        yield Reading(Kind.HEARTBEAT, {} if level is None else {"battery_pct": level})
    if level is not None and 0 < level <= LOW:
        yield Reading(Kind.BATTERY_LOW, {"battery_pct": level}, level=True)
