"""What may be asked of an alert: the imperatives that ``decide`` understands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.alerts import Actor, Cause, Outcome, Step, VoiceCheck
from domain.events import Kind


@dataclass(frozen=True, slots=True)
class Raise:
    """The first signal of a subject that has no open alert."""

    kind: Kind
    by: str
    #: event id, device, trigger, flags such as ``clock_skew``: what the timeline should remember
    data: Mapping[str, Any] = field(default_factory=dict)
    drill: bool = False
    late: bool = False
    replayed: bool = False
    #: a cancel for this very press had come before it
    cancelled: bool = False
    previous: str | None = None
    note: str | None = None
    #: signals that came together
    count: int = 1


@dataclass(frozen=True, slots=True)
class Signal:
    """The home speaks again while its alert is open."""

    kind: Kind
    by: str
    data: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """The resident or the device says "false alarm". Never closes (invariant 3)."""

    by: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A way to reach this person has failed; unless ``more`` are being tried, so have all of this contact."""

    track: str
    gen: int
    person: str
    reason: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Decline:
    """A person says "I cannot"."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class Claim:
    """A person takes it. ``track`` None: the one of the person's role, else every calling one."""

    actor: Actor
    track: str | None = None
    #: how the person proved to be one: ``console`` ``key_press`` ``page`` ``webhook`` ``desk`` ``sms``
    proof: str = "console"


@dataclass(frozen=True, slots=True)
class Progress:
    """The claimant reports a step; the claim is renewed."""

    actor: Actor
    step: Step
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The claimant gives it back; calling resumes from where it stood."""

    actor: Actor
    track: str | None = None
    #: a supervisor may release what another holds
    force: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """The claimant offers it to another person, and keeps the duty until that one accepts."""

    actor: Actor
    to: Actor


@dataclass(frozen=True, slots=True)
class Accept:
    """The offered person takes over."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class VoiceChecked:
    """Somebody spoke with the home, or tried to."""

    actor: Actor
    result: VoiceCheck


@dataclass(frozen=True, slots=True)
class Summon:
    """A person wants this role called now: 120, who has a key, the police."""

    actor: Actor
    role: str


@dataclass(frozen=True, slots=True)
class Note:
    """A remark; changes nothing."""

    actor: Actor
    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """A person says how it ended."""

    actor: Actor
    outcome: Outcome
    cause: Cause | None = None
    note: str | None = None
    #: a supervisor may close what another holds
    force: bool = False


Command = (
    Signal | Cancel | Tick | Failed | VoiceChecked | Summon | Note | Close
    | Decline | Claim | Progress | Release | Offer | Accept
)  # fmt: skip
