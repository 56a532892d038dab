"""Raising an alarm so that one home that cannot be judged costs no other home its own (P6)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from domain.errors import LedgerCollision, LedgerUnavailable
from domain.events import Kind
from domain.tasks import Task, TaskKind
from escalation.alarms import alarm
from escalation.standing import Standing
from store.ledger import Tx
from store.tasks import reopen_tasks

_LOG = structlog.get_logger("anling.homes")


def raise_alarm(
    tx: Tx, standing: Standing, home: str, kind: Kind, by: str, data: Mapping[str, Any], now: datetime
) -> str | None:
    """The alert's id. What goes wrong is undone, logged, and a task for the operator who must look in by hand."""
    try:
        with tx.savepoint():
            return alarm(tx, standing, home, kind, by, data, now)
    except (LedgerCollision, LedgerUnavailable):
        raise
    except Exception as error:  # whatever is wrong with this home's cards or its street's plan
        _LOG.error("alarm_failed", kind=str(kind), error=type(error).__name__)
        told = {"what": "alarm_failed", "kind": str(kind), "error": type(error).__name__}
        reopen_tasks(tx, [Task(f"alarm_failed:{kind}:{home}", TaskKind.OPERATOR, now, now, home=home, data=told)])
        return None
