"""Z-Wave JS UI: ``{prefix}/[place/]{node}/{class}/{endpoint}/{property}/{key}``, value and time as JSON.

Notifications are codes: 0 is idle, which codes mean an alarm depends on the type, which stands in the topic
by its name or not at all. Class names or class numbers, as the owner chose.
"""

from typing import Any

from broker_bridge.decoders import body, names, traits, value
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.presses import SOS_ROLES, press
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from broker_bridge.decoders.zwave_codes import (
    BINARY,
    EVENTS,
    KEYS,
    KNOWN_TYPES,
    LOW_BATTERY,
    NUMBERS,
    OTHER,
    SCENES,
    SENSOR_NUMBERS,
    TYPE_NUMBERS,
    TYPES,
)
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """A node's status, or one value of one command class."""
    levels = topic.split("/")
    if levels[-1] in ("set", "writeValue") or ("_CLIENTS" in levels[:3] and levels[-1] != "status"):
        return noise(None, "a command or the gateway's own state")
    if not payload.strip():
        return noise("/".join(levels[1:-1]) or None, "cleared")
    said, why = body.value(payload)
    if why is not None:
        said = body.text(payload)
        if "\ufffd" in said or said[:1] in "{[":
            return unreadable(why, levels[1] if len(levels) > 1 else None)
    if "_CLIENTS" in levels[:3]:
        return _hub(said)
    if "EVENTS" in levels[:3] or "_EVENTS" in levels[:3]:
        return _gateway_event(levels[-1], said, role)
    return _node(levels, said, role)


def _gateway_event(event: str, said: Any, role: str | None) -> Translation:
    """What the gateway tells beside its values: a notification that is no state (a fall, a cry) comes only here."""
    data = said.get("data") if isinstance(said, dict) else said
    parts = body.objects(data)
    node, told = (parts[0], parts[-1]) if len(parts) > 1 else ({}, {})
    type, code = value.count(told.get("type")), value.count(told.get("event"))
    if "notification" not in event or type is None or code is None:
        return noise(value.name(node.get("name")), "an event of the gateway")
    device = "/".join(n for key in ("loc", "name") if (n := value.name(node.get(key)))) or value.name(node.get("id"))
    named = TYPE_NUMBERS.get(type) or value.word(told.get("label"))
    readings = _notification([named], code, role, True)
    return sort([_of(r, device, moment(said.get("time")) if isinstance(said, dict) else None) for r in readings])


def _node(levels: list[str], said: Any, role: str | None) -> Translation:
    told = said.get("value") if isinstance(said, dict) else said
    ts = moment(said.get("time")) if isinstance(said, dict) else None
    if levels[-1] == "status":
        return _status("/".join(levels[1:-1]), said)
    place = next((n for n in range(1, len(levels)) if _class(levels[n], n)), None)
    if place is None:
        device = levels[1] if len(levels) > 1 else None
        if levels[-1] in ("nodeinfo", "lastActive", "hassDevices", "statistics"):
            return Translation((Reading(Kind.HEARTBEAT, {}, device, ts=ts),))
        return unknown(device, levels[-1])
    device = "/".join(levels[1:place]) or None
    rest = levels[place + 1 :]
    path = [value.word(level) for level in (rest[1:] if rest and _is_endpoint(rest[0]) else rest)]
    readings = _READERS[_class(levels[place], place) or ""](
        path, told, role, "value" in said if isinstance(said, dict) else True
    )
    return sort([_of(r, device, ts) for r in readings or [Reading(Kind.HEARTBEAT)]])


def _of(reading: Reading, device: str | None, ts: Any) -> Reading:
    return Reading(reading.kind, reading.data, device, None, ts, reading.drill, level=reading.level, said=reading.said)


def _class(level: str, depth: int) -> str | None:
    """The command class by name or by number; the node's own number stands first and is none."""
    if level.isdigit():
        return NUMBERS.get(int(level)) if depth > 1 else None
    word = value.word(level)
    return word if word in _READERS else OTHER.get(word)


def _is_endpoint(level: str) -> bool:
    return level.isdigit() or level.startswith("endpoint_")


def _hub(said: Any) -> Translation:
    online = value.truth(said.get("value") if isinstance(said, dict) else said)
    if online is None:
        return unknown()
    return Translation((Reading(Kind.HEARTBEAT if online else Kind.OFFLINE, {"online": online}, hub=True),))


def _status(device: str, said: Any) -> Translation:
    """A sleeping node is well; a dead one was called and did not answer."""
    word = value.word(said.get("status")) if isinstance(said, dict) else value.word(said)
    if word in ("dead", "alive", "asleep", "awake", "ready", "true", "false"):
        kind = Kind.OFFLINE if word in ("dead", "false") else Kind.HEARTBEAT
        return Translation((Reading(kind, {"state": word}, device),))
    state = value.truth(said.get("value")) if isinstance(said, dict) else value.truth(said)
    if state is None:
        return unknown(device, word)
    return Translation((Reading(Kind.HEARTBEAT if state else Kind.OFFLINE, {"online": state}, device),))


def _notification(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """A notification type and its event code."""
    del given
    type, key = path[0] if path else "", path[1] if len(path) > 1 else ""
    code = value.count(told)
    if code is None:
        code = int(t) if (t := value.truth(told)) is not None else None
    if code is None:
        return [Reading(Kind.UNKNOWN, said=f"{type}={str(told)[:30]}")] if told is not None else []
    if code == 0:
        kind = TYPES.get(type)
        return [Reading(Kind.HEARTBEAT, {"off": [str(kind)]} if kind else {})]
    if "battery" in key:
        return [Reading(Kind.BATTERY_LOW, {}, level=True)] if code in LOW_BATTERY else []
    for types, codes, reading in EVENTS:
        if type in types and code in codes:
            return [reading]
    if type not in KNOWN_TYPES or type in ("emergency_alarm", "home_health"):
        return [Reading(Kind.UNKNOWN, said=f"{type or 'notification'} {code}")]
    return [Reading(Kind.HEARTBEAT, {"notification": f"{type} {code}"})]


def _binary(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """A binary sensor by its property ("Smoke", "Door_Window"); without one the role decides."""
    del given
    name = path[0] if path else ""
    if name == "state" and len(path) > 1:
        name = SENSOR_NUMBERS.get(path[1], path[1])
    told = True if value.truth(told) is None and value.number(told, 2, 255) is not None else told
    if name in BINARY:
        return traits.read({BINARY[name]: told}, None, role)
    found = traits.by_words(name, [*names.ALARMS, *names.MOVES])
    if found:
        return traits.read({found: told}, None, role)
    return _on(path, told, role, True)


def _on(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """A switch, a basic set: a yes from a device that means only one thing."""
    del path, given
    on = value.truth(told)
    on = value.number(told, 1, 255) is not None if on is None else on
    if on and (kind := traits.role_kind(role)):
        return [Reading(kind, {"trigger": "input"} if kind is Kind.SOS else {"state": "alarm"}, level=True)]
    return [Reading(Kind.HEARTBEAT, {"state": "on" if on else "off"})]


def _scene(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """A button: 0 pressed once, 1 let go, 2 held, 3 twice … The gateway clears it afterwards."""
    del path
    if told is None and not given:
        return []
    code = value.count(told)
    found = press(SCENES.get(code, f"code_{code}") if code is not None else told, role)
    return [found] if found else []


def _keypad(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """Entry control: 3 disarm … 16 fire, 17 police, 18 medical (panic keys)."""
    del given
    code = value.count(told)
    if path[:1] != ["eventtype"] or code is None:
        return []
    found = press(KEYS.get(code, "enter"), role if role in SOS_ROLES and code not in KEYS else None)
    return [found] if found else []


def _battery(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """The level in per cent, or the warning: 255 is "low", not 255 %."""
    del role, given
    name = path[-1] if path else "level"
    if name == "level":
        low = value.number(told) == 255
        return traits.read({"battery_low": True} if low else {"battery": told}, None)
    return traits.read({"battery_low": told}, None) if name in ("islow", "low") else []


def _sensor(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """A measured value; temperatures are of the room."""
    del role, given
    found = traits.by_words(path[0] if path else "", [*names.VITALS, *names.QUANTITIES])
    return traits.read({found: told}, None) if found else []


def _lock(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    """The door's own state, where the lock knows it."""
    del role, given
    if path and path[-1] == "doorstatus":
        return traits.read({"door": told}, None)
    return []


def _life(path: list[str], told: Any, role: str | None, given: bool) -> list[Reading]:
    del path, told, role, given
    return []


_READERS = {
    "notification": _notification, "sensor_alarm": _binary, "alarm_sensor": _binary, "binary_sensor": _binary,
    "sensor_binary": _binary, "basic": _on, "switch_binary": _on, "binary_switch": _on, "central_scene": _scene,
    "scene_activation": _on, "entry_control": _keypad, "battery": _battery, "multilevel_sensor": _sensor,
    "sensor_multilevel": _sensor, "door_lock": _lock, "life": _life,
}  # fmt: skip
