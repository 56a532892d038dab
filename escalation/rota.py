"""The rota: what people ask about duty, and what they change in it, each change with its name and hour."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.people import DESK, LEADS, ContactPoint, Scope, Team, is_probe
from escalation.coverage import Gap, Watch, joined, subject_of, team_watches, watches
from escalation.duty import Roster
from escalation.staffing import Contacts, Staffing, gap_shown, roles_of, shared, shown, staffing, street_gaps
from escalation.standing import Standing, read_roster
from store import duty, proofs, register
from store.duty import Entry
from store.edition import touch
from store.ledger import Ledger, Tx
from store.references import unknown
from store.site_duty import SiteAbsence, SiteOverride, SiteSwap, entry_of

#: the tier that no edit may leave empty unasked
VITAL = "dispatch_120"
#: of a longer edit only so much is judged
_AHEAD = timedelta(days=31)
_LONGEST = 62


class Rota:
    """Answers and edits. ``configured`` says whether anything can be sent to a contact point at all."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, configured: Callable[[ContactPoint], bool]
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._configured = configured

    def report(self, tx: Tx, start: datetime, days: float, streets: Sequence[str] = ()) -> Staffing:
        """What is missing in the coming ``days``; without streets in all of them."""
        roster = self._standing.roster_at(tx, start)
        wanted = streets or register.street_codes(tx)
        roles = roles_of(self._plan(tx), roster)
        return staffing(roster, roles, wanted, start, start + timedelta(days=days), self._contacts(tx, roster))

    def on(self, scope: Scope, at: datetime, street: str | None = None) -> dict[str, Any]:
        """Who is, was or will be on at one instant, for each role and street."""
        with self._ledger.reading() as tx:
            roster = self._standing.roster_at(tx, at)
            streets: list[str | None] = [*(_streets(scope, street) or register.street_codes(tx))] or [None]
            roles = roles_of(self._plan(tx), roster)
        items = [
            {"role": role, "street": one, "people": [
                {"id": p.id, "name": p.name} for p in roster.look_up(role, subject_of(one), at)]}
            for one in streets for role in roles
        ]  # fmt: skip
        return {"at": at.isoformat(), "items": items}

    def coverage(self, scope: Scope, days: float = 14, street: str | None = None) -> dict[str, Any]:
        """The report for the streets of the asker."""
        streets = _streets(scope, street)
        with self._ledger.reading() as tx:
            told = shown(self.report(tx, self._clock.now(), min(days, _LONGEST), streets))
        for part in ("without_contact", "unproved"):
            told[part] = [r for r in told[part] if scope.sees(r["street"])]  # type: ignore[attr-defined]
        return told

    def calendar(
        self, scope: Scope, start: datetime | None, days: float = 7, street: str | None = None
    ) -> dict[str, Any]:
        """For each role and street, and for each team, who is on from when to when."""
        begin = start or self._clock.now()
        end = begin + timedelta(days=min(days, _LONGEST))
        with self._ledger.reading() as tx:
            turns = [begin, *duty.edits(tx, begin, end), end]
            parts = [(self._standing.roster_at(tx, since), since, until) for since, until in pairwise(turns)]
            streets: list[str | None] = [*(_streets(scope, street) or register.street_codes(tx))] or [None]
            last = parts[-1][0]
            roles = roles_of(self._plan(tx), last)
        names = {id: person.name for roster, _, _ in parts for id, person in roster.responders.items()}
        return {
            "from": begin.isoformat(), "until": end.isoformat(),
            "roles": [
                {"role": role, "street": one,
                 "watches": _shown(joined(watches(r, role, one, since, until) for r, since, until in parts), names)}
                for role in roles for one in streets
            ],
            "teams": [
                {"team": team.id, "role": team.role, "street": team.street,
                 "watches": _shown(joined(team_watches(r, team, since, until) for r, since, until in parts), names)}
                for team in last.teams if not is_probe(team.street) and (team.street is None or team.street in streets)
            ],
        }  # fmt: skip

    def absent(self, scope: Scope, said: SiteAbsence) -> dict[str, Any]:
        """Away in one step: never refused for the gaps that it leaves; they are told."""
        return self._lay_down(scope, said, lambda tx: self._may(tx, scope, said.responder, own=True))

    def override(self, scope: Scope, said: SiteOverride, allow_gaps: bool = False) -> dict[str, Any]:
        """Somebody else comes, comes too, or does not. Refused when it leaves an hour without 120 (P4)."""
        return self._lay_down(scope, said, lambda tx: self._may_team(tx, scope, said.team), not allow_gaps)

    def swap(self, scope: Scope, said: SiteSwap, allow_gaps: bool = False) -> dict[str, Any]:
        """One takes another's shift. Refused when it leaves an hour without 120 (P4)."""
        return self._lay_down(scope, said, lambda tx: self._may_team(tx, scope, said.team), not allow_gaps)

    def withdraw(self, scope: Scope, kind: str, id: str) -> dict[str, Any]:
        """Take an entry back; who may lay it down may take it back."""
        with self._ledger.transaction() as tx:
            known = duty.value_of(tx, kind, id)
            if known is None:
                raise NotFound(f"no {kind} {id!r}")
            if kind == "absence":
                self._may(tx, scope, known["responder"], own=True)
            else:
                self._may_team(tx, scope, known["team"])
            return self._kept(tx, scope, Entry(kind, id, None), vital=False)

    def prove(self, scope: Scope, responder: str, channel: str) -> dict[str, Any]:
        """Somebody tried these contact points and they work: the person, or a supervisor who spoke with them."""
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            self._may(tx, scope, responder, own=True)
            points = [p for p in register.people(tx).responders[responder].contacts if p.channel == channel]
            if not points:
                raise NotFound(f"{responder} has no contact point {channel!r}")
            for point in points:
                proofs.prove(tx, responder, channel, point.address, now)
        return {"responder": responder, "channel": channel, "proved_at": now.isoformat(), "by": scope.operator}

    def changes(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Who laid down what, and when; the newest first."""
        if scope.role not in DESK | {"auditor"}:
            raise Forbidden("your log-in may not see this list")
        many = max(1, min(limit, 500))
        with self._ledger.reading() as tx:
            rows = duty.page(tx, many, int(cursor) if cursor and cursor.isdigit() else None)
        items = [row | {"at": row["at"].isoformat(), "ends_at": None} for row in rows]
        return {"items": items, "next_cursor": str(rows[-1]["n"]) if len(rows) == many else None}

    def _lay_down(
        self, scope: Scope, said: SiteAbsence | SiteOverride | SiteSwap, may: Callable[[Tx], None], vital: bool = False
    ) -> dict[str, Any]:
        with self._ledger.transaction() as tx:
            people = register.people(tx)
            known = {"responder": set(people.responders), "team": {t.id for t in people.teams}}
            problems = list(unknown(said, known))
            if problems:
                raise Refused("; ".join(problems))
            may(tx)
            return self._kept(tx, scope, entry_of(said), vital)

    def _kept(self, tx: Tx, scope: Scope, entry: Entry, vital: bool) -> dict[str, Any]:
        """Lay it down, and tell the gaps that were not there before."""
        now = self._clock.now()
        window = self._window(entry.value or duty.value_of(tx, entry.kind, entry.subject) or {}, now)
        before = self._gaps(tx, entry, *window)
        duty.record(tx, [entry], now, scope.operator)
        touch(tx)
        fresh = [gap for gap in self._gaps(tx, entry, *window) if not any(within(gap, old) for old in before)]
        new = shared(fresh, register.street_codes(tx))
        if vital and (holes := [gap for gap in new if gap.role == VITAL]):
            raise Refused(vital_refusal(holes, self._standing.zone))
        value = {} if entry.value is None else dict(entry.value)
        done = {"id": entry.subject, **value, "by": scope.operator, "withdrawn": entry.value is None}
        return done | {"gaps": [gap_shown(gap) for gap in new]}

    def _window(self, value: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
        """From when to when an entry can change anything, as far as is worth looking."""
        named = ("from", "until", "date", "return_date")
        said = [datetime.fromisoformat(value[name]) for name in named if name in value]
        local = [at if at.tzinfo else at.replace(tzinfo=self._standing.zone) for at in said]
        start = max(now, min(local, default=now))
        # A swapped night shift ends on the day after.
        last = max(local, default=now) + (timedelta(days=2) if "date" in value else timedelta())
        return start, max(start, min(last, start + _AHEAD))

    def _gaps(self, tx: Tx, entry: Entry, start: datetime, end: datetime) -> list[Gap]:
        """Of the roles and streets that the entry is about: others wait for this transaction."""
        roster = read_roster(tx, self._standing.zone, self._clock.now())
        value = entry.value or duty.value_of(tx, entry.kind, entry.subject) or {}
        teams = concerned(roster, value)
        streets = {team.street for team in teams}
        named = [street for street in streets if street is not None] if None not in streets else []
        roles = list(dict.fromkeys(team.role for team in teams))
        if not teams and (person := roster.responders.get(value.get("responder", ""))):
            roles = [person.role]
        return roster_gaps(roster, roles, named or register.street_codes(tx), start, end)

    def _may(self, tx: Tx, scope: Scope, responder: str, own: bool) -> None:
        """One's own duty, or as a supervisor that of the people of one's streets."""
        if own and scope.responder == responder:
            return
        person = register.people(tx).responders.get(responder)
        if scope.role not in LEADS or person is None or not _rules(scope, person.street):
            raise Forbidden(f"only {responder} or a supervisor of that street may say so")

    def _may_team(self, tx: Tx, scope: Scope, id: str) -> None:
        team = next((t for t in register.people(tx).teams if t.id == id), None)
        if scope.role not in LEADS or team is None or not _rules(scope, team.street):
            raise Forbidden(f"only a supervisor of the street of team {id} may change its duty")

    def _contacts(self, tx: Tx, roster: Roster) -> Contacts:
        known = proofs.known_of(tx, dict(roster.responders))
        refused = frozenset(spot for spot, proof in known.items() if proof.broken_at)
        proved = frozenset(spot for spot, proof in known.items() if proof.proved_at and not proof.broken_at)
        return Contacts(self._configured, refused, proved)

    def _plan(self, tx: Tx) -> Any:
        try:
            return self._standing.in_force(tx, self._clock.now())
        except LookupError:
            return None  # no plan yet: the teams say which roles there are


def concerned(roster: Roster, value: Mapping[str, Any]) -> list[Team]:
    """The teams that an entry may change: the one it names, or those that count on the person."""
    if "team" in value:
        return [team for team in roster.teams if team.id == value["team"]]
    person, bent = value.get("responder"), roster.changes
    elsewhere = {o.team for o in bent.overrides if person == o.responder}
    elsewhere |= {s.team for s in bent.swaps if person in (s.giver, s.taker)}
    stands_in = {person} | {a.responder for a in bent.absences if a.deputy == person}
    stands_in |= {d.responder for d in bent.deputies if d.deputy == person}
    return [
        team
        for team in roster.teams
        if team.id in elsewhere or any(stands_in & {s.responder, s.deputy} for s in team.shifts)
    ]


def roster_gaps(
    roster: Roster, roles: Sequence[str], streets: Sequence[str], start: datetime, end: datetime
) -> list[Gap]:  # fmt: skip
    """The gaps of all these streets, each for itself."""
    return [gap for role in roles for gap in street_gaps(roster, role, streets, start, end)]


def vital_refusal(holes: Sequence[Gap], zone: ZoneInfo) -> str:
    """Which hours would be without 120, in the duty's own wall time, and what to do."""
    told = "; ".join(hours(gap, zone) for gap in holes[:20])
    return (
        f"120 could not be reached from {told}: name somebody who comes in their place,"
        " or say allow_gaps if it must be so"
    )


def hours(gap: Gap, zone: ZoneInfo) -> str:
    """From when to when, in wall time, and why nobody is there."""
    start, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (gap.start, gap.end))
    return f"{start} to {end} ({gap.reason.replace('_', ' ')})"


def within(gap: Gap, old: Gap) -> bool:
    """Whether ``old`` had this hole already."""
    same = (gap.role, gap.street) == (old.role, old.street)
    return same and old.start <= gap.start and gap.end <= old.end


def _rules(scope: Scope, street: str | None) -> bool:
    """Whole-district people and teams belong to those who answer for every street."""
    return not scope.streets or (street is not None and street in scope.streets)


def _streets(scope: Scope, street: str | None) -> tuple[str, ...]:
    """The streets asked for, within those of the log-in; none: all."""
    if street is None:
        return scope.streets
    if not scope.sees(street):
        raise Forbidden(f"street {street} is not yours")
    return (street,)


def _shown(on: Sequence[Watch], names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"from": w.start.isoformat(), "until": w.end.isoformat(),
         "people": [{"id": id, "name": names.get(id, id)} for id in w.people]}
        for w in on
    ]  # fmt: skip
