"""Claims: who has it, for how long, and how it goes back to the ladder.

Pure. A claim changes hands only by claim-from-free, accept by the offered person, release
by the holder, or expiry (invariant 13).
"""

from collections.abc import Sequence
from dataclasses import replace

from domain.alerts import Actor, Alert, Stage, Step, Track, TrackState
from domain.contacts import Purpose
from domain.errors import Forbidden, Held, Refused
from escalation.command import Accept, Claim, Offer, Progress, Release
from escalation.ladder import advance
from escalation.sheet import Sheet

_ARRIVED = {Step.AT_DOOR, Step.INSIDE, Step.WITH_RESIDENT, Step.AT_HOSPITAL}


def claim(sheet: Sheet, command: Claim) -> str:
    """Take every track meant. Taking again what one has changes nothing (P23)."""
    actor = require_person(command.actor)
    meant = _meant(sheet.alert, command)
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


def _meant(alert: Alert, command: Claim) -> Sequence[Track]:
    """The named track; else the one of the caller's role; else every calling one, else every claimed one."""
    live = [t for t in alert.tracks if t.state is not TrackState.STOOD_DOWN]
    if command.track is not None:
        named = [t for t in live if t.name == command.track]
        if not named:
            raise Refused(f"this alert has no open track {command.track!r}; its tracks: {[t.name for t in live]}")
        return named
    mine = [t for t in live if t.name == command.actor.role]
    calling = [t for t in live if t.state is TrackState.CALLING]
    return mine or calling or live


def _take(sheet: Sheet, track: Track, actor: Actor) -> None:
    taken = replace(
        track, state=TrackState.CLAIMED, gen=track.gen + 1, next_at=None, claimed_at=sheet.now,
        claimant=actor.id, claimant_name=actor.name, claimant_role=actor.role,
        claim_until=sheet.now + sheet.rule.claim_for,
    )  # fmt: skip
    sheet.put(taken)
    sheet.tell(Purpose.INFORM, taken, {"event": "claimed", "by": actor.id, "name": actor.name}, but=actor.id)


def progress(sheet: Sheet, command: Progress) -> str:
    """Report a step and renew the claim."""
    mine = _held_by(sheet.alert, require_person(command.actor))
    for track in mine:
        sheet.put(replace(track, claim_until=sheet.now + sheet.rule.claim_for))
    if command.step in _ARRIVED:
        sheet.set(stage=Stage.ARRIVED)
    elif command.step is Step.EN_ROUTE and sheet.alert.stage is not Stage.ARRIVED:
        sheet.set(stage=Stage.COMING)
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
        resume(sheet, track, away=track.claimant)
    return "released"


def expire(sheet: Sheet, track: Track) -> None:
    """The claim ran out without progress: tell the claimant, and call again from where it stood (P8)."""
    sheet.write("claim_expired", "engine", track=track.name, claimant=track.claimant)
    resume(sheet, track, away=None)


def resume(sheet: Sheet, track: Track, away: str | None) -> None:
    """Back to CALLING; the time the claim took does not count for the tiers. ``away`` sits this wave out."""
    paused = sheet.now - (track.claimed_at or sheet.now)
    called = dict(track.called)
    if away in called:
        called[away] = replace(called[away], declined=True, failed=True)
    back = replace(
        unclaimed(track), state=TrackState.CALLING, gen=track.gen + 1, started_at=track.started_at + paused,
        next_at=sheet.now, called=called,
    )  # fmt: skip
    sheet.put(back)
    advance(sheet, back, everybody=True)


def unclaimed(track: Track) -> Track:
    """The track without claimant and offer; its state is for the caller to set."""
    return replace(
        track, claimed_at=None, claimant=None, claimant_name=None, claimant_role=None, claim_until=None,
        offer_to=None, offer_until=None,
    )  # fmt: skip


def offer(sheet: Sheet, command: Offer) -> str:
    """Offer what one holds; the giver keeps the duty until the other accepts."""
    mine = _held_by(sheet.alert, require_person(command.actor))
    if command.to.id == command.actor.id:
        raise Refused("offer it to somebody else; you have it already")
    for track in mine:
        until = sheet.now + sheet.rule.offer_for
        sheet.put(replace(track, offer_to=command.to.id, offer_until=min(until, track.claim_until or until)))
    sheet.write("offered", command.actor.id, to=command.to.id, tracks=[t.name for t in mine])
    return "offered"


def accept(sheet: Sheet, command: Accept) -> str:
    """The offered person takes over; nobody else can."""
    actor = require_person(command.actor)
    offered = [t for t in sheet.alert.tracks if t.offer_to == actor.id and (t.offer_until or sheet.now) > sheet.now]
    if not offered:
        raise Refused("nothing is offered to you any more; ask the holder to offer it again")
    for track in offered:
        _take(sheet, replace(track, offer_to=None, offer_until=None), actor)
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
