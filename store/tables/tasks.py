"""Work that waits for a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from domain.tasks import TaskKind
from store.columns import one_of
from store.tables.base import instant, json, sealed


class TaskRow(SQLModel, table=True):
    """One thing to do; done only by somebody with a result."""

    __tablename__ = "tasks"
    __table_args__ = (
        one_of("kind", TaskKind, "kind"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_by_somebody"),
    )

    key: str = Field(primary_key=True)
    kind: str
    street: str | None = None
    home_id: str | None = Field(default=None, index=True)
    device_id: str | None = None
    alert_id: str | None = Field(default=None, index=True)
    opened_at: datetime = instant()
    due_at: datetime | None = instant(nullable=True)
    data: Any = json()
    done_at: datetime | None = instant(nullable=True)
    done_by: str | None = None
    result: str | None = None
    #: free text, sealed
    note: bytes | None = sealed(nullable=True)
