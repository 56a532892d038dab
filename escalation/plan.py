"""The emergency plan as data: tiers, waits, roles, channels; read from TOML and checked before use.

Pure: text in, a frozen ``Plan`` or all its problems at once out. A *problem* makes the plan
unusable; a *warning* says what it lacks (no way to 120, say) and lets it run.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from domain.alerts import Severity, VoiceCheck
from domain.errors import ConfigurationError
from domain.events import Kind
from domain.people import ROLES

_DURATION = re.compile(r"(?P<n>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BY_RANK = tuple(sorted(Severity, key=lambda s: s.rank))
#: nothing in a plan may wait longer; it is a slip of the pen
_LONGEST = 30 * 86400.0
_TOP = {"version", "severity", "kinds", "track", "voice_check", "max_gap"}


@dataclass(frozen=True, slots=True)
class Rule:
    """The waits of one severity."""

    #: a claim without progress runs out after this
    claim_for: timedelta = timedelta(minutes=15)
    #: an offer to hand over stands this long, never longer than the claim
    offer_for: timedelta = timedelta(minutes=2)
    #: after the last tier everybody again, for ever
    repeat_every: timedelta = timedelta(minutes=5)
    #: the same person again after no answer
    retry_after: timedelta = timedelta(seconds=60)
    #: repeats to one person keep this distance (invariant 18); first contacts have none
    min_gap: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a track: a role that joins ``after`` the track's start."""

    role: str
    after: timedelta
    channels: tuple[str, ...]
    #: fewer people on duty than this is reported as a gap
    min_contacts: int = 1


@dataclass(frozen=True, slots=True)
class PlanTrack:
    """One line of calling."""

    name: str
    severities: frozenset[Severity]
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. ``version`` is pinned to each alert that it runs."""

    version: str
    rules: Mapping[Severity, Rule]
    kinds: Mapping[str, Severity]
    tracks: tuple[PlanTrack, ...]
    voice_check: Mapping[VoiceCheck, Severity]
    max_gap: timedelta
    text: str = field(repr=False)
    warnings: tuple[str, ...] = ()

    def severity_of(self, kind: Kind) -> Severity:
        """How urgent an event of ``kind`` is; an unnamed kind takes the default."""
        return self.kinds.get(kind, self.kinds["default"])

    def tracks_for(self, severity: Severity) -> tuple[PlanTrack, ...]:
        """The tracks of a severity; where a plan has none, those of the nearest lower one."""
        for rank in range(severity.rank, -1, -1):
            found = tuple([t for t in self.tracks if _BY_RANK[rank] in t.severities])
            if found:
                return found
        return self.tracks

    def names_from(self, severity: Severity) -> frozenset[str]:
        """The tracks of ``severity`` and of every higher one: an alert that may still need them keeps them."""
        return frozenset(t.name for s in _BY_RANK[severity.rank :] for t in self.tracks_for(s))

    def track(self, name: str) -> PlanTrack | None:
        """The track called ``name``."""
        return next((t for t in self.tracks if t.name == name), None)

    def rule(self, severity: Severity) -> Rule:
        """The waits of ``severity``."""
        return self.rules[severity]


def parse_plan(text: str, source: str = "plan") -> Plan:
    """Read a plan. Raises ``ConfigurationError`` with every problem, in the file's own terms."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"{source}: not TOML: {error}; correct that line"]) from error
    reader = _Reader(source)
    plan = reader.plan(raw, text)
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return plan


def seconds(text: object) -> float | None:
    """``"90s"``, ``"2m"``, ``"1m30s"`` in seconds; None when it is not a duration."""
    if not isinstance(text, str) or not text or _DURATION.sub("", text):
        return None
    return sum(float(m["n"]) * _UNITS[m["unit"]] for m in _DURATION.finditer(text))


class _Reader:
    """Collects problems while it reads, so that all are reported at once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []

    def problem(self, where: str, what: str) -> None:
        self.problems.append(f"{self.source}: {where}: {what}")

    def plan(self, raw: Mapping[str, Any], text: str) -> Plan:
        for key in sorted(set(raw) - _TOP):
            self.problem(key, f"unknown setting; known are {', '.join(sorted(_TOP))}")
        version = raw.get("version")
        if not isinstance(version, str) or not version:
            self.problem("version", 'missing; write version = "street-2026.1"')
        rules = self.rules(raw.get("severity", {}))
        kinds = self.kinds(raw.get("kinds", {}))
        tracks = tuple(self.tracks(raw.get("track", [])))
        max_gap, least = self.max_gap(raw, rules), max(r.min_gap for r in rules.values())
        warnings = tuple(f"{self.source}: {w}" for w in _warnings(tracks, kinds, max_gap, least))
        max_gap = max(max_gap, least)
        voice = self.voice_check(raw.get("voice_check", {}))
        return Plan(str(version), rules, kinds, tracks, voice, max_gap, text, warnings)

    def table(self, value: object, where: str) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.problem(where, f"must be a table: write [{where}]")
        return {}

    def duration(self, table: Mapping[str, Any], key: str, where: str, default: timedelta) -> timedelta:
        if key not in table:
            return default
        value = seconds(table[key])
        if value is None:
            self.problem(where, f'{table[key]!r} is not a duration; write "60s", "5m" or "1h"')
            return default
        if value > _LONGEST:
            self.problem(where, f'{table[key]!r} is longer than 30 days; write "60s", "5m" or "1h"')
            return default
        return timedelta(seconds=value)

    def max_gap(self, raw: Mapping[str, Any], rules: Mapping[Severity, Rule]) -> timedelta:
        longest = max(r.repeat_every for r in rules.values())
        found = self.duration(raw, "max_gap", "max_gap", longest)
        if found <= timedelta(0) < longest:
            self.problem("max_gap", 'must be longer than nothing; write "5m"')
        return found

    def rules(self, raw: object) -> dict[Severity, Rule]:
        table = self.table(raw, "severity")
        for name in sorted(set(table) - set(Severity)):
            self.problem(f"severity.{name}", f"unknown severity; known are {', '.join(Severity)}")
        base = self.rule(table.get("urgent", {}), "severity.urgent", Rule())
        return {s: self.rule(table.get(s, {}), f"severity.{s}", base) for s in Severity}

    def rule(self, raw: object, where: str, base: Rule) -> Rule:
        table = self.table(raw, where)
        names = Rule.__dataclass_fields__
        for key in sorted(set(table) - set(names)):
            self.problem(f"{where}.{key}", f"unknown setting; known are {', '.join(names)}")
        values = {n: self.duration(table, n, f"{where}.{n}", getattr(base, n)) for n in names}
        for name in ("claim_for", "repeat_every"):
            if values[name] <= timedelta(0):
                self.problem(f"{where}.{name}", 'must be longer than nothing; write "5m"')
        return Rule(**values)

    def severity(self, value: object, where: str) -> Severity:
        if value in list(Severity):
            return Severity(str(value))
        self.problem(where, f"{value!r} is not a severity; write one of {', '.join(Severity)}")
        return Severity.URGENT

    def kinds(self, raw: object) -> dict[str, Severity]:
        table = self.table(raw, "kinds")
        for kind in sorted(set(table) - set(Kind) - {"default"}):
            self.problem(f"kinds.{kind}", f"unknown kind; known are {', '.join(Kind)}")
        found = {kind: self.severity(value, f"kinds.{kind}") for kind, value in table.items()}
        return {"default": Severity.URGENT} | found

    def voice_check(self, raw: object) -> dict[VoiceCheck, Severity]:
        table = self.table(raw, "voice_check")
        for name in sorted(set(table) - set(VoiceCheck)):
            self.problem(f"voice_check.{name}", f"unknown result; known are {', '.join(VoiceCheck)}")
        raises = {VoiceCheck.NEEDS_HELP: Severity.CRITICAL, VoiceCheck.NO_ANSWER: Severity.CRITICAL}
        told = {VoiceCheck(k): self.severity(v, f"voice_check.{k}") for k, v in table.items() if k in set(VoiceCheck)}
        return raises | told

    def tracks(self, raw: object) -> Iterator[PlanTrack]:
        if not isinstance(raw, list) or not raw:
            self.problem("track", "no track at all: nobody would be called; write [[track]] with [[track.step]]")
            return
        seen: set[str] = set()
        for n, item in enumerate(raw, 1):
            table = self.table(item, f"track {n}")
            name = str(table.get("name", ""))
            where = f"track {n} ({name or 'no name'})"
            if not name or name in seen or "/" in name:
                self.problem(where, 'needs a name of its own, without "/"')
            for key in sorted(set(table) - {"name", "for", "step"}):
                self.problem(where, f"unknown setting {key!r}; known are name, for, step")
            seen.add(name)
            wanted = table.get("for", list(Severity))
            severities = wanted if isinstance(wanted, list) else [wanted]
            if not severities:
                self.problem(where, 'is for no severity, it would never run; write for = ["urgent"]')
            yield PlanTrack(
                name,
                frozenset(self.severity(s, f"{where}.for") for s in severities),
                tuple(self.tiers(table.get("step", []), where)),
            )

    def tiers(self, raw: object, where: str) -> Iterator[Tier]:
        if not isinstance(raw, list) or not raw:
            self.problem(where, "has no step; write [[track.step]] with role, after, channels")
            return
        last = timedelta(0)
        for n, item in enumerate(raw, 1):
            tier = self.tier(self.table(item, f"{where} step {n}"), f"{where} step {n}")
            if tier.after < last:
                self.problem(f"{where} step {n}", "comes before the step above it; order the steps by `after`")
            last = max(last, tier.after)
            yield tier

    def tier(self, table: Mapping[str, Any], where: str) -> Tier:
        for key in sorted(set(table) - {"role", "after", "channels", "min_contacts"}):
            self.problem(where, f"unknown setting {key!r}; known are role, after, channels, min_contacts")
        role = table.get("role")
        if role not in ROLES:
            self.problem(where, f"role {role!r} is unknown; write one of {', '.join(ROLES)}")
        channels = table.get("channels", [])
        if not isinstance(channels, list) or not all(isinstance(c, str) and c for c in channels):
            self.problem(where, 'channels must be a list of names: channels = ["voice", "sms"]')
            channels = []
        after = self.duration(table, "after", f"{where} after", timedelta(0))
        least = table.get("min_contacts", 1)
        if not isinstance(least, int) or least < 1:
            self.problem(where, "min_contacts must be a number from 1 up")
            least = 1
        return Tier(str(role), after, tuple(channels), least)


def _warnings(
    tracks: tuple[PlanTrack, ...], kinds: Mapping[str, Severity], max_gap: timedelta, least: timedelta
) -> Iterator[str]:
    """What the plan lacks: a severity without tracks or without 120, a wait longer than ``max_gap``."""
    if least > max_gap:
        yield f"min_gap ({least}) is longer than max_gap ({max_gap}); everybody is asked again only after min_gap"
    for severity in Severity:
        yield from _lacking([t for t in tracks if severity in t.severities], severity, kinds)
    for track in tracks:
        for before, after in pairwise(track.tiers):
            if after.after - before.after > max_gap:
                yield f"track {track.name}: between {before.role} and {after.role} passes more than max_gap"


def _lacking(mine: list[PlanTrack], severity: Severity, kinds: Mapping[str, Severity]) -> Iterator[str]:
    roles = {tier.role for t in mine for tier in t.tiers}
    if not mine:
        if severity in kinds.values() or severity is Severity.CRITICAL:
            yield f"severity {severity} has no track of its own; those of a lower severity will run"
        return
    if "dispatch_120" not in roles:
        yield f'severity {severity} never reaches 120; add a step with role = "dispatch_120"'
    if all(t.tiers and t.tiers[0].after for t in mine):
        yield f'severity {severity} has no step at once; its first step will not wait; write after = "0s"'
