"""Home Assistant: discovery is configuration and never an event; states come as text, events as JSON.

Entities are understood by their own names (``kitchen_smoke``) and by the register's role.
"""

from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body, entities, traits, value
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.presses import press
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
        if isinstance(said.get("event_data"), dict):
            return _streamed(said["event_data"], value.word(said.get("event_type")), role)
        if isinstance(said.get("entity_id"), str) and "state" in said:
            return _changed(said, role)
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


def _streamed(data: dict[str, Any], type: str, role: str | None) -> Translation:
    """The hub's event stream: a state that changed, a remote's command, a cry; the rest is its own business."""
    if type == "state_changed":
        new = data.get("new_state")
        named = {"entity_id": data.get("entity_id")} | new if isinstance(new, dict) else {}
        return _changed(named, role) if named.get("entity_id") else noise(None, "an entity was removed")
    device = next((n for key in _DEVICES if (n := value.name(data.get(key)))), None)
    command = data.get("command", data.get("action"))
    for word in (command, type):
        found = press(word, role if word is command else None)
        if found is not None and (word is command or found.kind is Kind.SOS):
            return sort([replace(found, device=device)])
    return noise(device, type)


def _changed(said: dict[str, Any], role: str | None) -> Translation:
    """An entity with its state and its attributes; of a position only what the tracker says of it."""
    component, _, name = str(said["entity_id"])[:200].partition(".")
    state, about = said.get("state"), said.get("attributes")
    text = value.name(state) or str(state)
    sense = value.word(body.part(about, "device_class")) or None
    ts = moment(said.get("last_updated") or said.get("last_changed"))
    if component == "event":
        told = [entities.event(body.part(about, "event_type") or text, name, role)]
    else:
        told = entities.state(component, name or component, text, role, sense=sense)
    return sort([replace(one, ts=ts) for one in told])


_DEVICES = ("device_ieee", "device_id", "id", "entity_id")


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
