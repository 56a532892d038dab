"""Shelly: the first generation speaks one topic for each value, the second and later ones JSON-RPC.

Inputs mean what the register says; smoke, flood and presence say what they are. A button on Bluetooth comes
as a component of the device that heard it (``bthomedevice:202``).
"""

from typing import Any

from broker_bridge.decoders import body, traits, value
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.presses import SOS_ROLES, bthome, press
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """Gen 1 under ``shellies/``, everything else by what follows the device's prefix."""
    if topic.startswith("shellies/"):
        return _gen1(topic.split("/")[1:], payload, role)
    for mark in ("/events/rpc", "/online", "/rpc"):
        if topic.endswith(mark):
            device = topic.removesuffix(mark)
            return _online(device, payload) if mark == "/online" else _rpc(device, payload, role)
    head, mark, component = topic.partition("/status/")
    if mark:
        return _status_topic(head, component, payload, role)
    if "/command" in topic or topic.endswith(("/debug/log", "/announce", "/info")):
        return noise(topic.split("/")[0], "a command or a log")
    return _rpc(topic.split("/")[0], payload, role)


def _online(device: str, payload: bytes) -> Translation:
    online = value.truth(body.text(payload))
    if online is None:
        return noise(device, "cleared") if not payload.strip() else unknown(device, "online")
    return Translation((Reading(Kind.HEARTBEAT if online else Kind.OFFLINE, {"online": online}, device),))


def _rpc(topic_device: str, payload: bytes, role: str | None) -> Translation:
    said, why = body.fields(payload)
    if said is None:
        return unreadable(why or "", topic_device)
    device = topic_device if "/" not in topic_device else value.name(said.get("src")) or topic_device
    params = said.get("params")
    method = said.get("method")
    if method == "NotifyEvent":
        events = body.objects(body.part(params, "events"))
        return sort([reading for event in events for reading in _event(event, device, role)])
    if isinstance(said.get("component"), str) and "event" in said:
        return sort(_event(said, device, role))
    if method in ("NotifyStatus", "NotifyFullStatus") and isinstance(params, dict):
        return sort(_statuses(params, device, role))
    if isinstance(said.get("result"), dict):
        return sort(_statuses(said["result"], device, role))
    return unknown(device, str(method or "")[:40])


def _statuses(params: dict[str, Any], device: str, role: str | None) -> list[Reading]:
    ts = moment(params.get("ts"))
    told: list[Reading] = []
    for component, state in params.items():
        if isinstance(state, dict):
            told += _component(component, state, role)
    made = [_of(r, device, r.part, ts) for r in told]
    return [r for r in made if r.kind is not Kind.HEARTBEAT] or made[:1] or [Reading(Kind.HEARTBEAT, {}, device, ts=ts)]


def _component(name: str, state: dict[str, Any], role: str | None) -> list[Reading]:
    """One component's state; ``smoke:0`` and ``flood:0`` say what they are, a muted buzzer is no all-clear."""
    family = name.partition(":")[0]
    if family in _ALARMS and (ringing := value.truth(state.get("alarm"))) is not None:
        kind = _ALARMS[family]
        if ringing:
            muted = value.truth(state.get("mute")) is True
            return [Reading(kind, {"state": "alarm", "muted": muted}, part=name, level=True)]
        return [Reading(Kind.HEARTBEAT, {"off": [str(kind)]}, part=name)]
    if family == "input":
        return _input(name, state, role)
    if family == "devicepower":
        return _power(state)
    if family in ("presence", "presencezone", "motion", "occupancy"):
        seen = next((v for k in ("value", "state", "motion", "num_objects") if (v := state.get(k)) is not None), None)
        moved = value.truth(seen) if not isinstance(seen, int) or isinstance(seen, bool) else seen > 0
        if moved is not None:
            return [Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on" if moved else "off"}, part=name)]
    if family == "bthomesensor" and isinstance(state.get("value"), bool):
        return [Reading(r.kind, r.data, part=name, level=r.level) for r in _sensed(state["value"], role)]
    if family in ("bthomedevice", "blutrv"):
        return [Reading(r.kind, r.data, part=name) for r in traits.read({"battery": state.get("battery")}, None)]
    return [Reading(Kind.HEARTBEAT)]


def _input(name: str, state: dict[str, Any], role: str | None) -> list[Reading]:
    """A state-type input: a pull cord or a wired button, if the register says so."""
    on = value.truth(state.get("state"))
    if on is None:
        if state.get("state") is not None and role in SOS_ROLES:
            return [Reading(Kind.UNKNOWN, part=name, said=f"input {str(state['state'])[:40]}")]
        if "state" in state and role in SOS_ROLES and state.get("type") != "button":
            return [Reading(Kind.HEARTBEAT, {"input": "none"}, part=name)]
        return [Reading(Kind.HEARTBEAT, part=name)]
    if not on:
        return [Reading(Kind.HEARTBEAT, {"input": "off"}, part=name)]
    if kind := traits.role_kind(role):
        data = {"trigger": "input"} if kind is Kind.SOS else {"state": "alarm"}
        return [Reading(kind, data, part=name, level=True)]
    return [Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on", "action": "input"}, part=name)]


def _sensed(on: bool, role: str | None) -> list[Reading]:
    """A yes or no of a Bluetooth sensor: only the register knows of what."""
    kind = traits.role_kind(role)
    if on and kind is not None:
        return [Reading(kind, {"trigger": "input"} if kind is Kind.SOS else {"state": "alarm"}, level=True)]
    sense = next(
        (name for word, name in (("door", "door"), ("motion", "motion"), ("bed", "bed")) if word in (role or "")), ""
    )
    return traits.read({sense: on} if sense else {}, None)


def _power(state: dict[str, Any]) -> list[Reading]:
    percent = body.part(state, "battery", "percent")
    mains = body.part(state, "external", "present")
    return traits.read({"battery": percent, "external_power": mains}, None)


def _event(event: dict[str, Any], device: str, role: str | None) -> list[Reading]:
    """One entry of ``events[]``: of a component, or of a script that passes on what Bluetooth devices say."""
    if isinstance(event.get("data"), dict) and (heard := _bluetooth(event["data"], role)):
        return heard
    return [_component_event(event, device, role)]


def _bluetooth(data: dict[str, Any], role: str | None) -> list[Reading]:
    """A BTHome advertisement decoded by the well-known script: address, packet number, flat values."""
    address = value.name(data.get("address"))
    if address is None:
        return []
    device, packet = address.replace(":", "").upper(), value.count(data.get("pid"))
    if value.truth(data.get("encryption")) and "button" not in data:
        return [Reading(Kind.UNKNOWN, {}, device, said="encrypted")]
    buttons = data.get("button")
    codes = buttons if isinstance(buttons, list) else [buttons]
    pressed = [found for code in codes if code is not None and (found := bthome(code, role)) is not None]
    flat = {k: v for k, v in data.items() if k not in _ADVERTISED}
    told = [r for r in traits.read(flat, None, role) if not pressed or r.kind is not Kind.HEARTBEAT]
    told += [r for r in pressed if r.kind is not Kind.HEARTBEAT] or pressed[:1]
    id = None if packet is None else f"{device}-{packet}"
    return [Reading(r.kind, r.data, device, id=id and f"{id}-{r.kind}", level=r.level, said=r.said) for r in told]


def _component_event(event: dict[str, Any], device: str, role: str | None) -> Reading:
    """A push of an input or of a button on Bluetooth, an alarm of a detector."""
    component, ts = str(event.get("component", ""))[:60], moment(event.get("ts"))
    family, what = component.partition(":")[0], value.word(event.get("event"))
    if family in _ALARMS and "alarm" in what:
        return _of(_alarm_event(_ALARMS[family], what), device, component, ts)
    if not what and role in SOS_ROLES and event.get("event") not in (None, ""):
        return Reading(Kind.UNKNOWN, {}, device, component or None, ts, said=f"event {str(event['event'])[:40]}")
    if family in ("input", "bthomedevice", "bthomesensor", "button") and what and not what.startswith(_ABOUT_ITSELF):
        pressed = press("" if what == "btn_up" else what, role)
        if pressed is not None:
            return _of(pressed, device, component, ts)
    return Reading(Kind.HEARTBEAT, {"event": what[:40]}, device, component or None, ts)


def _alarm_event(kind: Kind, what: str) -> Reading:
    if "off" in what or "clear" in what:
        return Reading(Kind.HEARTBEAT, {"off": [str(kind)]})
    testing = "test" in what
    return Reading(kind, {"state": "test" if testing else "alarm"}, drill=testing, level=True)


def _of(reading: Reading, device: str, part: str | None, ts: Any) -> Reading:
    return Reading(reading.kind, reading.data, device, part, ts, reading.drill, level=reading.level, said=reading.said)


def _status_topic(device: str, component: str, payload: bytes, role: str | None) -> Translation:
    said, why = body.fields(payload)
    if said is None:
        return noise(device, "cleared") if not payload.strip() else unreadable(why or "", device)
    return sort(_statuses({component: said}, device, role))


def _gen1(levels: list[str], payload: bytes, role: str | None) -> Translation:
    """``shellies/{device}/{what…}`` with text, or JSON for some."""
    if len(levels) < 2:
        return noise(None, "announce")
    device, what, rest = levels[0], levels[1], levels[2:]
    if what == "online":
        return _online(device, payload)
    if what in ("announce", "command") or "command" in rest:
        return noise(device, what)
    said, _ = body.value(payload)
    if what in ("input_event", "input", "longpush", "button"):
        return sort([_push(what, said, device, "/".join([what, *rest]), role)])
    if isinstance(said, dict):
        return sort(traits.read(_flat(said), device, role, moment(said.get("timestamp"))))
    if what == "sensor" and rest:
        return _sensor(device, rest[0], body.text(payload), role)
    return Translation((Reading(Kind.HEARTBEAT, {}, device),))


def _push(what: str, said: Any, device: str, part: str, role: str | None) -> Reading:
    """``{"event":"S","event_cnt":2}``: the count names the press; a state is 1 or 0."""
    if isinstance(said, dict):
        count = value.count(said.get("event_cnt"))
        found = press(said.get("event"), role) or Reading(Kind.HEARTBEAT)
        id = f"{part}:{count}" if count is not None and found.kind is Kind.SOS else None
        return Reading(found.kind, found.data, device, part, id=id, said=found.said)
    on = value.truth(said)
    if not on or (what == "longpush" and role not in SOS_ROLES):
        return Reading(Kind.HEARTBEAT, {"input": "off"}, device, part)
    return _of(_input(part, {"state": True}, role)[0], device, part, None)


def _sensor(device: str, name: str, text: str, role: str | None) -> Translation:
    """One value of a battery sensor. The door sensor's ``state`` is open or closed; gas is graded."""
    plain = value.word(text)
    if name == "gas":
        if plain in ("mild", "heavy", "test"):
            testing = plain == "test"
            data = {"state": "test" if testing else "alarm", "level": plain}
            return Translation((Reading(Kind.GAS, data, device, drill=testing, level=True),))
        return sort(traits.read({"gas": "none"}, device)) if plain in ("none", "unknown") else unknown(device, plain)
    if name == "state" and plain in ("open", "close", "closed"):
        return sort(traits.read({"opening": plain}, device))
    return sort(traits.read({name: text}, device, role))


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    """Gen 1's ``status`` and ``info``: groups of values, one level deep."""
    flat = dict(said)
    for name in ("sensor", "bat", "smoke", "accel", "motion"):
        if isinstance(said.get(name), dict):
            flat |= {("battery" if (name, k) == ("bat", "value") else k): v for k, v in said[name].items()}
    if not isinstance(said.get("bat"), dict):
        flat["battery"] = said.get("bat", said.get("battery"))
    return {k: v for k, v in flat.items() if not isinstance(v, dict | list)}


#: of an advertisement: the button apart, the room's weather, the envelope
_ADVERTISED = frozenset({"button", "temperature", "humidity", "address", "pid", "encryption", "BTHome_version"})
_ALARMS = {"smoke": Kind.SMOKE, "flood": Kind.WATER_LEAK, "gas": Kind.GAS, "co": Kind.GAS}
#: events of a device about its own settings
_ABOUT_ITSELF = ("config_", "ota_", "scheduled_", "script", "device_", "discovery", "sleep", "measurement")
