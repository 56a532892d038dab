"""What would happen: the plan run on a virtual clock while nobody answers, contact by contact, each with its reason.

Pure, and the same ``decide`` that runs real alerts; a test holds real runs to it event by event (P31).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.alerts import Alert, Severity, Subject, TrackState
from domain.contacts import Purpose
from domain.events import Kind
from escalation.command import Raise, Tick
from escalation.decide import decide, raise_alert
from escalation.duty import Roster
from escalation.plan_parts import Plan
from escalation.sheet import Decision, Order

#: a plan whose rounds come this slowly is shown as far as this
_MOST = 500
_TOLD = frozenset({"gap", "branch_began", "branch_rests"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happens, ``after`` seconds since the alert was raised."""

    after: float
    at: datetime
    #: ``contact`` ``inform`` ``gap`` ``branch_began`` ``branch_rests``
    what: str
    track: str
    role: str
    #: ``step`` ``pulled_forward`` ``next_step`` ``round`` ``retry`` ``last_resort`` ``notice``; of a gap its reason
    why: str
    responder: str | None = None
    name: str | None = None
    #: the ways that are tried, in order; the first at once
    channels: tuple[str, ...] = ()
    #: how often this person was asked on this track before
    repeats: int = 0
    key: str | None = None
    #: what the reason speaks of: the step's number and its ``after``, the condition that holds
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A whole run."""

    plan: str
    subject: Subject
    kind: Kind
    severity: Severity
    at: datetime
    lines: tuple[Line, ...]

    @property
    def contacts(self) -> tuple[Line, ...]:
        """Who is asked to come, in order."""
        return tuple(line for line in self.lines if line.what == "contact")


def rehearse(
    plan: Plan, roster: Roster, subject: Subject, kind: Kind, at: datetime, rounds: int = 1
) -> Rehearsal:  # fmt: skip
    """From the press until every track of the ladder has begun its ``rounds``-th repetition; nobody answers."""
    at = at.astimezone(UTC)
    decision = raise_alert("rehearsal", subject, Raise(kind, "rehearsal"), at, roster, plan)
    severity, lines = decision.alert.severity, list(_lines(plan, roster, decision, at))
    for _ in range(_MOST):
        due = next_due(decision.alert)
        if due is None or _done(plan, decision.alert, rounds):
            break
        decision = decide(decision.alert, Tick(), due, roster, plan)
        lines += _lines(plan, roster, decision, at)
    return Rehearsal(plan.version, subject, kind, severity, at, tuple(lines))


def next_due(alert: Alert) -> datetime | None:
    """When the engine must look at it again."""
    return min((t.due_at for t in alert.tracks if t.due_at), default=None)


def _done(plan: Plan, alert: Alert, rounds: int) -> bool:
    """Whether every track of the ladder has had all its steps and its rounds."""
    ladder = [t for t in alert.tracks if t.state is TrackState.CALLING and plan.branch(t.name) is None]
    return all(t.round >= rounds and t.round_at is not None for t in ladder)


def _lines(plan: Plan, roster: Roster, decision: Decision, start: datetime) -> Iterator[Line]:
    now = decision.alert.decided_at or start
    after = (now - start).total_seconds()
    for entry in decision.entries:
        if entry.type in _TOLD:
            role, why = str(entry.data.get("role", "")), str(entry.data.get("reason", entry.data.get("why", "")))
            yield Line(after, now, entry.type, str(entry.data.get("track", "")), role, why)
    for order in decision.orders:
        person = roster.responders.get(order.person)
        why, detail = _reason(plan, decision, order)
        what = "contact" if order.purpose is Purpose.CONTACT else "inform"
        ways = tuple(p.channel for p in order.points)
        yield Line(
            after, now, what, order.track, order.role, why, order.person, person.name if person else None, ways,
            order.repeats, order.key, detail,
        )  # fmt: skip


def _reason(plan: Plan, decision: Decision, order: Order) -> tuple[str, Mapping[str, Any]]:
    """Why this person is asked now: read from the decision, never guessed from the time."""
    if order.purpose is not Purpose.CONTACT:
        return "notice", dict(order.about or {})
    before = decision.before.track(order.track) if decision.before else None
    track = decision.alert.track(order.track)
    tiers = (plan.track(order.track) or plan.tracks[0]).tiers
    joined_before, joined = (before.joined if before else 0), (track.joined if track else 0)
    place = next((n for n, tier in enumerate(tiers[:joined]) if tier.role == order.role), None)
    if place is None:
        return "last_resort", {}
    step: dict[str, Any] = {"step": place + 1, "after": tiers[place].after.total_seconds()}
    if tiers[place].when.words() != "always":
        step["when"] = tiers[place].when.words()
    if order.repeats == 0:
        early = track is not None and track.saved > 0 and tiers[place].after.total_seconds() > 0
        return ("pulled_forward" if early else "step"), step
    if joined > joined_before:
        return "next_step", step
    if track is not None and before is not None and track.round > before.round:
        return "round", step | {"round": track.round}
    return "retry", step
