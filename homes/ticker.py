"""The ticker: rings the sweeps. It decides nothing; what is due stands in the ledger (P20)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.schedulers.background import BackgroundScheduler

_LOG = structlog.get_logger("anling.ticker")
#: rings that fail one after the other before an operator is asked
_PATIENCE = 3


class Ticker:
    """APScheduler, its defaults turned round: a late job runs late, is never skipped, never runs twice at once."""

    def __init__(self, zone: ZoneInfo, missed: Callable[[str], None], stuck_after_s: float = 60.0) -> None:
        self._missed = missed
        self._stuck_after = stuck_after_s
        #: job -> when its ring began; job -> rings that failed one after the other
        self._began: dict[str, float] = {}
        self._failed: dict[str, int] = {}
        self._told: set[str] = set()
        self._scheduler = BackgroundScheduler(
            timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(self._heard, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
        self._scheduler.add_listener(self._waits, EVENT_JOB_MAX_INSTANCES)

    def every(self, seconds: float, name: str, work: Callable[[], object], first: float = 0.0) -> None:
        """Ring ``work`` after ``first`` seconds and then every so often; what it raises ends nothing, and is told
        when it goes on."""
        begins = datetime.now(UTC) + timedelta(seconds=first)
        self._scheduler.add_job(
            lambda: self._ring(name, work), "interval", seconds=seconds, id=name, next_run_time=begins
        )

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; a job that runs is let finish."""
        self._scheduler.shutdown(wait=True)

    def _heard(self, event: JobExecutionEvent) -> None:
        _LOG.error("job_missed", job=event.job_id)
        self._missed(str(event.job_id))

    def _waits(self, event: JobSubmissionEvent) -> None:
        """A ring is still at work when the next is due: nothing wrong, unless it goes on for a minute."""
        name = str(event.job_id)
        began = self._began.get(name)
        if began is not None and time.monotonic() - began > self._stuck_after and name not in self._told:
            self._told.add(name)
            _LOG.error("job_stuck", job=name)
            self._missed(name)

    def _ring(self, name: str, work: Callable[[], object]) -> None:
        self._began[name] = time.monotonic()
        try:
            work()
            self._failed[name] = 0
        except Exception as error:  # the next ring tries again, from what the ledger holds
            self._failed[name] = self._failed.get(name, 0) + 1
            _LOG.error("job_failed", job=name, error=type(error).__name__, text=str(error)[:300])
            if self._failed[name] == _PATIENCE:
                self._tell(name)
        finally:
            del self._began[name]
            self._told.discard(name)

    def _tell(self, name: str) -> None:
        """What fails again and again is no hiccup of the ledger: an operator must hear of it."""
        try:
            self._missed(name)
        except Exception as error:  # the ledger is away: then the watch shouts
            self._failed[name] = 0
            _LOG.error("job_failure_not_told", job=name, error=type(error).__name__)
