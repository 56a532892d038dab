"""Withings' notifications: a form that says which category has news; the bed mat's two are signs of life."""

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unreadable
from broker_bridge.decoders.value import count, name, word
from domain.events import Kind

#: bed in and out; new activity data
_ACTIVITIES = {50: {"kind": "bed", "state": "in"}, 51: {"kind": "bed", "state": "out"}, 16: {"kind": "steps"}}
#: news to be fetched (weight, temperature, pressure, sleep, inflated, ECG, glucose …): the device was used
_NEWS = frozenset({1, 2, 4, 44, 52, 54, 55, 58, 59, 61, 62})
#: about the account, not about anybody's state
_ACCOUNT = frozenset({46, 53})


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """The category stands in ``appli``; values must be fetched, a notification holds none."""
    del topic, role
    fields, why = body.fields_or_form(payload)
    if fields is None:
        return unreadable(why or "")
    device = name(fields.get("deviceid")) or name(fields.get("userid"))
    category = count(fields.get("appli"))
    if word(fields.get("action")) in ("delete", "unlink", "update") or category in _ACCOUNT:
        return noise(device, f"account, category {category}")
    return sort(finish([_reading(category)], device, fields.get("startdate") or fields.get("date")))


def _reading(category: int | None) -> Reading:
    if category in _ACTIVITIES:
        return Reading(Kind.ACTIVITY, dict(_ACTIVITIES[category]))
    if category in _NEWS:
        return Reading(Kind.HEARTBEAT, {"news": category})
    return Reading(Kind.UNKNOWN, said=f"category {category}")
