"""Which lines are used: one that fails rests while another takes its place; when all fail, all are tried."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: failures in a row after which a line rests
_PATIENCE = 3
#: seconds a line rests after failing; then one letter tries it
REST = 30.0


@dataclass(slots=True)
class _Line:
    failures: int = 0
    resting_until: float = 0.0
    #: the rest was ordered from outside: one letter that is taken does not end it
    ordered: bool = False
    #: why it is not in health; None: it is
    why: str | None = None


class Breaker:
    """The lines of one channel, in the order of preference. Safe to use from many threads; forgets at a restart.

    It only orders: a line that rests is still tried when no other is left (fail open).
    """

    def __init__(self, names: Sequence[str], ticks: Callable[[], float] = time.monotonic) -> None:
        self._lines = {name: _Line() for name in names}
        self._ticks = ticks
        self._lock = threading.Lock()

    def order(self) -> list[str]:
        """Those in health first; then those that rest, the one that has rested longest first."""
        now = self._ticks()
        with self._lock:
            return sorted(self._lines, key=lambda name: max(0.0, self._lines[name].resting_until - now))

    def worked(self, name: str) -> None:
        """A letter was taken: the line is in health."""
        with self._lock:
            line = self._lines[name]
            if not line.ordered or line.resting_until <= self._ticks():
                self._lines[name] = _Line()

    def failed(self, name: str, why: str, hard: bool = False) -> None:
        """The line itself failed, not the person's telephone. ``hard``: it will not mend itself in a moment."""
        with self._lock:
            line = self._lines[name]
            line.failures += 1
            if hard or line.failures >= _PATIENCE:
                line.resting_until = max(line.resting_until, self._ticks() + REST)
                line.why = why

    def rest(self, name: str, seconds: float, why: str) -> None:
        """Somebody who saw more than one letter says that this line should rest."""
        with self._lock:
            if name in self._lines:
                until = max(self._lines[name].resting_until, self._ticks() + seconds)
                self._lines[name] = _Line(0, until, True, why)

    def down(self) -> dict[str, str]:
        """The lines that are not in health, each with the reason: they failed, and nothing has gone through since."""
        with self._lock:
            return {name: line.why for name, line in self._lines.items() if line.why is not None}

    @property
    def all_down(self) -> bool:
        """No line is in health: nobody is surely reached this way."""
        return bool(self._lines) and len(self.down()) == len(self._lines)
