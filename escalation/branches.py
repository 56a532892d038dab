"""Beside the ladder: branches that are asked for something of their own, and people who are only told.

Pure. A branch never stops the ladder, never delays it, and its claim counts for itself alone: a neighbour who comes
is welcome, and the doctor is called on. Runs at the end of every decision, on what the decision has become.
"""

from dataclasses import replace

from domain.alerts import Severity, Track, TrackState
from domain.contacts import Purpose
from escalation.claims import stood_down
from escalation.ladder import advance
from escalation.plan_parts import Notice, PlanTrack
from escalation.sheet import Sheet

#: lines of the timeline that some notice may wait for
_NEWS = frozenset({"raised", "claimed", "severity_raised", "progress", "closed"})


def branch_off(sheet: Sheet) -> None:
    """Begin the branches whose condition holds, let rest what has nothing to do, resume what has again."""
    facts = sheet.field("subject").facts
    for branch in sheet.plan.branches:
        track = sheet.tracks.get(branch.name)
        if track is None and branch.when.misses(facts):
            continue  # what a branch mostly waits for has not been reported
        if track is not None and track.state is TrackState.CALLING:
            if sheet.resting(branch):
                _rest(sheet, track)
        elif (track is None or track.state is TrackState.STOOD_DOWN) and _wanted(sheet, branch):
            begin_branch(sheet, branch, track, branch.when.words())


def _wanted(sheet: Sheet, branch: PlanTrack) -> bool:
    if sheet.field("closed_at") is not None or sheet.field("severity") not in branch.severities:
        return False
    return sheet.holds(branch.when) and not sheet.resting(branch)


def begin_branch(sheet: Sheet, branch: PlanTrack, before: Track | None, why: str) -> None:
    """From its first step on; who was called before it rested keeps the distance between calls."""
    sheet.write("branch_began", "engine", track=branch.name, why=why)
    track = Track(branch.name, TrackState.CALLING, sheet.now)
    if before is not None:
        track = replace(track, gen=before.gen + 1, round=before.round + 1, called=before.called)
    advance(sheet, track, everybody=before is not None)


def _rest(sheet: Sheet, track: Track) -> None:
    """Calls stop; who was called hears that somebody has it."""
    sheet.write("branch_rests", "engine", track=track.name)
    gone = stood_down(track)
    sheet.put(gone)
    holder = next((t for t in sheet.alert.tracks if t.claimant), None)
    if holder is not None:
        about = {"event": "claimed", "by": holder.claimant, "name": holder.claimant_name}
        sheet.tell(Purpose.INFORM, gone, {id: c.role for id, c in track.called.items()}, about)


def notify(sheet: Sheet) -> None:
    """Tell those who only want to know; nothing waits for them, and they cannot claim."""
    if not sheet.wrote(_NEWS):
        return
    happened = sheet.happened()
    if "severity_raised" in happened and sheet.alert.severity is Severity.CRITICAL:
        happened |= {"critical"}
    told: set[str] = set()
    for notice in sheet.plan.notices:
        event = min(notice.on & happened, default=None)
        if event is not None and sheet.alert.severity in notice.severities and sheet.holds(notice.when):
            _tell(sheet, notice, event, told)


def _tell(sheet: Sheet, notice: Notice, event: str, told: set[str]) -> None:
    people = {p.id: notice.role for p in sheet.on_duty(notice.role) if p.id not in told}
    if not people:
        return
    told |= set(people)
    sheet.write("notified", "engine", role=notice.role, people=sorted(people), event=event)
    about: dict[str, object] = {"event": "news", "news": event}
    if sheet.alert.outcome is not None:
        about["outcome"] = sheet.alert.outcome
    sheet.tell(Purpose.INFORM, sheet.alert.tracks[0], people, about, notice.channels or ("sms", "webhook"))
