"""The ticker may stand still; what it should have rung is rung as soon as it moves again, once (P20)."""

import threading
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent

from homes.ticker import Ticker
from tests.waiting import eventually, quickest

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_ring_that_is_late_is_rung_and_not_skipped() -> None:
    """Stopped for longer than three rings (P20): one ring afterwards at once, none for each that was missed."""
    rung, missed = [], []
    first = threading.Event()
    ticker = Ticker(SHANGHAI, missed.append)
    ticker.every(0.3, "sweep", lambda: (rung.append(time.monotonic()), first.set()))
    ticker.start()
    try:
        assert first.wait(10)

        def late() -> float:
            ticker._scheduler.pause()
            stood = len(rung)
            time.sleep(1.0)
            assert len(rung) <= stood + 1
            stood = len(rung)
            began = time.monotonic()
            ticker._scheduler.resume()
            eventually(lambda: len(rung) > stood)
            time.sleep(0.1)
            assert len([at for at in rung[stood:] if at < began + 0.3]) <= 2
            return rung[stood] - began

        assert quickest(late, 0.3) < 0.3
    finally:
        ticker.stop()
    assert [] == missed


def test_a_ring_that_was_missed_is_told() -> None:
    """APScheduler's word for it reaches whoever opens the operator's task (P20)."""
    missed: list[str] = []
    ticker = Ticker(SHANGHAI, missed.append)

    ticker._heard(JobExecutionEvent(EVENT_JOB_MISSED, "sweep", "default", datetime.now(UTC)))

    assert ["sweep"] == missed


def test_what_a_ring_raises_ends_nothing() -> None:
    """The next ring tries again (P20)."""
    rung: list[int] = []

    def fails() -> None:
        rung.append(1)
        raise RuntimeError("no ledger")

    ticker = Ticker(SHANGHAI, lambda name: None)
    ticker.every(0.05, "sweep", fails)
    ticker.start()
    try:
        eventually(lambda: len(rung) >= 3)
    finally:
        ticker.stop()


def test_what_fails_again_and_again_is_told_once() -> None:
    """One hiccup is nobody's business; the third in a row is the operator's, and the tenth is not told anew (P33)."""
    rung, told = [], []

    def fails() -> None:
        rung.append(1)
        raise RuntimeError("a row that nobody can read")

    ticker = Ticker(SHANGHAI, told.append)
    ticker.every(0.02, "sweep", fails)
    ticker.start()
    try:
        eventually(lambda: len(rung) >= 8)
    finally:
        ticker.stop()

    assert ["sweep"] == told


def test_a_ring_that_hangs_is_told_and_keeps_no_other() -> None:
    """A sweep that does not come back: the operator hears of it once, and the care calls go on (P33)."""
    told: list[str] = []
    calls: list[int] = []
    free = threading.Event()
    ticker = Ticker(SHANGHAI, told.append, stuck_after_s=0.2)
    ticker.every(0.05, "sweep", lambda: free.wait(10))
    ticker.every(0.05, "care_calls", lambda: calls.append(1))
    ticker.start()
    try:
        eventually(lambda: bool(told))
        heard = len(calls)
        eventually(lambda: len(calls) > heard + 3)

        assert ["sweep"] == told
    finally:
        free.set()
        ticker.stop()
