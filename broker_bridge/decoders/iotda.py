"""Huawei IoTDA: services with properties (the alarm need not be first), states, messages; also its older push."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, sort, unreadable
from broker_bridge.decoders.services import event, plain, transparent
from broker_bridge.decoders.value import name, word
from domain.events import Kind

Fields = Mapping[str, Any]

#: about the register or our own commands
_NOISE = frozenset({"device", "product", "device.message.status", "device.command.status", "batchtask", "api"})


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """A push of the rule engine; ``body`` stands inside ``notify_data`` or beside it."""
    del topic
    found, why = body.value(payload)
    pushes = body.objects(found)
    if not pushes:
        return unreadable(why or "payload: no IoTDA object")
    return sort([reading for push in pushes for reading in _push(push, role)])


def _push(push: Fields, role: str | None) -> Iterator[Reading]:
    data = push.get("notify_data")
    header = body.part(data, "header")
    inner = body.part(data, "body") or push.get("body") or {}
    device = _device(header) or _device(inner) or _device(push)
    at = moment(push.get("event_time_ms")) or moment(_iso(push.get("event_time")))
    for one in _said(push, inner if isinstance(inner, dict) else {}, role):
        yield replace(one, device=one.device or device, ts=one.ts or at)


def _device(fields: Any) -> str | None:
    return name(body.part(fields, "device_id")) or name(body.part(fields, "deviceId"))


def _iso(said: Any) -> Any:
    """``20261120T140311Z`` with the marks that make it ISO 8601."""
    if isinstance(said, str) and len(said) == 16 and said[8] == "T":
        return f"{said[:4]}-{said[4:6]}-{said[6:11]}:{said[11:13]}:{said[13:]}"
    return said


def _said(push: Fields, inner: Fields, role: str | None) -> Iterator[Reading]:
    resource = str(push.get("resource") or push.get("notifyType") or "")
    if resource == "device.status":
        yield _status(inner.get("status"))
    elif resource == "device.message":
        yield from _message(inner.get("content"), role)
    elif resource in _NOISE:
        yield Reading(Kind.UNKNOWN, noise=True, said=resource)
    elif resource in ("deviceDataChanged", "deviceDatasChanged"):
        yield from _services(push.get("services") or push.get("service"), role)
    elif "services" in inner or "services" in push:
        yield from _services(inner.get("services") or push.get("services"), role)
    else:
        yield Reading(Kind.UNKNOWN, said=(resource or ", ".join(push))[:64])


def _status(said: Any) -> Reading:
    state = word(said)
    if state == "online":
        return Reading(Kind.HEARTBEAT, {"state": state})
    if state in ("offline", "abnormal", "inactive", "frozen"):
        return Reading(Kind.OFFLINE, {"state": state})
    return Reading(Kind.UNKNOWN, said=f"status {state}"[:64])


def _message(content: Any, role: str | None) -> Iterator[Reading]:
    """A device's own message: an object, JSON as text, or bytes in base64."""
    if isinstance(content, str) and content.lstrip()[:1] == "{":
        content = body.fields(content.encode())[0]
    if isinstance(content, dict):
        inner = content.get("content", content)
        yield from tell(plain(inner if isinstance(inner, dict) else content), role)
    else:
        yield from transparent(content, role)


def _services(services: Any, role: str | None) -> Iterator[Reading]:
    """Each service for itself: properties, or an event with its parameters; children name themselves."""
    entries = body.objects(services)
    if not entries:
        yield Reading(Kind.UNKNOWN, said="no services")
    for service in entries:
        at = moment(_iso(service.get("event_time") or service.get("eventTime")))
        for one in _service(service, role):
            yield replace(one, ts=at)


def _service(service: Fields, role: str | None) -> Iterator[Reading]:
    named = name(service.get("event_type")) or name(service.get("eventType"))
    content = service.get("paras") or service.get("properties") or service.get("data")
    if isinstance(content, str) and content.lstrip()[:1] == "{":
        content = body.fields(content.encode())[0]
    children = body.objects(body.part(content, "device_statuses"))
    if children:
        yield from (replace(_status(child.get("status")), device=_device(child)) for child in children)
    elif named:
        yield from event(named, content, role, alarming=True)
    elif isinstance(content, dict) and content:
        service_id = name(service.get("service_id")) or name(service.get("serviceId")) or "service"
        yield from tell({service_id: plain(content)}, role)
    else:
        yield Reading(Kind.UNKNOWN, said="a service without properties")
