"""The parts of a plan, as frozen values: waits, steps, tracks, branches, notices.

``escalation.plan`` reads them from a file; ``decide`` runs them. A *track* of the ladder must be answered for itself
and never rests; a *branch* runs beside the ladder; a *notice* only tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.alerts import Severity, VoiceCheck
from domain.events import Kind
from escalation.conditions import ALWAYS, Circumstances, When

BY_RANK = tuple(sorted(Severity, key=lambda s: s.rank))
#: roles whose people belong to one home: its card names them, nobody else's family is told
HOME_ROLES = frozenset({"family", "key_holder", "neighbour"})
#: what a notice may wait for: words of the timeline, and steps that somebody reports
NOTICES = ("raised", "critical", "claimed", "access_failed", "with_resident", "called_120", "at_hospital", "closed")


@dataclass(frozen=True, slots=True)
class Rule:
    """The waits of one severity."""

    #: a claim without progress runs out after this
    claim_for: timedelta = timedelta(minutes=15)
    #: an offer to hand over stands this long, never longer than the claim
    offer_for: timedelta = timedelta(minutes=2)
    #: after the last tier everybody again, for ever
    repeat_every: timedelta = timedelta(minutes=5)
    #: the same person again after no answer
    retry_after: timedelta = timedelta(seconds=60)
    #: repeats to one person keep this distance (invariant 18); first contacts have none
    min_gap: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a track: a role that joins ``after`` the track's start, while its condition holds."""

    role: str
    after: timedelta
    channels: tuple[str, ...]
    #: fewer people on duty than this is reported as a gap
    min_contacts: int = 1
    #: a step whose condition does not hold is as if it were not written; later steps keep their own times
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class PlanTrack:
    """One line of calling: of the ladder, or a branch beside it."""

    name: str
    severities: frozenset[Severity]
    tiers: tuple[Tier, ...]
    #: branches only: it begins as soon as this holds
    when: When = ALWAYS
    #: branches only: it rests while every track of the ladder is claimed
    rests: bool = False
    #: branches only: it begins even with nobody on duty, and then asks the duty supervisor
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """People who are only told: never asked, never waited for, nothing to claim."""

    role: str
    on: frozenset[str]
    channels: tuple[str, ...]
    severities: frozenset[Severity] = frozenset(Severity)
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class Raised:
    """A condition under which an alert is graver than its kind alone says."""

    when: When
    to: Severity


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. ``version`` is pinned to each alert that it runs."""

    version: str
    rules: Mapping[Severity, Rule]
    kinds: Mapping[str, Severity]
    tracks: tuple[PlanTrack, ...]
    voice_check: Mapping[VoiceCheck, Severity]
    max_gap: timedelta
    text: str = field(repr=False)
    warnings: tuple[str, ...] = ()
    branches: tuple[PlanTrack, ...] = ()
    notices: tuple[Notice, ...] = ()
    raises: tuple[Raised, ...] = ()
    #: a street's own plan: which street, and the version of the template that it changes
    street: str | None = None
    base: str | None = None
    #: every fact that a condition asks for, and every role whose people the home itself names
    asks: frozenset[str] = field(init=False, repr=False, compare=False)
    #: some step has a condition, which may come true after the step's turn has passed
    fickle: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asks", _asks(self))
        tiers = [tier for line in (*self.tracks, *self.branches) for tier in line.tiers]
        object.__setattr__(self, "fickle", any(tier.when != ALWAYS for tier in tiers))

    def severity_of(self, kind: Kind, case: Circumstances | None = None) -> Severity:
        """How urgent an event of ``kind`` is (an unnamed kind takes the default), raised by what is known."""
        found = self.kinds.get(kind, self.kinds["default"])
        if case is not None:
            for rise in self.raises:
                if rise.to.rank > found.rank and rise.when.holds(case):
                    found = rise.to
        return found

    def tracks_for(self, severity: Severity) -> tuple[PlanTrack, ...]:
        """The ladder of a severity; where a plan has none, that of the nearest lower one."""
        for rank in range(severity.rank, -1, -1):
            found = tuple([t for t in self.tracks if BY_RANK[rank] in t.severities])
            if found:
                return found
        return self.tracks

    def names_from(self, severity: Severity) -> frozenset[str]:
        """The tracks of ``severity`` and of every higher one: an alert that may still need them keeps them."""
        return frozenset(t.name for s in BY_RANK[severity.rank :] for t in self.tracks_for(s))

    def track(self, name: str) -> PlanTrack | None:
        """The track or branch called ``name``."""
        return next((t for t in self.tracks if t.name == name), None) or self.branch(name)

    def branch(self, name: str) -> PlanTrack | None:
        """The branch called ``name``; None for a track of the ladder."""
        return next((b for b in self.branches if b.name == name), None) if self.branches else None

    def rule(self, severity: Severity) -> Rule:
        """The waits of ``severity``."""
        return self.rules[severity]


def _asks(plan: Plan) -> frozenset[str]:
    lines = (*plan.tracks, *plan.branches)
    tiers = [tier for line in lines for tier in line.tiers]
    conditions = [line.when for line in lines] + [tier.when for tier in tiers]
    conditions += [notice.when for notice in plan.notices] + [rise.when for rise in plan.raises]
    roles = {tier.role for tier in tiers} | {notice.role for notice in plan.notices}
    return frozenset().union(*(when.asks for when in conditions)) | (roles & HOME_ROLES)
