"""爱牵挂 (Aiqiangua) watches and home detectors: form bodies that look alike; the path says what they are."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.place import place
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from broker_bridge.decoders.states import alarm
from broker_bridge.decoders.value import LOW, count, name, percent, truth, vitals, word
from domain.events import Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``http:/aiqiangua/{what}``; a body that says ``data_type`` or ``event`` itself counts as much."""
    fields, why = body.fields_or_form(payload)
    if fields is None:
        return unreadable(why or "")
    device = next((found for key in ("imei", "deviceid", "device_id") if (found := name(fields.get(key)))), None)
    what = _what(topic, fields)
    if what in _NOISE:
        return noise(device, what)
    reader = _READERS.get(what)
    if reader is not None:
        said = [*reader(fields)]
    elif what in ("home", "devicestatus", "devicealarm", "alarm"):
        said = _home(fields, role)
    else:
        return unknown(device, f"path {what}")
    return sort(finish(said or [Reading(Kind.HEARTBEAT)], device, _when(fields)))


def _what(topic: str, fields: Fields) -> str:
    """The last level of the path that we know, else what the body calls itself."""
    levels = [word(level).replace("_", "") for level in topic.split("?")[0].split("/")]
    by_path = next((level for level in reversed(levels) if level in _READERS or level in _OTHERS), None)
    if by_path is not None and by_path not in ("home", "notify"):
        return by_path
    for key in ("event", "data_type", "event_type", "type_name"):
        own = word(fields.get(key)).replace("_", "")
        if own:
            return own if own in _READERS or own in _OTHERS else "alarm" if "alarm" in own else own
    return by_path or levels[-1]


def _when(fields: Fields) -> Any:
    for key in ("time_begin_str", "date_str", "time_begin", "time", "timestamp"):
        if fields.get(key):
            return fields[key]
    return None


def _location(fields: Fields) -> Iterator[Reading]:
    where = place(fields.get("lat"), fields.get("lon"), "GCJ02", None, _when(fields))
    if where is not None:
        yield Reading(Kind.LOCATION, where)


def _vitals(fields: Fields) -> Iterator[Reading]:
    found = vitals({
        "hr_bpm": fields.get("heartrate", fields.get("average_heartrate")), "spo2_pct": fields.get("bloodoxygen"),
        "sys": fields.get("sbp", fields.get("systolic")), "dia": fields.get("dbp", fields.get("diastolic")),
        "temp_c": fields.get("bodytemperature", fields.get("temperature")),
    })  # fmt: skip
    if found:
        yield Reading(Kind.VITALS, dict(found))


def _sos(fields: Fields) -> Iterator[Reading]:
    yield Reading(Kind.SOS, {"trigger": "button"})
    yield from _vitals(fields)
    yield from _location(fields)


def _fall(fields: Fields) -> Iterator[Reading]:
    yield Reading(Kind.FALL)
    yield from _location(fields)


def _steps(fields: Fields) -> Iterator[Reading]:
    said = next((fields[key] for key in ("value", "step_number_value", "stepNumber", "step") if key in fields), None)
    steps = count(said, 10**6)
    if steps is not None:
        yield Reading(Kind.ACTIVITY, {"kind": "steps", "state": steps})


def _power(fields: Fields) -> Iterator[Reading]:
    level = percent(next((fields[key] for key in ("remaining_power", "power", "value") if key in fields), None))
    if level is not None:
        yield Reading(Kind.BATTERY_LOW if level <= LOW else Kind.HEARTBEAT, {"battery_pct": level}, level=level <= LOW)


def _sleep(fields: Fields) -> Iterator[Reading]:
    del fields
    yield Reading(Kind.HEARTBEAT, {"news": "sleep"})


def _reply(fields: Fields) -> Iterator[Reading]:
    yield Reading(Kind.HEARTBEAT, {"answer": str(fields.get("reply_type") or "")[:20]})


def _home(fields: Fields, role: str | None) -> list[Reading]:
    """A detector of the home: its state under a name of its own (``water_immersion_statu``, ``door_statu``)."""
    own = {
        key: item for key, item in fields.items() if key not in _ENVELOPE and not key.startswith(("theshold", "time"))
    }
    said = [one for one in tell(own, role) if one.kind is not Kind.HEARTBEAT] if own else []
    if truth(fields.get("power_type")) is False:
        said.append(Reading(Kind.BATTERY_LOW, level=True))
    if truth(fields.get("people_in_area_statu")) is not None:
        on = truth(fields["people_in_area_statu"])
        said.append(Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on" if on else "off"}, level=True))
    named = next((str(fields[key]) for key in ("alarm_type", "alarmtype", "alarm_name", "warning_type")
                  if fields.get(key)), None)  # fmt: skip
    sense = meaning(named) if named else None
    if sense is not None and not any(one.kind is sense.kind for one in said):
        said.append(alarm(sense, "alarm"))
    alarming = named is not None or "alarm" in word(fields.get("data_type"))
    if alarming and not any(one.kind is not Kind.UNKNOWN for one in said):
        said = [Reading(Kind.UNKNOWN, said=f"alarm {named or ''} {fields.get('device_type') or ''}".strip()[:64])]
    return said


#: about the message and its device, not about the home
_ENVELOPE = frozenset({"imei", "data_type", "date_str", "device_type", "power_type", "version", "nb_signal",
                       "nb_cellid", "people_in_area_statu", "temperature", "alarm_type"})  # fmt: skip
_READERS: dict[str, Callable[[Fields], Iterator[Reading]]] = {
    "sos": _sos, "location": _location, "heartrate": _vitals, "exerciseheartrate": _vitals, "bloodpressure": _vitals,
    "bloodoxygen": _vitals, "temperature": _vitals, "bodytemperature": _vitals, "fall": _fall, "step": _steps,
    "steps": _steps, "pedometer": _steps, "sleep": _sleep, "power": _power, "reply": _reply,
}  # fmt: skip
_NOISE = frozenset({"notify"})
_OTHERS = frozenset({"home", "devicestatus", "devicealarm", "alarm", "notify"})
