"""Plans and drills."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.base import instant, json


class PlanRow(SQLModel, table=True):
    """An approved plan; immutable, pinned to the alerts it runs."""

    __tablename__ = "plans"
    version: str = Field(primary_key=True)
    text: str
    approved_by: str
    effective_from: datetime = instant()


class DrillRow(SQLModel, table=True):
    """A drill's window: presses marked as drill are believed in these homes until it closes."""

    __tablename__ = "drills"
    id: str = Field(primary_key=True)
    name: str
    homes: Any = json()
    opened_at: datetime = instant()
    opened_by: str
    closes_at: datetime = instant()
