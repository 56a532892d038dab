"""Whose turn it is to write: SQLite has one writer, and a press goes before heartbeats.

Writers queue here, in the process, instead of in SQLite's sleeping busy handler.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: a patient writer gives way this long at the most, seconds: telemetry is late, never lost
_PATIENCE = 1.0


class Turn:
    """A lock with two doors: through the patient one nobody goes while somebody urgent waits."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._urgent = 0
        self._quiet = threading.Condition(threading.Lock())

    @contextmanager
    def take(self, patient: bool) -> Iterator[None]:
        """Hold the turn."""
        if patient:
            with self._quiet:
                self._quiet.wait_for(lambda: not self._urgent, _PATIENCE)
            with self._lock:
                yield
            return
        with self._quiet:
            self._urgent += 1
        try:
            with self._lock:
                yield
        finally:
            with self._quiet:
                self._urgent -= 1
                if not self._urgent:
                    self._quiet.notify_all()
