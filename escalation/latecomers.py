"""Latecomers: steps whose turn has passed and whose condition comes true only now.

Pure. Their people are asked at once; where nobody is there for such a step, that is a gap like any other (P2).
"""

from collections.abc import Iterator

from domain.alerts import Track, TrackState
from escalation.ladder import advance, report, tiers_of
from escalation.plan_parts import Tier
from escalation.sheet import Sheet, circumstances


def let_in(sheet: Sheet) -> None:
    """After a decision: each calling track reports the latecomers that nobody answers for, and asks the others."""
    for was in sheet.before.tracks if sheet.before else ():
        track = sheet.tracks[was.name]
        if track.state is TrackState.CALLING:
            late = list(_late(sheet, was))
            for tier in late:
                report(sheet, track, tier)
            if any(person.id not in track.called for tier in late for person in sheet.on_duty(tier.role)):
                advance(sheet, track)


def _late(sheet: Sheet, was: Track) -> Iterator[Tier]:
    """Steps passed over before this decision whose condition did not hold then and does now."""
    before = sheet.before
    if before is None or before.decided_at is None:
        return
    then = circumstances(before.subject, before.kind, before.severity, before.decided_at, sheet.roster)
    for tier in tiers_of(sheet, was)[: was.joined]:
        if not tier.when.holds(then) and sheet.holds(tier.when):
            yield tier
