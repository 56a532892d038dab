"""Counts failures: guessing gets slow; nothing else is ever throttled."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

#: seconds over which failures count
WINDOW_S = 300.0
_MAX_KEYS = 10_000


class Throttle:
    """Counts failures per key over five minutes, in memory, bounded."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    def begin(self, limits: Iterable[tuple[str, int]]) -> float:
        """Seconds to wait before another try is heard; 0: try now, and it counts as failed until ``forgive``.

        Counted before the answer is known, so that a hundred tries at the same instant are a hundred.
        """
        wanted = list(limits)
        with self._lock:
            wait = max((self._wait(key, limit) for key, limit in wanted), default=0.0)
            if not wait:
                self._count(key for key, _ in wanted)
            return wait

    def wait(self, limits: Iterable[tuple[str, int]]) -> float:
        """Seconds to wait, without a try."""
        with self._lock:
            return max((self._wait(key, limit) for key, limit in limits), default=0.0)

    def failed(self, keys: Iterable[str]) -> None:
        """Remember one failure for each key."""
        with self._lock:
            self._count(keys)

    def forgive(self, keys: Iterable[str]) -> None:
        """The newest try of each was no failure."""
        with self._lock:
            for key in keys:
                if recent := self._recent(key)[:-1]:
                    self._failures[key] = recent
                else:
                    self._failures.pop(key, None)

    def forget(self, key: str) -> None:
        """A success: this key starts anew, and is known from now on."""
        with self._lock:
            self._failures.pop(key, None)
            self._known[key] = None
            self._known.move_to_end(key)
            while len(self._known) > _MAX_KEYS:
                self._known.popitem(last=False)

    def knows(self, key: str) -> bool:
        """Whether it has succeeded since this process started."""
        return key in self._known

    def count(self, key: str) -> int:
        """Failures of the last five minutes."""
        with self._lock:
            return len(self._recent(key))

    def _count(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._failures[key] = [*self._recent(key), self._ticks()]
            self._failures.move_to_end(key)
        while len(self._failures) > _MAX_KEYS:
            self._failures.popitem(last=False)

    def _recent(self, key: str) -> list[float]:
        since = self._ticks() - WINDOW_S
        return [at for at in self._failures.get(key, []) if at > since]

    def _wait(self, key: str, limit: int) -> float:
        recent = self._recent(key)
        return max(0.0, recent[-limit] + WINDOW_S - self._ticks()) if len(recent) >= limit else 0.0
