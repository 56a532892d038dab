"""Who is on duty: teams, weekly shifts and what bends them, in Shanghai wall time, for any instant.

Pure. The ledger's register is read into a ``Roster``; ``decide`` asks it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.alerts import Subject
from domain.duty import NONE, Changes
from domain.people import ContactPoint, Responder, Shift, Team, is_probe
from escalation.standins import StandIns
from escalation.workdays import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_PLAIN = Calendar()


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who may be asked to come, and when."""

    responders: Mapping[str, Responder] = field(default_factory=dict)
    teams: tuple[Team, ...] = ()
    zone: ZoneInfo = SHANGHAI
    #: overrides, swaps, absences, deputies, holidays
    changes: Changes = NONE
    #: role -> its teams, those of the watch's probes apart: a district has hundreds, and each decision asks for a few
    _of_role: Mapping[str, tuple[Team, ...]] = field(init=False, repr=False, compare=False)
    _of_probes: Mapping[str, tuple[Team, ...]] = field(init=False, repr=False, compare=False)
    stand_ins: StandIns = field(init=False, repr=False, compare=False)
    calendar: Calendar = field(init=False, repr=False, compare=False)

    #: the last answer to each question, and its minute: shifts change on the minute, and a storm asks the same again
    _answers: dict[tuple[str, str | None, str | None, bool], tuple[datetime, datetime, tuple[Responder, ...]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_of_role", _by_role(t for t in self.teams if not is_probe(t.street)))
        object.__setattr__(self, "_of_probes", _by_role(t for t in self.teams if is_probe(t.street)))
        object.__setattr__(self, "stand_ins", StandIns(self.changes))
        object.__setattr__(self, "calendar", Calendar.of(self.changes.holidays))

    def on_duty(self, role: str, subject: Subject, at: datetime, drill: bool = False) -> tuple[Responder, ...]:
        """People of ``role`` on duty for ``subject`` at ``at`` whom some contact point reaches (P4)."""
        asked = (role, subject.street, subject.doctor_team, drill)
        known = self._answers.get(asked)
        if known is None or not known[0] <= at < known[1]:
            minute = at.replace(second=0, microsecond=0)
            known = self._answers[asked] = (minute, minute + _MINUTE, self.look_up(role, subject, at, drill))
        return known[2]

    def look_up(self, role: str, subject: Subject, at: datetime, drill: bool = False) -> tuple[Responder, ...]:
        """As ``on_duty``, to the second and without remembering."""
        teams = self.teams_of(role, subject.street)
        for circle in circles(role, subject, teams):
            found = {p.id: p for team in circle for p in self.serving(team, at) if usable(p, role, drill)}
            if found:
                return tuple(found.values())
        if is_probe(subject.street) or any(subject.street is None or t.street in (subject.street, None) for t in teams):
            return ()
        # Nobody made a team for this role: everybody of the role in the street counts.
        people = (self._first(p.id, None, at) for p in self.everybody(role, subject.street))
        return tuple({p.id: p for p in people if p and usable(p, role, drill)}.values())

    def serving(self, team: Team, at: datetime) -> Iterator[Responder]:
        """Who comes for one team at ``at``, in the order of its shifts."""
        for shift, day in self.running(team, at):
            holder = self.stand_ins.holder(team.id, shift.responder, day, at)
            if holder is not None:
                person = self._first(holder, shift.deputy if holder == shift.responder else None, at)
                if person:
                    yield person
        for other in self.stand_ins.besides(team.id, at):
            person = self._first(other, None, at)
            if person:
                yield person

    def running(self, team: Team, at: datetime) -> Iterator[tuple[Shift, date]]:
        """The team's shifts that run at ``at``, each with the day on which it began."""
        local = at.astimezone(self.zone)
        for shift in team.shifts:
            day = begun(shift, local, self.calendar)
            if day is not None:
                yield shift, day

    def teams_of(self, role: str, street: str | None = None) -> tuple[Team, ...]:
        """All teams that cover a role. A probe of the watch has only its own; nobody else has those of a probe."""
        if is_probe(street):
            return tuple([t for t in self._of_probes.get(role, ()) if t.street == street])
        return self._of_role.get(role, ())

    def everybody(self, role: str, street: str | None) -> Iterator[Responder]:
        """All people of a role in a street, whether on duty or not."""
        people = (r for r in self.responders.values() if r.role == role and not is_probe(r.street))
        return (r for r in people if street is None or r.street in (street, None))

    def without(self, mute: Collection[str]) -> "Roster":
        """The roster as it would be if these people could not be reached at all (P4)."""
        people = {id: replace(p, contacts=()) if id in mute else p for id, p in self.responders.items()}
        return replace(self, responders=people)

    def _first(self, id: str, deputy: str | None, at: datetime) -> Responder | None:
        """The person, or the nearest deputy, who is not away and whom some contact point reaches (P4)."""
        person = self.responders.get(id)
        if person and person.contacts and not self.stand_ins.may_be_away(id):
            return person
        for candidate in self.stand_ins.candidates(id, deputy, at):
            person = self.responders.get(candidate)
            if person and person.contacts:
                return person
        return None


def _by_role(teams: Iterable[Team]) -> dict[str, tuple[Team, ...]]:
    found: dict[str, list[Team]] = {}
    for team in teams:
        found.setdefault(team.role, []).append(team)
    return {role: tuple(theirs) for role, theirs in found.items()}


def circles(role: str, subject: Subject, teams: tuple[Team, ...]) -> Iterator[Iterable[Team]]:
    """The home's own team first, then the street's, then the district's; wider only when empty."""
    own, street = subject.doctor_team, subject.street
    if role == "family_doctor" and own:
        yield [t for t in teams if t.id == own]
    if street is not None:
        yield [t for t in teams if t.street == street]
    yield [t for t in teams if t.street is None]
    if street is None:
        # Nobody knows where it is (a device nobody registered): any street's team is better than none.
        yield teams


def usable(person: Responder, role: str, drill: bool) -> tuple[ContactPoint, ...]:
    """The contact points that may be used. A drill reaches only 120 contacts marked for drills."""
    if role != "dispatch_120" and person.role != "dispatch_120":
        return person.contacts
    if drill:
        return tuple(c for c in person.contacts if c.drill)
    real = tuple(c for c in person.contacts if not c.drill)
    # A desk that only has a drill line is still better than nobody (fail open).
    return real or person.contacts


def begun(shift: Shift, local: datetime, calendar: Calendar = _PLAIN) -> date | None:
    """The day on which the shift that runs at ``local`` wall time began; None when it does not run."""
    today = local.date()
    if shift.always:
        return today
    start, end = minute_of(shift.start), minute_of(shift.end)
    now = local.hour * 60 + local.minute
    if start < end:
        return today if start <= now < end and _on(shift, today, calendar) else None
    if now >= start and _on(shift, today, calendar):
        return today
    return today - _DAY if now < end and _on(shift, today - _DAY, calendar) else None


def _on(shift: Shift, day: date, calendar: Calendar) -> bool:
    if shift.dates:
        return day in shift.dates
    if shift.weekdays and day.isoweekday() not in shift.weekdays:
        return False
    return shift.days is None or calendar.works(day) == (shift.days == "workday")


@lru_cache(maxsize=1440)
def minute_of(text: str) -> int:
    """``"20:30"`` as minutes of the day."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)
