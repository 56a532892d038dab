"""The ticker: rings the sweeps. It decides nothing; what is due stands in the ledger (P20)."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

_LOG = structlog.get_logger("anling.ticker")


class Ticker:
    """APScheduler, its defaults turned round: a late job runs late, is never skipped, never runs twice at once."""

    def __init__(self, zone: ZoneInfo, missed: Callable[[str], None]) -> None:
        self._missed = missed
        self._scheduler = BackgroundScheduler(
            timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(self._heard, EVENT_JOB_MISSED | EVENT_JOB_ERROR)

    def every(self, seconds: float, name: str, work: Callable[[], object]) -> None:
        """Ring ``work`` at once and then every so often; what it raises is logged and ends nothing."""
        self._scheduler.add_job(
            lambda: _rung(name, work), "interval", seconds=seconds, id=name, next_run_time=datetime.now(UTC)
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


def _rung(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # the next ring tries again, from what the ledger holds
        _LOG.error("job_failed", job=name, error=type(error).__name__, text=str(error)[:300])
