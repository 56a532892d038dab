"""Small facts about the ledger itself, and the signs of life of its parts."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.base import instant


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
