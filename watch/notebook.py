"""The notebook: what is wrong, written into the ledger: a report for ``/readyz`` and metrics, a task for each cause."""

from collections.abc import Callable, Sequence
from datetime import datetime

from domain.clock import wall_now
from domain.tasks import Task, TaskKind
from store import watching
from store.ledger import Ledger, Tx
from store.tasks import reopen_tasks, settle_tasks, waiting
from store.watching import Report
from watch.finding import Finding

#: seconds between two entries
EVERY = 3.0
_KEY = "operator/watch/"


class Notebook:
    """``turn`` writes down the present findings. ``probed``: wall clock and milliseconds of the last good press."""

    def __init__(
        self,
        ledger: Ledger,
        instance: str,
        now: Callable[[], datetime],
        probed: Callable[[], tuple[datetime | None, float | None]],
    ) -> None:
        self._ledger = ledger
        self._instance = instance
        self._now = now
        self._probed = probed
        #: codes for which a task of ours stands open; None: what an earlier watch left is not known yet
        self._open: frozenset[str] | None = None
        #: what is wrong at present; the judge sets it
        self.findings: tuple[Finding, ...] = ()
        self.well = False

    def turn(self) -> None:
        """Write. Raises what the ledger raises."""
        findings, well = self.findings, self.well
        with self._ledger.transaction(patient=True) as tx:
            self._report(tx, findings, well)
            now_open = self._tasks(tx, findings)
        self._open = now_open

    def _report(self, tx: Tx, findings: Sequence[Finding], well: bool) -> None:
        at, (probe_at, probe_ms) = wall_now(), self._probed()
        plain = tuple(f.plain() | {"grave": f.grave} for f in findings)
        watching.report(tx, Report(self._instance, at, at if well else None, plain, probe_at, probe_ms))

    def _tasks(self, tx: Tx, findings: Sequence[Finding]) -> frozenset[str]:
        """A cause that is new opens its task, also one done before; one that has gone settles it."""
        known = self._open if self._open is not None else _left(tx)
        codes = frozenset(f.code for f in findings)
        reopen_tasks(tx, [self._task(f) for f in findings if f.code not in known])
        if known - codes:
            settle_tasks(tx, [f"{_KEY}{self._instance}/{code}" for code in known - codes], self._now(), "well again")
        return codes

    def _task(self, finding: Finding) -> Task:
        data = finding.plain() | {
            "instance": self._instance, "reason": {code: finding.reason(code) for code in ("zh", "en")},
            "remedy": {code: finding.remedy(code) for code in ("zh", "en")},
        }  # fmt: skip
        return Task(f"{_KEY}{self._instance}/{finding.code}", TaskKind.OPERATOR, self._now(), data=data)


def _left(tx: Tx) -> frozenset[str]:
    return frozenset(key.rpartition("/")[2] for key in waiting(tx, [TaskKind.OPERATOR]) if key.startswith(_KEY))
