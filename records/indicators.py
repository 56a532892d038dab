"""The figures: how fast somebody took an alert, how alerts ended, who did not answer in the morning. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from store.indicators import AlertFact, DayFact

SEVERITIES = ("critical", "urgent", "routine")
#: seconds within which an alert should have a person
WITHIN_S = (60, 180)
CHECKIN_STATES = ("ok", "excused", "missed", "open")


def response_times(facts: Sequence[AlertFact]) -> list[dict[str, Any]]:
    """For each severity: seconds from raised to the first claim. Shares are of all alerts, the unclaimed too."""
    found = []
    for severity in SEVERITIES:
        alerts = [fact for fact in facts if fact.severity == severity and not fact.drill]
        waits = sorted((f.claimed_at - f.raised_at).total_seconds() for f in alerts if f.claimed_at is not None)
        shares = {f"within_{s}_s": _share(sum(wait <= s for wait in waits), len(alerts)) for s in WITHIN_S}
        found.append({
            "severity": severity, "alerts": len(alerts), "claimed": len(waits), "p50_s": percentile(waits, 50),
            "p95_s": percentile(waits, 95), **shares,
        })  # fmt: skip
    return found


def alerts(facts: Iterable[AlertFact]) -> list[dict[str, Any]]:
    """How many of each kind and outcome (``open``: not closed yet), drills apart; the most frequent first."""
    counted = Counter((fact.kind, fact.outcome or "open", fact.drill) for fact in facts)
    return [
        {"kind": kind, "outcome": outcome, "drill": drill, "count": n}
        for (kind, outcome, drill), n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


def checkins(facts: Iterable[DayFact]) -> list[dict[str, Any]]:
    """One line for each day, with how many homes stood where."""
    days: dict[str, dict[str, int]] = {}
    for fact in facts:
        days.setdefault(fact.day, dict.fromkeys(CHECKIN_STATES, 0))[fact.state] = fact.count
    return [{"day": day, **counts} for day, counts in sorted(days.items())]


def protection(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many homes stand where."""
    return [{"state": state, "count": count} for state, count in counts.items()]


def percentile(sorted_values: Sequence[float], percent: int) -> float | None:
    """The value that ``percent`` of them do not exceed (nearest rank); None of none."""
    if not sorted_values:
        return None
    return round(sorted_values[max(0, math.ceil(len(sorted_values) * percent / 100) - 1)], 1)


def _share(part: int, whole: int) -> float | None:
    """0 to 1; None when there was nothing to share."""
    return round(part / whole, 4) if whole else None
