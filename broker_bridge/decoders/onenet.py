"""OneNET (China Mobile): the old push of data points and the new one of a thing's model, one or many at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.button import BUTTONS
from broker_bridge.decoders.lora import dated
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.place import place
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, sort, unreadable
from broker_bridge.decoders.services import event
from broker_bridge.decoders.value import LOW, count, name, number, percent, truth, word
from domain.events import Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``msg`` holds one point, a list, or JSON as text; the new platform puts the thing's model there."""
    found, why = body.value(payload)
    if not isinstance(found, dict | list):
        return unreadable(why or "payload: no OneNET object")
    if isinstance(found, dict) and found.get("enc_msg"):
        return sort([Reading(Kind.UNKNOWN, said="encrypted")])
    messages = _messages(found)
    if not messages:
        return sort([Reading(Kind.UNKNOWN, said="no message")])
    own = "thing/" in topic and "params" in messages[0] and "notifyType" not in messages[0]
    if own:
        return sort(list(_thing(topic, messages[0], role)))
    return sort([reading for message in messages for reading in _message(message, role)])


def _messages(found: Any) -> list[dict[str, Any]]:
    inner = found.get("msg", found) if isinstance(found, dict) else found
    if isinstance(inner, str):
        inner, _ = body.value(inner.encode())
    return body.objects(inner)


def _message(message: Fields, role: str | None) -> Iterator[Reading]:
    device = _device(message)
    at = moment(message.get("at") or message.get("time") or body.part(message, "data", "time"))
    for one in _said(message, role):
        yield replace(one, device=device, ts=one.ts or at, id=dated(one.id, one.ts or at))


def _device(message: Fields) -> str | None:
    return next((found for key in ("dev_id", "deviceName", "deviceId", "dev_name", "imei")
                 if (found := name(message.get(key)))), None)  # fmt: skip


def _said(message: Fields, role: str | None) -> Iterator[Reading]:
    if "messageType" in message or "notifyType" in message:
        yield from _model(message, role)
        return
    kind = count(message.get("type"))
    if kind == 1:
        yield from _points(message, role)
    elif kind == 2:
        yield _presence(count(message.get("status")))
    elif kind == 7:
        yield Reading(Kind.HEARTBEAT, {"answer": str(message.get("cmd_type") or message.get("status"))[:20]})
    else:
        yield Reading(Kind.UNKNOWN, said=f"type {str(message.get('type'))[:20]}")


def _presence(status: int | None) -> Reading:
    if status in (0, 1):
        return Reading(Kind.HEARTBEAT if status else Kind.OFFLINE, {"state": "online" if status else "offline"})
    return Reading(Kind.UNKNOWN, said="neither online nor offline")


def _points(message: Fields, role: str | None) -> Iterator[Reading]:
    """One data stream with its value, or several as ``datastreams``."""
    streams = body.objects(message.get("datastreams"))
    for stream in streams:
        points = body.objects(stream.get("datapoints")) or [stream]
        for point in points:
            for one in _point(str(stream.get("id")), point.get("value"), role):
                yield replace(one, ts=moment(point.get("at")))
    if not streams:
        yield from _point(str(message.get("ds_id") or ""), message.get("value"), role)


def _point(stream: str, value: Any, role: str | None) -> Iterator[Reading]:
    """A resource of a standard object (``3347_0_5501``), or a named stream with a value or an object."""
    path = [int(level) for level in stream.split("_") if level.isascii() and level.isdigit()]
    if len(path) == 3 and stream.count("_") == 2:
        yield _resource(path[0], path[2], value, stream, role)
        return
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = body.fields(value.encode())[0] or value
    yield from tell({stream: value}, role)


def _resource(obj: int, resource: int, value: Any, stream: str, role: str | None) -> Reading:
    """Objects of the IPSO registry; a counter that has counted is a press, and its count says which."""
    if obj == _BUTTON or (obj in _INPUTS and role in BUTTONS):
        return _pressed(resource, value, stream)
    if obj in _PRESENCE and resource == _STATE and truth(value) is not None:
        return Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on" if truth(value) else "off"}, level=True)
    if (obj, resource) == (3, 9) or obj == _PERCENT_OBJECT:
        return _battery(percent(value))
    where = place(body.part(value, "lat"), body.part(value, "lon"), "WGS84") if isinstance(value, dict) else None
    if where is not None:
        return Reading(Kind.LOCATION, where)
    if obj in _ALARMS and resource == _STATE and truth(value) is True:
        return Reading(Kind.UNKNOWN, said=f"{stream}: {str(value)[:20]}")
    if not (obj < 10 or 3200 <= obj <= 3350):
        return Reading(Kind.UNKNOWN, said=f"{stream}: {str(value)[:20]}")
    radio = number(value, -200, 0) if (obj, resource) in _RADIO else None
    return Reading(Kind.HEARTBEAT, {} if radio is None else {"rssi": radio})


_BUTTON, _STATE, _COUNT, _PERCENT_OBJECT = 3347, 5500, 5501, 3320
_INPUTS, _PRESENCE, _ALARMS = frozenset({3200, 3342}), frozenset({3302}), frozenset({3338, 3200})
#: the signal's usual places: the connectivity object, and what field devices use for it
_RADIO = frozenset({(4, 2), (3300, 5700)})


def _pressed(resource: int, value: Any, stream: str) -> Reading:
    if resource == _COUNT:
        counted = count(value)
        if counted is None:
            return Reading(Kind.UNKNOWN, said=f"{stream}: {str(value)[:20]}")
        if counted:
            return Reading(Kind.SOS, {"trigger": "button", "count": counted}, id=f"{stream}-{counted}")
    elif resource == _STATE and truth(value) is not False:
        return Reading(Kind.SOS, {"trigger": "button"})
    return Reading(Kind.HEARTBEAT, {"button": "released"})


def _battery(level: float | None) -> Reading:
    if level is None:
        return Reading(Kind.HEARTBEAT)
    return Reading(Kind.BATTERY_LOW if level <= LOW else Kind.HEARTBEAT, {"battery_pct": level}, level=level <= LOW)


def _model(message: Fields, role: str | None) -> Iterator[Reading]:
    """The new platform: life cycle, properties and events of the thing's model, and of its children."""
    kind = word(message.get("messageType")).replace("_", "")
    data = message.get("data")
    if kind == "lifecycle":
        state = word(body.part(data, "status"))
        yield _presence({"online": 1, "offline": 0}.get(state))
    elif kind in ("reply", "response"):
        yield Reading(Kind.HEARTBEAT, {"answer": kind})
    elif kind in ("notify", ""):
        for params in [body.part(data, "params"), *(part.get("params") for part in body.objects(data))][:1]:
            yield from _params(message, params, role)
    elif kind in ("scenelog", "batchtask"):
        yield Reading(Kind.UNKNOWN, noise=True, said=kind)
    else:
        yield Reading(Kind.UNKNOWN, said=f"messageType {kind}"[:64])


def _params(message: Fields, params: Any, role: str | None) -> Iterator[Reading]:
    if not isinstance(params, dict) or not params:
        yield Reading(Kind.UNKNOWN, said="no params")
        return
    if word(message.get("notifyType")) == "event":
        for named, item in params.items():
            alarming = word(body.part(item, "eventType")) not in ("info", "")
            for one in event(named, body.part(item, "value"), role, alarming):
                yield replace(one, ts=moment(body.part(item, "time")))
        return
    values = {key: item.get("value") if isinstance(item, dict) and "value" in item else item
              for key, item in params.items()}  # fmt: skip
    yield from tell(values, role)


def _thing(topic: str, message: Fields, role: str | None) -> Iterator[Reading]:
    """The device's own report (``…/thing/event/fallAlarm/post``), as OneNET and Alibaba's Alink write it."""
    before, _, after = topic.partition("thing/")
    device = name(before.rstrip("/").rpartition("/")[2])
    levels, params = after.split("/"), message.get("params")
    if levels[0] == "service":
        yield Reading(Kind.UNKNOWN, device=device, noise=True, said="service")
        return
    if levels[0] == "event" and len(levels) == 3 and levels[1] != "property":
        said = event(levels[1], body.part(params, "value") if body.part(params, "value") is not None else params,
                     role, True)  # fmt: skip
    else:
        told = "event" if levels[:2] == ["event", "post"] else "property"
        said = list(_params({"notifyType": told}, params, role))
    for one in said:
        yield replace(one, device=device, ts=one.ts or moment(body.part(params, "time")))
