"""What a property's name and value mean, whoever made the device: smoke is smoke in every house.

Makers that publish flat properties (``{"smoke": true, "battery": 80}``) differ in the envelope and agree, more or
less, on names. The tables here are about names and value sets, never about models.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from broker_bridge.decoders import value
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.names import (
    ACTIONS,
    ALARMS,
    ASIDE,
    BATTERIES,
    FALLS,
    LOOSE,
    LOW_WORDS,
    LOWS,
    MOVES,
    QUANTITIES,
    QUIET,
    RINGING,
    ROLE_ALARMS,
    ROLES,
    STATED,
    UNSURE,
    VITALS,
    WORDS_OF_MOTION,
)  # fmt: skip
from broker_bridge.decoders.presses import LENGTHS, SOS_ROLES, press
from broker_bridge.decoders.reading import Reading
from domain.events import Kind

Fields = Mapping[str, Any]


def read(said: Fields, device: str | None, role: str | None = None, ts: datetime | None = None) -> list[Reading]:
    """Everything that these properties tell; a heartbeat when they tell nothing more than that it lives."""
    named = {value.word(key): item for key, item in said.items() if isinstance(key, str)}
    told = [*_alarms(named, role), *_presses(named, role), *_activity(named, role), *_vitals(named), *_battery(named)]
    if not told:
        told = [Reading(Kind.HEARTBEAT)]
    common = facts(named)
    return [replace(r, device=device, ts=ts, data={**common, **r.data}) for r in told]


def facts(named: Fields) -> dict[str, Any]:
    """What any reading may carry along: battery, radio, which alarms are off."""
    found: dict[str, Any] = {}
    for name in BATTERIES:
        if (level := value.percent(named.get(name))) is not None:
            found["battery_pct"] = level
            break
    for name in ("rssi", "linkquality", "lqi"):
        if (radio := value.number(named.get(name), -200, 255)) is not None:
            found["rssi" if name == "rssi" else "link"] = radio
    off = sorted({str(kind) for name, (kind, _) in ALARMS.items() if name in named and alarm(named[name]) is False})
    return found | ({"off": off} if off else {})


def alarm(said: Any) -> bool | None:
    """Whether an alarm property is set; None when there is no value, or one that is neither."""
    plain = value.word(said)
    if plain in QUIET or plain.startswith(("no_", "not_")):
        return False
    return True if plain in RINGING else value.truth(said)


def _alarms(named: Fields, role: str | None) -> list[Reading]:
    testing = value.truth(named.get("test")) is True or value.truth(named.get("self_test")) is True
    told = []
    for name, said in named.items():
        if name in LOOSE and value.word(said) in FALLS:
            told.append(Reading(Kind.FALL, _confidence(value.word(said)), level=True))
        elif (found := ALARMS.get(name)) and said is not None and (reading := _alarm(name, said, *found, testing)):
            told.append(reading)
        elif name not in ALARMS and (spoken := _by_meaning(name, said, testing)) is not None:
            told.append(spoken)
        elif name in LOOSE and value.word(said) in _BARE_ALARMS and (kind := role_kind(role)):
            told += _of_role(name, True, kind)
        elif name in ROLE_ALARMS and (kind := role_kind(role)) and said is not None:
            told += _of_role(name, said, kind)
    return told or _tested(named, role, testing)


def _of_role(name: str, said: Any, kind: Kind) -> list[Reading]:
    """``alarm: true`` from a device whose role says of what; a value that is neither yes nor no is ``unknown``."""
    if (ringing := alarm(said)) is None:
        return [Reading(Kind.UNKNOWN, said=f"{name}={str(said)[:40]}")]
    return [Reading(kind, {"trigger": name} | ({} if kind is Kind.SOS else {"state": "alarm"}), level=True)][:ringing]


def _alarm(name: str, said: Any, kind: Kind, data: Fields, testing: bool) -> Reading | None:
    if isinstance(said, dict | list):
        return Reading(Kind.UNKNOWN, said=f"{name}: an object") if said and kind in (Kind.SOS, Kind.FALL) else None
    if kind is Kind.FALL and value.word(said) in UNSURE:
        return Reading(kind, _confidence(value.word(said)), level=True)
    state = alarm(said)
    if kind is Kind.SOS and state is None and (value.number(said, 1) is not None or value.word(said) in LENGTHS):
        state = True  # a code that we do not know, or how it was pressed: the button means only one thing
    if state is None and (figure := value.number(said)) is not None:
        state = _coded(name, figure, kind)
    if state is False:
        return None
    if state is None and said == "":
        return None
    if state is None and ((named := meaning(str(said))) is None or named.kind is not kind):
        return Reading(Kind.UNKNOWN, said=f"{name}={str(said)[:40]}")
    if value.word(said) == "test":
        testing = True
    if kind in STATED:
        return Reading(kind, {**data, "state": "test" if testing else "alarm"}, drill=testing, level=True)
    extra = {"trigger": name} if kind is Kind.SOS else {"kind": name} if kind is Kind.TAMPER else {}
    return Reading(kind, {**extra, **data}, drill=testing and kind is not Kind.TAMPER, level=True)


def _by_meaning(name: str, said: Any, testing: bool) -> Reading | None:
    """A name in none of the tables whose words, put another way, are an alarm (``alarm_smoke_state``) that is on."""
    if name in _READ_ELSEWHERE or isinstance(said, dict | list) or alarm(said) is not True:
        return None
    found = meaning(name)
    if found is None or found.kind not in _ASKS_FOR_HELP:
        return None
    return _alarm(name, said, found.kind, {k: v for k, v in found.data.items() if k != "state"}, testing)


def _confidence(word: str) -> Fields:
    return {"confidence": UNSURE[word]} if word in UNSURE else {}


def _coded(name: str, figure: float, kind: Kind) -> bool | None:
    """A level of an alarm (2 high, 3 critical); False for a concentration, None for a code that nobody knows."""
    parts = frozenset(name.split("_"))
    if figure < 1 or (kind is not Kind.FALL and _STATES.isdisjoint(parts)):
        return False
    return True if kind is Kind.FALL or (figure <= _LEVELS and "alarm" in parts) else None


_LEVELS = 3
#: what a ``status`` says that leaves open of what it is an alarm
_BARE_ALARMS = frozenset({"alarm", "alarmed", "alarming", "triggered", "emergency", "alert"})
#: in a name: it holds a state or an alarm, and no concentration
_STATES = frozenset({"alarm", "state", "status"})


def _tested(named: Fields, role: str | None, testing: bool) -> list[Reading]:
    """A detector's own test with no alarm set is a drill of what it detects."""
    if not testing:
        return []
    kinds = {kind: data for name, (kind, data) in ALARMS.items() if name in named and kind in STATED}
    if not kinds and (own := role_kind(role)) in STATED and own is not None:
        kinds = {own: {}}
    return [Reading(kind, {**data, "state": "test"}, drill=True, level=True) for kind, data in list(kinds.items())[:1]]


def _presses(named: Fields, role: str | None) -> list[Reading]:
    told = []
    for name in ACTIONS:
        if name in named and (reading := press(named[name], role, explicit=name == "action")) is not None:
            told.append(reading)
    return [r for r in told if r.kind is not Kind.HEARTBEAT] or told


def _activity(named: Fields, role: str | None) -> list[Reading]:
    """Signs of life. Of one sense the yes counts: presence and no vibration is presence."""
    told: list[Reading] = []
    for name, said in named.items():
        if name in LOOSE and value.word(said) not in WORDS_OF_MOTION:
            continue
        if name in MOVES and said is not None and (reading := move(*MOVES[name], said)):
            told.append(_pulled(reading) if role in SOS_ROLES else reading)
        elif role in SOS_ROLES and said is not None and name in MOVES and MOVES[name][0] == "door":
            told.append(Reading(Kind.UNKNOWN, said=f"{name}={str(said)[:40]}"))
        elif name in QUANTITIES and (amount := value.number(said, 0)) is not None:
            told.append(Reading(Kind.ACTIVITY, QUANTITIES[name] | {"amount": amount} | _flow(name, amount)))
    awake = {r.data.get("kind") for r in told if r.data.get("state") in _YES}
    told = [r for r in told if r.data.get("state") in _YES or r.data.get("kind") not in awake]
    return list({(r.kind, r.data.get("kind"), str(r.data.get("state"))): r for r in told}.values())


def _pulled(reading: Reading) -> Reading:
    """A contact that the register calls an emergency button: opened, it was pulled."""
    if reading.data.get("kind") != "door":
        return reading
    if reading.data.get("state") == "open":
        return Reading(Kind.SOS, {"trigger": "contact"}, level=True)
    return Reading(Kind.HEARTBEAT, {"off": [str(Kind.SOS)]})


def move(sense: str, states: tuple[str, str], said: Any) -> Reading | None:
    """A sign of life: motion, a door, a bed; ``states`` are its words for yes and no."""
    plain = value.word(said)
    if plain in WORDS_OF_MOTION:
        return Reading(Kind.ACTIVITY, {"kind": sense, "state": WORDS_OF_MOTION[plain]} | {"detail": plain}, level=True)
    yes = {"open": True, "opened": True, "closed": False, "close": False}.get(plain, value.truth(said))
    if yes is None:
        return None
    if sense == "door" and states[0] == "closed" and plain in ("open", "opened", "closed", "close"):
        return Reading(Kind.ACTIVITY, {"kind": "door", "state": "open" if yes else "closed"}, level=True)
    return Reading(Kind.ACTIVITY, {"kind": sense, "state": states[0] if yes else states[1]}, level=True)


def _flow(name: str, amount: float) -> dict[str, str]:
    return {"state": "on" if amount > 0 else "off"} if QUANTITIES[name]["kind"] == "water" else {}


def _vitals(named: Fields) -> list[Reading]:
    found = value.vitals({VITALS[name]: said for name, said in named.items() if name in VITALS and said is not None})
    return [Reading(Kind.VITALS, found)] if found else []


def _battery(named: Fields) -> list[Reading]:
    """Low by the maker's own word, or by 10 % and less; never when a mains supply says so."""
    powered = any(value.truth(named.get(name)) is True for name in ("external_power", "ac_connected", "charging"))
    low = any(
        value.truth(named[name]) is True or value.word(named[name]) in LOW_WORDS for name in LOWS if name in named
    )
    low = low or any(value.truth(named.get(name)) is False for name in ("battery_ok", "batteryok"))
    level = next((v for name in BATTERIES if (v := value.percent(named.get(name))) is not None), None)
    if low or (level is not None and level <= value.LOW and not powered):
        return [Reading(Kind.BATTERY_LOW, {} if level is None else {"battery_pct": level}, level=True)]
    return []


def role_kind(role: str | None) -> Kind | None:
    """What a bare "alarm" of a device with this role is about; None when the role does not say."""
    if role in SOS_ROLES:
        return Kind.SOS
    return ROLES.get(role or "")


def by_words(name: str, names: Iterable[str]) -> str | None:
    """Which of ``names`` an entity's own name speaks of (``kitchen_smoke_2`` of ``smoke``): the longest, then the last.

    None when one of its other words makes it a setting, a lamp or a diagnosis.
    """
    words = [w for w in value.word(name).split("_") if w]
    known = frozenset(names)
    for length in range(min(4, len(words)), 0, -1):
        for start in range(len(words) - length, -1, -1):
            spoken = words[start : start + length]
            if (found := "_".join(spoken)) in known:
                return None if ASIDE & (set(words) - set(spoken)) else found
    return None


#: kinds that a name outside of the tables may raise
_ASKS_FOR_HELP = frozenset({Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK})
_READ_ELSEWHERE = frozenset({*MOVES, *LOWS, *BATTERIES, *ACTIONS, *ROLE_ALARMS, *QUANTITIES, *VITALS})
#: an activity's states that mean that somebody is there
_YES = frozenset({"on", "open", "in"})
