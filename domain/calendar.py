"""Days and instants that people name: near enough that every calendar and zone of ours reaches them."""

from datetime import date, datetime
from typing import TypeVar

FIRST_YEAR, LAST_YEAR = 1900, 2199

D = TypeVar("D", bound=date)


def within(at: D) -> D:
    """The same. Raises ``ValueError`` outside: a day's end, a zone's offset or a fortnight more would be no date."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"the year must be between {FIRST_YEAR} and {LAST_YEAR}")
    return at


def read_instant(text: str) -> datetime:
    """``2026-11-22T03:10``, with a zone or without. Raises ``ValueError``."""
    return within(datetime.fromisoformat(text))
