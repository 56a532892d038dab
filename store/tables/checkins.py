"""The daily check-in, times away, calls to residents, and words for devices."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from domain.checkins import CheckinState
from store.columns import one_of
from store.tables.base import BY_KEY, instant, json, sealed


class CheckinRow(SQLModel, table=True):
    """One home's question of one day: once, whoever asks and however often."""

    __tablename__ = "checkins"
    __table_args__ = (
        one_of("state", CheckinState, "state"),
        CheckConstraint("(state = 'open') = (next_at IS NOT NULL)", name="an_open_one_has_a_timer"),
        BY_KEY,
    )  # fmt: skip

    #: ISO date, local
    day: str = Field(primary_key=True)
    home_id: str = Field(primary_key=True)
    street: str | None = None
    state: str
    opened_at: datetime = instant()
    by_at: datetime = instant()
    #: the sweep came late: the timers count from when it came
    late: bool = False
    step: int = 0
    last_at: datetime | None = instant(nullable=True)
    next_at: datetime | None = instant(nullable=True)
    settled_at: datetime | None = instant(nullable=True)
    #: how it was settled: a way, ``away``, ``hospital``
    way: str | None = None
    by: str | None = None
    alert_id: str | None = None
    note: bytes | None = sealed(nullable=True)


class AwayRow(SQLModel, table=True):
    """A time in which nobody is asked: with the family, in hospital."""

    __tablename__ = "aways"
    __table_args__ = (one_of("kind", ("away", "hospital"), "kind"),)

    id: str = Field(primary_key=True)
    home_id: str = Field(index=True)
    kind: str
    from_at: datetime = instant()
    #: None: until somebody says so
    until_at: datetime | None = instant(nullable=True)
    by: str
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None


class CareCallRow(SQLModel, table=True):
    """A call that asks a resident, or a neighbour, how things are; written before the dial."""

    __tablename__ = "care_calls"
    __table_args__ = (
        one_of("status", ("pending", "sending", "sent", "answered", "failed"), "status"),
        BY_KEY,
    )  # fmt: skip

    #: ``care/{day}/{home}/{step}/{n}``
    key: str = Field(primary_key=True)
    home_id: str
    day: str
    #: None: the resident, else a responder
    responder: str | None = None
    channel: str
    #: a telephone number, sealed
    address: bytes = sealed()
    created_at: datetime = instant()
    status: str = "pending"
    settled_at: datetime | None = instant(nullable=True)
    reference: str | None = None
    reason: str | None = None
    #: what the person said by a key
    answer: str | None = None


class ErrandRow(SQLModel, table=True):
    """A word for a device (``ask_checkin`` …) that the bridge has not said yet."""

    __tablename__ = "errands"
    __table_args__ = BY_KEY

    id: str = Field(primary_key=True)
    device_id: str
    command: str
    data: Any = json()
    created_at: datetime = instant()
    said_at: datetime | None = instant(nullable=True)
