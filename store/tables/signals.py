"""What lasts at a home: alarms that are set until their device says otherwise."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.base import BY_KEY, instant


class LevelRow(SQLModel, table=True):
    """One state of one device that other makers' hubs send again and again."""

    __tablename__ = "levels"
    __table_args__ = BY_KEY

    device_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    is_on: bool
    #: when it last changed, by our clock
    since: datetime = instant()
    #: when it was last told as new: what is silent in between is a repeat
    told_at: datetime = instant()
    #: the alert that heard of it
    alert_id: str | None = None
