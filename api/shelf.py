"""Hot lists are read from the ledger once and handed out until something is committed.

A commit of this process is noticed before its answer leaves (the doorbell rings inside the
transaction's end), so everybody reads their own writes; another process's within its
doorbell's 50 ms, and in any case after a second.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Protocol

#: seconds after which everything is read again, doorbell or not
OLDEST_S = 1.0
_MOST = 256


class Bell(Protocol):
    """An ear at the doorbell."""

    def wait(self, timeout: float) -> bool:
        """True when something was committed since the last call."""
        ...


class Shelf:
    """Answers by key, each read by one thread at a time."""

    def __init__(self, bell: Bell, ticks: Callable[[], float] = time.monotonic) -> None:
        self._bell = bell
        self._ticks = ticks
        self._lock = threading.Lock()
        self._reading: dict[Hashable, threading.Lock] = {}
        self._kept: dict[Hashable, tuple[float, bytes]] = {}
        self._commits = 0

    def peek(self, key: Hashable) -> bytes | None:
        """What is known to be still true; never blocks."""
        with self._lock:
            self._notice()
            at, answer = self._kept.get(key, (0.0, None))
            return answer if answer is not None and self._ticks() - at < OLDEST_S else None

    def fetch(self, key: Hashable, read: Callable[[], bytes]) -> bytes:
        """What is known, else what ``read`` returns now; who comes meanwhile waits for the same answer."""
        with self._lock:
            turn = self._reading.setdefault(key, threading.Lock())
        with turn:
            known = self.peek(key)
            return known if known is not None else self._read(key, read)

    def _read(self, key: Hashable, read: Callable[[], bytes]) -> bytes:
        with self._lock:
            self._notice()
            commits, begun = self._commits, self._ticks()
        answer = read()
        with self._lock:
            self._notice()
            if commits == self._commits:
                self._kept[key] = (begun, answer)
        return answer

    def _notice(self) -> None:
        """After a commit nothing is known any more."""
        if self._bell.wait(0) or len(self._kept) > _MOST:
            self._commits += 1
            self._kept.clear()
            self._reading = {key: lock for key, lock in self._reading.items() if lock.locked()}
