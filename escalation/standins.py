"""Who comes in whose place: swaps, overrides, absences and deputies, looked up fast.

Pure. The order: the shift's person; a swap of that day; an override of that hour; and for
somebody who is away the absence's deputy, the shift's, the person's own, and theirs in turn.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.duty import NONE, Absence, Changes, Override
from domain.people import Team


@dataclass(frozen=True, slots=True)
class StandIns:
    """``Changes``, by the team or person that they are about."""

    changes: Changes = NONE
    _swaps: Mapping[tuple[str, date, str], str] = field(init=False, repr=False, compare=False)
    _overrides: Mapping[str, tuple[Override, ...]] = field(init=False, repr=False, compare=False)
    _absences: Mapping[str, tuple[Absence, ...]] = field(init=False, repr=False, compare=False)
    _deputies: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        swaps: dict[tuple[str, date, str], str] = {}
        for swap in self.changes.swaps:
            swaps[swap.team, swap.day, swap.giver] = swap.taker
            if swap.back is not None:
                swaps[swap.team, swap.back, swap.taker] = swap.giver
        overrides: dict[str, tuple[Override, ...]] = {}
        for o in reversed(self.changes.overrides):
            overrides[o.team] = (*overrides.get(o.team, ()), o)
        absences: dict[str, tuple[Absence, ...]] = {}
        for a in reversed(self.changes.absences):
            absences[a.responder] = (*absences.get(a.responder, ()), a)
        object.__setattr__(self, "_swaps", swaps)
        object.__setattr__(self, "_overrides", overrides)
        object.__setattr__(self, "_absences", absences)
        object.__setattr__(self, "_deputies", {d.responder: d.deputy for d in self.changes.deputies})

    def holder(self, team: str, person: str, day: date, at: datetime) -> str | None:
        """Who has, at ``at``, the shift of ``person`` that began on ``day``; None: it was taken off the roster."""
        if self._swaps:
            person = self._swaps.get((team, day, person), person)
        for o in self._overrides.get(team, ()):
            if o.instead_of == person and o.start <= at < o.end:
                return o.responder
        return person

    def besides(self, team: str, at: datetime) -> Iterator[str]:
        """Who comes besides the shifts."""
        for o in self._overrides.get(team, ()):
            if o.responder is not None and o.instead_of is None and o.start <= at < o.end:
                yield o.responder

    def may_be_away(self, person: str) -> bool:
        """Whether any absence of this person is known: most have none, and are asked about often."""
        return person in self._absences

    def away(self, person: str, at: datetime) -> Absence | None:
        """The absence that keeps ``person`` away at ``at``."""
        return next((a for a in self._absences.get(person, ()) if a.start <= at < a.end), None)

    def candidates(self, person: str, deputy: str | None, at: datetime) -> Iterator[str]:
        """``person`` unless away, then everybody who stands in, nearest first; nobody twice."""
        seen: set[str] = set()
        line = [person]
        while line:
            one = line.pop(0)
            if one in seen:
                continue
            seen.add(one)
            absence = self.away(one, at)
            if absence is None:
                yield one
            own = (absence.deputy if absence else None, deputy if one == person else None, self._deputies.get(one))
            line += [d for d in own if d]

    def turns(self, teams: Iterable[Team], others: Iterable[str]) -> Iterator[datetime]:
        """Every instant at which something here may change for these teams, or for ``others`` who have none."""
        people = set(others)
        for team in teams:
            overrides = self._overrides.get(team.id, ())
            yield from (moment for o in overrides for moment in (o.start, o.end))
            people |= {o.responder for o in overrides if o.responder}
            people |= {person for shift in team.shifts for person in (shift.responder, shift.deputy) if person}
        people |= {taker for (team_id, _, _), taker in self._swaps.items() if any(t.id == team_id for t in teams)}
        for person in self._all_in_line(people):
            yield from (moment for a in self._absences.get(person, ()) for moment in (a.start, a.end))

    def _all_in_line(self, people: set[str]) -> set[str]:
        """These people and everybody who might ever stand in for one of them."""
        found: set[str] = set()
        line = list(people)
        while line:
            one = line.pop()
            if one not in found:
                found.add(one)
                line += [a.deputy for a in self._absences.get(one, ()) if a.deputy]
                line += [self._deputies[one]] if one in self._deputies else []
        return found
