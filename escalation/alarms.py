"""Alarms of our own: a missed check-in, a device that fell silent, a rule that saw something. Raised like a press.

In a practice home, where all that speaks is a probe, such an alarm is a drill; everywhere else it is real.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.alerts import Subject
from domain.events import Kind
from domain.ids import new_id
from escalation.command import Raise, Signal
from escalation.decide import decide, raise_alert
from escalation.sheet import Decision
from escalation.stage import keep
from escalation.standing import Standing
from escalation.subjects import home_subject, known_subjects
from store import alerts
from store.ledger import Tx
from store.practice import is_practice


def alarm(
    tx: Tx, standing: Standing, home: str, kind: Kind, by: str, data: Mapping[str, Any], now: datetime
) -> str | None:
    """Raise, or join the home's open alert. Returns the alert's id; None for a home that nobody registered.

    In the caller's transaction: what caused it and the alert are kept together or not at all.
    """
    subject = home_subject(tx, home)
    if subject is None:
        return None
    command = Raise(kind, by, dict(data), is_practice(tx, home))
    return keep(tx, [raised_or_joined(tx, standing, subject, command, now)])[0].id


def raised_or_joined(tx: Tx, standing: Standing, subject: Subject, command: Raise, now: datetime) -> Decision:
    """A new alert, or one more signal on the open one of the subject and drill flag (one at a time: invariant 1)."""
    pair, roster = (subject.key, command.drill), standing.roster(tx)
    known = alerts.open_of(tx, [pair]).get(pair)
    if known is not None:
        signal = Signal(command.kind, command.by, command.data)
        return decide(known, signal, now, roster, standing.plan(tx, known.plan))
    plan = standing.in_force(tx, now, subject.street)
    subject = known_subjects(tx, plan, [subject])[subject.key]
    command = replace(command, previous=command.previous or alerts.latest_of(tx, subject.key))
    return raise_alert(new_id(), subject, command, now, roster, plan)
