"""The pace a provider takes: as fast as we can until it says "too many", then as fast as it takes; firsts first."""

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count

#: seconds over which accepted requests are counted
_WINDOW = 1.0
#: the rate is not lowered twice within this many seconds, and rises by a quarter after as many without a refusal
_SETTLING = 0.5
#: requests on their way while no rate is known: a storm that is to be refused should not be a storm
_TOGETHER = 48


class Pace:
    """Lets requests go one by one. Safe to use from many threads.

    The rate is learned from what was accepted lately; who was refused goes again at the next
    turn. ``rank`` 0 (a first contact) never stands behind a repeat.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._turn = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._numbers = count()
        self._taken: deque[float] = deque()
        #: requests per second; None: no limit is known
        self._rate: float | None = None
        self._flying = 0
        self._next = 0.0
        self._changed = 0.0

    def wait(self, rank: int, until: float) -> bool:
        """Wait for this request's turn; False when it does not come before ``until`` (monotonic seconds)."""
        with self._turn:
            if self._rate is None and self._flying < _TOGETHER:
                self._flying += 1
                return True
            me = (rank, next(self._numbers))
            heapq.heappush(self._waiting, me)
            try:
                went = self._wait(me, until)
                self._flying += went
                return went
            finally:
                self._waiting.remove(me)
                heapq.heapify(self._waiting)
                self._turn.notify_all()

    def _wait(self, me: tuple[int, int], until: float) -> bool:
        while True:
            now = self._ticks()
            first = self._waiting[0] == me
            if first and self._free(now):
                return True
            if now >= until:
                return False
            soon = self._next if first and self._rate is not None else until
            self._turn.wait(max(0.001, min(until, soon) - now))

    def _free(self, now: float) -> bool:
        """Whether the next request may go; takes its turn."""
        if self._rate is None:
            return self._flying < _TOGETHER
        if now < self._next:
            return False
        self._next = max(self._next, now - 1 / self._rate) + 1 / self._rate
        return True

    def landed(self) -> None:
        """An answer came, whichever it was, or none will."""
        with self._turn:
            self._flying -= 1
            if self._rate is None and self._waiting:
                self._turn.notify_all()

    def taken(self) -> None:
        """The provider took one."""
        with self._turn:
            now = self._ticks()
            self._taken.append(now)
            while self._taken[0] < now - _WINDOW:
                self._taken.popleft()
            if self._rate is None:
                return
            if now - self._changed > _SETTLING:
                self._rate, self._changed = self._rate * 1.25, now
            self._rate = max(self._rate, float(len(self._taken)))
            if not self._waiting and len(self._taken) < self._rate / 4:
                self._rate = None

    def refused(self) -> None:
        """The provider said "too many"."""
        with self._turn:
            now = self._ticks()
            while self._taken and self._taken[0] < now - _WINDOW:
                self._taken.popleft()
            if self._rate is None:
                self._rate, self._changed, self._next = max(1.0, float(len(self._taken))), now, now
            elif now - self._changed > _SETTLING:
                self._rate, self._changed = max(1.0, self._rate * 0.9), now
            self._turn.notify_all()
