"""What a sensor says in named properties, by their names and values alone: no model is known here.

Pure. The same words come through every platform: codecs of LoRaWAN sensors, ThingsBoard keys, NB-IoT
services. A property nobody knows says nothing, unless its name sounds like an alarm: then it is ``unknown``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import charge
from broker_bridge.decoders.alarm_names import Meaning, meaning
from broker_bridge.decoders.bare import bare
from broker_bridge.decoders.button import BUTTONS, press
from broker_bridge.decoders.flat import flat
from broker_bridge.decoders.names import ROLES
from broker_bridge.decoders.naming import keys, measures, parts
from broker_bridge.decoders.over import off
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.states import alarm, by_value, hazard
from broker_bridge.decoders.value import number, vitals, word
from broker_bridge.decoders.vocabulary import (
    ACCURACY,
    BARE,
    BATTERY,
    BUTTON,
    INPUTS,
    LATITUDE,
    LONGITUDE,
    NAMES_AN_ALARM,
    OWN,
    STEPS,
    SUSPICIOUS,
    TESTS,
    VITAL,
)
from broker_bridge.decoders.worded import Word, worded
from domain.events import Kind

Fields = Mapping[str, Any]


def tell(fields: Fields, role: str | None = None, omits: bool = False) -> list[Reading]:
    """Everything these properties say, unsorted; never empty.

    ``omits``: the platform leaves out what is false, 0 or empty (The Things Stack), so that a counter
    without its state means that the state is false.
    """
    named = _named_once(fields)
    where = _place(named)
    said = [*_states(_one_mode(named), role, where), *_measured(named, where)]
    if omits:
        said += _omitted(named, said)
    said = _tested(named, _somewhere(_off_the_body(said)), role) or [_nothing(named)]
    own = _about_itself(named)
    over = off(named, role, said)
    own |= {"off": over} if over else {}
    return [_own(reading, own) for reading in said]


def _own(reading: Reading, own: dict[str, Any]) -> Reading:
    """With what the message tells beside; each press that is sent is a press, and no state that lasts."""
    if reading.kind is Kind.UNKNOWN:
        return reading
    over = sorted({*own.get("off", ()), *reading.data.get("off", ())})
    data = {**own, **reading.data, **({"off": over} if over else {})}
    return replace(reading, data=data, level=reading.level and reading.kind is not Kind.SOS)


def _named_once(fields: Fields) -> dict[str, Any]:
    """Each name once; of a name that comes in several parts, the one that says yes."""
    named: dict[str, Any] = {}
    for name, value in flat(fields):
        if name not in named or (worded(named[name]) is not Word.YES and worded(value) is Word.YES):
            named[name] = value
    return named


def _off_the_body(said: list[Reading]) -> list[Reading]:
    """Taken off, a watch measures the table."""
    if any(reading.data.get("kind") == "not_worn" for reading in said):
        return [reading for reading in said if reading.kind is not Kind.VITALS]
    return said


def _somewhere(said: list[Reading]) -> list[Reading]:
    """Somebody in one region of a room is somebody in the room."""
    seen = {reading.data.get("state") for reading in said if reading.data.get("kind") == "motion"}
    if seen < {"on", "off"}:
        return said
    return [reading for reading in said if (reading.data.get("kind"), reading.data.get("state")) != ("motion", "off")]


def _tested(named: Fields, said: list[Reading], role: str | None) -> list[Reading]:
    """``test: true``: what would be an alarm is a drill; a detector at rest that is tested, too."""
    if not any(not TESTS.isdisjoint(keys(name)) and worded(value) is Word.YES for name, value in named.items()):
        return said
    kind = ROLES.get(role or "")
    if not said and kind in _TESTED:
        return [Reading(kind, {"state": "test"}, drill=True)]
    return [_drill(reading) for reading in said]


_TESTED = frozenset({Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK})


def _drill(reading: Reading) -> Reading:
    cleared = reading.data.get("off")
    kind = Kind(cleared[0]) if cleared else reading.kind
    if kind in _TESTED:
        data = {key: item for key, item in reading.data.items() if key != "off"}
        return replace(reading, kind=kind, data={**data, "state": "test"}, drill=True)
    return replace(reading, drill=True) if kind in (Kind.SOS, Kind.FALL) else reading


def _one_mode(named: Fields) -> Fields:
    """A door and leak sensor (Dragino) tells both states; ``MOD`` says which of them it is mounted for."""
    mode = next((number(value) for name, value in named.items() if word(name) == "mod"), None)
    other = {1: "leak", 2: "door"}.get(int(mode)) if mode is not None else None
    return {name: value for name, value in named.items() if other is None or other not in parts(name)}


def _states(named: Fields, role: str | None, where: dict[str, Any] | None) -> Iterator[Reading]:
    for name, value in named.items():
        if not isinstance(value, list):
            yield from _state(name, value, named, role, where)


def _state(name: str, value: Any, named: Fields, role: str | None, where: dict[str, Any] | None) -> Iterator[Reading]:
    spelt = keys(name)
    if not BUTTON.isdisjoint(spelt):
        yield from _some(press(value, role, "button" in parts(name) or "press" in parts(name)))
    elif not INPUTS.isdisjoint(spelt) and role in BUTTONS:
        yield from _some(press(_input(value), role))
    elif "geofence" in parts(name) and word(value) in ("outside", "out", "exit", "leave", "outofrange"):
        yield Reading(Kind.GEOFENCE_EXIT, dict(where or {}), level=True)
    elif not NAMES_AN_ALARM.isdisjoint(spelt) and (named_alarm := _named(value, named)) is not None:
        yield replace(named_alarm, level="detectionstatus" in spelt)
    elif charge.speaks_of(name):
        return
    elif (door := _door(word(name), value)) is not None:
        yield Reading(Kind.ACTIVITY, {"kind": "door", "state": door}, level=True)
    elif not BARE.isdisjoint(spelt) or (word(name) in _VAGUE and (role in BUTTONS or role in ROLES)):
        yield from bare(value, named, role)
    elif "install" in spelt or "wear" in parts(name) or "wearing" in parts(name) or "worn" in parts(name):
        yield from _in_place(name, value)
    elif not _known(spelt) and not measures(name):
        yield from _by_name(name, value, where)


_VAGUE = frozenset({"status", "state", "event"})  # they do not say of what
_OPENS = frozenset({"open", "opened", "is_open"})
_DOORS = {"open": "open", "opened": "open", "close": "closed", "closed": "closed"}


def _input(value: Any) -> str | None:
    """A wire's level is a press or its release; another word is read as a button's own."""
    if word(value) in ("l", "low"):
        return "release"
    told = Word.YES if word(value) == "h" else worded(value)
    return {Word.YES: "press", Word.NO: "release", Word.NOTHING: None}.get(told, str(value))


def _door(name: str, value: Any) -> str | None:
    """``open: true``, ``status: "closed"``: the property does not say of what, the words are a door's."""
    if name in _OPENS and isinstance(value, bool):
        return "open" if value else "closed"
    return _DOORS.get(word(value)) if name in _VAGUE else None


def _known(spelt: tuple[str, ...]) -> bool:
    return any(key in VITAL or key in BATTERY or key in STEPS or key in OWN for key in spelt)


def _named(value: Any, named: Fields) -> Reading | None:
    """``alarm_type: "fall"`` with its ``alarm_status``; ``event: "testing alarm …"`` of a ``type: "smoke sensor"``."""
    if not isinstance(value, str):
        return None
    found = meaning(value)
    if (found is None or found.kind is Kind.HEARTBEAT) and (detected := _hazard(value, named)) is not None:
        return detected
    if found is None:
        return None
    return alarm(found, next((item for name, item in named.items() if word(name) == "alarm_status"), "alarm"))


def _hazard(value: str, named: Fields) -> Reading | None:
    """A detector that says what it is in ``type`` and how it is in ``event``."""
    device = word(next((item for name, item in named.items() if word(name) in ("type", "sensor_type")), None))
    kind = next((kind for hint, kind in _DETECTORS.items() if hint in device), None)
    if kind is None:
        return None
    return hazard(Meaning(kind, {"state": "alarm"}), worded(value), value)


_DETECTORS = {
    "smoke": Kind.SMOKE, "fire": Kind.SMOKE, "gas": Kind.GAS, "leak": Kind.WATER_LEAK, "water": Kind.WATER_LEAK,
}  # fmt: skip


def _in_place(name: str, value: Any) -> Iterator[Reading]:
    """``install: "no"``, ``isWearing: false``: it is not where it should be."""
    if "not" in parts(name) or "un" in parts(name):
        gone = worded(value) is Word.YES
    else:
        gone = worded(value) is Word.NO or word(value) in _GONE
    if gone:
        yield Reading(Kind.TAMPER, {"kind": "case_open" if "install" in parts(name) else "not_worn"}, level=True)


_GONE = frozenset({"not_worn", "uninstall", "uninstalled", "removed", "off_wrist"})


def _by_name(name: str, value: Any, where: dict[str, Any] | None) -> Iterator[Reading]:
    found = meaning(name)
    if found is not None:
        yield from _some(by_value(found, value, where is not None) or _coded(found, name, value))
    elif not SUSPICIOUS.isdisjoint(parts(name)) and worded(value) in (Word.YES, Word.OTHER, Word.MAYBE):
        yield Reading(Kind.UNKNOWN, said=f"{name[:30]}: {str(value)[:30]}")


def _coded(found: Meaning, name: str, value: Any) -> Reading | None:
    """``COAlarm: 2``, ``smoke_state: 7``: a number under the name of a state is a level or a code, no concentration."""
    figure = number(value)
    if found.kind not in _TESTED or figure is None or figure <= 0 or _STATES.isdisjoint(parts(name)):
        return None
    if figure <= _LEVELS and "alarm" in parts(name):
        return hazard(found, Word.YES, value)
    return Reading(Kind.UNKNOWN, said=f"{name[:30]}: {str(value)[:30]}")


_LEVELS = 3
_STATES = frozenset({"alarm", "state", "status", "statu"})


def _measured(named: Fields, where: dict[str, Any] | None) -> Iterator[Reading]:
    body = vitals({
        vital: value for name, value in named.items() if (vital := _vital(name)) and number(value) is not None
    })  # fmt: skip
    breathing = next((word(value) for name, value in named.items() if word(name) in _BREATHING), "")
    if body or breathing in _SHORT_OF_BREATH:
        yield Reading(Kind.VITALS, {**body, **({"breathing": breathing} if breathing in _SHORT_OF_BREATH else {})})
    if where is not None:
        yield Reading(Kind.LOCATION, where)
    steps = next((number(value, 0, 1e6) for name, value in named.items() if not STEPS.isdisjoint(keys(name))), None)
    if steps is not None:
        yield Reading(Kind.ACTIVITY, {"kind": "steps", "state": int(steps)})
    yield from _some(charge.low(named))


_BREATHING = frozenset({"respiratory_status", "breathing_status", "respiration_status", "breath_status"})
_SHORT_OF_BREATH = frozenset({"apnea", "bradypnea", "tachypnea", "abnormal"})


def _vital(name: str) -> str | None:
    return next((VITAL[key] for key in keys(name) if key in VITAL), None)


def _place(named: Fields) -> dict[str, Any] | None:
    found = {key: next((value for name, value in named.items()
                        if not names.isdisjoint(keys(name)) and number(value) is not None), None)
             for key, names in (("lat", LATITUDE), ("lon", LONGITUDE), ("acc", ACCURACY))}  # fmt: skip
    return place(found["lat"], found["lon"], "WGS84", found["acc"])


def _about_itself(named: Fields) -> dict[str, Any]:
    full = charge.level(named)
    return {} if full is None else {"battery_pct": full}


def _omitted(named: Fields, said: list[Reading]) -> Iterator[Reading]:
    """``DOOR_OPEN_TIMES`` without ``DOOR_OPEN_STATUS``: the door is closed, the platform left the 0 out."""
    words = {part for name in named if measures(name) for part in parts(name)}
    if "door" in words and not any(reading.data.get("kind") == "door" for reading in said):
        yield Reading(Kind.ACTIVITY, {"kind": "door", "state": "closed"}, level=True)


def _nothing(named: Fields) -> Reading:
    """Only the device about itself is a sign of life; names nobody knows are ``unknown``."""
    known = any(_is_ours(name) for name in named)
    if known or not named:
        return Reading(Kind.HEARTBEAT)
    return Reading(Kind.UNKNOWN, said=", ".join(named)[:64])


def _is_ours(name: str) -> bool:
    """A name that some rule here reads, whatever its value was."""
    spelt = keys(name)
    if _known(spelt) or (measures(name) and len(parts(name)) > 1) or charge.speaks_of(name) or meaning(name):
        return True
    return not (BARE | BUTTON).isdisjoint(spelt) or not {"wear", "install"}.isdisjoint(parts(name))


def _some(reading: Reading | None) -> Iterator[Reading]:
    if reading is not None:
        yield reading
