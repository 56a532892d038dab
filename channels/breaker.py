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
    #: it was itself refused: that the provider answers again proves nothing for it
    refused: bool = False
    #: something has gone through since we started, or the provider has answered for it
    proven: bool = False


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
                self._lines[name] = _Line(proven=True)

    def failed(self, name: str, why: str, hard: bool = False, refused: bool = False) -> None:
        """The line itself failed, not the person's telephone. ``hard``: it will not mend itself in a moment.

        ``refused``: this number was, not the account; only a letter that goes through proves it again.
        """
        with self._lock:
            line = self._lines[name]
            line.failures += 1
            line.refused |= refused
            if hard or line.failures >= _PATIENCE:
                line.resting_until = max(line.resting_until, self._ticks() + REST)
                line.why = why

    def rest(self, name: str, seconds: float, why: str) -> None:
        """Somebody who saw more than one letter says that this line should rest."""
        with self._lock:
            if name in self._lines:
                until = max(self._lines[name].resting_until, self._ticks() + seconds)
                self._lines[name] = _Line(0, until, True, why)

    def answers(self, why_not: str | None) -> None:
        """The provider was asked while nobody was called: None, it answers; else every line of it is down."""
        with self._lock:
            for name, line in self._lines.items():
                if why_not is not None:
                    line.failures = _PATIENCE
                    line.resting_until = max(line.resting_until, self._ticks() + REST)
                    line.why = line.why or why_not
                elif not line.refused and not (line.ordered and line.resting_until > self._ticks()):
                    self._lines[name] = _Line(proven=True)

    @property
    def proven(self) -> frozenset[str]:
        """The lines that are in health for sure, and not only because nobody has tried them since we started."""
        with self._lock:
            return frozenset(name for name, line in self._lines.items() if line.proven and line.why is None)

    def down(self) -> dict[str, str]:
        """The lines that are not in health, each with the reason: they failed, and nothing has gone through since."""
        with self._lock:
            return {name: line.why for name, line in self._lines.items() if line.why is not None}

    @property
    def all_down(self) -> bool:
        """No line is in health: nobody is surely reached this way."""
        return bool(self._lines) and len(self.down()) == len(self._lines)
