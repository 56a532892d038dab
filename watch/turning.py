"""A loop that never ends and can be seen to turn: each eye of the watch runs in one."""

import threading
import time
from collections.abc import Callable

import structlog

from domain.errors import AnlingError

_LOG = structlog.get_logger("anling.watch")


class Turning:
    """Calls ``turn`` every so many seconds in a thread; whoever doubts asks for its age."""

    def __init__(self, name: str, every: float, turn: Callable[[], None]) -> None:
        self.name = name
        self._every = every
        self._turn = turn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        #: monotonic second of the last turn that ended, well or not
        self.turned_at = time.monotonic()
        #: why the last turn failed; None when it did not
        self.ailment: str | None = None

    @property
    def age(self) -> float:
        """Seconds since a turn last ended."""
        return time.monotonic() - self.turned_at

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """End after the present turn; one that hangs is left to the end of the process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
                self.ailment = None
            except AnlingError as error:
                self._note(str(error))
            except Exception as error:  # an eye that closes would see nothing wrong for ever
                self._note(f"{type(error).__name__}: {str(error)[:200]}")
            self.turned_at = time.monotonic()
            self._stop.wait(self._every)

    def _note(self, ailment: str) -> None:
        if ailment != self.ailment:
            _LOG.error("watch_turn_failed", loop=self.name, why=ailment)
        self.ailment = ailment
