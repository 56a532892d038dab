"""Conditions of the plan, as data: when a step, a branch or a notice applies.

Pure, and no language of its own: a table whose lines must all hold, each a list of which one must. There is
nothing to evaluate, nothing to go wrong at night, and every case can be enumerated by the check.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.alerts import Severity, Step, VoiceCheck
from domain.events import RAISING
from escalation.workdays import Calendar

#: 高龄独居 and 高龄纯老
CATEGORIES = ("lives_alone", "all_elderly")
#: what a resident's card may say that a plan may ask for: 认知障碍, 家庭病床
FACTS = ("dementia", "home_bed")
_KINDS = tuple(sorted(str(k) for k in RAISING))
#: line of a condition -> (how its words stand among the facts, what may be written)
_KNOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "category": ("category:", CATEGORIES),
    "fact": ("", FACTS),
    "voice_check": ("voice_check:", tuple(VoiceCheck)),
    "step": ("step:", tuple(Step)),
}
#: what the Chinese calendar makes of a day; the same words as in a shift
_DAYS = ("workday", "holiday")
_LINES = ("kind", "severity", "between", "weekday", "days", *_KNOWN, "not")
_PLAIN = Calendar()
Problem = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a condition may ask about: the alert as it stands, and the wall clock of the district."""

    kind: str
    severity: str
    local: datetime
    #: ``category:…``, ``dementia``, ``voice_check:…``, ``step:…`` (``Subject.facts``)
    facts: frozenset[str]
    #: which days are worked; asked only by a condition that names ``days``
    calendar: Calendar = _PLAIN


@dataclass(frozen=True, slots=True)
class When:
    """One condition. Every line that is given must hold; within a line any of its words. Nothing given: always."""

    kinds: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    #: minutes of the day, from (counted) to (not counted); past midnight when the first is later
    between: tuple[int, int] | None = None
    #: 1 Monday … 7 Sunday, the day that the clock shows
    weekdays: frozenset[int] = frozenset()
    #: groups of facts; of each group one must be known
    known: tuple[frozenset[str], ...] = field(default=())
    #: working days only, or the others only, by the Chinese calendar and one's own entries
    works: bool | None = None
    #: what must not hold as a whole (``not``)
    unless: "When | None" = None

    def holds(self, case: Circumstances) -> bool:
        """Whether this applies now."""
        return (
            (not self.kinds or case.kind in self.kinds)
            and (not self.severities or case.severity in self.severities)
            and (self.between is None or _within(self.between, case.local))
            and (not self.weekdays or case.local.isoweekday() in self.weekdays)
            and not self.misses(case.facts)
            and (self.works is None or case.calendar.works(case.local.date()) == self.works)
            and (self.unless is None or not self.unless.holds(case))
        )

    def misses(self, facts: frozenset[str]) -> bool:
        """Whether a fact that it waits for is not known."""
        return any(map(facts.isdisjoint, self.known))

    @property
    def asks(self) -> frozenset[str]:
        """Every fact that this condition wants to know: only these are pinned to an alert."""
        return frozenset().union(*self.known, self.unless.asks if self.unless else ())

    def words(self) -> str:
        """As one line for people: ``kind fall; between 22:00-06:00; dementia``."""
        parts = [f"kind {_or(self.kinds)}"] if self.kinds else []
        parts += [f"severity {_or(self.severities)}"] if self.severities else []
        parts += ["between " + "-".join(f"{m // 60:02}:{m % 60:02}" for m in self.between)] if self.between else []
        parts += [f"weekday {_or(map(str, self.weekdays))}"] if self.weekdays else []
        parts += [_DAYS[0] if self.works else _DAYS[1]] if self.works is not None else []
        parts += [_or(group) for group in self.known]
        parts += [f"not ({self.unless.words()})"] if self.unless else []
        return "; ".join(parts) or "always"


ALWAYS = When()


def read_when(raw: object, problem: Problem) -> When:
    """Read a ``when`` table; every mistake goes to ``problem(line, what to write instead)``."""
    if not isinstance(raw, dict):
        problem("", 'must be a table: when = {kind = ["fall"], between = ["22:00", "06:00"]}')
        return ALWAYS
    for name in sorted(set(raw) - set(_LINES)):
        problem(name, f"unknown condition {name!r}; known are {', '.join(_LINES)}")
    known = [_known(name, raw[name], problem) for name in _KNOWN if name in raw]
    return When(
        frozenset(_chosen("kind", raw["kind"], _KINDS, problem)) if "kind" in raw else frozenset(),
        frozenset(_chosen("severity", raw["severity"], tuple(Severity), problem)) if "severity" in raw else frozenset(),
        _between(raw["between"], problem) if "between" in raw else None,
        frozenset(_weekdays(raw["weekday"], problem)) if "weekday" in raw else frozenset(),
        tuple(group for group in known if group),
        _works(raw["days"], problem) if "days" in raw else None,
        _unless(raw["not"], problem) if "not" in raw else None,
    )


def _works(raw: object, problem: Problem) -> bool | None:
    if raw in _DAYS:
        return raw == "workday"
    problem("days", f'{raw!r} is unknown; write days = "workday" or days = "holiday"')
    return None


def _unless(raw: object, problem: Problem) -> When | None:
    if not isinstance(raw, dict) or not raw or "not" in raw:
        problem("not", 'must be a table of conditions without another `not`: not = {kind = ["water_leak"]}')
        return None
    return read_when(raw, lambda line, what: problem(f"not.{line}", what))


def _known(name: str, raw: object, problem: Problem) -> frozenset[str]:
    prefix, words = _KNOWN[name]
    return frozenset(prefix + word for word in _chosen(name, raw, words, problem))


def _chosen(name: str, raw: object, words: tuple[str, ...], problem: Problem) -> Iterator[str]:
    values = raw if isinstance(raw, list) else [raw]
    if not values:
        problem(name, f'is an empty list, it would never hold; write {name} = ["{words[0]}"] or leave the line out')
    for value in values:
        if value in words:
            yield str(value)
        else:
            problem(name, f"{value!r} is unknown; write one of {', '.join(words)}")


def _between(raw: object, problem: Problem) -> tuple[int, int] | None:
    pair = [_minute(text) for text in raw] if isinstance(raw, list) and len(raw) == 2 else []
    if len(pair) != 2 or pair[0] is None or pair[1] is None or pair[0] == pair[1]:
        problem("between", f'{raw!r} is no part of a day; write between = ["22:00", "06:00"]')
        return None
    return pair[0], pair[1]


def _minute(text: object) -> int | None:
    hours, colon, minutes = str(text).partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        return None
    minute = int(hours) * 60 + int(minutes)
    return minute if int(minutes) < 60 and minute <= 24 * 60 else None


def _weekdays(raw: object, problem: Problem) -> Iterator[int]:
    values = raw if isinstance(raw, list) else [raw]
    if not values:
        problem("weekday", "is an empty list, it would never hold; write weekday = [6, 7] or leave the line out")
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 7:
            yield value
        else:
            problem("weekday", f"{value!r} is no weekday; write numbers from 1 (Monday) to 7 (Sunday)")


def _within(between: tuple[int, int], local: datetime) -> bool:
    start, end = between
    now = local.hour * 60 + local.minute
    return start <= now < end if start < end else now >= start or now < end


def _or(words: Any) -> str:
    return " or ".join(sorted(words))
