"""What was ever laid down about duty, and which contact points are known to work."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.columns import one_of
from store.tables.base import instant, json

#: teams and responders as they were; and what bends the shifts
DUTY_KINDS = ("team", "responder", "override", "swap", "absence", "deputy", "holiday")


class DutyRow(SQLModel, table=True):
    """One change, never rewritten: answers about the past stay what they were (no value: withdrawn)."""

    __tablename__ = "duty_history"
    __table_args__ = (one_of("kind", DUTY_KINDS, "kind"),)
    n: int | None = Field(default=None, primary_key=True)
    at: datetime = instant()
    kind: str
    subject: str
    value: Any = json(nullable=True)
    #: after this it changes nothing any more; a day late, so that no zone cuts it short
    ends_at: datetime | None = instant(nullable=True)
    by: str


class ProofRow(SQLModel, table=True):
    """A contact point that a person answered, or that a provider refused for good; the address only as a mark."""

    __tablename__ = "contact_proofs"
    responder: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    mark: str = Field(primary_key=True)
    proved_at: datetime | None = instant(nullable=True)
    broken_at: datetime | None = instant(nullable=True)
    #: the provider's code or word
    broken_why: str | None = None
