"""Guessing passwords gets slow; nothing else is ever throttled."""

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

    def wait(self, limits: Iterable[tuple[str, int]]) -> float:
        """Seconds to wait before another try is heard; 0 when none of the limits is reached."""
        with self._lock:
            return max((self._wait(key, limit) for key, limit in limits), default=0.0)

    def failed(self, keys: Iterable[str]) -> None:
        """Remember one failure for each key."""
        with self._lock:
            for key in keys:
                self._failures[key] = [*self._recent(key), self._ticks()]
                self._failures.move_to_end(key)
            while len(self._failures) > _MAX_KEYS:
                self._failures.popitem(last=False)

    def forget(self, key: str) -> None:
        """A success: this key starts anew."""
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self._ticks() - WINDOW_S
        return [at for at in self._failures.get(key, []) if at > since]

    def _wait(self, key: str, limit: int) -> float:
        recent = self._recent(key)
        return max(0.0, recent[-limit] + WINDOW_S - self._ticks()) if len(recent) >= limit else 0.0
