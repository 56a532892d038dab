"""A button's word for what was done to it: a press, a release, a code; from an emergency button any press is one."""

from typing import Any

from broker_bridge.decoders import value
from broker_bridge.decoders.reading import Reading
from domain.events import Kind

#: whoever presses a device of such a role asks for a person
SOS_ROLES = frozenset({"sos_button", "pull_cord", "wristband", "pendant", "panic_button", "emergency_button"})


def press(said: Any, role: str | None = None, explicit: bool = True) -> Reading | None:
    """What a button's action means; None when nothing was said.

    An empty action is the release. ``null`` says nothing; from an emergency button, where the
    action is an ``explicit`` property, somebody may have pressed it: ``unknown``, which is loud.
    """
    if said is None:
        return Reading(Kind.UNKNOWN, said="action=null") if explicit and role in SOS_ROLES else None
    if isinstance(said, dict | list | bool):
        return _shaped(said) if role in SOS_ROLES and said else None
    word = value.word(str(said))
    if _is_cry(word):
        return Reading(Kind.SOS, {"trigger": "button", "press": word})
    if _is_release(word):
        return Reading(Kind.HEARTBEAT, {"action": word or "release"})
    if word in _CANCELS:
        return Reading(Kind.CANCEL, {"by": word})
    if role in SOS_ROLES:
        return Reading(Kind.SOS, {"trigger": "button", "press": LENGTHS.get(word, word)})
    if word in _FIRES:
        return Reading(Kind.SMOKE, {"state": "alarm", "cause": "button"})
    if word in _NO_PRESS or word.startswith(("arm_", "exit_", "entry_")):
        return Reading(Kind.HEARTBEAT, {"action": word})
    return Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on", "action": word})


def _shaped(said: Any) -> Reading:
    """``true`` from an emergency button is a press; an object where its word should stand may be one."""
    if said is True:
        return Reading(Kind.SOS, {"trigger": "button", "press": "short"})
    return Reading(Kind.UNKNOWN, said=f"action={str(said)[:40]}")


def _is_cry(word: str) -> bool:
    """The word itself is the cry, whatever the register thinks the device is."""
    words = set(word.split("_"))
    return bool(words & {"sos", "emergency", "panic", "duress", "medical", "help"}) and not words & _NEGATIONS


def _is_release(word: str) -> bool:
    return word in _RELEASES or word.endswith(("_release", "_released", "_stop"))


_NEGATIONS = frozenset({"off", "clear", "cleared", "cancel", "cancelled", "release", "released", "stop", "end", "test"})
_RELEASES = frozenset({
    "", "release", "released", "none", "null", "up", "idle", "clear", "key_up", "btn_up", "button_up", "0", "00",
})  # fmt: skip
_CANCELS = frozenset({
    "disarm", "cancel", "sos_cancel", "cancel_sos", "emergency_cancel", "sos_off", "sos_clear", "emergency_clear",
    "alarm_cancel", "panic_cancel", "cancelled", "disarmed", "cancel_alarm", "sos_end",
})  # fmt: skip
_FIRES = frozenset({"fire", "fire_alarm"})
#: said by keypads and the like about themselves
_NO_PRESS = frozenset({
    "not_ready", "already_disarmed", "invalid_code", "arm", "armed", "sos_test", "panic_test", "emergency_test",
    "wakeup", "in_alarm", "arming", "online",
})  # fmt: skip
#: the makers' words for how a button was pressed, in ours
LENGTHS = {
    "single": "short", "single_push": "short", "single_click": "short", "1": "short", "s": "short", "push": "short",
    "press": "short", "pressed": "short", "short_press": "short", "button_short_press": "short", "click": "short",
    "double": "double", "double_push": "double", "2": "double", "double_press": "double", "ss": "double",
    "double_click": "double", "button_double_press": "double", "triple": "triple", "triple_push": "triple",
    "3": "triple", "sss": "triple", "triple_press": "triple", "hold": "long", "long": "long", "long_push": "long",
    "long_press": "long", "l": "long", "4": "long", "button_long_press": "long", "long_click": "long", "held": "long",
}  # fmt: skip


#: BTHome's numbers for what was done to a button; 0 is nothing
BTHOME = {0: "", 1: "press", 2: "double_press", 3: "triple_press", 4: "long_press", 5: "long_double_press",
          6: "long_triple_press", 128: "hold", 254: "hold"}  # fmt: skip


def bthome(said: Any, role: str | None = None) -> Reading | None:
    """A BTHome button code; one that is not in the list is a press all the same."""
    code = value.count(said)
    return press(said, role) if code is None else press(BTHOME.get(code, f"code_{code}"), role)
