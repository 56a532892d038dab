"""OwnTracks phones: positions, fences, steps, beacons; a will whose time is that of the connection."""

from collections.abc import Callable, Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import finish
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from broker_bridge.decoders.value import LOW, count, name, percent, word
from domain.events import Kind

Fields = Mapping[str, Any]

#: levels of the topic after ``owntracks/{user}/{device}``
_LEAVES = frozenset({"event", "step", "beacon", "info", "cmd", "dump", "waypoint", "waypoints", "status", "request"})


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``owntracks/{user}/{device}[/…]``; over HTTP the topic stands in the payload."""
    del role
    device = _from_topic(topic)
    if not payload.strip():
        return noise(device, "the topic was cleared")
    found, why = body.value(payload)
    entries = body.objects(found)
    if not entries:
        return unreadable(why or "payload: no OwnTracks object", device)
    told = [_entry(entry, device) for entry in entries]
    return told[0] if len(told) == 1 else sort([reading for one in told for reading in one.events])


def _entry(fields: Fields, device: str | None) -> Translation:
    device = device or _from_topic(str(fields.get("topic") or "")) or name(fields.get("tid"))
    kind = word(fields.get("_type"))
    reader = _READERS.get(kind)
    if reader is None:
        return noise(device, kind) if kind in _NOISE else unknown(device, kind or "no _type")
    ts = None if kind == "lwt" else fields.get("created_at") or fields.get("tst")
    return sort(finish(reader(fields), device, ts, name(fields.get("_id"))))


def _from_topic(topic: str) -> str | None:
    levels = topic.removeprefix("http:/owntracks").strip("/").split("/")
    if levels[-1] in _LEAVES:
        levels = levels[:-1]
    return "/".join(levels[-2:])[:200] if len(levels) >= 3 else None


def _location(fields: Fields) -> list[Reading]:
    where = _where(fields)
    level = percent(fields.get("batt"))
    own = {} if level is None else {"battery_pct": level}
    if where is None:
        return [Reading(Kind.UNKNOWN, said="location without a place")]
    if fields.get("t") == "u":
        where["trigger"] = "manual"
    readings = [Reading(Kind.LOCATION, {**own, **where}, late=fields.get("t") in ("l", "L"))]
    if (level is not None and level <= LOW) or str(fields.get("t")) == "9":
        readings.append(Reading(Kind.BATTERY_LOW, own, level=True))
    return readings


def _where(fields: Fields) -> dict[str, Any] | None:
    return place(fields.get("lat"), fields.get("lon"), "WGS84", fields.get("acc"), fields.get("tst"))


def _transition(fields: Fields) -> list[Reading]:
    fence = {"fence": str(fields.get("desc"))[:100]} if fields.get("desc") else {}
    event = word(fields.get("event"))
    if event in ("leave", "exit"):
        return [Reading(Kind.GEOFENCE_EXIT, {**fence, **(_where(fields) or {})})]
    if event in ("enter", "entered"):
        return [Reading(Kind.HEARTBEAT, {**fence, "state": "entered"})]
    return [Reading(Kind.UNKNOWN, said=f"transition {event}")]


def _will(fields: Fields) -> list[Reading]:
    """``tst`` is when the phone connected, perhaps days ago, not when it was lost."""
    since = moment(fields.get("tst"))
    return [Reading(Kind.OFFLINE, {"connected_at": since.isoformat()} if since else {})]


def _steps(fields: Fields) -> list[Reading]:
    steps = count(fields.get("steps"), 10**6)
    return [Reading(Kind.HEARTBEAT) if steps is None else Reading(Kind.ACTIVITY, {"kind": "steps", "state": steps})]


def _beacon(fields: Fields) -> list[Reading]:
    near = count(fields.get("prox"))
    return [Reading(Kind.ACTIVITY, {"kind": "motion", "state": "off" if near == 0 else "on", "beacon": True})]


def _encrypted(fields: Fields) -> list[Reading]:
    del fields
    return [Reading(Kind.UNKNOWN, said="encrypted")]


def _alive(fields: Fields) -> list[Reading]:
    del fields
    return [Reading(Kind.HEARTBEAT)]


_READERS: dict[str, Callable[[Fields], list[Reading]]] = {
    "location": _location, "transition": _transition, "lwt": _will, "steps": _steps, "beacon": _beacon,
    "encrypted": _encrypted, "status": _alive,
}  # fmt: skip
_NOISE = frozenset({"card", "cmd", "configuration", "waypoint", "waypoints", "dump", "request"})
