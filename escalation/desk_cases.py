"""The 120 desk's cases: what an attempt made of one, and what to do when a desk rejects or stays silent.

Rejected or silent, the desk is telephoned by the next way of the plan's step, and somebody at
the console is asked to dial 120 now, with a script to read. Both at once: rather twice than never.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.clock import Clock
from domain.contacts import Accepted, FailedForGood, Result
from domain.desk import Case, CaseState
from domain.tasks import Task, TaskKind
from escalation.outcome import fail_over
from escalation.standing import Standing
from store import alerts, cases, outbox
from store.ledger import Ledger, Tx
from store.outbox import Item, Leased
from store.tasks import open_tasks, reopen_tasks, settle_tasks, waiting

CHANNEL = ROLE = "dispatch_120"
_TASK = "dial_120:"


def note_attempts(tx: Tx, sent: Sequence[tuple[Leased, Result]], now: datetime) -> None:
    """What the desk answered to incidents: a case, or a rejection that a person must make good now."""
    for leased, result in sent:
        if leased.item.channel == CHANNEL and leased.item.purpose in ("contact", "update"):
            _note(tx, leased.item, result, now)


def _note(tx: Tx, item: Item, result: Result, now: datetime) -> None:
    if isinstance(result, Accepted):
        cases.note(tx, Case(item.alert_id, item.person, item.key, result.reference, CaseState.ACCEPTED, now))
        return
    reason = (result.code if isinstance(result, FailedForGood) else None) or "unreachable"
    if isinstance(result, FailedForGood):
        cases.note(tx, Case(item.alert_id, item.person, item.key, None, CaseState.REJECTED, now, None, reason))
    dial(tx, item, reason, now)


def dial(tx: Tx, item: Item, reason: str, now: datetime, again: bool = False) -> None:
    """A person must dial 120 now; one task for an alert. ``again``: also when somebody has dialled before."""
    task = Task(
        task_key(item.alert_id), TaskKind.DIAL_120, now, now, alert=item.alert_id,
        data={"reason": reason, "drill": item.drill},
    )  # fmt: skip
    (reopen_tasks if again else open_tasks)(tx, [task])


def task_key(alert: str) -> str:
    """The name of an alert's task to dial 120."""
    return f"{_TASK}{alert}"


def answered(tx: Tx, alert: str, now: datetime, by: str) -> None:
    """Somebody at the desk has it: nobody needs to dial any more."""
    settle_tasks(tx, [task_key(alert)], now, "the desk has it", by)


class DeskSilence:
    """Looks for desks that have accepted and then said nothing."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock

    def turn(self) -> int:
        """Deal with every desk that has been silent for a minute. Returns how many."""
        now = self._clock.now()
        self._settle(now)
        with self._ledger.reading() as tx:
            if not cases.any_silent(tx, now):
                return 0
        with self._ledger.transaction() as tx:
            found = cases.silent(tx, now)
            for case in found:
                self._silent(tx, case, now)
            cases.heard(tx, found)
        return len(found)

    def _settle(self, now: datetime) -> None:
        """A desk that answered by telephone has it too; and a closed alert needs no ambulance."""
        with self._ledger.reading() as tx:
            named = [key.removeprefix(_TASK) for key in waiting(tx, [TaskKind.DIAL_120])]
            found = [alert for alert in (alerts.peek(tx, id) for id in named) if alert is not None]
        for alert in found:
            has = next((t.claimant for t in alert.tracks if t.claimant and t.claimant_role == ROLE), None)
            if has or not alert.open:
                with self._ledger.transaction() as tx:
                    answered(tx, alert.id, now, has or "system")

    def _silent(self, tx: Tx, case: Case, now: datetime) -> None:
        alert, row = alerts.peek(tx, case.alert), outbox.get(tx, case.key)
        if alert is None or not alert.open or row is None:
            return
        held = any(t.claimant == case.person for t in alert.tracks)
        if held:
            return
        dial(tx, row[0].item, "silent", now)
        fail_over(tx, self._standing, row[0], "the desk accepted and said nothing more", now)
