"""What the codec of a LoRaWAN sensor made of its bytes: properties, events, and a memory sent later."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from broker_bridge.decoders import body, measurements
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.states import alarm
from broker_bridge.decoders.value import name, truth, word
from domain.events import Kind

Fields = Mapping[str, Any]

#: lists of what happened now, and of what is told from memory
_NOW = frozenset({"events", "alarms"})
_MEMORY = frozenset({"history", "histories", "datalog", "data_log", "log", "records", "historical_data"})
_RECORD = re.compile(r"\[([^\[\]]*)\]")


def told(codec: Fields, role: str | None, omits: bool = False) -> list[Reading]:
    """Everything the codec gave, the memory marked ``late`` with its own time."""
    plain = {key: item for key, item in codec.items() if word(key) not in _NOW | _MEMORY and not _joined(item)}
    for key, items in codec.items():
        plain |= {} if word(key) in _MEMORY else measurements.named(items)
    readings = [*_joined_alarms(codec), *_listed(codec, role)]
    if _says_more(plain) or not readings:
        readings += tell(plain, role, omits)
    return readings


def _says_more(plain: Fields) -> bool:
    return any(item is not None and word(key) not in ("node_type", "pnackmd") for key, item in plain.items())


def _listed(codec: Fields, role: str | None) -> Iterator[Reading]:
    for key, items in codec.items():
        for event in measurements.events(items):
            # an event about the device's own business (light, temperature) leaves nothing but its name
            yield from (one for one in tell(event, role) if one.said != "event")
        if word(key) in _NOW:
            for item in body.objects(items):
                yield from tell(item, role)
        elif word(key) in _MEMORY:
            yield from _memory(items, codec, role)


def _memory(items: Any, codec: Fields, role: str | None) -> Iterator[Reading]:
    for item in body.objects(items):
        at = moment(next((item[key] for key in ("timestamp", "ts", "time", "date") if key in item), None))
        mark = name(item.get("alarm_id")) or ""
        for reading in tell(item, role):
            yield replace(reading, ts=at, late=True, id=f"memory-{at.timestamp():.0f}-{mark}" if at else None)
    for row in _rows(items):
        yield from _record(row, codec, role)


def _rows(items: Any) -> list[list[Any]]:
    """Dragino's data log: rows of bare values, as lists or as one text ``[a,b,…],[…]``."""
    if isinstance(items, str):
        return [found.split(",") for found in _RECORD.findall(items)]
    return [item for item in items if isinstance(item, list)] if isinstance(items, list) else []


def _record(row: list[Any], codec: Fields, role: str | None) -> Iterator[Reading]:
    """A row without names: only its time, an ``OPEN`` and a ``True`` can be told apart."""
    at = next((found for item in reversed(row) if isinstance(item, str) and (found := moment(item)) is not None), None)
    words = [word(item) for item in row]
    door = next((item for item in words if item in ("open", "close", "closed")), None)
    told_so: dict[str, Any] = {"door": door} if door else {}
    if not door and any(item == "true" for item in words):
        told_so = {"Alarm": "TRUE", "Sound_key": ""} if "pb01" in word(codec.get("Node_type")) else {"Alarm": "TRUE"}
    for reading in tell(told_so, role):
        yield replace(reading, ts=at, late=True)


def _joined(item: Any) -> bool:
    return isinstance(item, Mapping) and "alarm_status" in item


def _joined_alarms(codec: Fields) -> Iterator[Reading]:
    """``fall_alarm: {"alarm_id": "1, 2", "alarm_status": "1, 2"}``: several alarms of one sort, joined by commas."""
    for key, item in codec.items():
        found = meaning(key) if _joined(item) else None
        if found is None:
            continue
        statuses = [status.strip() for status in str(item["alarm_status"]).split(",")]
        yield from (alarm(found, status) for status in dict.fromkeys(statuses))


def finish(
    readings: Iterable[Reading], device: str | None, ts: Any = None, id: str | None = None, drill: bool = False
) -> list[Reading]:
    """The same readings with who speaks, when, and which uplink it was; a memory keeps its own time."""
    at = moment(ts)
    return [
        replace(reading, device=device, ts=reading.ts or (None if reading.late else at),
                id=reading.id or (None if reading.late else id), drill=reading.drill or drill)
        for reading in readings
    ]  # fmt: skip


def dated(mark: str | None, at: Any) -> str | None:
    """An identity from a counter, with its day: counters begin anew (join, battery, new database), and the
    number of an old press must not hide a new one. None without a time that can be believed.
    """
    told_at = at if isinstance(at, datetime) else moment(at)
    return f"{mark}-{told_at:%Y%m%d}" if mark is not None and told_at is not None else None


def is_empty(codec: Any) -> bool:
    """The codec gave nothing (there was none, or it failed)."""
    return not isinstance(codec, Mapping) or not codec


def acknowledged(said: Any) -> Reading:
    """A device that confirmed a downlink lives; one that did not says nothing by it."""
    if truth(said) is False:
        return Reading(Kind.UNKNOWN, noise=True, said="a downlink was not acknowledged")
    return Reading(Kind.HEARTBEAT, {"acknowledged": True})
