"""Traccar's forwarded events and positions: many makers of trackers, one shared topic, alarms joined by commas."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import dated
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.naming import words
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading, Translation, sort, unreadable
from broker_bridge.decoders.value import LOW, count, name, number, percent, truth, vitals
from domain.events import Kind

Fields = Mapping[str, Any]

_ALARMS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "sos": (Kind.SOS, {"trigger": "button"}),
    "falldown": (Kind.FALL, {}),
    "removing": (Kind.TAMPER, {"kind": "not_worn"}),
    "tampering": (Kind.TAMPER, {"kind": "case_open"}),
    "jamming": (Kind.TAMPER, {"kind": "jamming"}),
    "lowbattery": (Kind.BATTERY_LOW, {}),
    "lowpower": (Kind.BATTERY_LOW, {}),
    "poweroff": (Kind.OFFLINE, {"reason": "power_off"}),
    "poweron": (Kind.HEARTBEAT, {"state": "power_on"}),
    "powercut": (Kind.HEARTBEAT, {"power": "cut"}),
    "powerrestored": (Kind.HEARTBEAT, {"power": "restored"}),
    "geofenceexit": (Kind.GEOFENCE_EXIT, {}),
    "geofence": (Kind.GEOFENCE_EXIT, {}),
    "geofenceenter": (Kind.HEARTBEAT, {"state": "entered"}),
    "movement": (Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
    "vibration": (Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
    "door": (Kind.ACTIVITY, {"kind": "door", "state": "open"}),
}
#: of vehicles, or a measurement's own business: a sign of life
_OF_VEHICLES = words(
    "overspeed lowspeed tow idle highrpm hardacceleration hardbraking hardcornering lanechange fatiguedriving bonnet "
    "footbrake fuelleak parking lock unlock gpsantennacut temperature"
)
_EVENTS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "deviceonline": (Kind.HEARTBEAT, {"state": "online"}),
    "deviceoffline": (Kind.OFFLINE, {}),
    "deviceunknown": (Kind.OFFLINE, {}),
    "deviceinactive": (Kind.OFFLINE, {}),
    "geofenceexit": (Kind.GEOFENCE_EXIT, {}),
    "geofenceenter": (Kind.HEARTBEAT, {"state": "entered"}),
    "devicemoving": (Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
    "devicestopped": (Kind.ACTIVITY, {"kind": "motion", "state": "off"}),
}
_ALIVE = words(
    "commandresult queuedcommandsent ignitionon ignitionoff maintenance driverchanged deviceoverspeed devicefueldrop "
    "devicefuelincrease deviceidle media"
)


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """One event with its position, one position, or a list of them; who speaks stands in ``device.uniqueId``."""
    del topic, role
    found, why = body.value(payload)
    entries = body.objects(found)
    if not entries:
        return unreadable(why or "payload: no Traccar object")
    return sort([reading for entry in entries for reading in _entry(entry)])


def _entry(fields: Fields) -> list[Reading]:
    event, position = _part(fields, "event"), _part(fields, "position")
    if not event and not position and "latitude" in fields:
        position = fields
    device = _device(fields, event, position)
    readings = [*_event(event, fields), *_position(position)] or [Reading(Kind.UNKNOWN, said=", ".join(fields)[:64])]
    told_at = event.get("eventTime") or position.get("deviceTime") or position.get("fixTime")
    at = moment(told_at)
    late = truth(body.part(position, "attributes", "archive")) is True
    same = _same(event, position, told_at)
    return [replace(one, device=device, ts=at, id=same, late=one.late or late) for one in _merged(readings)]


def _part(fields: Fields, key: str) -> Fields:
    found = fields.get(key)
    return found if isinstance(found, dict) else {}


def _device(fields: Fields, event: Fields, position: Fields) -> str | None:
    named = name(body.part(fields, "device", "uniqueId")) or name(fields.get("uniqueId"))
    return named or name(event.get("deviceId")) or name(position.get("deviceId"))


def _same(event: Fields, position: Fields, at: Any) -> str | None:
    """An alarm comes as an event and again with its position: the position's number is in both."""
    by_position = count(position.get("id")) or count(event.get("positionId"))
    if by_position and (not event or event.get("type") == "alarm"):
        return dated(f"position-{by_position}", at)
    return dated(f"event-{count(event.get('id'))}", at) if count(event.get("id")) else None


def _event(event: Fields, fields: Fields) -> Iterator[Reading]:
    kind = str(event.get("type") or "").lower()
    if kind == "alarm":
        yield from _alarms(body.part(event, "attributes", "alarm"))
    elif kind in _EVENTS:
        what, data = _EVENTS[kind]
        fence = name(body.part(fields, "geofence", "name"))
        yield Reading(what, {**data, **({"fence": fence} if fence and "geofence" in kind else {})})
    elif kind in _ALIVE:
        yield Reading(Kind.HEARTBEAT, {"event": kind})
    elif event:
        yield Reading(Kind.UNKNOWN, said=f"event {kind}"[:64])


def _alarms(said: Any) -> Iterator[Reading]:
    """``"sos,lowBattery"`` is two; one that nobody here knows is ``unknown``, which is loud from a pendant."""
    for one in str(said or "").split(","):
        key = one.strip().replace("_", "").lower()
        if key in _ALARMS:
            kind, data = _ALARMS[key]
            yield Reading(kind, dict(data))
        elif key in _OF_VEHICLES:
            yield Reading(Kind.HEARTBEAT, {"event": key})
        elif key:
            yield Reading(Kind.UNKNOWN, said=f"alarm {one.strip()}"[:64])


def _position(position: Fields) -> Iterator[Reading]:
    attributes = _part(position, "attributes")
    yield from _alarms(attributes.get("alarm"))
    body_ = vitals(_vitals(attributes))
    if body_:
        yield Reading(Kind.VITALS, dict(body_))
    steps = count(attributes.get("steps"), 10**6)
    if steps is not None:
        yield Reading(Kind.ACTIVITY, {"kind": "steps", "state": steps})
    level = percent(attributes.get("batteryLevel"))
    own = {} if level is None else {"battery_pct": level}
    where = _where(position)
    if where is not None:
        yield Reading(Kind.LOCATION, {**own, **where}, late=truth(position.get("outdated")) is True)
    elif position:
        yield Reading(Kind.HEARTBEAT, own)
    if level is not None and level <= LOW and truth(attributes.get("charge")) is not True:
        yield Reading(Kind.BATTERY_LOW, own, level=True)


def _where(position: Fields) -> dict[str, Any] | None:
    return place(
        position.get("latitude"), position.get("longitude"), "WGS84", position.get("accuracy"), position.get("fixTime")
    )


def _vitals(attributes: Fields) -> dict[str, Any]:
    return {
        vital: next((attributes[key] for key in keys.split() if number(attributes.get(key)) is not None), None)
        for vital, keys in _VITALS.items()
    }


_VITALS = {
    "hr_bpm": "heartRate",
    "spo2_pct": "spO2 spo2 bloodOxygen",
    "temp_c": "bodyTemp bodyTemperature",
    "sys": "pressureHigh systolic bloodPressureHigh",
    "dia": "pressureLow diastolic bloodPressureLow",
}


def _merged(readings: list[Reading]) -> list[Reading]:
    """The event and its position say the same alarm: once, with all that is known of it."""
    once: dict[tuple[Kind, Any], Reading] = {}
    for one in readings:
        key = (one.kind, one.said or one.data.get("kind"))
        seen = once.get(key)
        once[key] = one if seen is None else replace(seen, data={**seen.data, **one.data})
    return list(once.values())
