"""Log-ins, sessions and who read what."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from store.columns import UTCDateTime
from store.tables.base import instant, json, sealed


class OperatorRow(SQLModel, table=True):
    """A log-in."""

    __tablename__ = "operators"
    name: str = Field(primary_key=True)
    role: str
    streets: Any = json()
    responder: str | None = None
    password_hash: str
    disabled: bool = False
    created_at: datetime = instant()
    #: the secret of the one-time codes, sealed; None: the password alone lets in
    totp: bytes | None = sealed(nullable=True)
    #: the half minute whose code was used last; no code is good twice
    totp_step: int | None = None
    #: salted hashes of the spare codes that are left, sealed; for a telephone that was lost
    spare: bytes | None = sealed(nullable=True)


class SessionRow(SQLModel, table=True):
    """An open log-in; the token itself is not kept, only its hash."""

    __tablename__ = "sessions"
    token_hash: str = Field(primary_key=True)
    operator: str
    created_at: datetime = instant()
    expires_at: datetime = instant()


class ReadAuditRow(SQLModel, table=True):
    """Who saw whose card, when and why."""

    __tablename__ = "read_audit"
    id: str = Field(primary_key=True)
    at: datetime = Field(default=None, sa_column=Column(UTCDateTime, nullable=False))
    operator: str
    what: str
    subject: str
    reason: str


class ShiftNoteRow(SQLModel, table=True):
    """A shift handed over: from whom to whom, and what the next one must know."""

    __tablename__ = "shift_notes"
    id: str = Field(primary_key=True)
    at: datetime = instant()
    by: str
    #: the log-in that takes over; None: whoever comes
    to: str | None = None
    streets: Any = json()
    note: bytes | None = sealed(nullable=True)
