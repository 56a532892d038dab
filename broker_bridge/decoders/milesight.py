"""Milesight straight from the device or its gateway: keys with blanks, time without zones, ``event: 0`` is the fall."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.chirpstack import decode as lorawan
from broker_bridge.decoders.lora import dated, finish, told
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.naming import words
from broker_bridge.decoders.reading import Reading, Translation, sort, unreadable
from broker_bridge.decoders.states import alarm
from broker_bridge.decoders.value import count, name, number, word
from domain.events import Kind

Fields = Mapping[str, Any]

#: the ``event`` of a radar's trigger report; 0 is the fall
_EVENTS = (
    "fall", "motionless", "dwell", "out_of_bed", "occupied", "vacant", "bradypnea", "tachypnea", "lying",
)  # fmt: skip
_ENVELOPE = words(
    "device_info trigger_data report_type time_info applicationid application_name cellularip devicename gatewaytime "
    "data fcnt fport adr rxinfo txinfo timestamp time deveui applicationname devaddr dr tags confirmeduplink "
    "deviceprofilename deviceprofileid"
)


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """A radar's report, or an uplink that the gateway decoded itself."""
    raw, why = body.fields(payload)
    if raw is None:
        return unreadable(why or "")
    if "object" in raw or "objectJSON" in raw or isinstance(raw.get("deviceInfo"), dict):
        return lorawan(topic, payload, role)
    fields = _tidy(raw)
    who = fields.get("device_info")
    about = who if isinstance(who, dict) else fields
    said = [*_triggers(fields, about), *_rest(fields, role)] or [_nothing(fields)]
    return sort(finish(said, _device(about), about.get("time"), _same(fields)))


def _tidy(value: Any) -> Any:
    """``device info`` and ``device_info`` are one key."""
    if isinstance(value, dict):
        return {word(key): _tidy(item) for key, item in value.items()}
    return [_tidy(item) for item in value] if isinstance(value, list) else value


def _triggers(fields: Fields, about: Fields) -> Iterator[Reading]:
    """Trigger data stands beside the device's, or inside it."""
    for holder in (fields, about) if about is not fields else (fields,):
        for trigger in body.objects(holder.get("trigger_data")):
            yield _trigger(trigger, about.get("time"))
        for memory in (item for item in body.objects(holder.get("history")) if "event" in item):
            yield replace(_trigger(memory), late=True, ts=moment(memory.get("timestamp", memory.get("time"))))


def _trigger(trigger: Fields, time: Any = None) -> Reading:
    code = count(trigger.get("event"), 99)
    named = _EVENTS[code] if code is not None and code < len(_EVENTS) else trigger.get("event")
    found = meaning(named) if isinstance(named, str) else None
    if found is None:
        return Reading(Kind.UNKNOWN, said=f"event {str(trigger.get('event'))[:40]}")
    reading = alarm(found, "1" if trigger.get("status") is None else trigger["status"])
    mark = name(trigger.get("trigger_id"))
    same = dated(f"trigger-{mark}", time) if mark else None
    return Reading(reading.kind, reading.data, id=same, drill=reading.drill)


def _rest(fields: Fields, role: str | None) -> list[Reading]:
    """Everything that is not the envelope: properties, events, history, people counted."""
    plain = {key: _detected(key, item) for key, item in fields.items()
             if key not in _ENVELOPE and not _is_report_name(key, item) and not _numbered(item)}  # fmt: skip
    if (people := number(fields.get("current_total"), 0)) is not None:
        return [Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on" if people else "off"})]
    return told(plain, role) if plain else []


def _nothing(fields: Fields) -> Reading:
    """A report about itself; an uplink whose bytes nobody decoded may be a press."""
    if fields.get("data") and count(fields.get("fport")):
        return Reading(Kind.UNKNOWN, said=f"not decoded, fPort {str(fields['fport'])[:8]}")
    return Reading(Kind.HEARTBEAT)


def _detected(key: str, item: Any) -> Any:
    """What a radar's ``detection_status`` means, also inside a report, where it comes as a number."""
    if isinstance(item, dict):
        return {name: _detected(name, inner) for name, inner in item.items()}
    code = count(item) if key == "detection_status" else None
    return _DETECTED[code] if code is not None and code < len(_DETECTED) else item


#: numbers of a radar's room detection
_DETECTED = ("normal", "vacant", "in_bed", "out_of_bed", "fall")


def _numbered(item: Any) -> bool:
    """A history of numbered events, read as the triggers they were."""
    return any("event" in memory for memory in body.objects(item)) if isinstance(item, list) else False


def _is_report_name(key: str, item: Any) -> bool:
    return key == "event" and isinstance(item, str) and "counting" in item.lower()


def _device(about: Fields) -> str | None:
    for key in ("device_sn", "sn", "deveui", "device_mac", "device_eui"):
        if found := name(about.get(key)):
            return found
    return None


def _same(fields: Fields) -> str | None:
    counter = count(fields.get("fcnt"))
    return None if counter is None else dated(f"uplink-{counter}", fields.get("gatewaytime", fields.get("time")))
