"""An alert: its tracks, the states they may be in, and the table of allowed transitions.

Frozen values. ``escalation.decide`` makes the next one; ``store.alerts`` keeps it; the
database repeats invariants 1, 2 and 16 as constraints. What a decision makes by the dozen is a
named tuple: a frozen dataclass costs several times as much to make.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast

from domain.clock import iso
from domain.events import Kind


class Severity(StrEnum):
    """How fast a person must come. Never falls while the alert is open (invariant 4)."""

    ROUTINE = "routine"
    URGENT = "urgent"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 routine, 1 urgent, 2 critical."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.ROUTINE: 0, Severity.URGENT: 1, Severity.CRITICAL: 2}


class TrackState(StrEnum):
    """Where one track of an open alert stands."""

    CALLING = "calling"
    CLAIMED = "claimed"
    STOOD_DOWN = "stood_down"


#: The only ways a track may go, and what leads there; ``decide`` checks every change against it.
#: ``escalation.drawing`` draws it into docs/architecture.md.
TRANSITIONS: Mapping[tuple[TrackState | None, TrackState], tuple[str, ...]] = {
    (None, TrackState.CALLING): ("raise", "graver signal", "branch begins"),
    (TrackState.CALLING, TrackState.CALLING): ("tick", "failed", "decline"),
    (TrackState.CALLING, TrackState.CLAIMED): ("claim",),
    (TrackState.CALLING, TrackState.STOOD_DOWN): ("close", "gives way to graver tracks", "branch rests"),
    (TrackState.CLAIMED, TrackState.CLAIMED): ("progress", "offer", "accept", "offer runs out"),
    (TrackState.CLAIMED, TrackState.CALLING): ("release", "claim runs out"),
    (TrackState.CLAIMED, TrackState.STOOD_DOWN): ("close", "passes to the holder's own track"),
    (TrackState.STOOD_DOWN, TrackState.CALLING): ("branch resumes",),
}


class Step(StrEnum):
    """What a responder reports on the way."""

    EN_ROUTE = "en_route"
    AT_DOOR = "at_door"
    ACCESS_FAILED = "access_failed"
    INSIDE = "inside"
    WITH_RESIDENT = "with_resident"
    CALLED_120 = "called_120"
    AT_HOSPITAL = "at_hospital"


class Outcome(StrEnum):
    """How it ended; no alert closes without one (R2)."""

    EMERGENCY_HOSPITAL = "emergency_hospital"
    TREATED_HOME = "treated_home"
    LIFTED_NO_INJURY = "lifted_no_injury"
    FIRE = "fire"
    RESCUED_ENTRY = "rescued_entry"
    MISSING_FOUND = "missing_found"
    WELFARE_ONLY = "welfare_only"
    ACCIDENTAL = "accidental"
    TEST = "test"
    EQUIPMENT = "equipment"
    DUPLICATE = "duplicate"
    AWAY = "away"
    DECEASED = "deceased"
    REFUSED = "refused"
    REFERRED = "referred"


class Cause(StrEnum):
    """What was behind it."""

    ILLNESS = "illness"
    FALL = "fall"
    FIRE = "fire"
    LOCK_IN = "lock_in"
    LONELY = "lonely"
    ACCIDENTAL = "accidental"
    DEVICE = "device"
    TEST = "test"
    OTHER = "other"


class VoiceCheck(StrEnum):
    """What came of speaking with the home."""

    OK = "ok"
    NEEDS_HELP = "needs_help"
    NO_ANSWER = "no_answer"


class Called(NamedTuple):
    """One person who has joined a track: when last contacted, how often, and whether it failed."""

    role: str
    at: datetime
    #: contacts decided for this person on this track, over all rounds
    times: int
    #: the last contact is known to have failed, or the person declined
    failed: bool = False
    #: the person said "cannot"; not contacted again before the next round
    declined: bool = False
    #: no answer by one way, another is being tried: asked again after ``retry_after``, no tier pulled forward (P12)
    missed: bool = False

    @property
    def unanswered(self) -> bool:
        """Known not to have been reached: worth another try before the next round."""
        return self.failed or self.missed

    def plain(self) -> list[str | int]:
        """As JSON values, for the ledger."""
        role, at, times, *flags = self
        return [role, iso(at), times, *map(int, flags)]

    @classmethod
    def read(cls, raw: Sequence[Any]) -> "Called":
        """The inverse of ``plain``."""
        role, at, times, *flags = raw
        return cls(role, datetime.fromisoformat(at), times, *(bool(flag) for flag in flags))


@dataclass(frozen=True, slots=True)
class Track:
    """One line of calling that somebody must answer. CALLING has ``next_at``, CLAIMED a claimant."""

    name: str
    state: TrackState
    started_at: datetime
    #: tiers that have joined so far (0 before the first decision)
    joined: int = 0
    #: full rounds begun after the last tier joined
    round: int = 0
    #: rises with claim, release, expiry, hand-over and close; older contacts are void (invariants 7, 11)
    gen: int = 0
    #: the last decision about whom to contact
    last_at: datetime | None = None
    #: when everybody is asked again; none while tiers are still to join
    round_at: datetime | None = None
    #: CALLING only: the next one, at the latest ``max_gap`` after the last
    next_at: datetime | None = None
    #: seconds by which empty or failed tiers pulled the later ones forward
    saved: float = 0.0
    #: when the present claim began; the ladder stands still from here
    claimed_at: datetime | None = None
    claimant: str | None = None
    claimant_name: str | None = None
    claimant_role: str | None = None
    claim_until: datetime | None = None
    offer_to: str | None = None
    offer_until: datetime | None = None
    called: Mapping[str, Called] = field(default_factory=dict)

    @property
    def due_at(self) -> datetime | None:
        """The next instant at which the engine must look at this track; None when stood down."""
        if self.state is TrackState.CALLING:
            return self.next_at
        if self.state is TrackState.CLAIMED:
            return min((t for t in (self.claim_until, self.offer_until) if t), default=None)
        return None


class Stage(StrEnum):
    """What the lamp or the voice at home says (wire.md, ``down/{dev}/state``)."""

    RECORDED = "recorded"
    CALLING = "calling"
    CLAIMED = "claimed"
    COMING = "coming"
    ARRIVED = "arrived"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an alert is about: a home, else the device itself (a device nobody registered)."""

    home: str | None
    device: str | None
    street: str | None = None
    #: the home's signed family-doctor team (R9)
    doctor_team: str | None = None
    #: what the plan's conditions may ask for, as codes: ``category:lives_alone``, ``dementia``, whom the home names
    #: (``key_holder:ID``), and what was reported since (``step:access_failed``, ``voice_check:no_answer``)
    facts: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """``home:…`` or ``device:…``; at most one open alert has it (invariant 16)."""
        return f"home:{self.home}" if self.home else f"device:{self.device}"


@dataclass(frozen=True, slots=True)
class Alert:
    """Somebody may need a person. OPEN until a person closes it with an outcome."""

    id: str
    subject: Subject
    kind: Kind
    severity: Severity
    raised_at: datetime
    plan: str
    drill: bool = False
    late: bool = False
    replayed: bool = False
    #: presses and other signals that joined
    signals: int = 1
    cancel_requested: bool = False
    stage: Stage = Stage.RECORDED
    #: engine time of the last decision; never decreases
    decided_at: datetime | None = None
    #: rises by one with each decision; the store refuses a stale one
    version: int = 0
    #: the earlier, closed alert of the same subject
    previous: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    outcome: Outcome | None = None
    cause: Cause | None = None
    tracks: tuple[Track, ...] = ()
    #: head of the hash chain: number of entries and the last one's hash
    entries: int = 0
    head: str = ""

    @property
    def open(self) -> bool:
        """Nobody has closed it yet."""
        return self.closed_at is None

    def track(self, name: str) -> Track | None:
        """The track of that name, if this alert has one."""
        return next((t for t in self.tracks if t.name == name), None)


_Frozen = TypeVar("_Frozen", Alert, Track)
#: an open twin of each: a frozen value goes around its own lock for every field, which costs four times as much
_OPEN: Mapping[type, Any] = {kind: type(kind.__name__, (), {"__slots__": kind.__slots__}) for kind in (Alert, Track)}


def changed(value: _Frozen, **changes: Any) -> _Frozen:
    """``dataclasses.replace`` at a third of its price; a press makes several alerts and tracks on its way."""
    kind = type(value)
    made = _OPEN[kind]()
    for name in kind.__slots__:
        setattr(made, name, changes[name] if name in changes else getattr(value, name))
    made.__class__ = kind
    return cast(_Frozen, made)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who speaks: a person (responder or operator), the engine, a device, a provider."""

    id: str
    name: str
    #: ``person`` ``engine`` ``device`` ``system``
    sort: str = "person"
    #: what the person is to a plan: ``family_doctor``, ``dispatcher`` …
    role: str | None = None
    #: what the log-in may do
    roles: frozenset[str] = frozenset()
    #: streets the log-in may act in; empty: all
    streets: tuple[str, ...] = ()

    @property
    def person(self) -> bool:
        """Only persons may claim and close (invariant 3)."""
        return self.sort == "person"


class Entry(NamedTuple):
    """One line of an alert's timeline, before it is chained and kept."""

    type: str
    by: str
    at: datetime
    #: ids, codes and the changed fields: enough to rebuild the alert (invariant 8)
    data: Mapping[str, object] = MappingProxyType({})
    #: free text; encrypted in the ledger, hashed as ciphertext
    note: str | None = None
