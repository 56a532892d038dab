"""The staffing report: hours with nobody, people nobody can reach, contacts nobody proved, how sure the calendar is.

Pure. Gaps are worked out as if people without a working contact were not there (P4).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.people import ContactPoint, Responder, is_probe
from escalation.coverage import Gap, gaps
from escalation.duty import Roster
from escalation.plan_parts import HOME_ROLES, Plan
from escalation.workdays import Confidence


@dataclass(frozen=True, slots=True)
class Mute:
    """Somebody whom no contact point reaches."""

    person: Responder
    #: ``no_contact`` ``no_channel`` (none is configured here) ``refused`` (by the provider, for good)
    reason: str


@dataclass(frozen=True, slots=True)
class Unproved:
    """A contact point at which nobody ever answered, and that nobody tried."""

    person: Responder
    point: ContactPoint


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """How far the working days of a year are known, where some shift asks for them."""

    year: int
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is missing between two instants."""

    start: datetime
    end: datetime
    gaps: tuple[Gap, ...]
    mute: tuple[Mute, ...]
    unproved: tuple[Unproved, ...]
    calendar: tuple[CalendarYear, ...]


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is known of contact points. ``configured``: whether anything can be sent there at all."""

    configured: Callable[[ContactPoint], bool] = lambda point: True
    #: (responder, position)
    refused: frozenset[tuple[str, int]] = frozenset()
    proved: frozenset[tuple[str, int]] = frozenset()

    def why_mute(self, person: Responder) -> str | None:
        """Why nobody can be reached; None when some way may work."""
        if not person.contacts:
            return "no_contact"
        ways = [point for point in person.contacts if self.configured(point)]
        if not ways:
            return "no_channel"
        return "refused" if all((person.id, point.n) in self.refused for point in ways) else None


def staffing(
    roster: Roster, roles: Iterable[str], streets: Sequence[str], start: datetime, end: datetime, contacts: Contacts
) -> Staffing:
    """The whole report for these roles and streets."""
    on_roster = rostered(roster)
    known = (roster.responders[id] for id in sorted(on_roster & roster.responders.keys()))
    people = [person for person in known if not is_probe(person.street)]
    mute = tuple(Mute(person, why) for person in people if (why := contacts.why_mute(person)))
    reachable = roster.without({m.person.id for m in mute})
    holes = shared((gap for role in roles for gap in street_gaps(reachable, role, streets, start, end)), streets)
    unproved = tuple(
        Unproved(person, point)
        for person in people
        for point in person.contacts
        if not point.drill and (person.id, point.n) not in contacts.proved
    )
    return Staffing(start, end, holes, mute, unproved, tuple(_years(roster, start, end)))


def street_gaps(
    roster: Roster, role: str, streets: Sequence[str], start: datetime, end: datetime
) -> tuple[Gap, ...]:  # fmt: skip
    """The gaps of each street; without streets those of nowhere in particular."""
    own = {team.street for team in roster.teams_of(role)}
    found: dict[str | None, tuple[Gap, ...]] = {}

    def asked(street: str | None) -> str | None:
        # Streets without a team of their own all ask the district's: once is enough.
        return street if street in own or None not in own else None

    for street in streets or (None,):
        if asked(street) not in found:
            found[asked(street)] = gaps(roster, role, street, start, end)
    return tuple(replace(gap, street=street) for street in streets or (None,) for gap in found[asked(street)])


def shared(holes: Iterable[Gap], streets: Sequence[str]) -> tuple[Gap, ...]:
    """Gaps that all of several streets have are told once, for no street."""
    alike: dict[tuple[str, datetime, datetime, str], list[Gap]] = {}
    for gap in holes:
        alike.setdefault((gap.role, gap.start, gap.end, gap.reason), []).append(gap)
    everywhere = [len(streets) > 1 and len(same) == len(streets) for same in alike.values()]
    told = zip(alike.values(), everywhere, strict=True)
    return tuple(gap for same, all_have in told for gap in ([replace(same[0], street=None)] if all_have else same))


def roles_of(plan: Plan | None, roster: Roster) -> list[str]:
    """Every role that the ladder (and a branch that must begin) asks for, and every one that has a team.

    Not the roles whose people a home names itself, unless somebody made a team of them.
    """
    lines = (*plan.tracks, *(branch for branch in plan.branches if branch.needed)) if plan else ()
    asked = [tier.role for line in lines for tier in line.tiers if tier.role not in HOME_ROLES]
    teams = [team.role for team in roster.teams if not is_probe(team.street)]
    supervised = any(person.role == "duty_supervisor" for person in roster.responders.values())
    return list(dict.fromkeys([*asked, *teams, *(["duty_supervisor"] if supervised else [])]))


def rostered(roster: Roster) -> set[str]:
    """Everybody whom some team, override, swap or absence counts on; and all of roles that have no team."""
    shifts = [shift for team in roster.teams for shift in team.shifts]
    bent = roster.changes
    named = [person for shift in shifts for person in (shift.responder, shift.deputy)]
    named += [o.responder for o in bent.overrides] + [s.taker for s in bent.swaps]
    named += [a.deputy for a in bent.absences] + [d.deputy for d in bent.deputies]
    with_team = {team.role for team in roster.teams}
    loose = [r.id for r in roster.responders.values() if r.role not in with_team]
    return {person for person in (*named, *loose) if person}


def _years(roster: Roster, start: datetime, end: datetime) -> Iterator[CalendarYear]:
    if any(shift.days for team in roster.teams for shift in team.shifts):
        first, last = (at.astimezone(roster.zone).year for at in (start, end))
        for year in range(first, last + 1):
            yield CalendarYear(year, roster.calendar.confidence(year))


def shown(report: Staffing) -> dict[str, object]:
    """As JSON: ids, codes and instants; of a contact point only its channel and position."""
    return {
        "from": report.start.isoformat(), "until": report.end.isoformat(),
        "gaps": [gap_shown(gap) for gap in report.gaps],
        "without_contact": [{**_who(m.person), "reason": m.reason} for m in report.mute],
        "unproved": [{**_who(u.person), "channel": u.point.channel, "n": u.point.n} for u in report.unproved],
        "calendar": [{"year": y.year, "confidence": y.confidence.value} for y in report.calendar],
    }  # fmt: skip


def gap_shown(gap: Gap) -> dict[str, object]:
    """One gap as JSON."""
    return {
        "role": gap.role, "street": gap.street, "from": gap.start.isoformat(), "until": gap.end.isoformat(),
        "hours": round(gap.hours, 2), "reason": gap.reason,
    }  # fmt: skip


def _who(person: Responder) -> Mapping[str, object]:
    return {"responder": person.id, "name": person.name, "role": person.role, "street": person.street}
