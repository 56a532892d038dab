"""What is watched over in each home: faults of its devices, signs by the hour, what the rules remember."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from store.columns import UTCDateTime, one_of
from store.tables.base import BY_KEY, instant, json, sealed

FAULTS = ("silent", "battery_low", "tamper", "not_worn", "unused", "test_due", "sequence_gap", "clock", "config")


class DeviceFaultRow(SQLModel, table=True):
    """Something is wrong with a device, for as long as the row stands."""

    __tablename__ = "device_faults"
    __table_args__ = (one_of("fault", FAULTS, "fault"), BY_KEY)

    device_id: str = Field(primary_key=True)
    fault: str = Field(primary_key=True)
    since: datetime = instant()
    #: when somebody was given a task about it; None: not yet, or an incident speaks for it
    told_at: datetime | None = instant(nullable=True)
    #: the network incident that it is part of
    incident: str | None = None
    data: Any = json()


class HourlySignRow(SQLModel, table=True):
    """How often a home gave one kind of sign in one hour. Kept when the raw telemetry is gone."""

    __tablename__ = "hourly_signs"
    __table_args__ = BY_KEY

    home_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    #: the beginning of the hour, UTC
    hour: datetime = Field(default=None, sa_column=Column(UTCDateTime, primary_key=True))
    count: int
    last_at: datetime = instant()


class LastSignRow(SQLModel, table=True):
    """The newest sign of each kind of a home; positions and vital signs are sealed."""

    __tablename__ = "last_signs"
    __table_args__ = BY_KEY

    home_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    device_id: str
    at: datetime = instant()
    value: bytes | None = sealed(nullable=True)


class RuleStateRow(SQLModel, table=True):
    """What a rule remembers of a home: how long a limit has been passed, who was asked."""

    __tablename__ = "rule_states"
    __table_args__ = BY_KEY

    home_id: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    state: str
    since: datetime = instant()
    next_at: datetime | None = instant(nullable=True)
    data: Any = json()
