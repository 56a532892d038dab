"""The scene of a rehearsal as the ledger has it: a home, the people, and the plan of that street at that time."""

from datetime import datetime

from domain.alerts import Subject
from domain.errors import NotFound
from escalation.duty import Roster
from escalation.plan_parts import Plan
from escalation.standing import Standing
from escalation.subjects import home_subject, known_subjects
from store.ledger import Tx


def scene_of(
    tx: Tx, standing: Standing, home: str, at: datetime, plan: Plan | None = None
) -> tuple[Subject, Roster, Plan]:  # fmt: skip
    """``plan`` in place of the one in force. Raises ``NotFound`` for a home that the register does not know.

    An instant before the first plan came into force is shown by the first plan and today's roster.
    """
    subject = home_subject(tx, home)
    if subject is None:
        raise NotFound(f"no home {home} in the register")
    begun = standing.since(tx)
    early = begun is None or at < begun
    running = plan or standing.in_force(tx, begun if begun and early else at, subject.street)
    roster = standing.roster(tx) if early else standing.roster_at(tx, at)
    return known_subjects(tx, running, [subject])[subject.key], roster, running
