"""What all tables share: the metadata, how constraints are named, and the kinds of column."""

from typing import Any

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from store.columns import PlainJSON, UTCDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata

#: SQLite keeps these rows in their key's own order: one tree to write instead of two
BY_KEY = {"sqlite_with_rowid": False}


def instant(nullable: bool = False) -> Any:
    """An instant in UTC."""
    return Field(default=None, sa_column=Column(UTCDateTime, nullable=nullable))


def json(nullable: bool = False) -> Any:
    """A JSON value."""
    return Field(default=None, sa_column=Column(PlainJSON, nullable=nullable))


def sealed(nullable: bool = False) -> Any:
    """Ciphertext, bound to its row."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))
