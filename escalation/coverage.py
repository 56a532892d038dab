"""Coverage: from when to when somebody of a role can be called for a street, and when nobody can.

Pure. It asks the roster the same question that a decision asks, once between any two moments
at which the answer may change; it never walks minutes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TypeVar

from domain.alerts import Subject
from domain.people import Responder, Team
from escalation.duty import Roster, minute_of

_DAY = timedelta(days=1)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Gap:
    """Some hours in which nobody of a role can be called for a street (None: for no street at all)."""

    role: str
    street: str | None
    start: datetime
    end: datetime
    #: ``no_team`` ``no_shift`` ``taken_off`` (by an override) ``away`` (without a deputy) ``no_contact``
    reason: str

    @property
    def hours(self) -> float:
        """How long, in hours."""
        return (self.end - self.start) / timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Watch:
    """From ``start`` to ``end`` these people are on duty."""

    start: datetime
    end: datetime
    #: responder ids, in the order in which they are called
    people: tuple[str, ...]


def gaps(roster: Roster, role: str, street: str | None, start: datetime, end: datetime) -> tuple[Gap, ...]:
    """When, from ``start`` to ``end``, a decision would find nobody of ``role`` for ``street`` (P2, P4)."""
    subject = subject_of(street)

    def why(at: datetime) -> str | None:
        return None if roster.look_up(role, subject, at) else reason(roster, role, subject, at)

    spans = _spans(_role_moments(roster, role, subject, start, end), why)
    return tuple(Gap(role, street, since, until, word) for since, until, word in spans if word is not None)


def watches(roster: Roster, role: str, street: str | None, start: datetime, end: datetime) -> tuple[Watch, ...]:
    """Who a decision would call for ``street``, from ``start`` to ``end`` without a hole; nobody is an empty tuple."""
    subject = subject_of(street)
    turns = _role_moments(roster, role, subject, start, end)
    return _watches(turns, lambda at: roster.look_up(role, subject, at))


def team_watches(roster: Roster, team: Team, start: datetime, end: datetime) -> tuple[Watch, ...]:
    """Who comes for one team, whatever other teams do."""
    return _watches(moments(roster, (team,), start, end), lambda at: tuple(roster.serving(team, at)))


def joined(parts: Iterable[Sequence[Watch]]) -> tuple[Watch, ...]:
    """One row of watches that follow each other; equal neighbours become one."""
    row: list[Watch] = []
    for watch in (watch for part in parts for watch in part):
        if row and row[-1].people == watch.people:
            row[-1] = Watch(row[-1].start, watch.end, watch.people)
        else:
            row.append(watch)
    return tuple(row)


def subject_of(street: str | None) -> Subject:
    """Any home of a street; without one, a device that nobody registered."""
    return Subject("-", None, street) if street else Subject(None, "-")


def reason(roster: Roster, role: str, subject: Subject, at: datetime) -> str:
    """Why nobody of ``role`` can be called for ``subject`` at ``at``: what has to be put right."""
    teams = [t for t in roster.teams_of(role) if subject.street is None or t.street in (subject.street, None)]
    if teams:
        running = [(team.id, shift, day) for team in teams for shift, day in roster.running(team, at)]
        held = [roster.stand_ins.holder(team, shift.responder, day, at) for team, shift, day in running]
        on = [person for person in held if person is not None]
        nobody = "taken_off" if running else "no_shift"
    else:
        on, nobody = [p.id for p in roster.everybody(role, subject.street)], "no_team"
    if not on:
        return nobody
    return "away" if any(roster.stand_ins.away(person, at) for person in on) else "no_contact"


def _role_moments(roster: Roster, role: str, subject: Subject, start: datetime, end: datetime) -> list[datetime]:
    """The turns of the teams that a decision would ask; without one, of everybody of the role."""
    street = subject.street
    teams = [t for t in roster.teams_of(role) if street is None or t.street in (street, None)]
    others = [] if teams else [person.id for person in roster.everybody(role, street)]
    return moments(roster, teams, start, end, others)


def moments(
    roster: Roster, teams: Sequence[Team], start: datetime, end: datetime, others: Sequence[str] = ()
) -> list[datetime]:
    """``start``, ``end`` and every instant between them at which duty in these teams may change; in order."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    found = {start, end}
    found.update(m.astimezone(UTC) for m in roster.stand_ins.turns(teams, others))
    found.update(_wall_moments(roster, teams, start, end))
    return sorted(m for m in found if start <= m <= end)


def _wall_moments(roster: Roster, teams: Sequence[Team], start: datetime, end: datetime) -> Iterator[datetime]:
    """Midnights, beginnings and ends of shifts, and where the zone turns its clocks: both of a doubled hour."""
    shifts = [shift for team in teams for shift in team.shifts if not shift.always]
    minutes = {0} | {minute_of(text) % 1440 for shift in shifts for text in (shift.start, shift.end)}
    times = [time(m // 60, m % 60, tzinfo=roster.zone, fold=fold) for m in sorted(minutes) for fold in (0, 1)]
    day = start.astimezone(roster.zone).date()
    last = end.astimezone(roster.zone).date()
    while day <= last:
        here = [datetime.combine(day, at) for at in times]
        yield from (at.astimezone(UTC) for at in here)
        if here[0].utcoffset() != datetime.combine(day + _DAY, times[0]).utcoffset():
            yield _turn(here[0].astimezone(UTC), roster)
        day += _DAY


def _turn(midnight: datetime, roster: Roster) -> datetime:
    """The minute at which the zone's clocks are turned on the day that begins at ``midnight``."""
    before = midnight.astimezone(roster.zone).utcoffset()
    low, high = 0, 26 * 60
    while high - low > 1:
        middle = (low + high) // 2
        offset = (midnight + timedelta(minutes=middle)).astimezone(roster.zone).utcoffset()
        low, high = (middle, high) if offset == before else (low, middle)
    return midnight + timedelta(minutes=high)


def _watches(turns: Sequence[datetime], on: Callable[[datetime], Iterable[Responder]]) -> tuple[Watch, ...]:
    return tuple(Watch(*span) for span in _spans(turns, lambda at: tuple(p.id for p in on(at))))


def _spans(turns: Sequence[datetime], ask: Callable[[datetime], _T]) -> list[tuple[datetime, datetime, _T]]:
    """The answer from each turn to the next; equal neighbours become one."""
    spans: list[tuple[datetime, datetime, _T]] = []
    for since, until in pairwise(turns):
        answer = ask(since)
        if spans and spans[-1][2] == answer:
            since = spans.pop()[0]
        spans.append((since, until, answer))
    return spans
