"""Cases at the 120 desk."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from domain.desk import CaseState
from store.columns import one_of
from store.tables.base import BY_KEY, instant, json


class DeskCaseRow(SQLModel, table=True):
    """What one desk has made of one alert; ``story`` holds each state with its instant and clerk."""

    __tablename__ = "desk_cases"
    __table_args__ = (one_of("state", CaseState, "state"), BY_KEY)

    alert_id: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    key: str
    number: str | None = Field(default=None, index=True)
    state: str
    at: datetime = instant()
    clerk: str | None = None
    reason: str | None = None
    #: accepted, and no clerk has spoken yet: at this moment the desk counts as silent
    silent_at: datetime | None = instant(nullable=True)
    story: Any = json()
