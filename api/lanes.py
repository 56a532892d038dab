"""Separate queues into the thread pool, so that many readers never keep an emergency waiting."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


class Lane:
    """At most ``width`` calls at a time; the rest wait without occupying a thread."""

    def __init__(self, width: int) -> None:
        self._limit = CapacityLimiter(width)

    @property
    def waiting(self) -> int:
        """Calls that have no thread yet."""
        return self._limit.statistics().tasks_waiting

    async def run(self, call: Callable[[], T]) -> T:
        """Run a blocking call and return its answer."""
        return await to_thread.run_sync(call, limiter=self._limit)


class Lanes:
    """The lanes of one process."""

    def __init__(self) -> None:
        #: hot lists: more threads only fight for the interpreter (measured: 8 are slower than 1)
        self.reads = Lane(2)
        #: a password hash takes 64 MiB
        self.logins = Lane(2)
        #: who was here before, and need not stand behind strangers who guess
        self.returning = Lane(1)
        #: devices and providers: never behind readers
        self.doors = Lane(16)
        #: claims, closes and everything else people do
        self.commands = Lane(16)
