"""Who is on duty: teams, weekly shifts and deputies, in Shanghai wall time, for any instant.

Pure. The ledger's register is read into a ``Roster``; ``decide`` asks it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.alerts import Subject
from domain.people import ContactPoint, Responder, Shift, Team

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who may be asked to come, and when."""

    responders: Mapping[str, Responder] = field(default_factory=dict)
    teams: tuple[Team, ...] = ()
    zone: ZoneInfo = SHANGHAI

    def on_duty(self, role: str, subject: Subject, at: datetime, drill: bool = False) -> tuple[Responder, ...]:
        """People of ``role`` on duty for ``subject`` at ``at`` whom some contact point reaches (P4)."""
        local = at.astimezone(self.zone)
        found: dict[str, Responder] = {}
        for group in self._circles(role, subject):
            for person in self._present(group, role, local):
                if usable(person, role, drill):
                    found.setdefault(person.id, person)
            if found:
                break
        return tuple(found.values())

    def _circles(self, role: str, subject: Subject) -> Iterator[tuple[Team, ...]]:
        """The home's own team first, then the street's, then the district's; wider only when empty."""
        teams = [t for t in self.teams if t.role == role]
        own = subject.doctor_team
        if role == "family_doctor" and own:
            yield tuple(t for t in teams if t.id == own)
        if subject.street is None:
            yield tuple(teams)
            return
        yield tuple(t for t in teams if t.street == subject.street)
        yield tuple(t for t in teams if t.street is None)
        if not any(t.street in (subject.street, None) for t in teams):
            yield (Team("", role, subject.street),)

    def _present(self, teams: tuple[Team, ...], role: str, local: datetime) -> Iterator[Responder]:
        for team in teams:
            if not team.id:
                # Nobody made a team for this role: everybody of the role in the street counts.
                yield from (r for r in self.responders.values() if r.role == role and r.street in (team.street, None))
            for shift in team.shifts:
                if covers(shift, local):
                    yield from self._named(shift)

    def _named(self, shift: Shift) -> Iterator[Responder]:
        """The responder of the shift; the deputy where that person cannot be reached at all."""
        for name in (shift.responder, shift.deputy):
            person = self.responders.get(name or "")
            if person and person.contacts:
                yield person
                return


def usable(person: Responder, role: str, drill: bool) -> tuple[ContactPoint, ...]:
    """The contact points that may be used. A drill reaches only 120 contacts marked for drills."""
    if role != "dispatch_120" and person.role != "dispatch_120":
        return person.contacts
    if drill:
        return tuple(c for c in person.contacts if c.drill)
    real = tuple(c for c in person.contacts if not c.drill)
    # A desk that only has a drill line is still better than nobody (fail open).
    return real or person.contacts


def covers(shift: Shift, local: datetime) -> bool:
    """Whether the shift runs at ``local`` wall time; one that ends before it starts runs into the next day."""
    if shift.always:
        return True
    start, end = _minute(shift.start), _minute(shift.end)
    now = local.hour * 60 + local.minute
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    if start < end:
        return _on(shift, today) and start <= now < end
    return (_on(shift, today) and now >= start) or (_on(shift, yesterday) and now < end)


def _on(shift: Shift, day: date) -> bool:
    if shift.dates:
        return day in shift.dates
    return not shift.weekdays or day.isoweekday() in shift.weekdays


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)
