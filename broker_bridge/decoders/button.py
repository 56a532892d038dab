"""How a button was pressed, in makers' words, and what that means from this device."""

from typing import Any

from broker_bridge.decoders.presses import SOS_ROLES
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.value import number, truth, word
from domain.events import EMERGENCY_ROLES, Kind

_PRESSES = {
    "short": ("short", "short_press", "single", "single_press", "single_click", "click", "press", "pressed", "push",
              "short_click", "single_push", "once", "toggle", "on", "true", "trigger", "triggered", "1"),
    "long": ("long", "long_press", "hold", "long_click", "long_push", "longpress", "held", "2"),
    "double": ("double", "double_press", "double_click", "double_push", "twice", "doublepress"),
}  # fmt: skip
_WORDS = {word: press for press, words in _PRESSES.items() for word in words}
#: whoever presses one of these asks for a person
BUTTONS = EMERGENCY_ROLES | SOS_ROLES
_CRIES = frozenset({"sos", "emergency", "panic", "help"})
_RELEASES = frozenset({"", "release", "released", "none", "idle", "off", "false", "0", "no", "normal", "up"})


def press(said: Any, role: str | None, plainly: bool = True) -> Reading | None:
    """A press is an ``sos``, pressed twice a ``cancel`` (our profile: "I am fine"); None for a value of nothing.

    From a button that is registered as one for emergencies a press in a word that nobody knows is still a press.
    From a device that nobody registered only a known word counts, and a number only where the property is
    ``plainly`` a button's. A button of anything else is shown, never guessed at.
    """
    told = _told(said)
    if told is None and role in SOS_ROLES and number(said, 1000, 9999) is not None:
        told = f"code_{said}"[:32]  # deCONZ: the button's number, three digits for what was done to it
    if told is None:
        return Reading(Kind.UNKNOWN, said=f"button: {said}"[:40]) if role in SOS_ROLES and _is_large(said) else None
    if told in _RELEASES:
        return Reading(Kind.HEARTBEAT, {"button": "released"})
    how = _WORDS.get(told, told[:32])
    if role == "checkin_button":
        return Reading(Kind.CHECKIN_OK, {"press": how})
    if role not in BUTTONS and (role is not None or not _believed(told, plainly)):
        return Reading(Kind.UNKNOWN, {"press": how}, said=f"button: {how}")
    if how == "double":
        return Reading(Kind.CANCEL, {"by": "resident_button", "press": how})
    return Reading(Kind.SOS, {"trigger": "button", "press": how})


def _is_large(said: Any) -> bool:
    """A figure that no list of ours has, and that is not the largest one: a maker's word for none."""
    figure = number(said, 256)
    return figure is not None and figure not in (0xFFFF, 0xFFFFFFFF)


def _believed(told: str, plainly: bool) -> bool:
    """A press that may be one without a register to say so."""
    if _CRIES & set(told.split("_")):
        return True
    return told in _WORDS and (plainly or not (told.isdigit() or told in ("on", "true")))


def _told(said: Any) -> str | None:
    if isinstance(said, str) and not said.strip().isdigit():
        return word(said)
    if isinstance(said, bool):
        return "on" if truth(said) else "off"
    figure = number(said, 0, 255)
    return None if figure is None else str(int(figure))
