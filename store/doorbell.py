"""The doorbell: rings after each commit, so that nobody has to poll.

Within a process it rings at once. A commit of another process is heard through LISTEN on
PostgreSQL, or by reading SQLite's ``data_version`` every 50 ms. A ring is only a hint to
read the ledger again: one that gets lost costs the time of the safety poll, never an alert.
"""

import threading
import time
from collections.abc import Callable

#: seconds that an ear may need to notice that nobody listens any more
_LONGEST = 3.0


class Waiter:
    """One listener. Rings that come while it is busy are remembered, as one.

    ``patience``: seconds it lets pass after a ring, so that whoever calls a person goes first.
    """

    def __init__(self, patience: float = 0.0) -> None:
        self._event = threading.Event()
        self._patience = patience

    def wait(self, timeout: float) -> bool:
        """Sleep until the bell rings or ``timeout`` seconds have passed; says whether it rang."""
        rang = self._event.wait(timeout)
        if rang:
            if self._patience:
                time.sleep(self._patience)
            self._event.clear()
        return rang

    def ring(self) -> None:
        """Wake this one listener."""
        self._event.set()


class Doorbell:
    """Wakes every waiter."""

    def __init__(self) -> None:
        self._waiters: tuple[Waiter, ...] = ()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._ear: threading.Thread | None = None

    def watch(self, patience: float = 0.0) -> Waiter:
        """A waiter of one's own."""
        waiter = Waiter(patience)
        with self._lock:
            self._waiters = (*self._waiters, waiter)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Stop waking ``waiter``."""
        with self._lock:
            self._waiters = tuple(w for w in self._waiters if w is not waiter)

    def ring(self) -> None:
        """Something was committed."""
        for waiter in self._waiters:
            waiter.ring()

    def listen(self, ear: Callable[[threading.Event, Callable[[], None]], None]) -> None:
        """Hear the commits of other processes: ``ear(stop, ring)`` runs in a thread, again whenever it fails."""
        self._ear = threading.Thread(target=self._listen, args=(ear,), name="doorbell", daemon=True)
        self._ear.start()

    def _listen(self, ear: Callable[[threading.Event, Callable[[], None]], None]) -> None:
        while not self._stop.is_set():
            try:
                ear(self._stop, self.ring)
            except Exception:
                self.ring()
                self._stop.wait(1)

    def close(self) -> None:
        """Stop listening, let go of the line that was listened on, and wake everybody a last time."""
        self._stop.set()
        self.ring()
        if self._ear is not None:
            self._ear.join(_LONGEST)
