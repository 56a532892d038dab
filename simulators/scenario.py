"""A drill as a value: who behaves how, what is done when, and what must be seen. Times are plan seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: acts of a device
SPEAKING = ("press", "cancel", "tell", "cut", "restore")
#: Window of an expectation, plan seconds from..to.
Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Act:
    """Something the drill does. ``verb`` is the key of the file (``press``, ``claim_as`` …)."""

    at: float
    verb: str
    target: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectContact:
    """Somebody must be reached. Everything that fits and lies in the window is also allowed."""

    #: any of these responders; empty is anybody
    who: tuple[str, ...]
    #: any of these channels; empty is any
    channels: tuple[str, ...]
    types: tuple[str, ...]
    window: Window
    at_least: int
    at_most: int | None
    #: least plan seconds between two contacts of one person by one channel
    apart: float


@dataclass(frozen=True, slots=True)
class ExpectAlert:
    """The alert must look like this at some moment of the window, or at every moment (``always``)."""

    fields: Mapping[str, Any]
    window: Window
    always: bool


@dataclass(frozen=True, slots=True)
class ExpectReceipt:
    """A device must get the receipt of an event pressed in this drill, ``stored``, inside the window."""

    device: str
    window: Window


@dataclass(frozen=True, slots=True)
class ExpectSeen:
    """A row with these fields must be shown at some moment of the window, or at none of them (``never``).

    ``what``: ``task`` (what waits for a person), ``checkin`` (the day's board), ``command`` (heard by a device).
    """

    what: str
    fields: Mapping[str, Any]
    window: Window
    never: bool = False


Expectation = ExpectContact | ExpectAlert | ExpectReceipt | ExpectSeen


@dataclass(frozen=True, slots=True)
class PracticeHome:
    """A home made for this drill; all its devices are probes, so what rules raise there is a drill."""

    id: str
    devices: tuple[str, ...]
    #: telephones of the one who is said to live there
    phones: tuple[str, ...] = ()
    #: responders who are asked to look in
    key_holders: tuple[str, ...] = ()
    #: minutes that its check-in window is open, from the start of the drill; None: it is not asked
    window_min: int | None = None
    ways: tuple[str, ...] = ()
    #: its card says that who lives there may get lost
    dementia: bool = False
    #: a fall there is asked about for so many seconds before anybody is called; None: at once
    ask_first_s: int | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """A whole drill."""

    name: str
    zh: str
    en: str
    homes: tuple[str, ...]
    #: presses carry the drill flag, and a drill window is opened first
    drill: bool
    #: responder → further addresses under which the world knows this one
    people: Mapping[str, tuple[str, ...]]
    #: responder → behaviour, as the world's control API takes it; seconds are plan seconds
    behaviour: Mapping[str, Mapping[str, Any]]
    acts: tuple[Act, ...]
    expects: tuple[Expectation, ...]
    #: plan seconds until the drill ends
    deadline: float
    #: an unexpected contact fails the drill; else it is only reported
    strict: bool
    practice: tuple[PracticeHome, ...] = ()
    #: its times are real seconds at any pace, because it waits for a clock on the wall
    wall: bool = False

    def devices(self) -> list[str]:
        """The devices that the drill speaks or listens as."""
        spoken = {act.target for act in self.acts if act.verb in SPEAKING}
        return sorted(spoken | {device for device, _ in self.listening()})

    def listening(self) -> list[tuple[str, float]]:
        """Devices that must hear a command, and until when, plan seconds."""
        heard = (one for one in self.expects if isinstance(one, ExpectSeen) and one.what == "command")
        return [(str(one.fields["device"]), one.window[1]) for one in heard if "device" in one.fields]

    def expects_any(self, what: str) -> bool:
        """Whether rows of this sort must be looked at."""
        return any(isinstance(one, ExpectSeen) and one.what == what for one in self.expects)
