"""JJT watches: a push for each type of data, Baidu's datum."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.naming import words
from broker_bridge.decoders.place import pair, place
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unreadable
from broker_bridge.decoders.states import alarm
from broker_bridge.decoders.value import LOW, count, name, percent, truth, vitals, word
from domain.events import Kind

Fields = Mapping[str, Any]

#: answers to our own settings
_ANSWERS = words("kinsuccess intervalsuccess logicsuccess whitelistsuccess")


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``type`` says what it is, ``deviceNum`` who speaks, ``createTime`` when."""
    del topic
    fields, why = body.fields(payload)
    if fields is None:
        return unreadable(why or "")
    for inner in body.objects(fields.get("data")):
        fields = {**inner, **fields}
    device = name(fields.get("deviceNum")) or name(fields.get("imei"))
    kind = str(fields.get("type") or "").strip()
    if kind.lower() in _ANSWERS:
        return noise(device, kind)
    reader = _READERS.get(kind.lower())
    said = [*reader(fields)] if reader else _alarm(kind, fields, role)
    return sort(finish(said or [Reading(Kind.HEARTBEAT, _own(fields))], device, fields.get("createTime")))


def _alarm(kind: str, fields: Fields, role: str | None) -> list[Reading]:
    """An alarm by its own type, or by the name or text beside it."""
    if kind.lower() == "alarm":
        hints = [str(item) for key, item in fields.items()
                 if key not in ("type", "deviceNum", "createTime") and isinstance(item, str)]  # fmt: skip
        found = next((sense for hint in hints if (sense := meaning(hint)) is not None), None)
        named = [
            one for one in tell(_rest(fields), role) if one.kind not in (Kind.HEARTBEAT, Kind.UNKNOWN, Kind.LOCATION)
        ]
        said = (
            [alarm(found, "alarm")]
            if found
            else named or [Reading(Kind.UNKNOWN, said=f"alarm {', '.join(hints)}"[:64])]
        )
    else:
        sense = meaning(kind)
        said = [alarm(sense, "alarm")] if sense else [Reading(Kind.UNKNOWN, said=f"type {kind}"[:64])]
    return [*said, *_location(fields)]


def _rest(fields: Fields) -> dict[str, Any]:
    return {key: item for key, item in fields.items() if key not in ("type", "deviceNum", "createTime")}


def _location(fields: Fields) -> Iterator[Reading]:
    halves = pair(fields.get("location")) or (None, None)
    lon = next((fields[key] for key in ("lng", "lon", "longitude") if key in fields), halves[0])
    lat = next((fields[key] for key in ("lat", "latitude") if key in fields), halves[1])
    where = place(lat, lon, "BD09", fields.get("radius") or fields.get("accuracy"))
    if where is not None:
        yield Reading(Kind.LOCATION, {**_own(fields), **where})
    yield from _worn(fields)
    if (level := percent(fields.get("battery"))) is not None and level <= LOW:
        yield Reading(Kind.BATTERY_LOW, {"battery_pct": level}, level=True)


def _worn(fields: Fields) -> Iterator[Reading]:
    if truth(fields.get("isWear")) is False:
        yield Reading(Kind.TAMPER, {"kind": "not_worn"}, level=True)


def _own(fields: Fields) -> dict[str, Any]:
    level = percent(fields.get("battery"))
    return {} if level is None else {"battery_pct": level}


def _body(fields: Fields) -> Iterator[Reading]:
    """Heart, pressure, oxygen, temperature; the names differ from type to type."""
    names: dict[str, Any] = {}
    for key, item in fields.items():
        vital = _NAMES.get(word(key).replace("_", ""))
        if vital is not None:
            names[vital] = item
    found = vitals(names)
    if found:
        yield Reading(Kind.VITALS, dict(found))
    steps = count(fields.get("step", fields.get("steps", fields.get("stepCount"))), 10**6)
    if steps:
        yield Reading(Kind.ACTIVITY, {"kind": "steps", "state": steps})


_NAMES = {
    "heart": "hr_bpm", "heartrate": "hr_bpm", "hr": "hr_bpm", "oxygen": "spo2_pct", "bloodoxygen": "spo2_pct",
    "spo2": "spo2_pct", "temperature": "temp_c", "bodytemperature": "temp_c", "temp": "temp_c",
    "systolic": "sys", "high": "sys", "sbp": "sys", "highpressure": "sys", "bloodpressurehigh": "sys",
    "diastolic": "dia", "low": "dia", "dbp": "dia", "lowpressure": "dia", "bloodpressurelow": "dia",
}  # fmt: skip


def _heart_alarm(fields: Fields) -> Iterator[Reading]:
    """The watch's own limit; ours decide what it means."""
    told = [*_body(fields)]
    vital = next((one for one in told if one.kind is Kind.VITALS), Reading(Kind.VITALS))
    yield Reading(Kind.VITALS, {**vital.data, "alarm": True})


def _low(fields: Fields) -> Iterator[Reading]:
    yield Reading(Kind.BATTERY_LOW, _own(fields))


def _online(fields: Fields) -> Iterator[Reading]:
    yield Reading(Kind.HEARTBEAT, {**_own(fields), "state": "online"})


def _offline(fields: Fields) -> Iterator[Reading]:
    yield Reading(Kind.OFFLINE, {"reason": "power_off"})
    del fields


_READERS: dict[str, Callable[[Fields], Iterator[Reading]]] = {
    "location": _location, "wear": _worn, "online": _online, "offline": _offline, "lowbattery": _low,
    "bloodpressure": _body, "heart": _body, "oxygen": _body, "temperature": _body, "heartalarm": _heart_alarm,
}  # fmt: skip
