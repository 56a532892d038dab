"""The ladder: tiers join one after another, and everybody is asked again, until somebody has it.

Pure. ``advance`` is the one place where it is decided whom to contact now.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.alerts import Called, Track, TrackState
from domain.people import Responder
from escalation.plan import PlanTrack, Tier
from escalation.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Joined:
    """A person on duty whose tier has joined."""

    person: Responder
    role: str
    channels: tuple[str, ...]


def start(sheet: Sheet, plan_track: PlanTrack) -> None:
    """Open a track and contact its first tier in the same decision."""
    track = Track(plan_track.name, TrackState.CALLING, sheet.now, next_at=sheet.now)
    sheet.put(track)
    advance(sheet, track)


def advance(sheet: Sheet, track: Track, everybody: bool = False) -> None:
    """Let every tier whose turn has come join, contact who may be contacted, set the next look.

    After a downtime one call activates all tiers that have passed, one contact each, no replay.
    ``everybody``: contact all who have joined, as after a claim that ran out.
    """
    plan_track = tiers_of(sheet, track)
    again = track.round_at is not None and track.round_at <= sheet.now
    grown = _join(sheet, track, plan_track)
    if again and grown.joined == track.joined:
        grown = replace(grown, round=grown.round + 1)
    present = list(_present(sheet, grown, plan_track))
    if not present and grown.joined == len(plan_track.tiers):
        present = list(_last_resort(sheet, grown))
    wanted = everybody or again or grown.joined > track.joined
    chosen = [j for j in present if _may(sheet, grown, j, wanted, again)]
    if not chosen and not wanted:
        # Nothing was due but a look: the longest silence allowed has passed, so ask again.
        chosen = [j for j in present if _may(sheet, grown, j, True, again)]
    _ask(sheet, grown, chosen, wanted or bool(chosen), present, len(plan_track.tiers))


def _ask(sheet: Sheet, track: Track, chosen: list[Joined], wanted: bool, present: list[Joined], tiers: int) -> None:
    called, keys = dict(track.called), []
    for joined in chosen:
        before = called.get(joined.person.id)
        times = (before.times if before else 0) + 1
        keys.append(sheet.contact(track, joined.person, joined.role, joined.channels, times))
        called[joined.person.id] = Called(joined.role, sheet.now, times)
    whole = track.joined == tiers
    round_at = sheet.now + sheet.rule.repeat_every if whole and wanted else track.round_at
    if wanted and whole and not chosen:
        # Everybody was asked a moment ago: begin the round when the first may be asked again.
        soon = [called[j.person.id].at + sheet.rule.min_gap for j in present if j.person.id in called]
        round_at = max(min(soon, default=round_at or sheet.now), sheet.now + timedelta(seconds=1)) if soon else round_at
    track = replace(track, called=called, round_at=round_at if whole else None, last_at=sheet.now)
    sheet.put(replace(track, next_at=_next_look(sheet, track, present)))
    if chosen:
        people = [j.person.id for j in chosen]
        sheet.write("called", "engine", track=track.name, people=people, roles=sorted({j.role for j in chosen}))


def failed(sheet: Sheet, track: Track, person: str, declined: bool) -> None:
    """One person cannot be reached, or cannot come. The last one of a step pulls the next tier forward."""
    called = dict(track.called)
    known = called.get(person)
    if known is None:
        return
    called[person] = replace(known, failed=True, declined=declined or known.declined)
    track = replace(track, called=called)
    plan_track = tiers_of(sheet, track)
    wave = [c for c in called.values() if c.at == max(c.at for c in called.values())]
    if all(c.failed for c in wave) and track.joined < len(plan_track.tiers):
        turn = _turn(track, plan_track.tiers[track.joined])
        early = max(0.0, (turn - sheet.now).total_seconds())
        advance(sheet, replace(track, saved=track.saved + early))
        return
    present = list(_present(sheet, track, plan_track))
    sheet.put(replace(track, next_at=_next_look(sheet, track, present)))


def tiers_of(sheet: Sheet, track: Track) -> PlanTrack:
    """The plan's steps for a track; a track the plan does not know runs those of the first one."""
    return sheet.plan.track(track.name) or sheet.plan.tracks[0]


def _turn(track: Track, tier: Tier) -> datetime:
    return track.started_at + tier.after - timedelta(seconds=track.saved)


def _join(sheet: Sheet, track: Track, plan_track: PlanTrack) -> Track:
    """Let the tiers join whose turn has come; an empty one adds no wait for the next (P3)."""
    tiers = plan_track.tiers
    while track.joined < len(tiers) and _turn(track, tiers[track.joined]) <= sheet.now:
        tier = tiers[track.joined]
        people = sheet.on_duty(tier.role)
        track = replace(track, joined=track.joined + 1)
        if len(people) < tier.min_contacts:
            sheet.gap(track.name, tier.role, "nobody on duty" if not people else "too few on duty")
        if not people and track.joined < len(tiers):
            wait = (_turn(track, tiers[track.joined]) - sheet.now).total_seconds()
            track = replace(track, saved=track.saved + max(0.0, wait))
    return track


def _present(sheet: Sheet, track: Track, plan_track: PlanTrack) -> Iterator[Joined]:
    """Everybody on duty now in a tier that has joined, each once."""
    seen: set[str] = set()
    for tier in plan_track.tiers[: track.joined]:
        for person in sheet.on_duty(tier.role):
            if person.id not in seen:
                seen.add(person.id)
                yield Joined(person, tier.role, tier.channels)


def _last_resort(sheet: Sheet, track: Track) -> Iterator[Joined]:
    """Nobody in any tier: the duty supervisor, and a gap that the console sounds for (P2)."""
    people = sheet.on_duty("duty_supervisor")
    sheet.gap(track.name, "duty_supervisor", "every tier is empty" if people else "nobody at all is on duty")
    yield from (Joined(p, "duty_supervisor", ()) for p in people)


def _may(sheet: Sheet, track: Track, joined: Joined, wanted: bool, again: bool) -> bool:
    """Whether this person is contacted now: a first contact always, a repeat at a distance (invariant 18)."""
    known = track.called.get(joined.person.id)
    if known is None:
        return True
    if known.at + sheet.rule.min_gap > sheet.now or (known.declined and not again):
        return False
    return wanted or (known.failed and known.at + sheet.rule.retry_after <= sheet.now)


def _next_look(sheet: Sheet, track: Track, present: list[Joined]) -> datetime:
    """The next tier's turn, the next round or the next retry; never later than ``max_gap`` (invariant 5)."""
    plan_track = tiers_of(sheet, track)
    looks = [(track.last_at or sheet.now) + sheet.plan.max_gap]
    if track.joined < len(plan_track.tiers):
        looks.append(_turn(track, plan_track.tiers[track.joined]))
    elif track.round_at:
        looks.append(track.round_at)
    looks += [
        _retry_at(sheet, c) for j in present if (c := track.called.get(j.person.id)) and c.failed and not c.declined
    ]
    return max(min(looks), sheet.now)


def _retry_at(sheet: Sheet, called: Called) -> datetime:
    return called.at + max(sheet.rule.retry_after, sheet.rule.min_gap)
