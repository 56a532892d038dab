"""Alarms of our own: a missed check-in, a device that fell silent, a rule that saw something. Raised like a press.

In a practice home, where all that speaks is a probe, such an alarm is a drill; everywhere else it is real.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.events import Kind
from domain.ids import new_id
from escalation.command import Raise, Signal
from escalation.decide import decide, raise_alert
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
    drill = is_practice(tx, home)
    pair = (subject.key, drill)
    roster, known = standing.roster(tx), alerts.open_of(tx, [pair]).get(pair)
    if known is not None:
        decision = decide(known, Signal(kind, by, dict(data)), now, roster, standing.plan(tx, known.plan))
    else:
        plan = standing.in_force(tx, now, subject.street)
        subject = known_subjects(tx, plan, [subject])[subject.key]
        command = Raise(kind, by, dict(data), drill, previous=alerts.latest_of(tx, subject.key))
        decision = raise_alert(new_id(), subject, command, now, roster, plan)
    return keep(tx, [decision])[0].id
