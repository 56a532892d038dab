"""Reaching a human: what is to be said, to whom, and what came of it.

``Letter`` is what a channel gets; what it returns is a value, never an exception for a
failed delivery: ``Accepted``, ``FailedForNow`` (try again, or another way),
``FailedForGood`` (this way will not work for this person) or ``Unwanted`` (not sent: nobody needs it any more).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from domain.callers import Said

#: every way there is of reaching a human; ``channels/`` has one each
CHANNELS = (
    "voice", "sms", "webhook", "dispatch_120", "wecom", "dingtalk", "feishu", "mail", "apprise", "log",
)  # fmt: skip


class Purpose(StrEnum):
    """Why we write (wire.md section 5, ``type``)."""

    CONTACT = "contact"
    UPDATE = "update"
    INFORM = "inform"
    STAND_DOWN = "stand_down"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An earlier attempt may have been carried out: the provider is asked before it is made again."""

    #: when it was begun
    since: datetime
    #: calls and messages that are known to be other ones
    others: frozenset[str] = frozenset()
    #: the provider has told us of it meanwhile: this is it
    made: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person by one channel. ``key`` makes asking twice harmless."""

    key: str
    purpose: Purpose
    #: 1, 2, … for this key
    attempt: int
    alert_id: str
    track: str
    kind: str
    severity: str
    raised_at: datetime
    drill: bool
    responder_id: str
    responder_name: str
    role: str
    language: str
    channel: str
    address: str
    #: the contact's own signing secret, when it has one
    secret: str | None
    #: page and POST address of this responder for this alert
    ack_url: str
    sent_at: datetime
    #: {"id", "street", "address": {...,"text"}, "category", "location"} or None for an unregistered device
    home: Mapping[str, Any] | None = None
    device: str | None = None
    #: only for channels to people who come: what a caller said of a place in no register
    said: Said | None = None
    #: only for channels to people who come: residents (names, ages), access card, medical essentials
    residents: tuple[Mapping[str, Any], ...] = ()
    access: Mapping[str, Any] = field(default_factory=dict)
    medical: tuple[Mapping[str, Any], ...] = ()
    #: for the 120 desk: [{"at","type"}] so far, and the case number of an accepted earlier letter
    timeline: tuple[Mapping[str, Any], ...] = ()
    case: str | None = None
    #: for ``inform`` and ``stand_down``: who has it, or how it ended
    about: Mapping[str, Any] = field(default_factory=dict)
    #: for critical voice calls: the digit that must be pressed (spoken in the call); None: "1"
    digit: str | None = None
    #: how often the person was asked before; a first contact goes before anybody's repeat (invariant 21)
    repeats: int = 0
    doubt: Doubt | None = None

    def __repr__(self) -> str:
        return f"Letter({self.key}, attempt {self.attempt})"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. Not an acknowledgement by a person (invariant 14)."""

    #: the provider's own reference: call SID, case number
    reference: str | None = None
    #: a person answered in the same breath: webhook ``{"ack": "claim", "responder": …}``
    claimed_by: str | None = None
    #: the end is not known yet; status call-backs will tell (voice, SMS)
    pending: bool = False
    note: str | None = None
    #: which provider and which of its caller numbers carried it
    line: str | None = None


@dataclass(frozen=True, slots=True)
class FailedForNow:
    """Busy, throttled, unreachable: another attempt may work. ``unknown``: it may have been sent."""

    reason: str
    code: str | None = None
    retry_after: float | None = None
    unknown: bool = False
    #: the fault lies with the provider or with our account, not with the person's telephone
    ours: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class FailedForGood:
    """Refused number, bad address, not configured: this way will not work."""

    reason: str
    code: str | None = None
    ours: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The alert moved on before the dial: nothing was sent, and nobody is disturbed in vain (P7)."""

    reason: str = "the alert moved on"
    code: str | None = None


Result = Accepted | FailedForNow | FailedForGood | Unwanted


class Askable(Protocol):
    """A channel whose provider can be asked afterwards what became of a call or message."""

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        """The reference of what was sent to this address since then, and is none of ``others``."""
        ...

    def status(self, to: str, reference: str) -> str:
        """What the provider says of it now."""
        ...

    def stop(self, to: str, reference: str) -> None:
        """Stop it, if it has not been answered yet."""
        ...


class Channel(Protocol):
    """One way of reaching a human. May block (own time-out ≤ 10 s); never raises for a failed delivery."""

    name: str

    def send(self, letter: Letter) -> Result:
        """Say it. Called without any open transaction."""
        ...
