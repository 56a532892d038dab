"""Clocks: this machine's against its own seconds, the database's against ours, the engine's against both. Pure."""

from datetime import datetime, timedelta

from domain.clock import STEP
from watch.finding import Finding

#: how old engine time may be when we read it; the engine itself tells of two seconds
_BEAT = timedelta(seconds=3)
#: seconds for which a step of the wall clock is told
_TOLD = 600.0


class Clocks:
    """Remembers how wall clock and seconds agreed at the last look."""

    def __init__(self, wall: datetime, ticks: float) -> None:
        self._wall = wall
        self._ticks = ticks
        self._stepped: tuple[float, timedelta] | None = None

    def judge(
        self, wall: datetime, ticks: float, database: datetime | None, engine: datetime | None
    ) -> list[Finding]:
        """What is more than two seconds apart; None where there is nothing to compare."""
        found = [Finding("wall_clock", detail=_apart(step)) for step in self._step(wall, ticks)]
        pairs = (("database_clock", database, STEP), ("engine_clock", engine, STEP + _BEAT))
        return found + [
            Finding(code, detail=_apart(wall - other))
            for code, other, most in pairs
            if other is not None and abs(wall - other) > most
        ]

    def _step(self, wall: datetime, ticks: float) -> list[timedelta]:
        step = wall - self._wall - timedelta(seconds=ticks - self._ticks)
        self._wall, self._ticks = wall, ticks
        if abs(step) > STEP:
            self._stepped = (ticks + _TOLD, step)
        if self._stepped is not None and self._stepped[0] <= ticks:
            self._stepped = None
        return [self._stepped[1]] if self._stepped else []


def _apart(step: timedelta) -> str:
    return f"{step.total_seconds():+.1f} s"
