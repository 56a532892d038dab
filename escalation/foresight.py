"""Foresight: what the plans of the ledger would do, for whoever asks. Reads, decides on paper, calls nobody."""

from datetime import datetime
from typing import Any

from domain.errors import NotFound, Refused
from domain.events import RAISING, Kind
from domain.people import Scope
from escalation.explained import as_json
from escalation.plan import Plan, parse_plan
from escalation.plan_diff import diff
from escalation.rail import RailStep, rail
from escalation.rehearsal import rehearse
from escalation.scene import scene_of
from escalation.standing import Standing
from store import alerts, plans
from store.ledger import Ledger, Tx


class Foresight:
    """Rehearsals and comparisons of approved and proposed plans."""

    def __init__(self, ledger: Ledger, standing: Standing) -> None:
        self._ledger = ledger
        self._standing = standing

    def explain(self, scope: Scope, home: str, kind: str, at: datetime, rounds: int = 1) -> dict[str, Any]:
        """The rehearsal of an alert of ``kind`` in ``home`` at ``at``, as JSON. Facts of the home are not shown."""
        if kind not in RAISING:
            raise Refused(f"kind {kind!r} raises no alert; write one of {', '.join(sorted(RAISING))}")
        with self._ledger.reading() as tx:
            subject, roster, plan = scene_of(tx, self._standing, home, at)
            if not scope.sees(subject.street):
                raise NotFound(f"no home {home} in your streets")
            found = as_json(rehearse(plan, roster, subject, Kind(kind), at, rounds))
        # That somebody has dementia is for those who may read the card, and is audited there.
        del found["facts"]
        return found

    def diff(self, a: str, b: str) -> dict[str, Any]:
        """What differs between two versions."""
        with self._ledger.reading() as tx:
            old, new = self._plan(tx, a), self._plan(tx, b)
        changes = [{"what": what, "was": was, "is": now} for what, was, now in diff(old, new)]
        return {"a": a, "b": b, "changes": changes}

    def rail(self, alert_id: str) -> list[RailStep]:
        """An alert's plan as stops with times; for who may see the alert."""
        with self._ledger.reading() as tx:
            alert = alerts.peek(tx, alert_id)
            return rail(self._standing.plan(tx, alert.plan), alert) if alert else []

    def branches(self, alert_id: str) -> list[tuple[str, ...]]:
        """The roles of each branch of an alert's plan: whom somebody may have called by hand."""
        with self._ledger.reading() as tx:
            alert = alerts.peek(tx, alert_id)
            plan = self._standing.plan(tx, alert.plan) if alert else None
        return [tuple(tier.role for tier in branch.tiers) for branch in plan.branches] if plan else []

    def _plan(self, tx: Tx, version: str) -> Plan:
        waiting = plans.proposal(tx, version)
        text = plans.text_of(tx, version) or (waiting[0].text if waiting else None)
        if text is None:
            raise NotFound(f"no plan of version {version}")
        return parse_plan(text, version, lambda base: plans.text_of(tx, base))
