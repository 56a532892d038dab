"""What bends the weekly shifts: overrides, swaps, absences, deputies, and days that are not what the week says."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Override:
    """For some hours of one team somebody else comes, comes too, or somebody does not."""

    id: str
    team: str
    start: datetime
    end: datetime
    #: who comes; None: nobody in the place of ``instead_of``
    responder: str | None = None
    #: whose shift it is; None: ``responder`` comes besides the others
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """``taker`` has the shift of ``giver`` that begins on ``day``, and gives one on ``back`` in return."""

    id: str
    team: str
    day: date
    giver: str
    taker: str
    back: date | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A responder is away, in every team; the deputy comes instead."""

    id: str
    responder: str
    start: datetime
    end: datetime
    deputy: str | None = None


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who stands in for a responder whenever that person is away or cannot be reached."""

    responder: str
    deputy: str


@dataclass(frozen=True, slots=True)
class Holiday:
    """What the authorities made of one day; wins over the calendar."""

    day: date
    #: a day on which people work, as the Sundays before a long holiday are
    works: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """All of them, each kind in the order in which it was recorded; of two that contradict, the later counts."""

    overrides: tuple[Override, ...] = ()
    swaps: tuple[Swap, ...] = ()
    absences: tuple[Absence, ...] = ()
    deputies: tuple[Deputy, ...] = ()
    holidays: tuple[Holiday, ...] = ()


NONE = Changes()
