"""The duty watch: looks over the coming fortnight, and opens a task for every hole that somebody must fill."""

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

import structlog

from domain.clock import Clock
from domain.errors import AnlingError
from domain.tasks import Task, TaskKind
from escalation.coverage import Gap
from escalation.rota import Rota
from escalation.staffing import Staffing, gap_shown
from escalation.standing import Standing
from escalation.workdays import Confidence
from store import duty, register
from store.edition import touch
from store.ledger import Ledger
from store.tasks import refresh_tasks, settle_tasks, waiting

_LOG = structlog.get_logger("anling.dutywatch")
_PREFIX = "duty/"
_DAYS = 14
#: how often it is asked whether anything has changed
_PAUSE_S = 5.0
#: after a crash somebody may be waiting: the path from button to phone comes up first
_FIRST_S = 6.0
#: gaps told in one task; more than these are counted only
_TOLD = 20


class DutyWatch:
    """Runs at the start, whenever duty or the register changes, and every night."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock, rota: Rota) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._rota = rota
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: tuple[str, date] | None = None

    def start(self) -> None:
        """Watch in a thread."""
        self._thread = threading.Thread(target=self._loop, name="dutywatch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the present look."""
        self._stop.set()
        if self._thread:
            self._thread.join(3)

    def look(self, now: datetime) -> Staffing:
        """Work out what is missing; open, renew and settle the tasks."""
        # Worked out before anything is written: a press must not wait for a fortnight's arithmetic.
        with self._ledger.reading() as tx:
            report = self._rota.report(tx, now, _DAYS)
        tasks = list(tasks_of(report, now))
        with self._ledger.transaction(patient=True) as tx:
            people = register.people(tx)
            if duty.follow(tx, people.responders.values(), people.teams, now, "register"):
                touch(tx)
            refresh_tasks(tx, tasks)
            open_now = {key for key in waiting(tx, [TaskKind.COVERAGE]) if key.startswith(_PREFIX)}
            settle_tasks(tx, open_now - {task.key for task in tasks}, now, "covered")
        return report

    def look_if_changed(self) -> bool:
        """Look when duty has changed since the last look, or a new day has begun in the duty's zone."""
        now = self._clock.now()
        with self._ledger.reading() as tx:
            seen = (self._standing.edition(tx), now.astimezone(self._standing.zone).date())
        if seen == self._seen:
            return False
        report = self.look(now)
        self._seen = seen
        _LOG.info("duty_looked_over", gaps=len(report.gaps), without_contact=len(report.mute))
        return True

    def _loop(self) -> None:
        self._stop.wait(_FIRST_S)
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                self.look_if_changed()
            except AnlingError as error:
                _LOG.warning("duty_not_looked_over", error=str(error))
            except Exception as error:  # tomorrow's gaps must be looked for whatever was wrong today
                _LOG.error("duty_not_looked_over", error=type(error).__name__, text=str(error)[:300])
            # A register that changes all the time costs a tenth of one processor, not all of it.
            self._stop.wait(max(_PAUSE_S, 10 * (time.monotonic() - begun)))


def tasks_of(report: Staffing, now: datetime) -> Iterator[Task]:
    """One task for each role and street with gaps, for each person without contact, for each doubtful year."""
    for (role, street), holes in _by_place(report.gaps):
        data = {"role": role, "gaps": [gap_shown(g) for g in holes[:_TOLD]], "count": len(holes),
                "hours": round(sum(g.hours for g in holes), 1)}  # fmt: skip
        yield Task(f"{_PREFIX}gap/{role}/{street or '-'}", TaskKind.COVERAGE, now, holes[0].start, street, data=data)
    for mute in report.mute:
        person, data = mute.person, {"responder": mute.person.id, "role": mute.person.role, "reason": mute.reason}
        yield Task(f"{_PREFIX}contact/{person.id}", TaskKind.COVERAGE, now, street=person.street, data=data)
    for year in report.calendar:
        if year.confidence is not Confidence.OFFICIAL:
            data = {"year": year.year, "confidence": year.confidence.value}
            due = now + timedelta(days=7)
            yield Task(f"{_PREFIX}calendar/{year.year}", TaskKind.COVERAGE, now, due, data=data)


def _by_place(gaps: Iterable[Gap]) -> Iterator[tuple[tuple[str, str | None], list[Gap]]]:
    def place(gap: Gap) -> tuple[str, str]:
        return gap.role, gap.street or ""

    for (role, street), holes in groupby(sorted(gaps, key=lambda g: (*place(g), g.start)), key=place):
        yield (role, street or None), list(holes)
