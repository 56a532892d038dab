"""What devices let us know of themselves."""

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from store.columns import UTCDateTime
from store.tables.base import instant, sealed


class DeviceStateRow(SQLModel, table=True):
    """The last thing a device let us know, and how well its messages come."""

    __tablename__ = "device_states"
    device_id: str = Field(primary_key=True)
    #: when we first knew that it speaks
    first_at: datetime = instant()
    last_seen: datetime = instant()
    online: bool | None = None
    #: of its last telemetry; as large as a device may count
    seq: int | None = Field(default=None, sa_type=BigInteger)
    boot: int | None = Field(default=None, sa_type=BigInteger)
    kind: str
    battery_pct: float | None = None
    #: the last time that somebody moved, pressed, or was measured
    last_life: datetime | None = instant(nullable=True)
    #: ISO date (UTC) of the counts: numbered telemetry that came, and numbers that were left out
    day: str | None = None
    received: int = 0
    missing: int = 0
    #: the hash of its configuration: when it was first told, and now
    config_first: str | None = None
    config: str | None = None
    #: None: it never said what time it has
    clock_ok: bool | None = None


class TelemetryRow(SQLModel, table=True):
    """Raw telemetry, kept for days."""

    __tablename__ = "telemetry"
    id: int | None = Field(default=None, primary_key=True)
    device_id: str
    kind: str
    received_at: datetime = Field(default=None, sa_column=Column(UTCDateTime, nullable=False))
    payload: bytes = sealed()
    #: what another maker's message says, in our words; None where the payload is an envelope of ours
    reading: bytes | None = sealed(nullable=True)
