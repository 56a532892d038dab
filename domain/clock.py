"""The engine's time: it starts at the wall clock and from then on only trusts seconds that passed.

A wall clock that is set back two hours froze a ladder for two hours, one that is set
forward called 120 at once (P38). Engine time = anchor + monotonic seconds since the
anchor was taken; the first anchor is the later of the wall clock and the newest engine
time in the ledger (design, "Time").
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


#: a wall clock further away than this is an operator's matter
STEP = timedelta(seconds=2)
#: engine time leans towards the wall clock by this share of the seconds that pass, at most
SLEW = 0.1
#: a difference must last this long (s) before time leans: most steps are taken back by then
_LASTS = 600.0
#: seconds between two looks at the wall clock
_LOOK = 1.0
#: leaning ends when it is as near as this
_NEAR = timedelta(milliseconds=100)


class EngineClock:
    """Time that never jumps: later steps of the wall clock move nothing at once (P38).

    A wall clock that stays more than two seconds away for ten minutes is believed, slowly: from
    then on engine time runs at most a tenth faster or slower until both agree. It never stands,
    and never goes back.
    """

    def __init__(
        self,
        newest_known: datetime | None = None,
        wall: Callable[[], datetime] = wall_now,
        ticks: Callable[[], float] = _boot_seconds,
    ) -> None:
        start = wall()
        self._ticks = ticks
        self._wall = wall
        #: engine time, ticks and how far away the wall clock was, at the last look; 0 while it is not followed
        self._base = (max(start, newest_known) if newest_known else start, ticks(), timedelta(0))
        #: ticks since when it has been more than a step away; None: it is not
        self._away: float | None = None

    def now(self) -> datetime:
        """Engine time: anchor plus the seconds that really passed."""
        base, ticks = self._base, self._ticks()
        if ticks - base[1] >= _LOOK:
            self._look(base, ticks)
        return self._at(base, ticks)

    def wall_step(self) -> timedelta:
        """How far the wall clock has moved away from engine time; over 2 s is an operator alert."""
        return self._wall() - self.now()

    @staticmethod
    def _at(base: tuple[datetime, float, timedelta], ticks: float) -> datetime:
        anchor, zero, lean = base
        passed = timedelta(seconds=ticks - zero)
        if not lean:
            return anchor + passed
        most = max(passed, timedelta(0)) * SLEW
        return anchor + passed + max(-most, min(lean, most))

    def _look(self, base: tuple[datetime, float, timedelta], ticks: float) -> None:
        """Take the present moment as the new anchor, and see whether the wall clock is to be followed.

        Two threads that look at once lay the same line twice: each value is replaced whole.
        """
        now = self._at(base, ticks)
        step = self._wall() - now
        if abs(step) <= (_NEAR if base[2] else STEP):
            self._away = None
        elif self._away is None:
            self._away = ticks
        away = self._away
        follow = away is not None and ticks - away >= _LASTS
        self._base = (now, ticks, step if follow else timedelta(0))


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
