"""Inactivity: quiet for longer than this home ever is at this time of day, said so that anybody can check it. Pure."""

import bisect
import statistics
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.checkins import Step
from domain.errors import ConfigurationError
from domain.words import Catalogue
from escalation.durations import seconds
from homes.steps import read_steps

_WORDS = Path(__file__).parent / "words"
_HOUR = timedelta(hours=1)
#: signs of a person at home, the most telling first
SIGNS = ("water", "motion", "door", "bed", "steps")
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


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why: no ``sign`` since then, and usually so many times by now."""

    sign: str
    since: datetime
    usual: int
    by: datetime


def read_quiet(text: str, source: str = "rules.toml") -> QuietRule:
    """Raises ``ConfigurationError`` with all that is wrong."""
    said = tomllib.loads(text).get("inactivity") or {}
    problems = [
        f"inactivity: {name} must be a number above 0" for name in ("days", "least", "times", "share", "most")
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
        timedelta(seconds=quiet or 0), float(said["most"]), steps,
    )  # fmt: skip


def too_quiet(
    rule: QuietRule, hours: Hours, last: Mapping[str, datetime], newest: datetime, now: datetime
) -> Quiet | None:
    """Whether a home that gave its ``newest`` sign of any kind then should have given others by now.

    ``hours``: its signs by the hour; ``last``: the newest of each sign; signs of devices that are out
    of order are left out by the caller. Days without any sign in the 24 hours before that time, or after it
    (nobody was there), are not compared with.
    """
    if now - newest < rule.quiet:
        return None
    present = sorted({hour for counts in hours.values() for hour in counts})
    best: Quiet | None = None
    for sign in SIGNS:
        counts = hours.get(sign)
        if not counts or sign not in last:
            continue
        window = [n for n in _windows(rule, counts, newest, now, present) if n is not None]
        if len(window) < rule.least or sum(1 for n in window if n) < rule.share * len(window):
            continue
        usual = statistics.median(window)
        if usual >= rule.times and (best is None or usual > best.usual):
            best = Quiet(sign, last[sign], int(usual), now)
    return best


def _windows(
    rule: QuietRule, counts: Mapping[datetime, int], start: datetime, end: datetime, present: Sequence[datetime]
) -> list[int | None]:
    """How often in the same hours of each day before; None for a day without any sign."""
    first = start.replace(minute=0, second=0, microsecond=0) + _HOUR
    found: list[int | None] = []
    for back in range(1, rule.days + 1):
        shift = timedelta(days=back)
        here = _lived(present, first - shift, end - shift)
        hour, n = first - shift, 0
        while hour + _HOUR <= end - shift:
            n += counts.get(hour, 0)
            hour += _HOUR
        found.append(n if here else None)
    return found


def _lived(present: Sequence[datetime], start: datetime, end: datetime) -> bool:
    """Whether the home gave signs in the day before ``start`` and until a day after ``end``."""
    day = timedelta(days=1)
    n = bisect.bisect_left(present, start)
    return n > 0 and present[n - 1] >= start - day and n < len(present) and present[n] < end + day


def sentence(quiet: Quiet, zone: ZoneInfo, language: str) -> str:
    """"No water since 21:40, usually 3 times by 09:00"."""
    words = Catalogue.load(_WORDS / "zh.toml", _WORDS / "en.toml")
    since, by = (at.astimezone(zone).strftime("%H:%M") for at in (quiet.since, quiet.by))
    sign = words.say(f"sign.{quiet.sign}", language)
    return words.say("quiet.sentence", language, sign=sign, since=since, usual=quiet.usual, by=by)
