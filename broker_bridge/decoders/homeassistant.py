"""Home Assistant: discovery is configuration and never an event; states come as text, events as JSON.

Entities are understood by their own names (``kitchen_smoke``) and by the register's role.
"""

from broker_bridge.decoders import body, entities, traits, value
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``{prefix}/{component}/[node/]{object}/state``, an event entity, the birth and the will of the hub."""
    levels = topic.split("/")
    if levels[-1] in ("config", "set", "command") or levels[-1].endswith(("_command", "_set")):
        return noise(None, "configuration or a command")
    if len(levels) == 2 and levels[1] == "status":
        return _status(payload)
    if not payload.strip():
        return noise(None, "the topic was cleared")
    component, name, leaf = _entity(levels)
    if leaf == "availability":
        return _available(name, body.text(payload))
    if leaf not in ("state", "event", "json_attributes", "attributes", name.rpartition("/")[2]):
        return noise(name, leaf)
    return _said(component, name, payload, role)


def _entity(levels: list[str]) -> tuple[str, str, str]:
    """Component (empty when the topic has none), the object's name, and the last level."""
    for n, level in enumerate(levels[:-1]):
        if level in entities.COMPONENTS:
            return level, "/".join(levels[n + 1 : -1]) or levels[-1], levels[-1]
    name = "/".join(levels[1:-1]) if levels[-1] in ("state", "event", "availability", "attributes") else ""
    return "", name or "/".join(levels[1:]) or levels[0], levels[-1]


def _said(component: str, name: str, payload: bytes, role: str | None) -> Translation:
    said, _ = body.value(payload)
    if isinstance(said, dict):
        if "event_type" in said or component == "event":
            return sort([entities.event(said.get("event_type"), name, role)])
        if component == "device_tracker" and "latitude" in said:
            return sort(_position(said, name))
        if "state" in said and component:
            return sort(entities.state(component, name, value.name(said["state"]) or str(said["state"]), role))
        return sort(traits.read(said, name, role, moment(said.get("last_seen") or said.get("last_updated"))))
    text = body.text(payload).strip('"')
    if "\ufffd" in text or len(text) > 255 or text[:1] in "{[":
        return unreadable("payload: neither JSON nor a state", name)
    return sort(entities.state(component, name, text, role))


def _position(said: dict[str, object], name: str) -> list[Reading]:
    lat, lon = value.number(said.get("latitude"), -90, 90), value.number(said.get("longitude"), -180, 180)
    if lat is None or lon is None:
        return [Reading(Kind.HEARTBEAT, {}, name)]
    where = {"lat": lat, "lon": lon, "crs": "WGS84", "acc_m": value.number(said.get("gps_accuracy"), 0)}
    return [Reading(Kind.LOCATION, where, name)]


def _status(payload: bytes) -> Translation:
    word = value.word(body.text(payload))
    kind = {"online": Kind.HEARTBEAT, "offline": Kind.OFFLINE}.get(word)
    return unknown(None, word) if kind is None else Translation((Reading(kind, {"state": word}, hub=True),))


def _available(name: str, text: str) -> Translation:
    word = value.word(text)
    kind = {"online": Kind.HEARTBEAT, "offline": Kind.OFFLINE}.get(word)
    return unknown(name, word) if kind is None else Translation((Reading(kind, {"state": word}, name),))
