"""The rail: an alert's plan as a person follows it down the page. What was done, what is being done, what comes when.

Pure. It reads the same plan and the same tracks as the ladder and decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alerts import Alert, Track, TrackState
from escalation.conditions import ALWAYS
from escalation.plan_parts import Plan, PlanTrack, Tier


@dataclass(frozen=True, slots=True)
class RailStep:
    """One stop of the rail."""

    track: str
    #: a role; ``held`` for the claim, ``everybody`` for the next round
    role: str
    #: ``past`` ``now`` ``next``, or ``spared``: not needed while somebody has it
    place: str
    #: when it was done, or will be; None for what is spared
    at: datetime | None
    #: ids of the people who were asked, or who has it
    people: tuple[str, ...] = ()
    #: under which condition it joins; empty: always
    when: str = ""


def rail(plan: Plan, alert: Alert) -> list[RailStep]:
    """All tracks that live or lived; ladder before branches, each from its first step."""
    ladder = {track.name for track in plan.tracks}
    tracks = sorted((t for t in alert.tracks if t.called or _live(t)), key=lambda t: t.name not in ladder)
    return [step for track in tracks for step in _of_track(plan, track)]


def _live(track: Track) -> bool:
    return track.state is not TrackState.STOOD_DOWN


def _of_track(plan: Plan, track: Track) -> Iterator[RailStep]:
    line = plan.track(track.name) or plan.tracks[0]
    yield from _joined(track, line)
    if track.state is TrackState.CLAIMED:
        yield RailStep(track.name, "held", "now", track.claim_until, (track.claimant or "",))
    yield from _to_come(track, line)
    if track.state is TrackState.CALLING:
        at = track.round_at or (track.next_at if track.joined >= len(line.tiers) else None)
        yield RailStep(track.name, "everybody", "next", at)


def _joined(track: Track, line: PlanTrack) -> Iterator[RailStep]:
    calling = track.state is TrackState.CALLING
    for n, tier in enumerate(line.tiers[: track.joined], 1):
        asked = {id: c for id, c in track.called.items() if c.role == tier.role}
        at = max((c.at for c in asked.values()), default=track.started_at + tier.after)
        place = "now" if calling and n == track.joined else "past"
        yield RailStep(track.name, tier.role, place, at, tuple(asked), _condition(tier))


def _to_come(track: Track, line: PlanTrack) -> Iterator[RailStep]:
    calling = track.state is TrackState.CALLING
    for tier in line.tiers[track.joined :]:
        turn = track.started_at + tier.after - timedelta(seconds=track.saved)
        place = "next" if calling else "spared"
        yield RailStep(track.name, tier.role, place, turn if calling else None, (), _condition(tier))


def _condition(tier: Tier) -> str:
    return "" if tier.when == ALWAYS else tier.when.words()
