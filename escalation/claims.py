"""Claims: who has it, for how long, and how it goes back to the ladder.

Pure. A claim changes hands only by claim-from-free, accept by the offered person, release
by the holder, or expiry (invariant 13).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.alerts import Actor, Alert, Called, Stage, Step, Track, TrackState
from domain.contacts import Purpose
from domain.errors import Forbidden, Held, Refused
from escalation.command import Accept, Claim, Offer, Progress, Release
from escalation.ladder import advance
from escalation.sheet import Sheet

_ARRIVED = {Step.AT_DOOR, Step.INSIDE, Step.WITH_RESIDENT, Step.AT_HOSPITAL}


def claim(sheet: Sheet, command: Claim) -> str:
    """Take every track meant. Taking again what one has changes nothing (P23)."""
    actor = require_person(command.actor)
    meant = _meant(sheet, command)
    free = [t for t in meant if t.state is TrackState.CALLING]
    if not free:
        others = [t for t in meant if t.state is TrackState.CLAIMED and t.claimant != actor.id]
        if others:
            raise held(others[0])
        if not meant:
            raise Refused("no track of this alert is calling; read the alert again")
        return "already yours"
    for track in free:
        _take(sheet, track, actor)
    names = [t.name for t in free]
    sheet.write("claimed", actor.id, name=actor.name, role=actor.role, proof=command.proof, tracks=names)
    return "claimed"


def _meant(sheet: Sheet, command: Claim) -> Sequence[Track]:
    """The named track; else the one of the caller's role; else every calling one, else every claimed one.

    Who answers a call about a track that has meanwhile given way to others means those. A branch is meant by name,
    and by who was asked only there: whoever takes the alert does not thereby open the door.
    """
    alert = sheet.alert
    live = [t for t in alert.tracks if t.state is not TrackState.STOOD_DOWN]
    named = alert.track(command.track) if command.track is not None else None
    if command.track is not None and (named is None or named in live):
        if named is None:
            raise Refused(f"this alert has no track {command.track!r}; its tracks: {[t.name for t in live]}")
        return [named]
    live = [t for t in live if (sheet.plan.branch(t.name) is not None) is only_beside(sheet, command.actor.id)]
    mine = [t for t in live if t.name == command.actor.role]
    calling = [t for t in live if t.state is TrackState.CALLING]
    return mine or calling or live


def only_beside(sheet: Sheet, person: str) -> bool:
    """Whether this person was asked, or has something, on branches and on no track of the ladder."""
    if not sheet.plan.branches:
        return False
    mine = [t for t in sheet.alert.tracks if person in t.called or person in (t.claimant, t.offer_to)]
    return bool(mine) and all(sheet.plan.branch(t.name) for t in mine)


def _take(sheet: Sheet, track: Track, actor: Actor) -> None:
    """Claim a free track, or one that was offered: what the giver's claim took does not count for the tiers.

    Who takes it has not said "cannot" any more.
    """
    called = track.called
    if (known := called.get(actor.id)) is not None and known.unanswered:
        called = {**called, actor.id: known._replace(failed=False, declined=False, missed=False)}
    taken = replace(
        track, called=called, state=TrackState.CLAIMED, gen=track.gen + 1, next_at=None,
        started_at=track.started_at + _paused(sheet, track), claimed_at=sheet.now,
        claimant=actor.id, claimant_name=actor.name, claimant_role=actor.role,
        claim_until=sheet.now + sheet.rule.claim_for, offer_to=None, offer_until=None,
    )  # fmt: skip
    sheet.put(taken)
    others = {id: role for id, role in involved(track).items() if id != actor.id}
    sheet.tell(Purpose.INFORM, taken, others, {"event": "claimed", "by": actor.id, "name": actor.name})


def _paused(sheet: Sheet, track: Track) -> timedelta:
    return sheet.now - track.claimed_at if track.claimed_at else timedelta(0)


def involved(track: Track) -> dict[str, str]:
    """Everybody who knows of this track, with their roles: who was called, and who holds it."""
    people = {id: c.role for id, c in track.called.items()}
    if track.claimant:
        people.setdefault(track.claimant, track.claimant_role or "")
    return people


def tell_claimant(sheet: Sheet, track: Track, about: Mapping[str, object]) -> None:
    """The holder hears it, also one who was never called."""
    people = {id: role for id, role in involved(track).items() if id == track.claimant}
    sheet.tell(Purpose.INFORM, track, people, about)


def progress(sheet: Sheet, command: Progress) -> str:
    """Report a step and renew the claim."""
    mine = _held_by(sheet.alert, require_person(command.actor))
    for track in mine:
        sheet.put(replace(track, claim_until=sheet.now + sheet.rule.claim_for))
    if command.step in _ARRIVED:
        sheet.set(stage=Stage.ARRIVED)
    elif command.step is Step.EN_ROUTE and sheet.alert.stage is not Stage.ARRIVED:
        sheet.set(stage=Stage.COMING)
    sheet.learn(f"step:{command.step}")
    sheet.write("progress", command.actor.id, command.note, step=command.step, tracks=[t.name for t in mine])
    return "renewed"


def release(sheet: Sheet, command: Release) -> str:
    """Give it back: calling resumes at once from where it stood, without the releaser."""
    actor = require_person(command.actor)
    claimed = [t for t in sheet.alert.tracks if t.state is TrackState.CLAIMED]
    mine = [t for t in claimed if (command.force or t.claimant == actor.id) and command.track in (None, t.name)]
    if not mine:
        raise held(claimed[0]) if claimed else Refused("nobody holds this alert; there is nothing to release")
    sheet.write("released", actor.id, tracks=[t.name for t in mine])
    for track in mine:
        if track.claimant != actor.id:
            tell_claimant(sheet, track, {"event": "released", "by": actor.id, "name": actor.name})
        resume(sheet, track, away=track.claimant)
    return "released"


def expire(sheet: Sheet, track: Track) -> None:
    """The claim ran out without progress: tell the claimant, and call again from where it stood (P8)."""
    sheet.write("claim_expired", "engine", track=track.name, claimant=track.claimant)
    tell_claimant(sheet, track, {"event": "expired"})
    resume(sheet, track, away=None)


def resume(sheet: Sheet, track: Track, away: str | None) -> None:
    """Back to CALLING; the time the claim took does not count for the tiers. ``away`` sits this wave out.

    A track that gave way to those of a higher severity, all of which run, stands down instead.
    """
    if track.name not in sheet.plan.names_from(sheet.alert.severity) and sheet.plan.branch(track.name) is None:
        sheet.put(stood_down(track))
        return
    called = dict(track.called)
    if away is not None and away in sheet.roster.responders:
        known = called.get(away) or Called(track.claimant_role or "", sheet.now, 0)
        called[away] = known._replace(declined=True, failed=True)
    back = unclaimed(
        track, state=TrackState.CALLING, gen=track.gen + 1, started_at=track.started_at + _paused(sheet, track),
        called=called,
    )  # fmt: skip
    advance(sheet, back, everybody=True)


def unclaimed(track: Track, **changes: Any) -> Track:
    """The track without claimant and offer, and with ``changes``."""
    return replace(
        track, claimed_at=None, claimant=None, claimant_name=None, claimant_role=None, claim_until=None,
        offer_to=None, offer_until=None, **changes,
    )  # fmt: skip


def stood_down(track: Track) -> Track:
    """The track at its end: no claimant, no timer, and every contact of it void."""
    return unclaimed(track, state=TrackState.STOOD_DOWN, gen=track.gen + 1, next_at=None, round_at=None)


def offer(sheet: Sheet, command: Offer) -> str:
    """Offer what one holds; the giver keeps the duty until the other accepts."""
    actor, to = require_person(command.actor), require_person(command.to)
    mine = _held_by(sheet.alert, actor)
    if to.id == actor.id:
        raise Refused("offer it to somebody else; you have it already")
    for track in mine:
        until = sheet.now + sheet.rule.offer_for
        sheet.put(replace(track, offer_to=to.id, offer_until=min(until, track.claim_until or until)))
    about = {"event": "offered", "by": actor.id, "name": actor.name}
    sheet.tell(Purpose.INFORM, mine[0], {to.id: to.role or ""}, about)
    sheet.write("offered", actor.id, to=to.id, tracks=[t.name for t in mine])
    return "offered"


def accept(sheet: Sheet, command: Accept) -> str:
    """The offered person takes over; nobody else can."""
    actor = require_person(command.actor)
    offered = [t for t in sheet.alert.tracks if t.offer_to == actor.id and (t.offer_until or sheet.now) > sheet.now]
    if not offered:
        raise Refused("nothing is offered to you any more; ask the holder to offer it again")
    for track in offered:
        _take(sheet, track, actor)
    sheet.write("accepted", actor.id, name=actor.name, tracks=[t.name for t in offered])
    return "accepted"


def drop_offer(sheet: Sheet, track: Track) -> None:
    """An offer nobody took: the holder keeps it."""
    sheet.write("offer_expired", "engine", track=track.name, to=track.offer_to)
    sheet.put(replace(track, offer_to=None, offer_until=None))


def require_person(actor: Actor) -> Actor:
    """Only persons act (invariant 3)."""
    if not actor.person:
        raise Forbidden("only a person can do this")
    return actor


def held(track: Track) -> Held:
    """Who has it, and until when."""
    return Held(track.claimant or "", track.claimant_name or "", track.claim_until)


def _held_by(alert: Alert, actor: Actor) -> list[Track]:
    claimed = [t for t in alert.tracks if t.state is TrackState.CLAIMED]
    mine = [t for t in claimed if t.claimant == actor.id]
    if mine:
        return mine
    raise held(claimed[0]) if claimed else Refused("nobody holds this alert; claim it first")
