"""Whom an alert is about, with what the plan in force wants to know of the home: read once, when it is raised."""

from collections.abc import Iterable
from dataclasses import replace

from domain.alerts import Subject
from escalation.plan_parts import Plan
from store.facts import facts_of
from store.ledger import Tx
from store.register import homes_of


def known_subjects(tx: Tx, plan: Plan, subjects: Iterable[Subject]) -> dict[str, Subject]:
    """Subject key -> the subject with the facts that ``plan`` asks for. A plan that asks nothing costs nothing."""
    given = {s.key: s for s in subjects}
    if not plan.asks:
        return given
    found = facts_of(tx, {s.home for s in given.values() if s.home}, plan.asks)
    return {key: replace(s, facts=s.facts | found.get(s.home or "", frozenset())) for key, s in given.items()}


def home_subject(tx: Tx, home: str) -> Subject | None:
    """A home as an alert that no device raised is about it; None where the register does not know it."""
    found = homes_of(tx, [home]).get(home)
    if found is None:
        return None
    facts = frozenset({f"category:{found['category']}"}) if found["category"] else frozenset[str]()
    return Subject(home, None, found["street"], found["family_doctor_team"], facts)
