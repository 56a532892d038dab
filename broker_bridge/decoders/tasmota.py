"""Tasmota: ``tele``, ``stat`` and ``cmnd`` topics in an order that the owner may change, and Zigbee behind it.

A Zigbee child's name is a key of the payload. A button held for 40 s resets the board to factory settings by
default: the fault is the installer's, the message is kept.
"""

from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body, names, traits, value, zones
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.presses import SOS_ROLES, bthome, press
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """The will, a state, a sensor's values, a button's result, or what Zigbee, radio and beacons sent."""
    levels = topic.split("/")
    leaf = levels[-1]
    device = "/".join(level for level in levels[:-1] if level not in _PREFIXES) or None
    if "cmnd" in levels or leaf in ("LOGGING", "RESTART") or levels[:2] == ["tasmota", "discovery"]:
        return noise(device, "a command")
    text = body.text(payload)
    if leaf == "LWT":
        return _will(device, text)
    if leaf.startswith(("POWER", "SWITCH")) and text[:1] != "{":
        return _power(device, leaf, text, role)
    said, why = body.fields(payload)
    if said is None:
        return noise(device, "cleared") if not text else unreadable(why or "", device)
    return sort(_said(said, device, leaf, role))


def _will(device: str | None, text: str) -> Translation:
    word = value.word(text)
    kind = {"online": Kind.HEARTBEAT, "offline": Kind.OFFLINE}.get(word)
    return unknown(device, word) if kind is None else Translation((Reading(kind, {"state": word}, device),))


def _power(device: str | None, leaf: str, text: str, role: str | None) -> Translation:
    """A relay or a switch that is reported as text: a press where the register says that it is a button."""
    if value.truth(text) and (kind := traits.role_kind(role)):
        data = {"trigger": "input"} if kind is Kind.SOS else {"state": "alarm"}
        return sort([Reading(kind, data, device, leaf)])
    unclear = role in SOS_ROLES and value.truth(text) is None
    return sort([Reading(Kind.UNKNOWN if unclear else Kind.HEARTBEAT, {"state": value.word(text)}, device, leaf)])


def _said(said: dict[str, Any], device: str | None, leaf: str, role: str | None) -> list[Reading]:
    ts = moment(said.get("Time"))
    told: list[Reading] = []
    for name, inner in said.items():
        if name in ("ZbReceived", "ZbInfo") and isinstance(inner, dict):
            told += [r for key, child in inner.items() if isinstance(child, dict) for r in _zigbee(key, child, role)]
        elif name == "IBEACON" and isinstance(inner, dict):
            told.append(_beacon(inner, ts))
        elif name in ("RfReceived", "RfRaw") and isinstance(inner, dict):
            told.append(_radio(inner, device if name == "RfRaw" else None, role))
        elif isinstance(inner, dict) and "mac" in inner:
            told += _bluetooth(name, inner, role, ts)
        elif leaf not in ("STATE", "INFO1", "INFO2", "INFO3") and (found := _button(name, inner, role)):
            told.append(Reading(found.kind, found.data, device, name, ts, level=found.level, said=found.said))
        elif leaf == "RESULT" and name.rstrip("0123456789") == "POWER" and inner is not None:
            told += _power(device, name, str(inner), role).events
    if (found := _own_topic(leaf, said, role)) is not None:
        told.append(Reading(found.kind, found.data, device, leaf.removesuffix("T"), ts, level=found.level))
    if told:
        return told
    groups = [inner for inner in said.values() if isinstance(inner, dict)]
    flat = {k: v for group in [*groups, said] for k, v in group.items() if not isinstance(v, dict | list)}
    known = {k: v for k, v in flat.items() if value.word(k) not in _ABOUT_ITSELF}
    return traits.read(known if leaf != "STATE" else {}, device, role, ts)


def _own_topic(leaf: str, said: dict[str, Any], role: str | None) -> Reading | None:
    """``…/SWITCH1 {"STATE":"ON"}``, ``…/BUTTON1T {"TRIG":"SINGLE"}``: the input is named by its topic."""
    word = next((said[key] for key in ("STATE", "TRIG", "Action") if key in said), None)
    return None if word is None else _button(leaf.removesuffix("T"), word, role)


def _bluetooth(name: str, said: dict[str, Any], role: str | None, ts: Any) -> list[Reading]:
    """A sensor that the board heard: its own name, plain properties, a button's number."""
    told = traits.read({k: v for k, v in said.items() if k not in ("mac", "Btn")}, name, role, ts)
    pressed = bthome(said["Btn"], role) if "Btn" in said else None
    if pressed is None:
        return told
    return [*(r for r in told if r.kind is not Kind.HEARTBEAT), replace(pressed, device=name, ts=ts)]


def _button(name: str, inner: Any, role: str | None) -> Reading | None:
    """``{"Button1":{"Action":"SINGLE"}}``, ``{"Switch1":"ON"}``: numbered inputs of the board."""
    plain = name.rstrip("0123456789").lower()
    if plain == "button":
        return press(inner.get("Action") if isinstance(inner, dict) else inner, role)
    if plain == "switch":
        on = inner.get("Action") if isinstance(inner, dict) else inner
        if value.truth(on) and (kind := traits.role_kind(role)):
            data = {"trigger": "input"} if kind is Kind.SOS else {"state": "alarm"}
            return Reading(kind, data, level=True)
        if role in SOS_ROLES and value.truth(on) is None:
            return press(on, role)
        return Reading(Kind.HEARTBEAT, {"input": value.word(on)})
    return None


def _beacon(said: dict[str, Any], ts: Any) -> Reading:
    """A pendant that is a radio beacon: heard (near), or not heard any more (left, or dead)."""
    here = value.truth(said.get("STATE"))
    device = value.name(said.get("MAC")) or value.name(said.get("UID"))
    radio = value.number(said.get("RSSI"), -200, 20)
    data = {"kind": "motion", "state": "off" if here is False else "on", "detail": "beacon"}
    return Reading(Kind.ACTIVITY, data | ({"rssi": radio} if radio is not None else {}), device, ts=ts)


def _radio(said: dict[str, Any], bridge: str | None, role: str | None) -> Reading:
    """A 433 MHz remote: its number, and nothing else; raw pulses name no remote, so the ``bridge`` speaks."""
    device, kind = bridge or value.name(said.get("Data")), traits.role_kind(role)
    if bridge is not None and kind is not None:
        return Reading(Kind.UNKNOWN, {}, bridge, said="raw radio")
    if kind is None:
        return Reading(Kind.HEARTBEAT, {}, device)
    return Reading(kind, {"trigger": "radio"} if kind is Kind.SOS else {"state": "alarm"}, device)


def _zigbee(key: str, said: dict[str, Any], role: str | None) -> list[Reading]:
    """One Zigbee child: its own name where it has one, raw commands, a zone's bits, plain attributes."""
    device = value.name(said.get("Name")) or key
    if said.get("Reachable") is False:
        return [Reading(Kind.OFFLINE, {"state": "unreachable"}, device)]
    told = [_ace(name, item) for name, item in said.items() if name in _ACE]
    bits = value.count(said.get("ZoneStatusChange"))
    bits = value.count(said.get("ZoneStatus")) if bits is None else bits
    if bits is not None:
        told += zones.read(value.count(said.get("ZoneType")), bits, role)
    clicked = said.get("Click", said.get("Action", said.get("action")))
    if clicked is not None and (found := press(clicked, role)):
        told.append(found)
    if not told and "Power" in said and "ZoneType" not in said and role in SOS_ROLES:
        told.append(Reading(Kind.SOS, {"trigger": "button", "press": value.word(str(said["Power"]))}))
    if not told and bits is None and role in SOS_ROLES:
        told += _raw(said)
        told += [Reading(Kind.UNKNOWN, said="zone")] if {"ZoneStatusChange", "ZoneStatus"} & set(said) else []
    told += traits.read({_ATTRIBUTES.get(k, k): v for k, v in said.items() if k not in _IDENTITY}, None, role)
    spoken = [r for r in told if r.kind is not Kind.HEARTBEAT] or told[:1]
    # an attribute in words explains bits whose zone is not named
    spoken = [r for r in spoken if r.kind is not Kind.UNKNOWN] or spoken
    pct = {"battery_pct": p} if (p := value.percent(said.get("BatteryPercentage"))) is not None else {}
    return [Reading(r.kind, {**r.data, **pct}, device, drill=r.drill, level=r.level, said=r.said) for r in spoken]


def _raw(said: dict[str, Any]) -> list[Reading]:
    """A button's command that Tasmota did not translate: a scene switch's own, else loud, as nobody knows it."""
    for name, item in said.items():
        cluster, bang, command = name.partition("!")
        if bang and (cluster, command) == ("0006", "FD"):
            return [Reading(Kind.SOS, {"trigger": "button", "press": _SCENES.get(str(item)[-2:], "short")})]
        if bang and len(cluster) == 4:
            return [Reading(Kind.UNKNOWN, said=f"command {name[:20]}")]
    return []


_SCENES = {"00": "short", "01": "double", "02": "long"}


def _ace(name: str, said: Any) -> Reading:
    """Commands of an alarm keypad or a keyfob (cluster 0x0501), not translated by Tasmota."""
    meaning = _ACE[name]
    if meaning == "arm":
        disarm = str(said).lower().removeprefix("0x")[:2] == "00"
        return Reading(Kind.CANCEL, {"by": "disarm"}) if disarm else Reading(Kind.HEARTBEAT, {"action": "arm"})
    return press(meaning) or Reading(Kind.UNKNOWN)


_PREFIXES = frozenset({"tele", "stat", "cmnd"})
_ACE = {"0501!00": "arm", "0501!02": "emergency", "0501!03": "fire", "0501!04": "panic"}
_IDENTITY = frozenset({
    "Device", "Name", "IEEEAddr", "ModelId", "Manufacturer", "Endpoint", "Endpoints", "Config", "ZoneType",
    "ZoneStatus", "ZoneStatusChange", "Click", "Action", "action", "Group", "Power",
})  # fmt: skip
#: Tasmota's names of zone attributes; its ``Contact`` is 1 when open
_ATTRIBUTES = {
    "Contact": "opening", "PersonalAlarm": "emergency", "Movement": "vibration", "Fire": "smoke", "GlassBreak": "glass",
    "Panic": "panic", "Keyfob": "panic", "LinkQuality": "linkquality", "CO": "co_alarm",
}  # fmt: skip
_ABOUT_ITSELF = frozenset({"heap", "vcc", "power", "signal", "channel", *names.ROLE_ALARMS} - {"alarm"})
