"""Inactivity: quiet for longer than this home ever is at this time of day, said so that anybody can check it. Pure."""

import bisect
import statistics
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.checkins import Step
from domain.errors import ConfigurationError
from domain.words import Catalogue
from escalation.durations import seconds
from homes.steps import read_steps

_WORDS = Path(__file__).parent / "words"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: signs of a person at home, the most telling first
SIGNS = ("water", "motion", "door", "bed", "steps")
_NUMBERS = ("days", "least", "times", "share", "most", "weeks", "alike")
#: sign -> hour (UTC) -> how often
Hours = Mapping[str, Mapping[datetime, int]]


@dataclass(frozen=True, slots=True)
class QuietRule:
    """When quiet is too quiet."""

    days: int
    least: int
    times: float
    share: float
    quiet: timedelta
    most: float
    steps: tuple[Step, ...]
    weeks: int = 8
    alike: int = 4


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why: no ``sign`` since then, and usually so many times by now."""

    sign: str
    since: datetime
    usual: int
    by: datetime
    #: compared with ``workday`` ``saturday`` ``sunday`` only; empty: with all days
    days: str = ""


def read_quiet(text: str, source: str = "rules.toml") -> QuietRule:
    """Raises ``ConfigurationError`` with all that is wrong."""
    said = tomllib.loads(text).get("inactivity") or {}
    problems = [
        f"inactivity: {name} must be a number above 0" for name in _NUMBERS
        if isinstance(said.get(name), bool) or not isinstance(said.get(name), int | float) or said[name] <= 0
    ]  # fmt: skip
    quiet = seconds(said.get("quiet"))
    if not quiet:
        problems.append('inactivity: quiet is no duration; write "3h"')
    if problems:
        raise ConfigurationError([f"{source}: {problem}" for problem in problems])
    lines = [f'[[step]]\naction = "{s.get("action")}"\nafter = "{s.get("after")}"' for s in said.get("step") or ()]
    steps = read_steps("\n".join(lines), source)
    return QuietRule(
        int(said["days"]), int(said["least"]), float(said["times"]), float(said["share"]),
        timedelta(seconds=quiet or 0), float(said["most"]), steps, int(said["weeks"]), int(said["alike"]),
    )  # fmt: skip


def too_quiet(
    rule: QuietRule, hours: Hours, last: Mapping[str, datetime], newest: datetime, now: datetime, zone: ZoneInfo
) -> Quiet | None:
    """Whether a home that gave its ``newest`` sign of any kind then should have given others by now.

    ``hours``: its signs by the hour; ``last``: the newest of each sign; signs of devices that are out
    of order are left out by the caller. Days without any sign in the 24 hours before that time, or after it
    (nobody was there), are not compared with. A Sunday is compared with Sundays, a Saturday with Saturdays, a
    working day with working days, where enough of them are known; else with all days.
    """
    if now - newest < rule.quiet:
        return None
    present = sorted({hour for counts in hours.values() for hour in counts})
    start = newest.replace(minute=0, second=0, microsecond=0) + _HOUR
    days, shifts = _compared(rule, start, now, zone, present)
    if len(shifts) < (rule.alike if days in _WEEKEND else rule.least):
        return None
    best: Quiet | None = None
    for sign in SIGNS:
        counts = hours.get(sign)
        if not counts or sign not in last:
            continue
        window = [_count(counts, start - shift, now - shift) for shift in shifts]
        if sum(1 for n in window if n) < rule.share * len(window):
            continue
        usual = statistics.median(window)
        if usual >= rule.times and (best is None or usual > best.usual):
            best = Quiet(sign, last[sign], int(usual), now, days)
    return best


def looked_at(rule: QuietRule, newest: datetime, now: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The times that ``too_quiet`` may look at in a home that gave its newest sign then, or later."""
    found = [(now - timedelta(days=rule.days + 2), now)]
    if _sort(now.astimezone(zone).date()) in _WEEKEND:
        shifts = [timedelta(weeks=week) for week in range(1, rule.weeks + 1)]
        found += [(newest - shift - _DAY, now - shift + _DAY) for shift in shifts]
    return found


def _compared(
    rule: QuietRule, start: datetime, end: datetime, zone: ZoneInfo, present: Sequence[datetime]
) -> tuple[str, list[timedelta]]:
    """Which days somebody lived there that are like today; where they are too few, which days at all."""
    today = end.astimezone(zone).date()
    sort = _sort(today)
    back = range(7, 7 * rule.weeks + 1, 7) if sort in _WEEKEND else range(1, rule.days + 1)
    like = [timedelta(days=n) for n in back if _sort(today - timedelta(days=n)) == sort]
    alike = [shift for shift in like if _lived(present, start - shift, end - shift)]
    if len(alike) >= (rule.alike if sort in _WEEKEND else rule.least):
        return sort, alike
    every = [timedelta(days=n) for n in range(1, rule.days + 1)]
    return "", [shift for shift in every if _lived(present, start - shift, end - shift)]


_WEEKEND = ("saturday", "sunday")


def _sort(day: date) -> str:
    return _WEEKEND[day.weekday() - 5] if day.weekday() >= 5 else "workday"


def _count(counts: Mapping[datetime, int], hour: datetime, end: datetime) -> int:
    """How often in the whole hours from ``hour`` on."""
    n = 0
    while hour + _HOUR <= end:
        n += counts.get(hour, 0)
        hour += _HOUR
    return n


def _lived(present: Sequence[datetime], start: datetime, end: datetime) -> bool:
    """Whether the home gave signs in the day before ``start`` and until a day after ``end``."""
    n = bisect.bisect_left(present, start)
    return n > 0 and present[n - 1] >= start - _DAY and n < len(present) and present[n] < end + _DAY


def sentence(quiet: Quiet, zone: ZoneInfo, language: str) -> str:
    """"No water since 21:40, usually 3 times by 09:00"."""
    words = Catalogue.load(_WORDS / "zh.toml", _WORDS / "en.toml")
    since, by = (at.astimezone(zone).strftime("%H:%M") for at in (quiet.since, quiet.by))
    sign = words.say(f"sign.{quiet.sign}", language)
    key = f"quiet.sentence_{quiet.days}" if quiet.days else "quiet.sentence"
    return words.say(key, language, sign=sign, since=since, usual=quiet.usual, by=by)
