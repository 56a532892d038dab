"""The working sheet of one decision: the alert as it becomes, what is written down, whom to contact.

Built and consumed inside ``decide``; outside only the frozen ``Decision`` is seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.alerts import TRANSITIONS, Alert, Entry, Stage, Track, TrackState
from domain.contacts import Purpose
from domain.people import ContactPoint, Responder
from escalation.duty import Roster, usable
from escalation.plan import Plan, Rule
from escalation.timeline import delta

_STAGE_AFTER = {Stage.COMING, Stage.ARRIVED}


@dataclass(frozen=True, slots=True)
class Order:
    """Reach one person. ``key`` is deterministic: deciding twice orders once (invariant 9)."""

    key: str
    purpose: Purpose
    track: str
    gen: int
    person: str
    role: str
    #: the ways to try, in order; the first is tried at once, the others when one has failed
    points: tuple[ContactPoint, ...]
    #: how often this person was asked on this track before (0: first, goes before any repeat)
    repeats: int = 0
    about: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A tier that should have had somebody and had not (P2, P3, P4)."""

    track: str
    role: str
    reason: str


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


class Sheet:
    """Collects one decision. ``now`` never runs behind the alert's last decision (invariant 4)."""

    def __init__(self, before: Alert | None, alert: Alert, now: datetime, roster: Roster, plan: Plan) -> None:
        self.before = before
        self.alert = alert
        self.now = max(now, alert.decided_at) if alert.decided_at else now
        self.roster = roster
        self.plan = plan
        self._entries: list[Entry] = []
        self._orders: list[Order] = []
        self._gaps: list[Gap] = []
        self._duty: dict[str, tuple[Responder, ...]] = {}

    def on_duty(self, role: str) -> tuple[Responder, ...]:
        """Who of ``role`` can be asked for this alert now; looked up once per decision."""
        if role not in self._duty:
            alert = self.alert
            self._duty[role] = self.roster.on_duty(role, alert.subject, self.now, alert.drill)
        return self._duty[role]

    @property
    def rule(self) -> Rule:
        """The waits that apply: those of the alert's severity."""
        return self.plan.rule(self.alert.severity)

    def write(self, type: str, by: str, note: str | None = None, **data: object) -> None:
        """Put a line into the timeline."""
        self._entries.append(Entry(type, by, self.now, data, note))

    def set(self, **changes: Any) -> None:
        """Change fields of the alert."""
        self.alert = replace(self.alert, **changes)

    def put(self, track: Track) -> None:
        """Replace (or add) a track, if the table of transitions allows it."""
        old = self.alert.track(track.name)
        if ((old.state if old else None), track.state) not in TRANSITIONS:
            raise AssertionError(f"{old and old.state} -> {track.state} is not a transition")
        others = self.alert.tracks
        tracks = tuple(track if t.name == track.name else t for t in others) if old else (*others, track)
        self.set(tracks=tracks)

    def gap(self, track: str, role: str, reason: str) -> None:
        """Report that nobody could be asked where somebody should be."""
        self._gaps.append(Gap(track, role, reason))
        self.write("gap", "engine", track=track, role=role, reason=reason)

    def contact(self, track: Track, person: Responder, role: str, channels: tuple[str, ...], times: int) -> str:
        """Order a contact and return its key; ``times`` counts this person's contacts on this track from 1."""
        points = self._points(person, role, channels)
        spot = f"{track.round}.{track.joined}/{person.id}/{points[0].channel}/{times}"
        key = f"{self.alert.id}/{track.name}/{track.gen}/{spot}"
        self._orders.append(Order(key, Purpose.CONTACT, track.name, track.gen, person.id, role, points, times - 1))
        return key

    def _points(self, person: Responder, role: str, channels: tuple[str, ...]) -> tuple[ContactPoint, ...]:
        """The person's ways named by the plan, in the plan's order; with none of them, any way at all."""
        mine = usable(person, role, self.alert.drill)
        named = tuple(p for channel in channels for p in mine if p.channel == channel)
        return named or mine

    def tell(self, purpose: Purpose, track: Track, about: Mapping[str, Any], but: str | None = None) -> None:
        """Inform or stand down everybody who was contacted on ``track``, by a way that rings nobody up."""
        for id, called in track.called.items():
            person = self.roster.responders.get(id)
            if person is None or id == but:
                continue
            self._tell_one(purpose, track, person, called.role, about)

    def _tell_one(self, purpose: Purpose, track: Track, person: Responder, role: str, about: Mapping[str, Any]) -> None:
        quiet = tuple(p for p in usable(person, role, self.alert.drill) if p.channel != "voice")
        if not quiet:
            return
        key = f"{self.alert.id}/{track.name}/{track.gen}/{purpose}.{self.alert.version + 1}/{person.id}/{quiet[0].channel}/1"
        self._orders.append(Order(key, purpose, track.name, track.gen, person.id, role, quiet, 0, about))

    def decision(self, reason: str) -> Decision:
        """Seal the sheet: version and decision time rise, the last line carries what changed (invariant 8)."""
        if self.before is self.alert and not self._entries:
            return Decision(self.before, self.alert, (), (), (), reason)
        self._stage()
        self.set(version=self.alert.version + 1, decided_at=self.now)
        if not self._entries:
            self.write("ticked", "engine")
        last = self._entries[-1]
        self._entries[-1] = replace(last, data={**last.data, "set": delta(self.before, self.alert)})
        return Decision(self.before, self.alert, tuple(self._entries), tuple(self._orders), tuple(self._gaps), reason)

    def _stage(self) -> None:
        """What the lamp at home shows follows from the tracks."""
        alert = self.alert
        if not alert.open:
            stage = Stage.CLOSED
        elif not any(t.state is TrackState.CLAIMED for t in alert.tracks):
            stage = Stage.CALLING
        else:
            stage = alert.stage if alert.stage in _STAGE_AFTER else Stage.CLAIMED
        if stage is not alert.stage:
            self.set(stage=stage)
