"""What the value of an alarm's property says: on, off, perhaps, a test, or a figure that is no alarm at all."""

from collections.abc import Callable
from typing import Any

from broker_bridge.decoders.alarm_names import Meaning, meaning
from broker_bridge.decoders.names import UNSURE
from broker_bridge.decoders.presses import LENGTHS
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.value import number, word
from broker_bridge.decoders.worded import Word, worded
from domain.events import Kind

#: a state counts its levels (1 low, 2 high …); a larger figure is a measurement
_LEVELS = 3


def by_value(found: Meaning, value: Any, tracked: bool) -> Reading | None:
    """The reading of a property with this meaning; None when its value says nothing worth telling.

    ``tracked``: the device tells positions, and so its motion is no sign of a person in a room.
    """
    if found.kind is Kind.ACTIVITY and found.data["kind"] == "motion" and tracked:
        return None
    return _READ.get(found.kind, _plain)(found, value)


def alarm(found: Meaning, status: Any) -> Reading:
    """An alarm of this name with its status: over is a wish to cancel for a fall, else no more than a sign of life."""
    told = _STATUSES.get(word(str(status)), worded(status))
    if told is Word.NO:
        if found.kind in (Kind.FALL, Kind.SOS):
            return Reading(Kind.CANCEL, {"by": "device"})
        if found.data.get("kind") == "bed":
            return Reading(Kind.ACTIVITY, {"kind": "bed", "state": "in" if found.data["state"] == "out" else "out"})
        return Reading(Kind.HEARTBEAT, {"off": [str(found.kind)]})
    return Reading(found.kind, dict(found.data), drill=told is Word.TEST)


_STATUSES = {"2": Word.NO, "3": Word.NO, "1": Word.YES, "4": Word.YES}


def _plain(found: Meaning, value: Any) -> Reading | None:
    told = worded(value)
    if found.kind is Kind.SOS and told is Word.OTHER and word(value) in LENGTHS:
        told = Word.YES  # how it was pressed
    if told in (Word.YES, Word.TEST):
        return Reading(found.kind, dict(found.data), drill=told is Word.TEST, level=True)
    return _other(found, value) if told is Word.OTHER else None


def _other(found: Meaning, value: Any) -> Reading:
    """A word that names an alarm (``fall_status: fall_alarm``) is that alarm; any other word is not understood."""
    named = meaning(value) if isinstance(value, str) else None
    if named is None or named.kind is Kind.ACTIVITY:
        return Reading(Kind.UNKNOWN, said=str(value)[:64])
    data = found.data if named.kind is found.kind else named.data
    return Reading(named.kind, dict(data), level=named.kind is not Kind.HEARTBEAT)


def _fall(found: Meaning, value: Any) -> Reading | None:
    if worded(value) is Word.MAYBE or word(value) in UNSURE:
        return Reading(Kind.FALL, {"confidence": 0.5}, level=True)
    return _plain(found, value)


def _hazard_state(found: Meaning, value: Any) -> Reading | None:
    """Smoke, gas, water. A concentration is a measurement, not an alarm: the detector's own word decides."""
    figure = number(value)
    if figure is not None and (figure > _LEVELS or (figure > 1 and "medium" in found.data)):
        # how wet it is, nobody measures who is not wet
        return hazard(found, Word.YES, value) if found.kind is Kind.WATER_LEAK else None
    return hazard(found, worded(value), value)


def hazard(found: Meaning, told: Word, value: Any) -> Reading | None:
    """A detector's state: alarm (also silenced), test (a drill), clear (a sign of life)."""
    if told is Word.NOTHING:
        return None
    if told is Word.TEST:
        return Reading(found.kind, {**found.data, "state": "test"}, drill=True)
    if told in (Word.YES, Word.MAYBE):
        return Reading(found.kind, dict(found.data), level=True)
    if told is Word.NO:
        return Reading(Kind.HEARTBEAT, {"off": [str(found.kind)]})
    return _other(found, value)


def _activity(found: Meaning, value: Any) -> Reading | None:
    state = _seen(found, value)
    return None if state is None else Reading(Kind.ACTIVITY, {**found.data, "state": state}, level=True)


def _seen(found: Meaning, value: Any) -> str | None:
    kind, told, yes = found.data["kind"], word(value), worded(value)
    if kind == "door":
        opened = {"open": True, "opened": True, "close": False, "closed": False}.get(told, _yes(yes))
        return None if opened is None else "open" if opened else "closed"
    if kind == "bed":
        inside = {"in_bed": True, "inbed": True, "in": True, "out_of_bed": False, "outofbed": False, "out": False,
                  "vacant": False, "occupied": True}.get(told, _yes(yes))  # fmt: skip
        if inside is None:
            return None
        return "in" if inside == (found.data.get("state") != "out") else "out"
    if kind == "water" and yes in (Word.OTHER, Word.NOTHING):
        return None
    on = _yes(yes)
    return None if on is None else "on" if on == (found.data.get("state") != "off") else "off"


def _yes(told: Word) -> bool | None:
    return {Word.YES: True, Word.MAYBE: True, Word.NO: False}.get(told)


def _sign(found: Meaning, value: Any) -> Reading | None:
    """``online: false`` is offline."""
    gone = found.data.get("state") == "online" and _yes(worded(value)) is False
    return Reading(Kind.OFFLINE) if gone else None


def _line(found: Meaning, value: Any) -> Reading | None:
    """``offline: true``."""
    del found
    return Reading(Kind.OFFLINE) if _yes(worded(value)) else None


_READ: dict[Kind, Callable[[Meaning, Any], Reading | None]] = {
    Kind.FALL: _fall,
    Kind.SMOKE: _hazard_state,
    Kind.GAS: _hazard_state,
    Kind.WATER_LEAK: _hazard_state,
    Kind.ACTIVITY: _activity,
    Kind.VITALS: _sign,
    Kind.HEARTBEAT: _sign,
    Kind.OFFLINE: _line,
}
