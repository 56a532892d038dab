"""What came in."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from store.columns import one_of
from store.tables.base import BY_KEY, instant, sealed


class Inbox(SQLModel, table=True):
    """Every message that may need a person, also the unreadable; raw first, judged after."""

    __table_args__ = (
        UniqueConstraint("natural_key"),
        one_of("outcome", ("pending", "raised", "joined", "noted", "fault", "unreadable", "rejected"), "outcome"),
        BY_KEY,
    )  # fmt: skip

    id: str = Field(primary_key=True)
    #: ``{device}:{event id}``: a repeat is harmless
    natural_key: str
    topic: str
    device_id: str | None = None
    event_id: str | None = None
    kind: str
    received_at: datetime = instant()
    #: raw bytes, sealed
    payload: bytes = sealed()
    retain: bool = False
    #: the hub's site, for what a platform pushed over HTTP
    site: str | None = None
    outcome: str = "pending"
    reason: str | None = None
    alert_id: str | None = None
