"""A drill as a value: who behaves how, what is done when, and what must be seen. Times are plan seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


Expectation = ExpectContact | ExpectAlert | ExpectReceipt


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

    def devices(self) -> list[str]:
        """The devices that are pressed."""
        return sorted({act.target for act in self.acts if act.verb in ("press", "cancel")})
