"""Who is on duty: teams, weekly shifts and deputies, in Shanghai wall time, for any instant.

Pure. The ledger's register is read into a ``Roster``; ``decide`` asks it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.alerts import Subject
from domain.people import ContactPoint, Responder, Shift, Team

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who may be asked to come, and when."""

    responders: Mapping[str, Responder] = field(default_factory=dict)
    teams: tuple[Team, ...] = ()
    zone: ZoneInfo = SHANGHAI
    #: role -> its teams: a district has hundreds, and each decision asks for a few
    _of_role: Mapping[str, tuple[Team, ...]] = field(init=False, repr=False, compare=False)

    #: the last answer to each question, with its minute: shifts change on the minute, and a storm asks the same again
    _answers: dict[tuple[str, str | None, str | None, bool], tuple[int, tuple[Responder, ...]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        of_role: dict[str, tuple[Team, ...]] = {}
        for team in self.teams:
            of_role[team.role] = (*of_role.get(team.role, ()), team)
        object.__setattr__(self, "_of_role", of_role)

    def on_duty(self, role: str, subject: Subject, at: datetime, drill: bool = False) -> tuple[Responder, ...]:
        """People of ``role`` on duty for ``subject`` at ``at`` whom some contact point reaches (P4)."""
        minute = int(at.timestamp()) // 60
        asked = (role, subject.street, subject.doctor_team, drill)
        known = self._answers.get(asked)
        if known is None or known[0] != minute:
            known = self._answers[asked] = (minute, self._look_up(role, subject, at, drill))
        return known[1]

    def _look_up(self, role: str, subject: Subject, at: datetime, drill: bool) -> tuple[Responder, ...]:
        local = at.astimezone(self.zone)
        teams = self._of_role.get(role, ())
        for circle in _circles(role, subject, teams):
            found = {p.id: p for p in self._present(circle, local) if usable(p, role, drill)}
            if found:
                return tuple(found.values())
        if any(subject.street is None or t.street in (subject.street, None) for t in teams):
            return ()
        # Nobody made a team for this role: everybody of the role in the street counts.
        return tuple(p for p in self._everybody(role, subject.street) if usable(p, role, drill))

    def _present(self, teams: Iterable[Team], local: datetime) -> Iterator[Responder]:
        for team in teams:
            for shift in team.shifts:
                if shift.always or covers(shift, local):
                    person = self._reachable(shift)
                    if person:
                        yield person

    def _reachable(self, shift: Shift) -> Responder | None:
        """The responder of the shift; the deputy where that person cannot be reached at all."""
        person = self.responders.get(shift.responder)
        if person and person.contacts:
            return person
        deputy = self.responders.get(shift.deputy or "")
        return deputy if deputy and deputy.contacts else None

    def _everybody(self, role: str, street: str | None) -> Iterator[Responder]:
        people = (r for r in self.responders.values() if r.role == role)
        return (r for r in people if street is None or r.street in (street, None))


def _circles(role: str, subject: Subject, teams: tuple[Team, ...]) -> Iterator[Iterable[Team]]:
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


def covers(shift: Shift, local: datetime) -> bool:
    """Whether the shift runs at ``local`` wall time; one that ends before it starts runs into the next day."""
    if shift.always:
        return True
    start, end = _minute(shift.start), _minute(shift.end)
    now = local.hour * 60 + local.minute
    if start < end:
        return start <= now < end and _on(shift, local.date())
    return (now >= start and _on(shift, local.date())) or (now < end and _on(shift, local.date() - _DAY))


def _on(shift: Shift, day: date) -> bool:
    if shift.dates:
        return day in shift.dates
    return not shift.weekdays or day.isoweekday() in shift.weekdays


@lru_cache(maxsize=1440)
def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)
