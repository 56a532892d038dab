"""Rescue: an alert that cannot be decided as it stands is called for all the same, and its operator is told (P6).

First from its own timeline, which rebuilds it; if that is broken too, or cannot be decided either,
from the plan in force and whatever can still be read of its row, as if it had been raised now.
"""

from dataclasses import replace
from datetime import datetime

import structlog

from domain.alerts import Alert
from domain.errors import LedgerCollision, LedgerUnavailable
from domain.tasks import Task, TaskKind
from escalation.command import Tick
from escalation.decide import decide
from escalation.ladder import begin
from escalation.sheet import Decision, Sheet
from escalation.stage import keep
from escalation.standing import Standing
from escalation.timeline import replay
from store import alerts, salvage, tasks
from store.ledger import Tx

_LOG = structlog.get_logger("anling.rescue")


def rescue(tx: Tx, standing: Standing, id: str, why: str, now: datetime) -> None:
    """Put a readable alert in place of the broken one and call for it. ``why``: an error's name, no personal data."""
    if not salvage.is_open(tx, id):
        return
    try:
        with tx.savepoint():
            _rebuilt(tx, standing, id, why, now)
            how = "rebuilt from its timeline"
    except (LedgerCollision, LedgerUnavailable):
        raise
    except Exception as error:  # whatever is wrong with it, somebody waits
        _LOG.error("timeline_rebuilds_nothing", alert=id, error=type(error).__name__)
        _anew(tx, standing, id, why, now)
        how = "called anew by the plan in force"
    tasks.reopen_tasks(tx, [Task(f"rescued:{id}", TaskKind.OPERATOR, now, alert=id, data={"why": why, "how": how})])
    _LOG.error("alert_rescued", alert=id, why=why, how=how)


def _rebuilt(tx: Tx, standing: Standing, id: str, why: str, now: datetime) -> None:
    """As the timeline tells it (invariant 8), and on from there."""
    entries, head = salvage.chain_end(tx, id)
    alert = replace(replay(salvage.story(tx, id)), entries=entries, head=head)
    plan = standing.plan(tx, alert.plan)
    sheet = Sheet(alert, alert, now, standing.roster(tx), plan)
    sheet.write("rescued", "engine", why=why)
    noted = sheet.decision("rescued")
    looked = decide(noted.alert, Tick(), now, standing.roster(tx), plan)
    _replace(tx, alert, [noted, looked] if looked.changed else [noted])


def _anew(tx: Tx, standing: Standing, id: str, why: str, now: datetime) -> None:
    """From the first step, in a generation above all that was ordered before: older contacts are void."""
    alert = salvage.remains(tx, id, now)
    plan = standing.in_force(tx, now, alert.subject.street)
    alert = replace(alert, plan=plan.version)
    sheet = Sheet(None, alert, now, standing.roster(tx), plan)
    sheet.write("rescued", "engine", why=why)
    begin(sheet, plan.tracks_for(alert.severity), salvage.newest_gen(tx, id) + 1)
    _replace(tx, alert, [replace(sheet.decision("rescued"), before=alert)])


def _replace(tx: Tx, alert: Alert, decisions: list[Decision]) -> None:
    alerts.overwrite(tx, alert)
    keep(tx, decisions)
