"""Whether a way of reaching people works: what came of the last letters, for the health checks."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from domain.clock import wall_now
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result, Unwanted

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """One reading. ``failures`` counts letters in a row that were not accepted."""

    name: str
    last_ok: datetime | None = None
    last_failure: datetime | None = None
    failures: int = 0
    #: why the last one failed; never a number, name or address
    reason: str | None = None
    sent: int = 0


class Pulse:
    """Counts what comes of the letters of one channel. Safe to use from many threads."""

    def __init__(self, name: str, now: Callable[[], datetime] = wall_now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._health = Health(name)

    def read(self) -> Health:
        """The present reading."""
        return self._health

    def watch(self, deliver: Callable[[Letter], Result], letter: Letter) -> Result:
        """Deliver and count. A fault of ours becomes a value: one bad letter must not stop the next (P5)."""
        try:
            result = deliver(letter)
        except Exception as error:
            fault = type(error).__name__
            # Only the names of the fault and of the place: its text may hold a person's number.
            _log.error("channel_fault", channel=letter.channel, key=letter.key, fault=fault, at=_place(error))
            result = FailedForNow("fault in the channel", code=fault, unknown=True)
        self._note(result)
        return result

    def _note(self, result: Result) -> None:
        with self._lock:
            self._health = _after(self._health, result, self._now())


def _after(health: Health, result: Result, now: datetime) -> Health:
    match result:
        case Accepted():
            return replace(health, last_ok=now, failures=0, sent=health.sent + 1)
        case FailedForNow(reason=reason) | FailedForGood(reason=reason):
            return replace(
                health, last_failure=now, failures=health.failures + 1, reason=reason, sent=health.sent + 1
            )
        case Unwanted():
            return health


def _place(error: BaseException) -> str:
    """Module and line where it happened, for whoever mends it."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "?"
