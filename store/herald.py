"""The herald: tells other processes of our commits on PostgreSQL, after them and beside them.

A NOTIFY inside the transaction makes every commit wait for the one before it, disk included: PostgreSQL keeps the
order of its messages by one lock for all. What the herald cannot say costs the others the time of their safety poll.
"""

import threading
from collections.abc import Callable
from typing import Any

_CHANNEL = "anling"
#: seconds: commits that follow one another so closely are told as one; and before a lost line is tried again
_CLOSE, _PAUSE = 0.001, 1.0
#: what one-off commands, which keep no herald, say inside their transaction
NOTIFY = f"NOTIFY {_CHANNEL}"


class Herald:
    """Calls out, and hears the others; ``connect`` gives a plain connection of the driver, committing by itself."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._news = threading.Event()
        self._stop = threading.Event()
        #: the server's number for the line we call out on: what comes from there we know already
        self._ours: int | None = None
        self._thread = threading.Thread(target=self._run, name="herald", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """Something was committed; returns at once."""
        self._news.set()

    def hear(self, stop: threading.Event, ring: Callable[[], None]) -> None:
        """Ring for each commit of others, until ``stop``. Raises what the driver does when its line is lost."""
        with self._connect() as line:
            line.execute(f"LISTEN {_CHANNEL}")
            ring()
            while not stop.is_set():
                for note in line.notifies(timeout=1.0, stop_after=1):
                    if note.pid != self._ours:
                        ring()

    def close(self) -> None:
        """Say what is still to be said, and end."""
        self._stop.set()
        self._news.set()
        self._thread.join(3.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as line:
                    self._ours = line.info.backend_pid
                    self._call(line)
            except Exception:  # the others poll meanwhile, and whoever writes finds out what is wrong with the ledger
                self._news.set()
                self._stop.wait(_PAUSE)

    def _call(self, line: Any) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            line.execute(NOTIFY)
            if self._stop.wait(_CLOSE):
                return
