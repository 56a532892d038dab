"""The duty parts of a site file: overrides, swaps, absences, deputies, holidays; also what the API takes."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain.calendar import within
from domain.ids import new_id
from store.duty import Entry

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HERE = ZoneInfo("Asia/Shanghai")
_HOW = "write 2026-11-22, 2026-11-22T08:00 (wall time) or 2026-11-22T08:00+08:00"


def _moment(value: str, last: bool = False) -> str:
    try:
        if _DAY.fullmatch(value):
            return f"{within(date.fromisoformat(value)) + timedelta(days=last)}T00:00:00"
        return within(datetime.fromisoformat(value)).replace(second=0, microsecond=0).isoformat()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{value!r} is no moment; {_HOW}") from error


def _day(value: str) -> str:
    try:
        return within(date.fromisoformat(value)).isoformat()
    except ValueError as error:
        raise ValueError(f"{value!r} is no day; write 2026-11-22") from error


#: the beginning of a day, or a minute
First = Annotated[str, AfterValidator(_moment)]
#: the end of a day that is named without an hour, or a minute
Last = Annotated[str, AfterValidator(lambda value: _moment(value, last=True))]
Day = Annotated[str, AfterValidator(_day)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    #: takes back what is laid down under this id
    withdrawn: bool = False

    def value(self) -> dict[str, Any] | None:
        """As the ledger keeps it."""
        if self.withdrawn:
            return None
        return self.model_dump(by_alias=True, exclude={"withdrawn", "id"}, exclude_none=True)


class _Span(_Part):
    id: Id = Field(default_factory=new_id)
    start: First = Field(alias="from")
    until: Last

    @model_validator(mode="after")
    def _in_order(self) -> "_Span":
        said = (datetime.fromisoformat(text) for text in (self.start, self.until))
        first, last = (at if at.tzinfo else at.replace(tzinfo=_HERE) for at in said)
        if first >= last:
            raise ValueError("ends before it begins; write a later `until`")
        return self


class SiteOverride(_Span):
    """For some hours of one team somebody else comes, comes too, or somebody does not."""

    team: str
    responder: str | None = None
    instead_of: str | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "SiteOverride":
        if self.responder is None and self.instead_of is None:
            raise ValueError("names nobody; write `responder` (who comes), `instead_of` (whose shift it is), or both")
        return self


class SiteAbsence(_Span):
    """A responder is away."""

    responder: str
    deputy: str | None = None


class SiteSwap(_Part):
    """One takes another's shift."""

    id: Id = Field(default_factory=new_id)
    team: str
    date: Day
    giver: str
    taker: str
    return_date: Day | None = None


class SiteDeputy(_Part):
    """Who stands in for a responder at any time."""

    responder: str
    deputy: str


class SiteHoliday(_Part):
    """A day that is not what the calendar says."""

    date: Day
    day: Literal["workday", "holiday"]
    name: str | None = None


def entry_of(part: SiteOverride | SiteAbsence | SiteSwap | SiteDeputy | SiteHoliday) -> Entry:
    """As an entry of the duty's history."""
    match part:
        case SiteOverride():
            return Entry("override", part.id, part.value())
        case SiteAbsence():
            return Entry("absence", part.id, part.value())
        case SiteSwap():
            return Entry("swap", part.id, part.value())
        case SiteDeputy():
            return Entry("deputy", part.responder, part.value())
        case SiteHoliday():
            return Entry("holiday", part.date, part.value())


def named_by(part: SiteOverride | SiteAbsence | SiteSwap | SiteDeputy | SiteHoliday) -> dict[str, tuple[str, str]]:
    """Field -> (``responder`` or ``team``, id) of everything it refers to."""
    people = ("responder", "instead_of", "deputy", "giver", "taker")
    named = {name: ("responder", str(getattr(part, name))) for name in people if getattr(part, name, None)}
    return named | ({"team": ("team", part.team)} if isinstance(part, SiteOverride | SiteSwap) else {})
