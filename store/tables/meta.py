"""Small facts about the ledger itself, and the signs of life of its parts."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.base import instant, json


class Meta(SQLModel, table=True):
    """Small facts about the ledger itself: schema age, register version, newest engine time."""

    key: str = Field(primary_key=True)
    value: str


class PulseRow(SQLModel, table=True):
    """The last sign of life of each running part."""

    __tablename__ = "pulses"
    part: str = Field(primary_key=True)
    instance: str = Field(primary_key=True)
    at: datetime = instant()
    ok: bool
    detail: str
    #: seconds since the part last did something, as it says itself
    age_s: float | None = None


class WatchRow(SQLModel, table=True):
    """What a watch last found; it stays when the watch has gone, so that its silence is noticed."""

    __tablename__ = "watches"
    instance: str = Field(primary_key=True)
    at: datetime = instant()
    #: when it last found nothing
    ok_at: datetime | None = instant(nullable=True)
    #: codes of what it finds, with how many
    findings: Any = json()
    #: its last press that went all the way round, and how long that took in milliseconds
    probe_at: datetime | None = instant(nullable=True)
    probe_ms: float | None = None
