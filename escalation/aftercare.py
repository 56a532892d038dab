"""What is owed when an alert has been closed: a call next day, a second pair of eyes, company for the lonely.

Pure. The close itself never waits for any of it.
"""

from datetime import datetime, timedelta

from domain.alerts import Alert, Cause, Outcome, Severity
from domain.people import is_probe
from domain.tasks import Task, TaskKind

#: a follow-up is done within a day (R2: no loop stays open)
_WITHIN = timedelta(hours=24)
#: nothing happened to anybody
_NOTHING = frozenset({Outcome.TEST, Outcome.DUPLICATE})


def owed(alert: Alert) -> list[Task]:
    """Tasks that a close leaves behind; none for drills, probes, tests and duplicates."""
    closed = alert.closed_at
    if closed is None or alert.drill or is_probe(alert.subject.street) or alert.outcome in _NOTHING:
        return []
    kinds = [TaskKind.SERVICE if alert.cause is Cause.LONELY else TaskKind.FOLLOW_UP]
    if alert.severity is Severity.CRITICAL and alert.outcome is Outcome.ACCIDENTAL:
        kinds.insert(0, TaskKind.REVIEW)
    return [_task(kind, alert, closed) for kind in kinds]


def _task(kind: TaskKind, alert: Alert, at: datetime) -> Task:
    data = {"kind": alert.kind.value, "outcome": str(alert.outcome), "closed_by": alert.closed_by}
    subject = alert.subject
    return Task(
        f"{kind}:{alert.id}", kind, at, at + _WITHIN, subject.street, subject.home, subject.device, alert.id, data
    )
