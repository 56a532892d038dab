"""Working days and holidays in China, in-lieu working days included; where nobody knows yet, plain weekdays.

Pure. The yearly notice of the State Council is in the library once it has been published,
usually in November. Until then statutory days are known and in-lieu days are not; entries of
one's own (``holidays`` of a site file) close the hole. Whatever happens, there is an answer:
no alert waits for a calendar.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from domain.duty import Holiday

_SATURDAY = 6


class Confidence(StrEnum):
    """How far the calendar of a year can be trusted."""

    #: with the year's notice: days off and in-lieu working days
    OFFICIAL = "official"
    #: statutory days only; in-lieu days are not known yet
    STATUTORY = "statutory"
    #: nothing is known: Monday to Friday
    WEEKDAYS = "weekdays"


@dataclass(frozen=True, slots=True)
class Year:
    """The days of one year that are not what their weekday says."""

    confidence: Confidence
    off: frozenset[date] = frozenset()
    works: frozenset[date] = frozenset()


@lru_cache(maxsize=64)
def chinese_year(year: int) -> Year:
    """What the library knows of a year. Never raises: unknown years are plain weekdays."""
    try:
        # Half a second and 10 MB: only for those whose shifts ask for it.
        import holidays

        known = holidays.country_holidays("CN", years=[year, year + 1])
        off = frozenset(day for day in known if day.year == year)
        works = frozenset(day for day in known.weekend_workdays if day.year == year)
    except Exception:  # a foreign library in years it does not know: a calendar never stops an alert
        return Year(Confidence.WEEKDAYS)
    if not off:
        return Year(Confidence.WEEKDAYS)
    return Year(Confidence.OFFICIAL if works else Confidence.STATUTORY, off, works)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The library's years under one's own entries."""

    own: Mapping[date, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Holiday]) -> "Calendar":
        """A calendar with these entries of one's own."""
        return cls({entry.day: entry.works for entry in entries})

    def works(self, day: date) -> bool:
        """Whether people go to work on ``day``."""
        if day in self.own:
            return self.own[day]
        year = chinese_year(day.year)
        if day in year.works:
            return True
        return day not in year.off and day.isoweekday() < _SATURDAY

    def confidence(self, year: int) -> Confidence:
        """How far ``works`` can be trusted; in-lieu days of one's own make a year as good as official."""
        if any(works and day.year == year for day, works in self.own.items()):
            return Confidence.OFFICIAL
        return chinese_year(year).confidence
