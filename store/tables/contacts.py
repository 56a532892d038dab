"""What is known of contact points beyond the register: who forbade messages, who proved a telephone, who has a code."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from store.tables.base import BY_KEY, instant, sealed


class StoppedContactRow(SQLModel, table=True):
    """A person answered STOP: this address gets no more of this channel until the register has another."""

    __tablename__ = "stopped_contacts"
    responder_id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    #: the address that was stopped, sealed
    address: bytes = sealed()
    at: datetime = instant()
    #: ``reply`` (the person wrote it) or the provider's code
    why: str


class PinRow(SQLModel, table=True):
    """The code by which a responder is known on somebody else's telephone."""

    __tablename__ = "responder_pins"
    responder_id: str = Field(primary_key=True)
    pin: bytes = sealed()
    set_at: datetime = instant()


class ContactTestRow(SQLModel, table=True):
    """A responder tries the own telephone: a call or message marked as a rehearsal, through the normal channel."""

    __tablename__ = "contact_tests"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'sending', 'accepted', 'failed', 'proved')", name="status"
        ),
    )  # fmt: skip

    id: str = Field(primary_key=True)
    responder_id: str = Field(index=True)
    channel: str
    point: int
    ordered_at: datetime = instant()
    ordered_by: str
    sent_at: datetime | None = instant(nullable=True)
    #: ``pending`` ``sending`` ``accepted`` ``failed`` ``proved``
    status: str = "pending"
    reference: str | None = None
    #: the provider's own last word
    word: str | None = None
    reason: str | None = None
    digit: str
    proved_at: datetime | None = instant(nullable=True)


class HeardRow(SQLModel, table=True):
    """A signed message that was obeyed: its repeat is answered alike, and not obeyed again."""

    __tablename__ = "heard_once"
    __table_args__ = (BY_KEY,)

    #: SHA-256 of what makes the message the same one
    stamp: str = Field(primary_key=True)
    #: forgotten after this
    until: datetime = instant()
    answer: bytes = sealed()
