"""An alarm that does not say of what: what the device is for decides, else it is shown and never guessed at."""

from collections.abc import Iterator, Mapping
from typing import Any

from broker_bridge.decoders.alarm_names import Meaning
from broker_bridge.decoders.button import BUTTONS, press
from broker_bridge.decoders.names import ROLES
from broker_bridge.decoders.naming import keys, parts
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.states import hazard
from broker_bridge.decoders.value import word
from broker_bridge.decoders.vocabulary import LATITUDE, OWN
from broker_bridge.decoders.worded import Word, worded
from domain.events import Kind

Fields = Mapping[str, Any]


def bare(value: Any, named: Fields, role: str | None) -> Iterator[Reading]:
    """``Alarm: "TRUE"``: a press from a button or a tracker; a door's or a leak's own alarm stands in its state."""
    told = worded(value)
    if told is Word.OTHER:
        yield from _in_words(value, role)
        return
    if told not in (Word.YES, Word.TEST) or _has_own_state(named):
        return  # what the alarm is about stands in a property of its own
    kind = ROLES.get(role or "")
    if kind is not None:
        found = hazard(Meaning(kind, {} if kind is Kind.FALL else {"state": "alarm"}), told, value)
        yield from (found,) if found else ()
        return
    hints = {key for name in named for key in keys(name)}
    if role in BUTTONS or not hints.isdisjoint({"soundkey", "soundack", "md", *LATITUDE}):
        yield Reading(Kind.SOS, {"trigger": "button"}, drill=told is Word.TEST, level=True)
    else:
        yield Reading(Kind.UNKNOWN, said=f"alarm: {str(value)[:40]}")


def _in_words(value: Any, role: str | None) -> Iterator[Reading]:
    """``"button_pressed"`` of a button is its press; ``"Light event."`` is about the device's own business."""
    said = str(value)[:100]
    if role in BUTTONS and not _PRESSES.isdisjoint(parts(said)):
        found = press(said, role)
        yield from (found,) if found else ()
    elif OWN.isdisjoint(keys(said)):
        yield Reading(Kind.UNKNOWN, said=f"alarm: {said[:40]}")


_PRESSES = frozenset({"press", "pressed", "push", "pushed", "click", "clicked"})


def _has_own_state(named: Fields) -> bool:
    if any(word(name) in ("alarm_type", "event_type") for name in named):
        return True
    words = {part for name in named for part in parts(name)}
    return not words.isdisjoint({"door", "leak", "leakage", "magnet", "open", "smoke", "gas", "water", "fall"})
