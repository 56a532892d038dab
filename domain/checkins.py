"""The daily check-in: what a home has agreed to, and where its question of today stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any


class CheckinState(StrEnum):
    """``open`` is asked on and on; each day ends in one of the others."""

    OPEN = "open"
    #: somebody is well: by a sign of life, a key, a visit, a word
    OK = "ok"
    #: away, or in hospital
    EXCUSED = "excused"
    #: an alert was raised
    MISSED = "missed"


class Way(StrEnum):
    """How a home may show that all is well."""

    ACTIVITY = "activity"
    BUTTON = "button"
    VOICE = "voice"
    VISIT = "visit"
    FAMILY = "family"
    DESK = "desk"


class Action(StrEnum):
    """What is tried, in the order of ``homes/checkins.toml``."""

    ASK_DEVICE = "ask_device"
    CARE_CALL = "care_call"
    ASK_NEIGHBOUR = "ask_neighbour"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Rule:
    """A home's window, in minutes of the local day, and which ways count."""

    opens: int
    by: int
    ways: tuple[Way, ...] = (Way.ACTIVITY, Way.BUTTON, Way.VOICE)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is tried ``after`` the end of the window (before it: negative)."""

    action: Action
    after: timedelta


@dataclass(frozen=True, slots=True)
class Checkin:
    """One home's question of one day."""

    home: str
    day: date
    street: str | None
    opened_at: datetime
    by_at: datetime
    #: how many steps were taken
    step: int
    last_at: datetime | None


def read_rule(said: Mapping[str, Any] | None, problems: list[str]) -> Rule | None:
    """``{"by": "09:30", "window_opens": "05:00", "ways": […]}``; what is wrong is added to ``problems``."""
    if said is None:
        return None
    by, opens = (_minutes(said.get(name), name, problems) for name in ("by", "window_opens"))
    ways = said.get("ways", [Way.ACTIVITY, Way.BUTTON, Way.VOICE])
    known = isinstance(ways, list) and ways and all(way in set(Way) for way in ways)
    if not known:
        problems.append(f"ways: write some of {', '.join(Way)}")
    ordered = by is None or opens is None or opens < by
    if not ordered:
        problems.append("window_opens must be before by, on the same day")
    if by is None or opens is None or not known or not ordered:
        return None
    return Rule(opens, by, tuple(Way(way) for way in ways))


def _minutes(said: object, name: str, problems: list[str]) -> int | None:
    if said is None:
        problems.append(f'{name}: missing; write "09:30"')
        return None
    try:
        hours, _, minutes = str(said).partition(":")
        value = int(hours) * 60 + int(minutes)
    except ValueError:
        value = -1
    if 0 <= value <= 24 * 60:
        return value
    problems.append(f'{name}: {said!r} is not a time; write "09:30"')
    return None
