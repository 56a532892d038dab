"""How much may pass before the watch doubts: its patience, and the waits that the plans in the ledger allow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.alerts import Severity
from domain.errors import ConfigurationError
from escalation.plan import Plan, parse_plan

#: a timer, or an ended lease, that nobody has looked at
TIMER_LATE = timedelta(seconds=5)
#: a first contact that no sender has taken; a repeat
FIRST_LATE = timedelta(seconds=10)
REPEAT_LATE = timedelta(seconds=60)
#: seconds
UNJUDGED_LATE = 10.0
#: rounding, and a commit that is still under way
SLACK = timedelta(seconds=10)

#: who must each answer a critical alert for themselves
_THREE = frozenset({"dispatch_120", "family_doctor", "street_office"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The widest waits that any plan in the ledger allows."""

    gap: timedelta = timedelta(minutes=5)
    claim: timedelta = timedelta(minutes=15)
    #: the least distance between repeats to one person (invariant 18)
    distance: timedelta = timedelta(0)
    #: plan version -> the lines of calling that its critical alerts must have (invariant 17)
    critical: Mapping[str, frozenset[str]] = field(default_factory=dict)


def limits_of(texts: Mapping[str, str]) -> Limits:
    """The widest of all plans (version -> text); one that cannot be read sets none."""
    read = {version: plan for version, text in texts.items() if (plan := _read(text))}
    plans = list(read.values())
    rules = [rule for plan in plans for rule in plan.rules.values()]
    if not rules:
        return Limits()
    return Limits(
        max(plan.max_gap for plan in plans), max(r.claim_for for r in rules), min(r.min_gap for r in rules),
        {version: _critical(plan) for version, plan in read.items()},
    )  # fmt: skip


def _critical(plan: Plan) -> frozenset[str]:
    return _THREE & {track.name for track in plan.tracks_for(Severity.CRITICAL)}


def _read(text: str) -> Plan | None:
    try:
        return parse_plan(text)
    except ConfigurationError:
        return None
