"""CTWing (China Telecom AEP): data, events, presence and command answers pushed over HTTP.

A narrow-band device sleeps between reports and is called offline then: that alone is no fault.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, sort, unreadable
from broker_bridge.decoders.services import event, plain, transparent
from broker_bridge.decoders.value import count, name, word
from domain.events import Kind

Fields = Mapping[str, Any]

_ANSWERED = frozenset({"delivered", "successful", "success", "completed", "ok"})


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """One push, or several as a list; who speaks stands in ``deviceId``."""
    del topic
    found, why = body.value(payload)
    pushes = body.objects(found)
    if not pushes:
        return unreadable(why or "payload: no CTWing object")
    readings: list[Reading] = []
    for push in pushes:
        at = body.part(push, "payload", "time") or push.get("timestamp")
        readings += finish(_push(push, role), name(push.get("deviceId")) or _imei(push), at)
    return sort(readings)


def _imei(push: Fields) -> str | None:
    found = name(push.get("IMEI")) or name(push.get("imei"))
    return None if found == "undefined" else found


def _push(push: Fields, role: str | None) -> Iterator[Reading]:
    kind = word(push.get("messageType")).replace("_", "")
    if kind in ("datareport", "datareporttupunion"):
        yield from _data(push, role)
    elif kind == "eventreport":
        yield from _event(push, role)
    elif kind == "deviceonlineofflinereport":
        yield _presence(push)
    elif kind == "commandresponse":
        yield _answer(push)
    else:
        yield Reading(Kind.UNKNOWN, said=f"messageType {kind}"[:64])


def _data(push: Fields, role: str | None) -> Iterator[Reading]:
    """Properties as JSON (also several objects), or bytes of a transparent product."""
    payloads = body.objects(push.get("payload")) or body.objects(push.get("payloads"))
    if not payloads:
        yield Reading(Kind.UNKNOWN, said="no payload")
    for payload in payloads:
        inner = payload.get("serviceData") or payload.get("params")
        if (app := next((payload[key] for key in payload if key.lower() == "appdata"), None)) is not None:
            yield from transparent(app, role)
        else:
            yield from tell(plain(inner if isinstance(inner, dict) else payload), role)


def _event(push: Fields, role: str | None) -> Iterator[Reading]:
    """``eventType`` 1 is information, 2 a warning, 3 a fault."""
    named = name(push.get("eventName")) or name(push.get("serviceIdentifier")) or ""
    yield from event(named, push.get("eventContent"), role, alarming=count(push.get("eventType")) != 1)


def _presence(push: Fields) -> Reading:
    online = count(push.get("eventType"))
    if online is None or online > 1:
        return Reading(Kind.UNKNOWN, said="neither online nor offline")
    if online == 1:
        return Reading(Kind.HEARTBEAT, {"state": "online"})
    sleeps = word(push.get("protocol")) in ("lwm2m", "nb", "coap", "")
    return Reading(Kind.OFFLINE, {"reason": "may_sleep"} if sleeps else {})


def _answer(push: Fields) -> Reading:
    """An answer that came from the device is a sign of life; the platform's own queue is not."""
    code = word(body.part(push, "result", "resultCode"))
    if code in _ANSWERED:
        return Reading(Kind.HEARTBEAT, {"answer": code})
    return Reading(Kind.UNKNOWN, noise=True, said=f"command {code}"[:64])
