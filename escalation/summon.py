"""Asked for by hand: a person wants a role called now, whatever the ladder or a branch still waits for.

Pure. It never stands in the way of anything: claims stay where they are, nobody else is called later for it.
"""

from collections.abc import Callable
from dataclasses import replace

from domain.alerts import Severity, Track, TrackState
from domain.errors import Refused
from escalation.branches import begin_branch
from escalation.claims import require_person, resume
from escalation.command import Summon
from escalation.ladder import advance, pulled_forward
from escalation.plan_parts import PlanTrack
from escalation.sheet import Sheet

#: asked for by hand it is a matter of life: the alert rises to critical first
GRAVE = "dispatch_120"


def summon(sheet: Sheet, command: Summon, raise_severity: Callable[[Sheet, Severity], None]) -> str:
    """Call the role at once: its step joins now, its branch begins now, or who was asked before is asked again.

    Raises ``Refused`` when the plan never calls it, or its branch has nobody; for the ladder a gap is reported instead.
    """
    roles = {tier.role for line in (*sheet.plan.tracks, *sheet.plan.branches) for tier in line.tiers} | {GRAVE}
    if command.role not in roles:
        raise Refused(f"this plan calls no role {command.role!r}; write one of {', '.join(sorted(roles))}")
    sheet.write("summoned", require_person(command.actor).id, role=command.role, name=command.actor.name)
    if command.role == GRAVE:
        raise_severity(sheet, Severity.CRITICAL)
    branch = next((b for b in sheet.plan.branches if any(t.role == command.role for t in b.tiers)), None)
    if branch is not None and command.role != GRAVE:
        _call_branch(sheet, branch)
    else:
        _call_ladder(sheet, command)
    return "summoned"


def _call_branch(sheet: Sheet, branch: PlanTrack) -> None:
    track = sheet.alert.track(branch.name)
    if sheet.resting(branch):
        raise Refused("nobody of this branch can be asked now; telephone yourself and write a note")
    if track is None or track.state is TrackState.STOOD_DOWN:
        begin_branch(sheet, branch, track, "by hand")
    elif track.state is TrackState.CALLING:
        advance(sheet, track, everybody=True)


def _call_ladder(sheet: Sheet, command: Summon) -> None:
    ways = [track for track in sheet.alert.tracks if _leads(sheet, track, command.role)]
    if not ways:
        sheet.gap(sheet.alert.tracks[0].name, command.role, "asked for by hand, and no line to it runs")
    for track in ways:
        if track.state is TrackState.CALLING:
            _hurry(sheet, track, command.role)
        elif track.claimant == command.actor.id and command.actor.role != command.role:
            resume(sheet, track, away=track.claimant)


def _leads(sheet: Sheet, track: Track, role: str) -> bool:
    """Whether this role is called on a track, or would be if nobody held it."""
    if track.state is TrackState.STOOD_DOWN or sheet.plan.branch(track.name) is not None:
        return False
    planned = sheet.plan.track(track.name)
    steps = planned.tiers if planned is not None else ()
    return any(tier.role == role and sheet.holds(tier.when) for tier in steps) and (
        track.state is TrackState.CALLING or track.name == role
    )


def _hurry(sheet: Sheet, track: Track, role: str) -> None:
    """The step joins now; if it has joined, everybody is asked again, at their distance (invariant 18)."""
    nearer = pulled_forward(sheet, track, role)
    if nearer is None:
        just = any(known.role == role and known.at == sheet.now for known in track.called.values())
        if not just:
            advance(sheet, track, everybody=True)
        return
    advance(sheet, replace(track, saved=nearer))
