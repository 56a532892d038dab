"""What goes out, and each try to send it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from domain.contacts import Purpose
from store.columns import one_of
from store.tables.base import BY_KEY, instant, json

OUTBOX_OPEN = ("pending", "leased")
OUTBOX_DONE = ("accepted", "failed", "superseded", "answered")


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
        BY_KEY,
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
    fallbacks: Any = json()
    drill: bool
    #: 0 for a first contact: goes before any repeat (invariant 21)
    repeats: int
    about: Any = json(nullable=True)
    created_at: datetime = instant()
    not_before: datetime = instant()
    status: str = "pending"
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = instant(nullable=True)
    finished_at: datetime | None = instant(nullable=True)
    reason: str | None = None


class AttemptRow(SQLModel, table=True):
    """One try to send one outbox row: written before the dial, settled after."""

    __tablename__ = "attempts"
    __table_args__ = BY_KEY
    key: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    started_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)
    #: ``sending`` ``accepted`` ``failed`` ``unknown`` or the provider's own last word
    status: str
    reference: str | None = None
    code: str | None = None
    reason: str | None = None
    digit: str | None = None
    #: which provider and which of its caller numbers carried it: ``twilio:0``
    line: str | None = None
