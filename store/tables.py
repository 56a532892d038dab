"""The tables. Constraints repeat the invariants that a database can hold (1, 2, 9, 10, 15, 16)."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from domain.alerts import Cause, Outcome, Severity, TrackState
from domain.contacts import Purpose
from store.columns import PlainJSON, UTCDateTime, one_of

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata

OUTBOX_OPEN = ("pending", "leased")
OUTBOX_DONE = ("accepted", "failed", "superseded", "answered")


#: SQLite keeps these rows in their key's own order: one tree to write instead of two
_BY_KEY = {"sqlite_with_rowid": False}


def _at(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UTCDateTime, nullable=nullable))


def _json(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(PlainJSON, nullable=nullable))


def _sealed(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


class Meta(SQLModel, table=True):
    """Small facts about the ledger itself: schema age, register version, newest engine time."""

    key: str = Field(primary_key=True)
    value: str


class Inbox(SQLModel, table=True):
    """Every message that may need a person, also the unreadable; raw first, judged after."""

    __table_args__ = (
        UniqueConstraint("natural_key"),
        one_of("outcome", ("pending", "raised", "joined", "noted", "fault", "unreadable", "rejected"), "outcome"),
        _BY_KEY,
    )  # fmt: skip

    id: str = Field(primary_key=True)
    #: ``{device}:{event id}``: a repeat is harmless
    natural_key: str
    topic: str
    device_id: str | None = None
    event_id: str | None = None
    kind: str
    received_at: datetime = _at()
    #: raw bytes, sealed
    payload: bytes = _sealed()
    retain: bool = False
    outcome: str = "pending"
    reason: str | None = None
    alert_id: str | None = None


class AlertRow(SQLModel, table=True):
    """One alert (invariants 2, 3, 16)."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND closed_by IS NOT NULL AND outcome IS NOT NULL)",
            name="closed_by_a_person_with_an_outcome",
        ),
        one_of("state", ("open", "closed"), "state"),
        one_of("severity", Severity, "severity"),
        one_of("outcome", Outcome, "outcome"),
        one_of("cause", Cause, "cause"),
        UniqueConstraint("id", "state"),
        _BY_KEY,
    )  # fmt: skip

    id: str = Field(primary_key=True)
    state: str
    subject: str
    home_id: str | None = None
    device_id: str | None = None
    street: str | None = None
    doctor_team: str | None = None
    facts: Any = _json()
    kind: str
    severity: str
    raised_at: datetime = _at()
    plan: str
    drill: bool
    late: bool
    replayed: bool
    signals: int
    cancel_requested: bool
    stage: str
    #: the stage that the device at home was last shown
    lit: str = ""
    decided_at: datetime = _at()
    version: int
    previous: str | None = None
    closed_at: datetime | None = _at(nullable=True)
    closed_by: str | None = None
    outcome: str | None = None
    cause: str | None = None
    entries: int
    head: str


class TrackRow(SQLModel, table=True):
    """One track (invariant 1); a closed alert has only stood-down tracks (invariant 2)."""

    __tablename__ = "tracks"
    __table_args__ = (
        CheckConstraint(
            "(state = 'calling' AND next_at IS NOT NULL AND claimant IS NULL AND claim_until IS NULL)"
            " OR (state = 'claimed' AND next_at IS NULL AND claimant IS NOT NULL AND claim_until IS NOT NULL)"
            " OR (state = 'stood_down' AND next_at IS NULL AND claimant IS NULL AND claim_until IS NULL"
            " AND offer_to IS NULL)",
            name="calling_or_claimed_never_both",
        ),
        CheckConstraint("(due_at IS NULL) = (state = 'stood_down')", name="a_live_track_has_a_timer"),
        CheckConstraint("alert_state = 'open' OR state = 'stood_down'", name="closed_is_stood_down"),
        one_of("state", TrackState, "state"),
        ForeignKeyConstraint(["alert_id", "alert_state"], ["alerts.id", "alerts.state"], onupdate="CASCADE"),
        _BY_KEY,
    )  # fmt: skip

    alert_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    alert_state: str
    #: position among the alert's tracks
    n: int
    state: str
    started_at: datetime = _at()
    joined: int
    round: int
    round_at: datetime | None = _at(nullable=True)
    gen: int
    last_at: datetime | None = _at(nullable=True)
    next_at: datetime | None = _at(nullable=True)
    due_at: datetime | None = _at(nullable=True)
    saved: float
    claimed_at: datetime | None = _at(nullable=True)
    claimant: str | None = None
    claimant_name: str | None = None
    claimant_role: str | None = None
    claim_until: datetime | None = _at(nullable=True)
    offer_to: str | None = None
    offer_until: datetime | None = _at(nullable=True)
    called: Any = _json()


class TimelineRow(SQLModel, table=True):
    """Append only; ``hash`` chains each entry to the one before it."""

    __tablename__ = "timeline"
    __table_args__ = _BY_KEY

    alert_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = _at()
    type: str
    by: str
    #: JSON text exactly as hashed
    data: str
    #: free text, sealed; hashed as ciphertext
    note: bytes | None = _sealed(nullable=True)
    hash: str


class OutboxRow(SQLModel, table=True):
    """Every contact decided, once (invariant 9); finished with a reason, never deleted (invariant 10)."""

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("purpose", Purpose, "purpose"),
        one_of("status", OUTBOX_OPEN + OUTBOX_DONE, "status"),
        CheckConstraint(
            "(status = 'leased') = (lease_until IS NOT NULL AND lease_owner IS NOT NULL)", name="a_lease_has_an_end"
        ),
        CheckConstraint("(status IN ('pending', 'leased')) = (finished_at IS NULL)", name="finished_with_a_reason"),
        _BY_KEY,
    )  # fmt: skip

    key: str = Field(primary_key=True)
    alert_id: str
    track: str
    gen: int
    purpose: str
    person: str
    role: str
    channel: str
    #: which of the person's contact points
    point: int
    #: contact points to try when this one fails
    fallbacks: Any = _json()
    drill: bool
    #: 0 for a first contact: goes before any repeat (invariant 21)
    repeats: int
    about: Any = _json(nullable=True)
    created_at: datetime = _at()
    not_before: datetime = _at()
    status: str = "pending"
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = _at(nullable=True)
    finished_at: datetime | None = _at(nullable=True)
    reason: str | None = None


class AttemptRow(SQLModel, table=True):
    """One try to send one outbox row: written before the dial, settled after."""

    __tablename__ = "attempts"
    __table_args__ = _BY_KEY
    key: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    started_at: datetime = _at()
    settled_at: datetime | None = _at(nullable=True)
    #: ``sending`` ``accepted`` ``failed`` ``unknown`` or the provider's own last word
    status: str
    reference: str | None = None
    code: str | None = None
    reason: str | None = None
    digit: str | None = None


class StreetRow(SQLModel, table=True):
    """A street office's area."""

    __tablename__ = "streets"
    code: str = Field(primary_key=True)
    name: str


class HomeRow(SQLModel, table=True):
    """A home; how to get in is sealed."""

    __tablename__ = "homes"
    id: str = Field(primary_key=True)
    street: str = Field(index=True)
    category: str
    address: Any = _json()
    location: Any = _json(nullable=True)
    access: bytes | None = _sealed(nullable=True)
    family_doctor_team: str | None = None
    checkin: Any = _json(nullable=True)


class ResidentRow(SQLModel, table=True):
    """A person at home; the whole card (name, birth, phones, medical, contacts) is sealed."""

    __tablename__ = "residents"
    id: str = Field(primary_key=True)
    home_id: str = Field(index=True)
    card: bytes = _sealed()


class DeviceRow(SQLModel, table=True):
    """A registered device; its secret is kept as a salted hash."""

    __tablename__ = "devices"
    id: str = Field(primary_key=True)
    home_id: str | None = Field(default=None, index=True)
    role: str
    dialect: str
    gateway: str | None = None
    site: str | None = None
    external: str | None = None
    #: Mosquitto's own password format
    secret_hash: str | None = None


class HubRow(SQLModel, table=True):
    """A hub that speaks for other makers' devices."""

    __tablename__ = "hubs"
    id: str = Field(primary_key=True)
    dialect: str
    site: str
    secret_hash: str | None = None


class DeviceStateRow(SQLModel, table=True):
    """The last thing a device let us know."""

    __tablename__ = "device_states"
    device_id: str = Field(primary_key=True)
    last_seen: datetime = _at()
    online: bool | None = None
    #: as large as a device may count
    seq: int | None = Field(default=None, sa_type=BigInteger)
    boot: int | None = Field(default=None, sa_type=BigInteger)
    kind: str
    battery_pct: float | None = None


class TelemetryRow(SQLModel, table=True):
    """Raw telemetry, kept for days."""

    __tablename__ = "telemetry"
    id: int | None = Field(default=None, primary_key=True)
    device_id: str
    kind: str
    received_at: datetime = Field(default=None, sa_column=Column(UTCDateTime, nullable=False))
    payload: bytes = _sealed()


class ResponderRow(SQLModel, table=True):
    """Somebody who may come; contact points (addresses, secrets) are sealed."""

    __tablename__ = "responders"
    id: str = Field(primary_key=True)
    name: str
    role: str
    street: str | None = None
    language: str = "zh"
    contacts: bytes = _sealed()


class TeamRow(SQLModel, table=True):
    """Who covers a role for a street, by shifts."""

    __tablename__ = "teams"
    id: str = Field(primary_key=True)
    role: str
    street: str | None = None
    shifts: Any = _json()


class PlanRow(SQLModel, table=True):
    """An approved plan; immutable, pinned to the alerts it runs."""

    __tablename__ = "plans"
    version: str = Field(primary_key=True)
    text: str
    approved_by: str
    effective_from: datetime = _at()


class DrillRow(SQLModel, table=True):
    """A drill's window: presses marked as drill are believed in these homes until it closes."""

    __tablename__ = "drills"
    id: str = Field(primary_key=True)
    name: str
    homes: Any = _json()
    opened_at: datetime = _at()
    opened_by: str
    closes_at: datetime = _at()


class OperatorRow(SQLModel, table=True):
    """A log-in."""

    __tablename__ = "operators"
    name: str = Field(primary_key=True)
    role: str
    streets: Any = _json()
    responder: str | None = None
    password_hash: str
    disabled: bool = False
    created_at: datetime = _at()


class SessionRow(SQLModel, table=True):
    """An open log-in; the token itself is not kept, only its hash."""

    __tablename__ = "sessions"
    token_hash: str = Field(primary_key=True)
    operator: str
    created_at: datetime = _at()
    expires_at: datetime = _at()


class ReadAuditRow(SQLModel, table=True):
    """Who saw whose card, when and why."""

    __tablename__ = "read_audit"
    id: str = Field(primary_key=True)
    at: datetime = Field(default=None, sa_column=Column(UTCDateTime, nullable=False))
    operator: str
    what: str
    subject: str
    reason: str


class PulseRow(SQLModel, table=True):
    """The last sign of life of each running part."""

    __tablename__ = "pulses"
    part: str = Field(primary_key=True)
    instance: str = Field(primary_key=True)
    at: datetime = _at()
    ok: bool
    detail: str
