"""Each value as an object of its own: ``{"type": "Battery", "measurementValue": 88}``, ``{"code": …, "value": …}``."""

from collections.abc import Iterator, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.value import name

Fields = Mapping[str, Any]


def listed(items: Any) -> list[dict[str, Any]]:
    """The measurements of a list, or of lists in a list; empty for any other list."""
    flat = [one for item in items for one in (item if isinstance(item, list) else [item])] if _is(items) else []
    return [one for one in body.objects(flat) if "measurementValue" in one]


def named(items: Any) -> dict[str, Any]:
    """The measured properties by their own names."""
    found = {str(n): one["measurementValue"] for one in listed(items)
             if (n := name(one.get("type"))) and not _is(one["measurementValue"])}  # fmt: skip
    return found | dict(_pairs(items))


def _pairs(items: Any) -> Iterator[tuple[str, Any]]:
    for one in body.objects(items) if _is(items) else ():
        spoken = next((one[key] for key in _NAMES if isinstance(one.get(key), str)), None)
        if spoken and "value" in one and not isinstance(one["value"], dict | list):
            yield spoken, one["value"]


_NAMES = ("code", "identifier", "characteristic", "attribute", "key", "name", "property", "type")


def events(items: Any) -> Iterator[dict[str, Any]]:
    """What happened, one object for each name: ``[{"id": 6, "eventName": "SOS event."}]``."""
    for one in listed(items):
        for event in body.objects(one["measurementValue"]) if _is(one["measurementValue"]) else ():
            if said := name(event.get("eventName")):
                yield {"event": said.rstrip(". ")}


def _is(items: Any) -> bool:
    return isinstance(items, list)
