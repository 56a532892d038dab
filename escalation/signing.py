"""Signing: a plan is proposed by one log-in and approved by another, and takes effect from a date on."""

from datetime import datetime
from typing import Any

from domain.clock import Clock, iso
from domain.errors import Forbidden, Refused
from domain.people import LEADS, Scope
from escalation.plan import parse_plan
from store import plans
from store.ledger import Ledger


class Signing:
    """Two pairs of eyes. A plan with an error is refused whole; the running one stays."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def propose(self, scope: Scope, text: str, name: str = "plan") -> dict[str, Any]:
        """Lay it before a second person. Raises ``ConfigurationError`` with every problem of the text, ``name``."""
        _may_sign_at_all(scope)
        with self._ledger.transaction() as tx:
            plan = parse_plan(text, name, lambda version: plans.text_of(tx, version))
            _may_sign(scope, plan.street)
            draft = plans.Draft(plan.version, text, plan.street, plan.base)
            plans.propose(tx, draft, scope.operator, self._clock.now())
        return {"version": plan.version, "street": plan.street, "state": "proposed", "warnings": list(plan.warnings)}

    def approve(
        self, scope: Scope, version: str, effective_from: datetime | None, text: str | None = None
    ) -> dict[str, Any]:
        """Put it in force. Raises ``Refused`` for the proposer, for what nobody proposed, and for another ``text``."""
        now = self._clock.now()
        # A date that has passed means at once: it must not lose to what came into force in between.
        begins = max(effective_from or now, now)
        with self._ledger.transaction() as tx:
            waiting = plans.proposal(tx, version)
            _may_sign(scope, waiting[0].street if waiting else None)
            if waiting and text is not None and waiting[0].text != text:
                raise Refused(f"this is not the text that was proposed as {version}; propose it anew")
            draft = plans.second_person(tx, version, scope.operator, begins, now)
        return {"version": version, "street": draft.street, "state": "approved", "effective_from": iso(begins)}


def _may_sign(scope: Scope, street: str | None) -> None:
    """Administrators and supervisors; whose log-in is of some streets, for the plans of those alone."""
    _may_sign_at_all(scope)
    if scope.streets and street not in scope.streets:
        raise Forbidden("this plan is not of your streets; somebody of the district must sign it")


def _may_sign_at_all(scope: Scope) -> None:
    if scope.role not in LEADS:
        raise Forbidden("only administrators and supervisors sign plans")
