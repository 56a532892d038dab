"""Entities of home automation: a component, a name that somebody chose, a state as text."""

from dataclasses import replace
from typing import Any

from broker_bridge.decoders import names, traits, value
from broker_bridge.decoders.presses import SOS_ROLES, press
from broker_bridge.decoders.reading import Reading
from domain.events import Kind

COMPONENTS = frozenset({
    "binary_sensor", "sensor", "event", "text_sensor", "switch", "light", "button", "device_tracker", "cover", "lock",
    "alarm_control_panel", "number", "select", "text", "fan", "climate", "device_automation", "update", "person",
    "input_boolean", "siren", "camera", "scene", "valve", "media_player",
})  # fmt: skip
#: components whose state is a yes or no about the world, not a setting
_SENSES = frozenset({"binary_sensor", "sensor", "text_sensor", "input_boolean", "", "switch"})


def state(
    component: str, name: str, text: str, role: str | None, device: str | None = None, sense: str | None = None
) -> list[Reading]:
    """What an entity's state tells; ``device`` is its node where it has one, else the entity itself.

    ``sense`` is its device class where the platform gives one: it says what the state is about, before the name.
    """
    who, part = (device, name) if device else (name, None)
    about = _CLASSES.get(f"{component}.{sense}", sense) if sense else None
    told = _told(component, about if about in _KNOWN else name.rpartition("/")[2], text, role)
    return [replace(r, device=who, part=part) for r in told]


def event(said: Any, name: str, role: str | None, device: str | None = None) -> Reading:
    """An event entity: what happened, in a word (``press``, ``long_press``, ``fall``)."""
    who, part = (device, name) if device else (name, None)
    word = value.word(said)
    if word in names.FALLS:
        return Reading(Kind.FALL, {}, who, part)
    found = press(said, role) or Reading(Kind.UNKNOWN, said="event_type")
    return replace(found, device=who, part=part)


def _told(component: str, name: str, text: str, role: str | None) -> list[Reading]:
    word = value.word(text)
    if word == "unavailable":
        return [Reading(Kind.OFFLINE, {"state": word})]
    if component == "event":
        return [event(text, name, role)]
    if component in ("device_tracker", "person"):
        return _whereabouts(word)
    if component == "alarm_control_panel" and word == "triggered":
        return [Reading(Kind.UNKNOWN, said="alarm panel triggered")]
    if word in ("unknown", "nan", "") or component not in _SENSES:
        return [Reading(Kind.HEARTBEAT, {"state": word[:40]})]
    if component == "sensor" and value.number(text) is not None:
        return _measured(name, text)
    return _sensed(name, text, role)


def _measured(name: str, text: str) -> list[Reading]:
    """A number: a pulse, a battery, steps; an alarm is never read out of one."""
    found = traits.by_words(name, [*names.VITALS, *names.BATTERIES, *names.QUANTITIES])
    return traits.read({found: text}, None) if found else [Reading(Kind.HEARTBEAT)]


def _sensed(name: str, text: str, role: str | None) -> list[Reading]:
    """Yes or no: by the words of the entity's name, else by the role of the device."""
    if value.word(name).rpartition("_")[2] in names.ACTIONS and (pressed := press(text, role)) is not None:
        return [pressed]
    found = traits.by_words(name, [*names.ALARMS, *names.MOVES, *names.LOWS])
    if found is not None:
        return traits.read({found: text}, None, role)
    if set(value.word(name).split("_")) & (names.ASIDE | {"status"}):
        return [Reading(Kind.HEARTBEAT, {"state": value.word(text)[:40]})]
    return by_role(text, role)


def by_role(text: str, role: str | None) -> list[Reading]:
    """An unnamed yes from a device that means only one thing."""
    word, kind = value.word(text), traits.role_kind(role)
    if kind is not None and (value.truth(text) is True or (kind is Kind.SOS and word in ("pressed", "pulled", "open"))):
        return [Reading(kind, {"trigger": "input"} if kind is Kind.SOS else {"state": "alarm"}, level=True)]
    if role in SOS_ROLES and value.truth(text) is None and not value.number(text):
        found = press(text, role)
        return [found] if found else []
    return [Reading(Kind.HEARTBEAT, {"state": word[:40]})]


_KNOWN = frozenset({*names.ALARMS, *names.MOVES, *names.LOWS, *names.BATTERIES, *names.VITALS, *names.QUANTITIES})
#: device classes that mean another thing on a yes-or-no entity than their word says
_CLASSES = {"binary_sensor.battery": "battery_low", "binary_sensor.garage_door": "door", "binary_sensor.lock": "lock"}


def _whereabouts(word: str) -> list[Reading]:
    if word == "not_home":
        return [Reading(Kind.GEOFENCE_EXIT, {"fence": "home"}, level=True)]
    return [Reading(Kind.HEARTBEAT, {"fence": word[:40]})]
