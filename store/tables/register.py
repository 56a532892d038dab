"""Who lives where, with which devices, and who may come."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from store.tables.base import BY_KEY, instant, json, sealed


class StreetRow(SQLModel, table=True):
    """A street office's area."""

    __tablename__ = "streets"
    code: str = Field(primary_key=True)
    name: str


class HomeRow(SQLModel, table=True):
    """A home; how to get in is sealed."""

    __tablename__ = "homes"
    id: str = Field(primary_key=True)
    street: str = Field(index=True)
    category: str
    address: Any = json()
    location: Any = json(nullable=True)
    access: bytes | None = sealed(nullable=True)
    family_doctor_team: str | None = None
    checkin: Any = json(nullable=True)
    #: what it has chosen of the rules (domain/choices.py)
    choices: Any = json(nullable=True)
    #: the same rule as numbers: minutes of the local day, and whether any sign of life counts
    checkin_opens: int | None = None
    checkin_by: int | None = None
    checkin_activity: bool | None = None
    #: the first day that is asked for is the one that begins after this
    checkin_since: datetime | None = instant(nullable=True)
    #: nobody lives there any more: not asked, not supervised; a press still counts
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None


class ResidentRow(SQLModel, table=True):
    """A person at home; the whole card (name, birth, phones, medical, contacts) is sealed."""

    __tablename__ = "residents"
    id: str = Field(primary_key=True)
    home_id: str = Field(index=True)
    card: bytes = sealed()
    #: lives there no more; the card stays for what happened before
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None


class PhoneMarkRow(SQLModel, table=True):
    """A keyed mark of one telephone number of a resident or of a contact on the card; the number itself is sealed."""

    __tablename__ = "phone_marks"
    __table_args__ = (BY_KEY,)
    mark: str = Field(primary_key=True)
    resident_id: str = Field(primary_key=True, index=True)


class CardLacksRow(SQLModel, table=True):
    """What a home's cards lack, kept beside them so that nobody has to open every card to count."""

    __tablename__ = "card_lacks"
    __table_args__ = (BY_KEY,)
    home_id: str = Field(primary_key=True)
    #: of ``domain.completeness.LACKS``, with blanks between
    codes: str
    #: when the way in was last looked over: a date, empty for never; None: there is none to look over
    way_at: str | None = None
    #: the same of the medical card that was not looked over for longest
    medical_at: str | None = None


class DeviceRow(SQLModel, table=True):
    """A registered device; its secret is kept as a salted hash."""

    __tablename__ = "devices"
    id: str = Field(primary_key=True)
    home_id: str | None = Field(default=None, index=True)
    role: str
    dialect: str
    gateway: str | None = None
    site: str | None = None
    external: str | None = None
    #: Mosquitto's own password format
    secret_hash: str | None = None
    #: shut out: neither its password nor its certificate lets it in
    revoked_at: datetime | None = instant(nullable=True)
    #: serial number of its certificate, in hexadecimal
    certificate: str | None = None


class HubRow(SQLModel, table=True):
    """A hub that speaks for other makers' devices."""

    __tablename__ = "hubs"
    id: str = Field(primary_key=True)
    dialect: str
    site: str
    secret_hash: str | None = None
    revoked_at: datetime | None = instant(nullable=True)


class RevokedCertificateRow(SQLModel, table=True):
    """A certificate that no longer counts, also after its device got another."""

    __tablename__ = "revoked_certificates"
    serial: str = Field(primary_key=True)
    device_id: str
    revoked_at: datetime = instant()


class CommissioningRow(SQLModel, table=True):
    """A home's acceptance: each device pressed and heard, each contact proved, then signed by the installer."""

    __tablename__ = "commissionings"
    __table_args__ = (CheckConstraint("(signed_at IS NULL) = (signed_by IS NULL)", name="signed_by_somebody"),)

    home_id: str = Field(primary_key=True)
    opened_at: datetime = instant()
    opened_by: str
    #: contact (``family:0``, ``responder:doctor-1``) -> {at, by}
    proved: Any = json()
    signed_at: datetime | None = instant(nullable=True)
    signed_by: str | None = None


class ResponderRow(SQLModel, table=True):
    """Somebody who may come; contact points (addresses, secrets) are sealed."""

    __tablename__ = "responders"
    id: str = Field(primary_key=True)
    name: str
    role: str
    street: str | None = None
    language: str = "zh"
    contacts: bytes = sealed()
    #: comes no more: nobody calls them, and the past still knows their name
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None


class TeamRow(SQLModel, table=True):
    """Who covers a role for a street, by shifts."""

    __tablename__ = "teams"
    id: str = Field(primary_key=True)
    role: str
    street: str | None = None
    shifts: Any = json()
