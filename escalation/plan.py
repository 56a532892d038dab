"""The emergency plan as data: tiers, waits, roles, channels; read from TOML and checked before use.

Pure: text in, a frozen ``Plan`` or all its problems at once out, each with its line and what to write instead.
A *problem* makes the plan unusable; a *warning* says what it lacks (no way to 120, say) and lets it run.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from domain.alerts import Severity, VoiceCheck
from domain.contacts import CHANNELS
from domain.errors import ConfigurationError
from domain.events import Kind
from domain.people import ROLES
from escalation.conditions import ALWAYS, When, read_when
from escalation.durations import seconds, written
from escalation.plan_lines import Path, line_at, lines_of, read_toml
from escalation.plan_parts import NOTICES, Notice, Plan, PlanTrack, Raised, Rule, Tier
from escalation.plan_streets import Merge

__all__ = ["Notice", "Plan", "PlanTrack", "Raised", "Rule", "Tier", "parse_plan", "seconds"]

#: nothing in a plan may wait longer; it is a slip of the pen
_LONGEST = 30 * 86400.0
_TOP = (
    "version", "severity", "kinds", "track", "branch", "notice", "raise", "voice_check", "max_gap", "street", "base",
)  # fmt: skip
_STEP = ("role", "after", "channels", "min_contacts", "when")
#: where a problem of the whole file stands
_FILE: Path = ()
Templates = Callable[[str], str | None]


def parse_plan(text: str, source: str = "plan", templates: Templates | None = None) -> Plan:
    """Read a plan. ``templates`` gives the text of a version that a street's plan is based on.

    Raises ``ConfigurationError`` with every problem, in the file's own terms.
    """
    raw, slips = read_toml(text)
    reader = _Reader(source, text, {line for line, _ in slips})
    reader.problems += [f"{source}:{line}: not TOML: {what}; correct that line" for line, what in slips]
    if "base" in raw or "street" in raw:
        raw = reader.on_template(raw, templates)
        if not reader.merged:
            raise ConfigurationError(reader.problems)
    plan = reader.plan(raw, text)
    if slips:
        # What a line that could not be read left behind would be told as missing.
        reader.problems = [p for n, p in enumerate(reader.problems) if n < len(slips) or p in reader.exact]
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return plan


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the file: its path among the tables, and how people call it."""

    path: Path
    words: str

    def at(self, key: str, join: str = ".") -> "Spot":
        """A setting of this place."""
        return Spot((*self.path, key), f"{self.words}{join}{key}" if self.words else key)


class _Reader:
    """Collects problems while it reads, so that all are reported at once."""

    def __init__(self, source: str, text: str, unread: Collection[int] = ()) -> None:
        self.source = source
        self.problems: list[str] = []
        #: problems of a setting that stands in the file, as against one that is missing
        self.exact: set[str] = set()
        self._lines = lines_of(text)
        #: lines that are no TOML: what stood in them is not there
        self._unread = unread
        self._merge: Merge | None = None

    # where things stand

    @property
    def merged(self) -> bool:
        """Whether a street's file has found its template; without it nothing more can be said of it."""
        return self._merge is not None

    def problem(self, spot: Spot, what: str) -> None:
        said = f"{self.where(spot.path)}: {spot.words}: {what}" if spot.words else f"{self.source}: {what}"
        if said in self.problems:
            return
        self.problems.append(said)
        if self._lines.get(spot.path, 0) not in (0, *self._unread):
            self.exact.add(said)

    def where(self, path: Path) -> str:
        """``file:line``; a part that only the template says has no line here."""
        mine = self._merge.street_path(path) if self._merge else path
        line = line_at(self._lines, mine) if mine else None
        return f"{self.source}:{line}" if line else self.source

    # the whole

    def on_template(self, raw: Mapping[str, Any], templates: Templates | None) -> Mapping[str, Any]:
        """The street's whole plan: its file over the template it names."""
        for key in ("base", "street"):
            if not isinstance(raw.get(key), str):
                self.problem(Spot((key,), key), "missing; a street's plan needs base and street: "
                             'write base = "changning-2026.1" and street = "310105001"')  # fmt: skip
        base = raw.get("base")
        if not isinstance(base, str):
            return raw
        text = templates(base) if templates else None
        if text is None:
            self.problem(Spot(("base",), "base"), f"no plan of version {base!r} is at hand; approve the template first,"
                         " or give its file with --base")  # fmt: skip
            return raw
        template, _ = read_toml(text)
        if "base" in template:
            self.problem(Spot(("base",), "base"), f"{base} is itself a street's plan; name the district's template")
        self._merge = Merge(template, raw, lambda path, what: self.problem(Spot(path, "drop"), what))
        return self._merge.raw

    def plan(self, raw: Mapping[str, Any], text: str) -> Plan:
        for key in sorted(set(raw) - set(_TOP)):
            self.problem(Spot((key,), key), f"unknown setting; known are {', '.join(sorted(_TOP))}")
        version = raw.get("version")
        if not isinstance(version, str) or not version:
            self.problem(Spot(("version",), "version"), 'missing; write version = "street-2026.1"')
        rules = self.rules(raw.get("severity", {}))
        kinds = self.kinds(raw.get("kinds", {}))
        names: set[str] = set()
        tracks = tuple(self.tracks(raw.get("track", []), names))
        branches = tuple(self.branches(raw.get("branch", []), names))
        notices = tuple(self.notices(raw.get("notice", [])))
        raises = tuple(self.raises(raw.get("raise", [])))
        max_gap, least = self.max_gap(raw, rules), max(r.min_gap for r in rules.values())
        warnings = tuple(f"{self.where(p)}: {w}" for p, w in _warnings(tracks, kinds, max_gap, least))
        max_gap = max(max_gap, least)
        voice = self.voice_check(raw.get("voice_check", {}))
        return Plan(
            str(version), rules, kinds, tracks, voice, max_gap, text, warnings, branches, notices, raises,
            raw.get("street"), raw.get("base"),
        )  # fmt: skip

    def table(self, value: object, spot: Spot) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.problem(spot, f"must be a table: write [{spot.words}]")
        return {}

    def known(self, table: Mapping[str, Any], names: tuple[str, ...], spot: Spot) -> None:
        for key in sorted(set(table) - set(names)):
            self.problem(Spot((*spot.path, key), spot.words), f"unknown setting {key!r}; known are {', '.join(names)}")

    def duration(self, table: Mapping[str, Any], key: str, spot: Spot, default: timedelta) -> timedelta:
        if key not in table:
            return default
        value = seconds(table[key])
        if value is None:
            self.problem(spot, f'{table[key]!r} is not a duration; write "60s", "5m" or "1h"')
            return default
        if value > _LONGEST:
            self.problem(spot, f'{table[key]!r} is longer than 30 days; write "60s", "5m" or "1h"')
            return default
        return timedelta(seconds=value)

    # waits and severities

    def max_gap(self, raw: Mapping[str, Any], rules: Mapping[Severity, Rule]) -> timedelta:
        longest, spot = max(r.repeat_every for r in rules.values()), Spot(("max_gap",), "max_gap")
        found = self.duration(raw, "max_gap", spot, longest)
        if found <= timedelta(0) < longest:
            self.problem(spot, 'must be longer than nothing; write "5m"')
        return found

    def rules(self, raw: object) -> dict[Severity, Rule]:
        spot = Spot(("severity",), "severity")
        table = self.table(raw, spot)
        for name in sorted(set(table) - set(Severity)):
            self.problem(spot.at(name), f"unknown severity; known are {', '.join(Severity)}")
        base = self.rule(table.get("urgent", {}), spot.at("urgent"), Rule())
        return {s: self.rule(table.get(s, {}), spot.at(s), base) for s in Severity}

    def rule(self, raw: object, spot: Spot, base: Rule) -> Rule:
        table = self.table(raw, spot)
        names = tuple(Rule.__dataclass_fields__)
        for key in sorted(set(table) - set(names)):
            self.problem(spot.at(key), f"unknown setting; known are {', '.join(names)}")
        values = {n: self.duration(table, n, spot.at(n), getattr(base, n)) for n in names}
        for name in ("claim_for", "repeat_every"):
            if values[name] <= timedelta(0):
                self.problem(spot.at(name), 'must be longer than nothing; write "5m"')
        return Rule(**values)

    def severity(self, value: object, spot: Spot) -> Severity:
        if value in list(Severity):
            return Severity(str(value))
        self.problem(spot, f"{value!r} is not a severity; write one of {', '.join(Severity)}")
        return Severity.URGENT

    def kinds(self, raw: object) -> dict[str, Severity]:
        spot = Spot(("kinds",), "kinds")
        table = self.table(raw, spot)
        for kind in sorted(set(table) - set(Kind) - {"default"}):
            self.problem(spot.at(kind), f"unknown kind; known are {', '.join(Kind)}")
        found = {kind: self.severity(value, spot.at(kind)) for kind, value in table.items()}
        return {"default": Severity.URGENT} | found

    def voice_check(self, raw: object) -> dict[VoiceCheck, Severity]:
        spot = Spot(("voice_check",), "voice_check")
        table = self.table(raw, spot)
        for name in sorted(set(table) - set(VoiceCheck)):
            self.problem(spot.at(name), f"unknown result; known are {', '.join(VoiceCheck)}")
        raises = {VoiceCheck.NEEDS_HELP: Severity.CRITICAL, VoiceCheck.NO_ANSWER: Severity.CRITICAL}
        told = {VoiceCheck(k): self.severity(v, spot.at(k)) for k, v in table.items() if k in set(VoiceCheck)}
        return raises | told

    # the ladder, and what runs beside it

    def tracks(self, raw: object, names: set[str]) -> Iterator[PlanTrack]:
        if not isinstance(raw, list) or not raw:
            what = "no track at all: nobody would be called; write [[track]] with [[track.step]]"
            self.problem(Spot(("track",), "track"), what)
            return
        for n, item in enumerate(raw):
            table, spot = self.named(item, "track", n, names)
            self.known(table, ("name", "for", "step"), spot)
            if "when" in table:
                what = "a track of the ladder always runs; put `when` on its steps, or write a [[branch]]"
                self.problem(Spot((*spot.path, "when"), spot.words), what)
            yield PlanTrack(str(table.get("name", "")), self.severities(table, spot), self.steps(table, spot))

    def branches(self, raw: object, names: set[str]) -> Iterator[PlanTrack]:
        for n, item in enumerate(self.items(raw, "branch")):
            table, spot = self.named(item, "branch", n, names)
            self.known(table, ("name", "for", "when", "rests", "needed", "step"), spot)
            yield PlanTrack(
                str(table.get("name", "")), self.severities(table, spot), self.steps(table, spot),
                self.when(table, spot), self.flag(table, "rests", spot), self.flag(table, "needed", spot),
            )  # fmt: skip

    def items(self, raw: object, name: str) -> list[Any]:
        if isinstance(raw, list):
            return raw
        self.problem(Spot((name,), name), f"must be a list of tables: write [[{name}]]")
        return []

    def named(self, item: object, what: str, n: int, names: set[str]) -> tuple[Mapping[str, Any], Spot]:
        table = self.table(item, Spot((what, n), f"{what} {n + 1}"))
        name = str(table.get("name", ""))
        spot = Spot((what, n), f"{what} {n + 1} ({name or 'no name'})")
        if not name or name in names or "/" in name:
            self.problem(spot, 'needs a name of its own, without "/"')
        names.add(name)
        return table, spot

    def severities(self, table: Mapping[str, Any], spot: Spot) -> frozenset[Severity]:
        wanted = table.get("for", list(Severity))
        severities = wanted if isinstance(wanted, list) else [wanted]
        if not severities:
            self.problem(spot, 'is for no severity, it would never run; write for = ["urgent"]')
        return frozenset(self.severity(s, spot.at("for")) for s in severities)

    def when(self, table: Mapping[str, Any], spot: Spot) -> When:
        if "when" not in table:
            return ALWAYS

        def problem(line: str, what: str) -> None:
            path = (*spot.path, "when", *line.split(".")) if line else (*spot.path, "when")
            self.problem(Spot(path, f"{spot.words} when{f'.{line}' if line else ''}"), what)

        return read_when(table["when"], problem)

    def flag(self, table: Mapping[str, Any], key: str, spot: Spot) -> bool:
        if not isinstance(table.get(key, False), bool):
            self.problem(Spot((*spot.path, key), spot.words), f"{key} is {table[key]!r}; write {key} = true or false")
        return table.get(key) is True

    def steps(self, table: Mapping[str, Any], spot: Spot) -> tuple[Tier, ...]:
        raw = table.get("step", [])
        if not isinstance(raw, list) or not raw:
            self.problem(spot, f"has no step; write [[{spot.path[0]}.step]] with role, after, channels")
            return ()
        last, tiers = timedelta(0), []
        for n, item in enumerate(raw):
            place = Spot((*spot.path, "step", n), f"{spot.words} step {n + 1}")
            tier = self.step(self.table(item, place), place)
            if tier.after < last:
                self.problem(place, "comes before the step above it; order the steps by `after`")
            last = max(last, tier.after)
            tiers.append(tier)
        return tuple(tiers)

    def step(self, table: Mapping[str, Any], spot: Spot) -> Tier:
        self.known(table, _STEP, spot)
        role, channels = self.role(table, spot), self.channels(table, spot)
        after = self.duration(table, "after", spot.at("after", " "), timedelta(0))
        least = table.get("min_contacts", 1)
        if not isinstance(least, int) or isinstance(least, bool) or least < 1:
            self.problem(Spot((*spot.path, "min_contacts"), spot.words), "min_contacts must be a number from 1 up")
            least = 1
        return Tier(role, after, channels, least, self.when(table, spot))

    def role(self, table: Mapping[str, Any], spot: Spot) -> str:
        role = table.get("role")
        if role not in ROLES:
            what = f"role {role!r} is unknown; write one of {', '.join(ROLES)}"
            self.problem(Spot((*spot.path, "role"), spot.words), what)
        return str(role)

    def channels(self, table: Mapping[str, Any], spot: Spot) -> tuple[str, ...]:
        channels = table.get("channels", [])
        if not isinstance(channels, list) or not all(isinstance(c, str) and c for c in channels):
            what = 'channels must be a list of names: channels = ["voice", "sms"]'
            self.problem(Spot((*spot.path, "channels"), spot.words), what)
            return ()
        for name in sorted(set(channels) - set(CHANNELS)):
            what = f"{name!r} is no channel; write one of {', '.join(CHANNELS)}"
            self.problem(Spot((*spot.path, "channels"), spot.words), what)
        return tuple(channels)

    def notices(self, raw: object) -> Iterator[Notice]:
        for n, item in enumerate(self.items(raw, "notice")):
            spot = Spot(("notice", n), f"notice {n + 1}")
            table = self.table(item, spot)
            self.known(table, ("role", "on", "channels", "for", "when"), spot)
            on = table.get("on", [])
            words = on if isinstance(on, list) else [on]
            if not words or not all(w in NOTICES for w in words):
                what = f'on must name what it waits for: on = ["claimed"]; known are {", ".join(NOTICES)}'
                self.problem(Spot((*spot.path, "on"), spot.words), what)
            yield Notice(
                self.role(table, spot), frozenset(map(str, words)), self.channels(table, spot),
                self.severities(table, spot), self.when(table, spot),
            )  # fmt: skip

    def raises(self, raw: object) -> Iterator[Raised]:
        for n, item in enumerate(self.items(raw, "raise")):
            spot = Spot(("raise", n), f"raise {n + 1}")
            table = self.table(item, spot)
            self.known(table, ("when", "to"), spot)
            if "when" not in table:
                self.problem(spot, 'needs a condition; write when = {kind = ["geofence_exit"], fact = ["dementia"]}')
            yield Raised(self.when(table, spot), self.severity(table.get("to"), spot.at("to", " ")))


def _warnings(
    tracks: tuple[PlanTrack, ...], kinds: Mapping[str, Severity], max_gap: timedelta, least: timedelta
) -> Iterator[tuple[Path, str]]:
    """What the plan lacks: a severity without tracks or without 120, a wait longer than ``max_gap``; and where."""
    if least > max_gap:
        yield ("max_gap",), f"min_gap ({least}) is longer than max_gap ({max_gap}); everybody is asked again only " \
            "after min_gap"  # fmt: skip
    for severity in Severity:
        mine = [t for t in tracks if severity in t.severities]
        place = tracks.index(mine[0]) if mine else None
        for lack in _lacking(mine, severity, kinds):
            yield (_FILE if place is None else ("track", place)), lack
    for n, track in enumerate(tracks):
        for m, (before, after) in enumerate(pairwise(track.tiers), 1):
            if after.after - before.after > max_gap:
                needed = written(after.after - before.after)
                yield ("track", n, "step", m), (
                    f"track {track.name}: between {before.role} and {after.role} passes more than max_gap"
                    f' ({written(max_gap)}); write a shorter `after`, or max_gap = "{needed}"'
                )


def _lacking(mine: list[PlanTrack], severity: Severity, kinds: Mapping[str, Severity]) -> Iterator[str]:
    always = [tier for t in mine for tier in t.tiers if tier.when == ALWAYS]
    if not mine:
        if severity in kinds.values() or severity is Severity.CRITICAL:
            yield f"severity {severity} has no track of its own; those of a lower severity will run"
        return
    if "dispatch_120" not in {tier.role for tier in always}:
        yield f'severity {severity} never reaches 120; add a step with role = "dispatch_120"'
    if all(t.tiers and t.tiers[0].after for t in mine):
        yield f'severity {severity} has no step at once; its first step will not wait; write after = "0s"'
