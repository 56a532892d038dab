"""The proof of a plan: every case is run on a virtual clock while nobody answers, and every role's hours are looked at.

Pure. What conditions can tell apart is finite: kinds, facts of a home, hours, weekdays. One case of each sort is run
through the same ``decide`` that runs real alerts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, pairwise, product

from domain.alerts import Severity, Subject
from domain.duty import Changes, Holiday
from domain.events import RAISING, Kind
from domain.people import ROLES, ContactPoint, Responder, Shift, Team
from escalation.conditions import When
from escalation.coverage import Gap, gaps
from escalation.durations import written
from escalation.duty import SHANGHAI, Roster
from escalation.plan_parts import HOME_ROLES, Plan
from escalation.rehearsal import Rehearsal, rehearse

#: a Monday, midnight in Shanghai: cases are laid into the week that begins here
_MONDAY = datetime(2026, 11, 16, tzinfo=SHANGHAI)
_FORTNIGHT = timedelta(days=14)
#: more facts than this are tried one by one and all together, not in every combination
_COMBINED = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """What was run and what it showed."""

    cases: int
    #: the longest that any case waited for 120, and the longest silence, in seconds
    until_120: float
    silence: float
    #: each with the case that shows it
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One sort of alert that the plan's conditions can tell from others."""

    kind: Kind
    facts: frozenset[str]
    at: datetime

    def words(self) -> str:
        """As the plan's author would say it."""
        home = ", ".join(sorted(self.facts)) or "a home of which nothing is known"
        return f"{self.kind} at {self.at.astimezone(SHANGHAI):%A %H:%M}, {home}"


def prove(plan: Plan) -> Proof:
    """Run every case with one person of each role on duty; nobody answers. 120 must be asked, and nobody forgotten."""
    roster, failures, until, silence, n = _everybody(), dict[str, str](), 0.0, 0.0, 0
    for case in cases(plan):
        n += 1
        run = rehearse(plan, roster, Subject("home", None, None, None, case.facts), case.kind, case.at)
        reached = next((line.after for line in run.contacts if line.role == "dispatch_120"), None)
        quiet = longest_silence(run)
        if reached is None:
            failures.setdefault(f"120-{run.severity}", f"nobody asks 120: {case.words()}")
        else:
            until = max(until, reached)
        if quiet > plan.max_gap.total_seconds():
            waits, most = written(timedelta(seconds=quiet)), written(plan.max_gap)
            what = f"nobody is asked for {waits}, longer than max_gap ({most}): {case.words()}"
            failures.setdefault(f"gap-{run.severity}", what)
        silence = max(silence, quiet)
    return Proof(n, until, silence, tuple(failures.values()))


def longest_silence(run: Rehearsal) -> float:
    """The longest time, in seconds, in which nobody at all is asked to come."""
    moments = [0.0, *sorted({line.after for line in run.contacts})]
    return max((b - a for a, b in pairwise(moments)), default=0.0)


def cases(plan: Plan) -> Iterator[Case]:
    """One of each sort that the plan can tell apart."""
    conditions = _conditions(plan)
    facts = _facts(conditions)
    for kind, known, at in product(_kinds(plan, conditions), facts, _moments(conditions)):
        yield Case(kind, known, at)


def _conditions(plan: Plan) -> list[When]:
    lines = (*plan.tracks, *plan.branches)
    found = [line.when for line in lines] + [tier.when for line in lines for tier in line.tiers]
    found += [n.when for n in plan.notices] + [r.when for r in plan.raises]
    return found + [when.unless for when in found if when.unless is not None]


def _kinds(plan: Plan, conditions: Iterable[When]) -> list[Kind]:
    """Kinds that some condition names, and one of each severity of those that none does."""
    named = frozenset().union(*(c.kinds for c in conditions))
    chosen: dict[tuple[str, Severity], Kind] = {}
    for kind in sorted(RAISING):
        chosen.setdefault((str(kind) if kind in named else "", plan.severity_of(kind)), kind)
    return list(chosen.values())


def _facts(conditions: Iterable[When]) -> list[frozenset[str]]:
    """Every combination of what conditions ask; a home has one category at most."""
    asked = frozenset().union(*(c.asks for c in conditions))
    categories = [frozenset[str](), *(frozenset({f}) for f in sorted(asked) if f.startswith("category:"))]
    others = sorted(f for f in asked if not f.startswith("category:"))
    if len(others) <= _COMBINED:
        sets = [frozenset(c) for c in chain.from_iterable(combinations(others, n) for n in range(len(others) + 1))]
    else:
        sets = [frozenset(), *(frozenset({f}) for f in others), frozenset(others)]
    return [one | other for one, other in product(categories, sets)]


def _moments(conditions: Iterable[When]) -> list[datetime]:
    """Noon, and every minute at which a condition begins or ends; on each weekday that one names, and on another.

    Where one asks for working days, in a usual week and in one whose working days are free and the others worked.
    """
    listed = list(conditions)
    minutes = {12 * 60} | {m % 1440 for c in listed if c.between for m in c.between}
    named = sorted(frozenset().union(*(c.weekdays for c in listed)))
    days = [*named, next((d for d in range(1, 8) if d not in named), 1)]
    weeks = (0, 7) if any(c.works is not None for c in listed) else (0,)
    chosen = product(weeks, dict.fromkeys(days), sorted(minutes))
    return [_MONDAY + timedelta(days=week + d - 1, minutes=m) for week, d, m in chosen]


def _everybody() -> Roster:
    """One person for each role, always there, with every way of being reached."""
    ways = tuple(ContactPoint(n, c, "-") for n, c in enumerate(("voice", "sms", "webhook", "dispatch_120")))
    people = {role: Responder(role, role, role, None, "zh", ways) for role in ROLES}
    turned = [_MONDAY.date() + timedelta(days=7 + n) for n in range(7)]
    changes = Changes(holidays=tuple(Holiday(day, works=day.isoweekday() > 5) for day in turned))
    teams = tuple(Team(role, role, None, (Shift(role, always=True),)) for role in ROLES)
    return Roster(people, teams, changes=changes)


def unstaffed(plan: Plan, roster: Roster, streets: Iterable[str], start: datetime) -> list[Gap]:
    """When in the next 14 days, for each street, a role of the plan's ladder would find nobody."""
    roles = dict.fromkeys(tier.role for t in plan.tracks for tier in t.tiers)
    roles |= dict.fromkeys(tier.role for b in plan.branches if b.needed for tier in b.tiers)
    begin = start.astimezone(UTC)
    return [
        gap
        for street in streets
        for role in roles
        if role not in HOME_ROLES
        for gap in gaps(roster, role, street, begin, begin + _FORTNIGHT)
    ]
