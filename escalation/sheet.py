"""The working sheet of one decision: the alert as it becomes, what is written down, whom to contact.

Built and consumed inside ``decide``; outside only the frozen ``Decision`` is seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from domain.alerts import TRANSITIONS, Alert, Entry, Severity, Stage, Subject, Track, TrackState, changed
from domain.contacts import Purpose
from domain.people import ContactPoint, Responder
from escalation.conditions import ALWAYS, Circumstances, When
from escalation.duty import Roster, usable
from escalation.plan_parts import HOME_ROLES, Plan, PlanTrack, Rule
from escalation.timeline import delta

#: news goes with the repeats: whoever is to come is asked before anybody hears who has come elsewhere (invariant 21)
LATER = 1
_STAGE_AFTER = {Stage.COMING, Stage.ARRIVED}


class Order(NamedTuple):
    """Reach one person. ``key`` is deterministic: deciding twice orders once (invariant 9)."""

    key: str
    purpose: Purpose
    track: str
    gen: int
    person: str
    role: str
    #: the ways to try, in order; the first is tried at once, the others when one has failed
    points: tuple[ContactPoint, ...]
    #: how often this person was asked on this track before (0: first, goes before any repeat and before all news)
    repeats: int = 0
    about: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A tier that should have had somebody and had not (P2, P3, P4)."""

    track: str
    role: str
    reason: str


class Joined(NamedTuple):
    """A person on duty whose tier has joined."""

    person: Responder
    role: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and why."""

    before: Alert | None
    alert: Alert
    entries: tuple[Entry, ...]
    orders: tuple[Order, ...]
    gaps: tuple[Gap, ...]
    reason: str

    @property
    def changed(self) -> bool:
        """Whether anything must be written."""
        return self.before is None or self.before.version != self.alert.version


def circumstances(subject: Subject, kind: str, severity: Severity, now: datetime, roster: Roster) -> Circumstances:
    """The case that a plan's conditions look at; the wall clock is the district's, wherever the server stands."""
    return Circumstances(kind, severity, now.astimezone(roster.zone), subject.facts, roster.calendar)


class Sheet:
    """Collects one decision. ``now`` never runs behind the alert's last decision (invariant 4)."""

    def __init__(self, before: Alert | None, alert: Alert, now: datetime, roster: Roster, plan: Plan) -> None:
        self.before = before
        self.now = max(now, alert.decided_at) if alert.decided_at else now
        self.roster = roster
        self.plan = plan
        #: by name, as they have become so far
        self.tracks = {track.name: track for track in alert.tracks}
        self._alert = alert
        #: changes not yet in ``_alert``: one new value for a whole decision is faster than one for each field
        self._changes: dict[str, Any] = {}
        self._entries: list[Entry] = []
        #: what the last line says; it also carries what changed
        self._written: dict[str, object] = {}
        self._orders: list[Order] = []
        self._gaps: list[Gap] = []
        self._duty: dict[str, tuple[Responder, ...]] = {}

    @property
    def alert(self) -> Alert:
        """The alert as it has become so far."""
        if self._changes:
            self._alert = changed(self._alert, **self._changes)
            self._changes = {}
        return self._alert

    def field(self, name: str) -> Any:
        """One field of the alert as it has become so far, without making the whole of it."""
        return self._changes[name] if name in self._changes else getattr(self._alert, name)

    def on_duty(self, role: str) -> tuple[Responder, ...]:
        """Who of ``role`` can be asked for this alert now; looked up once per decision."""
        found = self._duty.get(role)
        if found is None:
            alert = self._alert
            if role in HOME_ROLES:
                found = self._of_the_home(role)
            else:
                found = self.roster.on_duty(role, alert.subject, self.now, alert.drill)
            self._duty[role] = found
        return found

    def _of_the_home(self, role: str) -> tuple[Responder, ...]:
        """Whom the home itself names; else a team made for the role. Never everybody's family or key holders."""
        alert, marked = self._alert, f"{role}:"
        ids = [fact.removeprefix(marked) for fact in sorted(alert.subject.facts) if fact.startswith(marked)]
        people = [self.roster.responders[id] for id in ids if id in self.roster.responders]
        named = tuple([p for p in people if usable(p, role, alert.drill)])
        if named or role == "family" or not any(t.role == role for t in self.roster.teams):
            return named
        return self.roster.on_duty(role, alert.subject, self.now, alert.drill)

    def holds(self, when: When) -> bool:
        """Whether a condition of the plan holds, now and for this alert."""
        return when is ALWAYS or when.holds(self.case)

    @property
    def case(self) -> Circumstances:
        """What conditions may ask about, as it has become so far."""
        alert = self.alert
        return circumstances(alert.subject, alert.kind, alert.severity, self.now, self.roster)

    def learn(self, fact: str) -> None:
        """What somebody reported, if a condition of the plan asks for it: kept with the alert's facts."""
        subject: Subject = self.field("subject")
        if fact in self.plan.asks and fact not in subject.facts:
            self.set(subject=replace(subject, facts=subject.facts | {fact}))

    def resting(self, branch: PlanTrack) -> bool:
        """Whether a branch has nothing to do now: nobody to ask, or the whole ladder is claimed."""
        if not branch.needed and not any(self.on_duty(t.role) for t in branch.tiers):
            return True
        if not branch.rests:
            return False
        ladder = [t for t in self.tracks.values() if self.plan.branch(t.name) is None]
        live = [t for t in ladder if t.state is not TrackState.STOOD_DOWN]
        return bool(live) and all(t.state is TrackState.CLAIMED for t in live)

    @property
    def rule(self) -> Rule:
        """The waits that apply: those of the alert's severity."""
        return self.plan.rules[self.field("severity")]

    def write(self, type: str, by: str, note: str | None = None, **data: object) -> None:
        """Put a line into the timeline."""
        self._entries.append(Entry(type, by, self.now, data, note))
        self._written = data

    def set(self, **changes: Any) -> None:
        """Change fields of the alert."""
        self._changes.update(changes)

    def put(self, track: Track) -> None:
        """Replace (or add) a track, if the table of transitions allows it."""
        old = self.tracks.get(track.name)
        if (old.state if old else None, track.state) not in TRANSITIONS:
            raise AssertionError(f"{old and old.state} -> {track.state} is not a transition")
        self.tracks = {**self.tracks, track.name: track}
        self._changes["tracks"] = tuple(self.tracks.values())

    def gap(self, track: str, role: str, reason: str) -> None:
        """Report that nobody could be asked where somebody should be."""
        self._gaps.append(Gap(track, role, reason))
        self.write("gap", "engine", track=track, role=role, reason=reason)

    def contact(self, track: Track, spot: str, joined: Joined, times: int) -> None:
        """Order a contact at ``spot`` (round.step); ``times`` counts this person's on this track from 1."""
        id, points = joined.person.id, self._points(joined)
        key = f"{self._alert.id}/{track.name}/{track.gen}/{spot}/{id}/{points[0].channel}/{times}"
        self._orders.append(Order(key, Purpose.CONTACT, track.name, track.gen, id, joined.role, points, times - 1))

    def _points(self, joined: Joined) -> tuple[ContactPoint, ...]:
        """The person's ways named by the plan, in the plan's order; with none of them, any way at all."""
        mine = usable(joined.person, joined.role, self._alert.drill)
        named = tuple([p for channel in joined.channels for p in mine if p.channel == channel])
        return named or mine

    def wrote(self, types: frozenset[str]) -> bool:
        """Whether this decision has put a line of one of these types into the timeline."""
        return not types.isdisjoint([entry.type for entry in self._entries])

    def newest(self, types: frozenset[str]) -> Entry | None:
        """The last line of one of these types that this decision has written."""
        return next((entry for entry in reversed(self._entries) if entry.type in types), None)

    @property
    def addressed(self) -> frozenset[str]:
        """Who hears of this decision already."""
        return frozenset([order.person for order in self._orders])

    def ways(self, person: Responder, role: str) -> tuple[ContactPoint, ...]:
        """How this person may be reached for this alert; in a drill only by what is marked for it."""
        return usable(person, role, self._alert.drill)

    def order(self, order: Order) -> None:
        """One more letter."""
        self._orders.append(order)

    def happened(self) -> frozenset[str]:
        """What this decision has written down so far, and the steps it was told of."""
        steps = {str(e.data["step"]) for e in self._entries if "step" in e.data}
        return frozenset({e.type for e in self._entries} | steps)

    def tell(
        self, purpose: Purpose, track: Track, people: Mapping[str, str], about: Mapping[str, Any],
        channels: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Inform or stand down ``people`` (id and role), by a way that rings nobody up; best by ``channels``."""
        for id, role in people.items():
            person = self.roster.responders.get(id)
            points = usable(person, role, self._alert.drill) if person else ()
            quiet = tuple(p for p in points if p.channel != "voice")
            quiet = tuple(p for channel in channels for p in quiet if p.channel == channel) or quiet
            if quiet:
                word = "notice" if channels else str(purpose)
                spot = f"{word}.{self._alert.version + 1}/{id}/{quiet[0].channel}/1"
                key = f"{self._alert.id}/{track.name}/{track.gen}/{spot}"
                self._orders.append(Order(key, purpose, track.name, track.gen, id, role, quiet, LATER, about))

    def decision(self, reason: str) -> Decision:
        """Seal the sheet: version and decision time rise, the last line carries what changed (invariant 8)."""
        if self.before is self._alert and not self._changes and not self._entries:
            return Decision(self.before, self._alert, (), (), (), reason)
        self.set(stage=self._stage(), version=self._alert.version + 1, decided_at=self.now)
        if not self._entries:
            self.write("ticked", "engine")
        self._written["set"] = delta(self.before, self.alert)
        return Decision(self.before, self.alert, tuple(self._entries), tuple(self._orders), tuple(self._gaps), reason)

    def _stage(self) -> Stage:
        """What the lamp at home shows follows from the tracks."""
        if self.field("closed_at") is not None:
            return Stage.CLOSED
        if TrackState.CLAIMED not in [t.state for t in self.tracks.values()]:
            return Stage.CALLING
        stage: Stage = self.field("stage")
        return stage if stage in _STAGE_AFTER else Stage.CLAIMED
