"""The decision: given the plan, an alert, a command and the time, what becomes of it and whom to contact.

Pure. All it knows comes in as arguments; all it wants goes out as values (``Decision``).
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from domain.alerts import Alert, Outcome, Severity, Subject, Track, TrackState
from domain.contacts import Purpose
from domain.errors import Forbidden, Refused
from domain.events import Kind
from escalation.branches import branch_off, notify
from escalation.claims import (
    accept,
    claim,
    drop_offer,
    expire,
    held,
    involved,
    offer,
    only_beside,
    progress,
    release,
    require_person,
    resume,
    stood_down,
    tell_claimant,
    unclaimed,
)
from escalation.command import (
    Accept,
    Cancel,
    Claim,
    Close,
    Command,
    Decline,
    Failed,
    Note,
    Offer,
    Progress,
    Raise,
    Release,
    Signal,
    Summon,
    Tick,
    VoiceChecked,
)
from escalation.desk_news import tell_desk
from escalation.duty import Roster
from escalation.ladder import advance, begin, failed, missed
from escalation.latecomers import let_in
from escalation.plan_parts import Plan
from escalation.sheet import Decision, Sheet, circumstances
from escalation.summon import summon

_DRILL_CLOSERS = frozenset({"drill", "probe"})


def raise_alert(id: str, subject: Subject, command: Raise, now: datetime, roster: Roster, plan: Plan) -> Decision:
    """A new alert; its first contacts (or a reported gap) are part of the same decision (invariant 19)."""
    case = circumstances(subject, command.kind, plan.severity_of(command.kind), now, roster) if plan.raises else None
    alert = Alert(
        id, subject, command.kind, plan.severity_of(command.kind, case), now, plan.version,
        drill=command.drill, late=command.late, replayed=command.replayed, signals=command.count,
        cancel_requested=command.cancelled, previous=command.previous,
    )  # fmt: skip
    sheet = Sheet(None, alert, now, roster, plan)
    sheet.write("raised", command.by, command.note, kind=command.kind, **command.data)
    begin(sheet, plan.tracks_for(alert.severity))
    _beside(sheet)
    return sheet.decision("raised")


def decide(alert: Alert, command: Command, now: datetime, roster: Roster, plan: Plan) -> Decision:
    """What ``command`` makes of ``alert`` at ``now``. Raises ``Held``, ``Refused`` or ``Forbidden``."""
    sheet = Sheet(alert, alert, now, roster, plan)
    if not alert.open:
        if isinstance(command, Tick | Failed):
            return sheet.decision("closed")
        raise Refused(f"this alert is closed ({alert.outcome}); raise a new one")
    reason = _apply(sheet, command)
    if plan.fickle:
        let_in(sheet)
    _beside(sheet)
    return sheet.decision(reason)


def _beside(sheet: Sheet) -> None:
    """What runs beside the ladder looks at what has become of it."""
    if sheet.plan.branches:
        branch_off(sheet)
    if sheet.plan.notices:
        notify(sheet)
    tell_desk(sheet)


def _apply(sheet: Sheet, command: Command) -> str:  # noqa: C901 - one line per command; mypy proves none is missing
    match command:
        case Tick():
            return _tick(sheet)
        case Signal():
            return _signal(sheet, command)
        case Cancel():
            return _cancel(sheet, command)
        case Failed():
            return _failed(sheet, command)
        case Decline():
            return _decline(sheet, command)
        case Claim():
            return claim(sheet, command)
        case Progress():
            return progress(sheet, command)
        case Release():
            return release(sheet, command)
        case Offer():
            return offer(sheet, command)
        case Accept():
            return accept(sheet, command)
        case VoiceChecked():
            return _voice_checked(sheet, command)
        case Summon():
            return summon(sheet, command, raise_severity)
        case Note():
            return _note(sheet, command)
        case Close():
            return _close(sheet, command)
        case _:
            assert_never(command)


def _tick(sheet: Sheet) -> str:
    """Whatever is due now: one decision for each track, however much time has passed."""
    reason = "nothing due"
    for track in sheet.alert.tracks:
        due = track.due_at
        if due is None or due > sheet.now:
            continue
        reason = "ticked"
        if track.state is TrackState.CALLING:
            advance(sheet, track)
        elif track.claim_until is not None and track.claim_until <= sheet.now:
            expire(sheet, track)
        else:
            drop_offer(sheet, track)
    return reason


def _signal(sheet: Sheet, command: Signal) -> str:
    """The home speaks again: counted, never lowered, and a wish to cancel is void (P29)."""
    alert = sheet.alert
    case = replace(sheet.case, kind=command.kind) if sheet.plan.raises else None
    worse = sheet.plan.severity_of(command.kind, case)
    sheet.set(signals=alert.signals + command.count, cancel_requested=False)
    sheet.write("signal", command.by, kind=command.kind, count=command.count, **command.data)
    if worse.rank > alert.severity.rank:
        sheet.set(kind=command.kind)
        raise_severity(sheet, worse)
    _tell_claimants(sheet, command.kind)
    return "joined"


def _tell_claimants(sheet: Sheet, kind: Kind) -> None:
    """Each holder hears once, also one who holds several tracks."""
    alert = sheet.alert
    about = {"event": "signal", "kind": kind, "signals": alert.signals}
    holders = {t.claimant: t for t in alert.tracks if t.state is TrackState.CLAIMED}
    for track in holders.values():
        tell_claimant(sheet, track, about)


def _cancel(sheet: Sheet, command: Cancel) -> str:
    """Noted, and everybody goes on: a person must verify by voice (invariant 3)."""
    sheet.set(cancel_requested=True)
    sheet.write("cancel_requested", command.by, **command.data)
    return "cancel noted: verify by voice"


def raise_severity(sheet: Sheet, severity: Severity) -> None:
    """Severity only rises (invariant 4); critical opens the tracks that are missing (invariant 17)."""
    if severity.rank <= sheet.alert.severity.rank:
        return
    sheet.set(severity=severity)
    sheet.write("severity_raised", "engine", severity=severity)
    wanted = sheet.plan.tracks_for(severity)
    kept = sheet.plan.names_from(severity)
    for track in sheet.alert.tracks:
        if track.name not in kept and sheet.plan.branch(track.name) is None:
            _give_way(sheet, track, {t.name for t in wanted})
    for track in sheet.alert.tracks:
        _hasten(sheet, track)
    begin(sheet, [t for t in wanted if sheet.alert.track(t.name) is None])


def _give_way(sheet: Sheet, track: Track, wanted: set[str]) -> None:
    """A CALLING track gives way to the new ones; a CLAIMED one becomes that of its claimant's role.

    Where there is no such track, or somebody runs it already, the claimant keeps what was claimed beside the new ones.
    """
    if track.state is TrackState.CALLING:
        sheet.put(stood_down(track))
    elif track.state is TrackState.CLAIMED:
        role = track.claimant_role or ""
        if role in wanted and sheet.alert.track(role) is None:
            heir = replace(track, name=role, joined=0, round=0, round_at=None, saved=0.0)
            sheet.put(unclaimed(heir, state=TrackState.CALLING, next_at=sheet.now))
            sheet.put(heir)
            sheet.put(stood_down(track))


def _hasten(sheet: Sheet, track: Track) -> None:
    """What runs on keeps the shorter waits of the new severity (invariant 6)."""
    new = track
    if track.state is TrackState.CLAIMED:
        until = _earlier(track.claim_until, sheet.now + sheet.rule.claim_for)
        new = replace(track, claim_until=until, offer_until=_earlier(track.offer_until, until))
    elif track.state is TrackState.CALLING and track.round_at is not None:
        round_at = _earlier(track.round_at, sheet.now + sheet.rule.repeat_every)
        new = replace(track, round_at=round_at, next_at=_earlier(track.next_at, round_at))
    if new != track:
        sheet.put(new)


def _earlier(known: datetime | None, new: datetime | None) -> datetime | None:
    return min(known, new) if known and new else known


def _failed(sheet: Sheet, command: Failed) -> str:
    track = sheet.alert.track(command.track)
    if track is None or track.gen != command.gen or track.state is not TrackState.CALLING:
        return "stale"
    known = track.called.get(command.person)
    if known is None or known.failed or (command.more and known.missed):
        return "known"
    if command.more:
        sheet.write("no_answer", "engine", track=track.name, person=command.person, reason=command.reason)
        missed(sheet, track, command.person)
        return "another way is tried"
    sheet.write("unreached", "engine", track=track.name, person=command.person, reason=command.reason)
    failed(sheet, track, command.person, declined=False)
    return "unreached"


def _decline(sheet: Sheet, command: Decline) -> str:
    """ "I cannot": as a failed attempt of that person; from the holder it is a release."""
    actor = require_person(command.actor)
    sheet.write("declined", actor.id)
    for track in sheet.alert.tracks:
        if track.state is TrackState.CLAIMED and track.claimant == actor.id:
            resume(sheet, track, away=actor.id)
        elif track.state is TrackState.CALLING and actor.id in track.called:
            failed(sheet, track, actor.id, declined=True)
        elif track.offer_to == actor.id:
            sheet.put(replace(track, offer_to=None, offer_until=None))
    return "declined"


def _note(sheet: Sheet, command: Note) -> str:
    sheet.write("note", require_person(command.actor).id, command.text)
    return "noted"


def _voice_checked(sheet: Sheet, command: VoiceChecked) -> str:
    sheet.write("voice_check", require_person(command.actor).id, result=command.result)
    sheet.learn(f"voice_check:{command.result}")
    worse = sheet.plan.voice_check.get(command.result)
    if worse is not None:
        raise_severity(sheet, worse)
    return "noted"


def _close(sheet: Sheet, command: Close) -> str:
    """Only a person with an outcome closes (invariant 3); a drill alert also its own runner, as ``test``."""
    actor = require_person(command.actor)
    if _DRILL_CLOSERS & actor.roles and not (sheet.alert.drill and command.outcome is Outcome.TEST):
        raise Forbidden("a drill or probe account closes only drill alerts, and only with outcome test")
    if only_beside(sheet, actor.id) and not actor.roles:
        raise Forbidden("you were asked to help beside others; tell the desk, or who has taken it, how it ended")
    others = [
        t for t in sheet.alert.tracks
        if t.state is TrackState.CLAIMED and t.claimant != actor.id and sheet.plan.branch(t.name) is None
    ]  # fmt: skip
    if others and not command.force:
        raise held(others[0])
    about: dict[str, object] = {"event": "closed", "by": actor.id, "name": actor.name, "outcome": command.outcome}
    _stand_down(sheet, about, actor.id)
    sheet.set(closed_at=sheet.now, closed_by=actor.id, outcome=command.outcome, cause=command.cause)
    over = [t.claimant for t in others]
    data = {"over": over} if over else {}
    sheet.write("closed", actor.id, command.note, outcome=command.outcome, cause=command.cause, name=actor.name, **data)
    return "closed"


def _stand_down(sheet: Sheet, about: dict[str, object], closer: str) -> None:
    """Everybody contacted hears once that it is over."""
    told: set[str] = {closer}
    for track in sheet.alert.tracks:
        fresh = {id: role for id, role in involved(track).items() if id not in told}
        told |= set(fresh)
        gone = track if track.state is TrackState.STOOD_DOWN else stood_down(track)
        if gone is not track:
            sheet.put(gone)
        sheet.tell(Purpose.STAND_DOWN, gone, fresh, about)
