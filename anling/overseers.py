"""Who watches the watch: its silence is told by ``/readyz`` and as a task, and so is a wall clock that stepped."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from domain.clock import STEP
from domain.health import Health
from domain.tasks import Task, TaskKind
from store.ledger import Tx
from store.tasks import reopen_tasks, settle_tasks
from store.watching import Report

_LOG = structlog.get_logger("anling.overseers")
#: seconds: a watch writes every three
SILENT = 15.0


def health_of(reports: Sequence[Report], now: datetime) -> Health | None:
    """How the watches are; None where none has ever run. Mild findings are told and break nothing."""
    if not reports:
        return None
    silent = [(r, age) for r in reports if (age := (now - r.at).total_seconds()) > SILENT]
    if silent:
        report, age = silent[0]
        return Health(False, f"watch {report.instance} has given no sign for {age:.0f} s: start `anling watch`", age)
    found = [finding for report in reports for finding in report.findings]
    told = ", ".join(sorted({str(f["code"]) for f in found})) or "ok"
    return Health(not any(f.get("grave") for f in found), told, max((now - r.at).total_seconds() for r in reports))


def remarks(who: str, reports: Sequence[Report], now: datetime, step: timedelta | None) -> dict[str, dict[str, object]]:
    """What the engine's own process must tell the operator: task key -> data."""
    found: dict[str, dict[str, object]] = {}
    for report in reports:
        age = (now - report.at).total_seconds()
        if age > SILENT:
            found[f"operator/watch_silent/{report.instance}"] = {"code": "watch_silent", "instance": report.instance}
    if step is not None and abs(step) > STEP:
        found[f"operator/wall_clock/{who}"] = {"code": "wall_clock", "seconds": round(step.total_seconds(), 1)}
    return found


def write_remarks(
    tx: Tx, told: frozenset[str], found: dict[str, dict[str, object]], now: datetime
) -> frozenset[str]:  # fmt: skip
    """Open a task for what is new, settle what has gone. ``told``: keys of before; returns those of now."""
    new = [Task(key, TaskKind.OPERATOR, now, data=data) for key, data in found.items() if key not in told]
    reopen_tasks(tx, new)
    for task in new:
        _LOG.critical("operator_needed", task=task.key, **{k: v for k, v in task.data.items() if k != "event"})
    if told - found.keys():
        settle_tasks(tx, told - found.keys(), now, "well again")
    return frozenset(found)
