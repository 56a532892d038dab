"""How long a device may be quiet, what falls silent together, and when a street worker is asked to look. Pure."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError
from escalation.durations import seconds

TEMPLATE = Path(__file__).parent / "supervision.toml"
#: of an interval (wire.md, "Heartbeat")
_PATIENCE = 2.5
_SPANS = ("interval", "grace", "offline", "press", "wear")


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """Devices that are supervised alike."""

    name: str
    #: so long it may be quiet
    quiet: timedelta
    path: str
    #: empty: any
    roles: frozenset[str] = frozenset()
    dialects: frozenset[str] = frozenset()
    #: after this a will counts; None: never
    offline: timedelta | None = None
    #: a test alarm is due, it counts as unused
    press: timedelta | None = None
    wear: timedelta | None = None

    def fits(self, role: str, dialect: str) -> bool:
        """Whether a device of this role and dialect is one of them."""
        return (not self.roles or role in self.roles) and (not self.dialects or dialect in self.dialects)


@dataclass(frozen=True, slots=True)
class Supervision:
    """The whole of ``supervision.toml``."""

    classes: tuple[DeviceClass, ...]
    battery_low: float
    battery_well: float
    day: tuple[time, time]
    within: timedelta
    hold: timedelta
    known: timedelta
    alerts: int
    street: int
    district: int
    tests: int

    def class_of(self, role: str, dialect: str) -> DeviceClass:
        """The first class that fits; the last one fits all."""
        return next(c for c in self.classes if c.fits(role, dialect))


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which we could not hear anybody: our own fault, and no device's."""

    start: datetime
    end: datetime


def read_supervision(text: str, source: str = "supervision.toml") -> Supervision:
    """Raises ``ConfigurationError`` with all that is wrong."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"{source}: {error}"]) from error
    problems: list[str] = []
    classes = tuple(_class(n, one, problems) for n, one in enumerate(said.get("class", []), 1))
    if not classes or classes[-1].roles or classes[-1].dialects:
        problems.append("the last class must fit every device: leave out its roles and dialects")
    part = {name: said.get(name) or {} for name in ("battery", "hours", "silence", "incident", "tests")}
    hours = _clock(part["hours"], "from", problems), _clock(part["hours"], "to", problems)
    read = Supervision(
        classes, _number(part["battery"], "low", problems), _number(part["battery"], "well", problems), hours,
        _span(part["hours"], "within", problems), _span(part["silence"], "hold", problems),
        _span(part["silence"], "known", problems), *(
            int(_number(part[table], name, problems)) for table, name in (
                ("silence", "alerts"), ("incident", "street"), ("incident", "district"), ("tests", "open"))),
    )  # fmt: skip
    if not problems and not (read.battery_low < read.battery_well and hours[0] < hours[1]):
        problems.append("battery: low must be below well; hours: from must be before to")
    if problems:
        raise ConfigurationError([f"{source}: {problem}" for problem in problems])
    return read


def listening_since(now: datetime, span: timedelta, outages: Iterable[Outage]) -> datetime:
    """The instant since which we have listened for ``span`` in all: our own outages are no device's silence."""
    left, at = span, now
    for outage in sorted(outages, key=lambda o: o.end, reverse=True):
        end = min(outage.end, at)
        if outage.start >= at:
            continue
        heard = at - end
        if heard >= left:
            break
        left, at = left - heard, outage.start
    return at - left


def due_at(rules: Supervision, now: datetime, zone: ZoneInfo) -> datetime:
    """By when a street worker should have looked, in the hours of the day; what comes at night waits for the morning.

    What would end after the day goes on in the next morning.
    """
    opens, closes = rules.day
    local = now.astimezone(zone)
    start = max(local, datetime.combine(local.date(), opens, zone))
    end = datetime.combine(local.date(), closes, zone)
    if start >= end:
        start = datetime.combine(local.date() + timedelta(days=1), opens, zone)
        end = datetime.combine(start.date(), closes, zone)
    rest = start + rules.within - end
    if rest <= timedelta(0):
        return (start + rules.within).astimezone(now.tzinfo)
    return (datetime.combine(end.date() + timedelta(days=1), opens, zone) + rest).astimezone(now.tzinfo)


def round_of(rules: Supervision, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the present round of a street worker's day began: at its opening, then every ``within``; None at night."""
    opens, closes = rules.day
    local = now.astimezone(zone)
    start, end = (datetime.combine(local.date(), at, zone) for at in (opens, closes))
    if not start <= local < end:
        return None
    return start + (local - start) // rules.within * rules.within


def together(
    rules: Supervision, silent: Mapping[str, Collection[str]], running: Collection[str]
) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """Which homes fell silent together: ``""`` for the district, else a street, -> its homes.

    ``silent``: street -> homes that fell silent and that nobody was told about. ``running``: streets (``""``: the
    district) whose incident goes on; what falls silent there belongs to it, however few.
    """
    everywhere = [home for homes in silent.values() for home in homes]
    if "" in running or len(everywhere) > rules.district:
        return {"": tuple(everywhere)} if everywhere else {}
    return {
        street: tuple(homes) for street, homes in silent.items()
        if homes and (street in running or len(homes) > rules.street)
    }  # fmt: skip


def _class(n: int, said: Mapping[str, Any], problems: list[str]) -> DeviceClass:
    where = f"class {n}: "
    if unknown := said.keys() - {"name", "roles", "dialects", "path", *_SPANS}:
        problems.append(f"{where}unknown {', '.join(sorted(unknown))}")
    spans = {name: _span(said, name, problems, where) for name in _SPANS if name in said}
    if "interval" not in said:
        problems.append(f'{where}interval is missing; write "15m"')
    quiet = spans.get("grace", spans.get("interval", timedelta(hours=1)) * _PATIENCE)
    return DeviceClass(
        str(said.get("name") or n), quiet, str(said.get("path") or ""), frozenset(said.get("roles") or ()),
        frozenset(said.get("dialects") or ()), spans.get("offline"), spans.get("press"), spans.get("wear"),
    )  # fmt: skip


def _span(said: Mapping[str, Any], name: str, problems: list[str], where: str = "") -> timedelta:
    found = seconds(said.get(name))
    if found is None or found <= 0:
        problems.append(f'{where}{name} {said.get(name)!r} is no duration; write "15m" or "24h"')
    return timedelta(seconds=found or 0)


def _number(said: Mapping[str, Any], name: str, problems: list[str]) -> float:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        problems.append(f"{name} {value!r} is no number above 0")
        return 0.0
    return float(value)


def _clock(said: Mapping[str, Any], name: str, problems: list[str]) -> time:
    try:
        return time.fromisoformat(str(said.get(name)))
    except ValueError:
        problems.append(f'{name} {said.get(name)!r} is no time; write "08:00"')
        return time(0)


def streets_of(incidents: Sequence[str]) -> dict[str, str]:
    """Street (``""``: the district) -> the key of its incident, ``network:{street}:{moment}``."""
    return {key.split(":", 2)[1]: key for key in incidents}
