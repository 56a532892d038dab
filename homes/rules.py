"""The rules from signals to alerts, out of ``rules.toml``: when readings that follow one another are an alarm. Pure.

One machine for all of them: a reading outside is a suspicion; a second one, or silence after the
first, is an alarm; only readings well inside end it, so that nothing flutters at the limit.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError
from escalation.durations import seconds

TEMPLATE = Path(__file__).parent / "rules.toml"
#: mean radius of the Earth, metres (IUGG)
_EARTH = 6_371_008.8
#: a wristband that measures none of these lies on the table
_WORN = ("hr_bpm", "spo2_pct", "resp_rpm")
Limits = Mapping[str, tuple[float | None, float | None]]


class Seen(StrEnum):
    """What one reading says."""

    WELL = "well"
    #: between the limit and its margin: changes nothing
    NEITHER = "neither"
    RED = "red"
    #: needs no second one
    GRAVE = "grave"


@dataclass(frozen=True, slots=True)
class Patience:
    """How many readings make an alarm, and how many end it."""

    confirm: int
    within: timedelta
    well: int
    again: timedelta


@dataclass(frozen=True, slots=True)
class Memory:
    """What a rule remembers of a home. ``state``: ``suspect`` ``alarmed``."""

    state: str
    since: datetime
    count: int = 1
    well: int = 0
    #: when to believe a suspicion that nothing contradicted
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole of ``rules.toml`` but the inactivity's."""

    red: Limits
    plausible: Limits
    margin: Mapping[str, float]
    vitals: Patience
    radius: float
    night: tuple[time, time]
    wandering: Patience


def follow(patience: Patience, memory: Memory | None, seen: Seen, at: datetime) -> tuple[Memory | None, bool]:
    """What is remembered after this reading, and whether it is an alarm now."""
    if seen is Seen.NEITHER:
        return memory, False
    if seen is Seen.WELL:
        return _better(patience, memory), False
    if memory is None or (memory.state == "suspect" and at - memory.since > 3 * patience.within):
        memory = Memory("suspect", at, 0)
    if memory.state == "alarmed":
        again = at - memory.since >= patience.again
        return replace(memory, well=0, since=at if again else memory.since), again
    count = memory.count + 1
    if seen is Seen.GRAVE or count >= patience.confirm:
        return Memory("alarmed", at, count), True
    return Memory("suspect", memory.since, count, 0, at + patience.within), False


def _better(patience: Patience, memory: Memory | None) -> Memory | None:
    if memory is None or memory.state == "suspect" or memory.well + 1 >= patience.well:
        return None
    return replace(memory, well=memory.well + 1)


def believed(memory: Memory, at: datetime) -> Memory:
    """A suspicion that nothing contradicted."""
    return Memory("alarmed", at, memory.count)


def vital_signs(rules: Rules, limits: Limits, reading: Mapping[str, Any]) -> tuple[Seen, tuple[str, ...]]:
    """What a reading says against these limits, and which measures are outside. Not worn says nothing."""
    values = {name: float(v) for name, v in reading.items() if name in limits and _measured(rules, name, v)}
    if not any(name in values for name in _WORN) and "sys" not in values:
        return Seen.NEITHER, ()
    outside = tuple(sorted(name for name, value in values.items() if _outside(limits[name], value, 0)))
    if outside:
        return Seen.RED, outside
    near = any(_outside(limits[name], value, rules.margin.get(name, 0)) for name, value in values.items())
    return (Seen.NEITHER if near else Seen.WELL), ()


def personal(rules: Rules, card: Mapping[str, Any] | None) -> Limits:
    """The limits of one person: the card's where it has them (``null``: no limit on that side), else the rule's."""
    medical = (card or {}).get("medical")
    own = medical.get("limits") if isinstance(medical, Mapping) else None
    limits = dict(rules.red)
    for name, pair in (own.items() if isinstance(own, Mapping) else ()):
        if name in limits and _is_pair(pair):
            limits[name] = (pair[0], pair[1])
    return limits


def whereabouts(rules: Rules, home: Mapping[str, Any], fix: Mapping[str, Any], local: time) -> tuple[Seen, float]:
    """What a position says against the home's fence, and how far away it is (metres). Both in WGS-84.

    A position counts as outside only when all of its error lies outside.
    """
    away = metres(home["lat"], home["lon"], fix["lat"], fix["lon"])
    said = home.get("fence_m")
    radius = float(said) if said is not None and _is_number(said) and said > 0 else rules.radius
    accuracy = fix.get("acc_m")
    surely = away - (float(accuracy) if accuracy is not None and _is_number(accuracy) else 0.0)
    start, end = rules.night
    if surely > 2 * radius or (surely > radius and (local >= start or local < end)):
        return Seen.GRAVE, away
    if surely > radius:
        return Seen.RED, away
    return (Seen.WELL if away < 0.8 * radius else Seen.NEITHER), away


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Between two places on the Earth (haversine)."""
    p, q = math.radians(lat), math.radians(other_lat)
    half = math.sin((q - p) / 2) ** 2
    half += math.cos(p) * math.cos(q) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(min(1.0, half)))


def is_place(data: object) -> bool:
    """Whether it has a usable position."""
    if not isinstance(data, Mapping):
        return False
    lat, lon = data.get("lat"), data.get("lon")
    if lat is None or lon is None or not (_is_number(lat) and _is_number(lon)):
        return False
    return -90 <= lat <= 90 and -180 <= lon <= 180 and (lat, lon) != (0, 0)


def read_rules(text: str, source: str = "rules.toml") -> Rules:
    """Raises ``ConfigurationError`` with all that is wrong; every rule names its owner and its test."""
    said = tomllib.loads(text)
    problems = [
        f"{name}: {word} is missing" for name in ("vitals", "wandering", "inactivity")
        for word in ("owner", "test") if not (said.get(name) or {}).get(word)
    ]  # fmt: skip
    vitals, places = said.get("vitals") or {}, said.get("wandering") or {}
    red = {name: _limit(name, pair, problems) for name, pair in (vitals.get("red") or {}).items()}
    plausible = {name: _limit(name, pair, problems) for name, pair in (vitals.get("plausible") or {}).items()}
    read = Rules(
        red, plausible, vitals.get("margin") or {}, _patience("vitals", vitals, problems),
        float(places.get("radius") or 0), _night(places, problems), _patience("wandering", places, problems),
    )  # fmt: skip
    if not red or read.radius <= 0:
        problems.append("vitals.red and wandering.radius must be given")
    if problems:
        raise ConfigurationError([f"{source}: {problem}" for problem in problems])
    return read


def local_time(at: datetime, zone: ZoneInfo) -> time:
    """The wall's time there."""
    return at.astimezone(zone).time()


def _measured(rules: Rules, name: str, value: object) -> bool:
    """A number that a living body can show; a sensor's 0 or 255 is none."""
    low, high = rules.plausible.get(name, (None, None))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def _outside(pair: tuple[float | None, float | None], value: float, margin: float) -> bool:
    low, high = pair
    if margin:
        return (low is not None and value <= low + margin) or (high is not None and value >= high - margin)
    return (low is not None and value <= low) or (high is not None and value >= high)


def _patience(name: str, said: Mapping[str, Any], problems: list[str]) -> Patience:
    spans = {word: seconds(said.get(word)) for word in ("within", "again")}
    problems += [f'{name}: {word} is no duration; write "10m"' for word, span in spans.items() if not span]
    counts: dict[str, int] = {}
    for word in ("confirm", "well"):
        n = said.get(word)
        counts[word] = n if isinstance(n, int) and n >= 1 else 0
    problems += [f"{name}: {word} must be 1 or more" for word, n in counts.items() if not n]
    within, again = (timedelta(seconds=spans[word] or 60) for word in ("within", "again"))
    return Patience(counts["confirm"], within, counts["well"], again)


def _limit(name: str, pair: Any, problems: list[str]) -> tuple[float | None, float | None]:
    """Two numbers; 0 stands for no limit on that side (TOML has no null)."""
    if not _is_pair(pair):
        problems.append(f"vitals: {name}: write [low, high]")
        return None, None
    return (pair[0] or None), (pair[1] or None)


def _night(said: Mapping[str, Any], problems: list[str]) -> tuple[time, time]:
    try:
        start, end = (time.fromisoformat(str(word)) for word in said.get("night") or ())
    except ValueError:
        problems.append('wandering: night: write ["22:00", "06:00"]')
        return time(22), time(6)
    return start, end


def _is_pair(pair: object) -> bool:
    return isinstance(pair, Sequence) and len(pair) == 2 and all(n is None or _is_number(n) for n in pair)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
