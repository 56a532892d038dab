"""The engine's time: it starts at the wall clock and from then on only trusts seconds that passed.

A wall clock that is set back two hours froze a ladder for two hours, one that is set
forward called 120 at once (P38). Engine time = anchor + monotonic seconds since the
anchor was taken; the anchor is taken once, at start, as the later of the wall clock
and the newest engine time in the ledger (design, "Time").
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time, in UTC."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


def wall_now() -> datetime:
    """The machine's own idea of the time, UTC. For receive stamps and display, not for deadlines."""
    return datetime.now(UTC)


def _boot_seconds() -> float:
    """Seconds that also count while the machine sleeps, where the system offers them."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


_written: tuple[datetime | None, str] = (None, "")


def iso(instant: datetime) -> str:
    """ISO 8601 with microseconds, always as long, in UTC where it came in UTC. Fast for the same instant again."""
    global _written
    known, text = _written
    if instant is known:
        return text
    text = instant.isoformat(timespec="microseconds")
    _written = (instant, text)
    return text


class EngineClock:
    """Time that never jumps: later steps of the wall clock move nothing."""

    def __init__(
        self,
        newest_known: datetime | None = None,
        wall: Callable[[], datetime] = wall_now,
        ticks: Callable[[], float] = _boot_seconds,
    ) -> None:
        start = wall()
        self._anchor = max(start, newest_known) if newest_known else start
        self._ticks = ticks
        self._zero = ticks()
        self._wall = wall

    def now(self) -> datetime:
        """Engine time: anchor plus the seconds that really passed."""
        return self._anchor + timedelta(seconds=self._ticks() - self._zero)

    def wall_step(self) -> timedelta:
        """How far the wall clock has moved away from engine time; over 2 s is an operator alert."""
        return self._wall() - self.now()


class ManualClock:
    """A clock for tests and simulations: it moves when told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The instant it was last moved to."""
        return self._now

    def forward(self, seconds: float) -> datetime:
        """Let ``seconds`` pass and return the new instant."""
        self._now += timedelta(seconds=seconds)
        return self._now
