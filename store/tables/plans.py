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
    #: the street whose own plan this is; None: the district's
    street: str | None = None
    #: the version of the template that a street's plan changes
    base: str | None = None
    proposed_by: str | None = None
    approved_at: datetime | None = instant(nullable=True)


class ProposalRow(SQLModel, table=True):
    """A plan that waits for a second person."""

    __tablename__ = "plan_proposals"
    version: str = Field(primary_key=True)
    text: str
    street: str | None = None
    base: str | None = None
    proposed_by: str
    proposed_at: datetime = instant()


class DrillRow(SQLModel, table=True):
    """A drill's window: presses marked as drill are believed in these homes until it closes."""

    __tablename__ = "drills"
    id: str = Field(primary_key=True)
    name: str
    homes: Any = json()
    opened_at: datetime = instant()
    opened_by: str
    closes_at: datetime = instant()


class DrillVerdictRow(SQLModel, table=True):
    """What the judge of a drill found; laid down once."""

    __tablename__ = "drill_verdicts"
    drill_id: str = Field(primary_key=True)
    at: datetime = instant()
    by: str
    passed: bool
    #: what was done, what was expected, what came; ids and codes only
    report: Any = json()
