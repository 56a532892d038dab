"""Alerts, their tracks and their story."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from domain.alerts import Cause, Outcome, Severity, TrackState
from store.columns import one_of
from store.tables.base import BY_KEY, instant, json, sealed


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
        BY_KEY,
    )  # fmt: skip

    id: str = Field(primary_key=True)
    state: str
    subject: str
    home_id: str | None = None
    device_id: str | None = None
    street: str | None = None
    doctor_team: str | None = None
    facts: Any = json()
    kind: str
    severity: str
    raised_at: datetime = instant()
    plan: str
    drill: bool
    late: bool
    replayed: bool
    signals: int
    cancel_requested: bool
    stage: str
    #: the stage that the device at home was last shown
    lit: str = ""
    decided_at: datetime = instant()
    version: int
    previous: str | None = None
    closed_at: datetime | None = instant(nullable=True)
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
        BY_KEY,
    )  # fmt: skip

    alert_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    alert_state: str
    #: position among the alert's tracks
    n: int
    state: str
    started_at: datetime = instant()
    joined: int
    round: int
    round_at: datetime | None = instant(nullable=True)
    gen: int
    last_at: datetime | None = instant(nullable=True)
    next_at: datetime | None = instant(nullable=True)
    due_at: datetime | None = instant(nullable=True)
    saved: float
    claimed_at: datetime | None = instant(nullable=True)
    claimant: str | None = None
    claimant_name: str | None = None
    claimant_role: str | None = None
    claim_until: datetime | None = instant(nullable=True)
    offer_to: str | None = None
    offer_until: datetime | None = instant(nullable=True)
    called: Any = json()


class TimelineRow(SQLModel, table=True):
    """Append only; ``hash`` chains each entry to the one before it."""

    __tablename__ = "timeline"
    __table_args__ = BY_KEY

    alert_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = instant()
    type: str
    by: str
    #: JSON text exactly as hashed
    data: str
    #: free text, sealed; hashed as ciphertext
    note: bytes | None = sealed(nullable=True)
    hash: str
