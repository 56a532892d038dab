"""Where messages wait for the writer: presses before statuses, nobody's flood before another's press.

Nothing here polls: a writer sleeps until something comes.
"""

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

from broker_bridge.arrival import Arrival

#: bytes of QoS 0 messages an event queue holds; QoS 1 is bounded by the broker's window
_UNBOUND_BYTES = 64 * 1024 * 1024
_MAY_BE_URGENT = re.compile(rb"sos|fall|smoke|gas", re.IGNORECASE)


class Queue(Protocol):
    """What a writer takes from."""

    #: messages shed because memory has an end
    dropped: int

    def __len__(self) -> int: ...

    def put(self, arrival: Arrival) -> None:
        """Called on a network thread: quick, never blocks for long, never raises."""
        ...

    def take(self, timeout: float | None = None) -> list[Arrival]:
        """The next batch, as soon as there is one; empty after the time-out (s) or when woken."""
        ...

    def wake(self) -> None:
        """Let a waiting ``take`` return empty."""
        ...

    def oldest(self) -> float | None:
        """When the first that waits came, monotonic seconds; None when nobody waits."""
        ...


class _Lines:
    """One line for each topic; everybody at the head of a line has the same right."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Arrival]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, arrival: Arrival) -> None:
        topic = arrival.message.topic
        line = self._lines.get(topic)
        if line is None:
            line = self._lines[topic] = deque()
        line.append(arrival)
        self._count += 1

    def take(self, most: int, each: int) -> list[Arrival]:
        """Up to ``most``, up to ``each`` of one topic, in the order of coming within a topic."""
        taken: list[Arrival] = []
        for _ in range(len(self._lines)):
            if len(taken) >= most:
                break
            topic, line = self._lines.popitem(last=False)
            taken += [line.popleft() for _ in range(min(each, len(line), most - len(taken)))]
            if line:
                self._lines[topic] = line
        self._count -= len(taken)
        return taken

    def oldest(self) -> float | None:
        """The heads of the first lines; exact enough for a health page."""
        return next((line[0].at for line in self._lines.values()), None)


class FairQueue:
    """Events first, then statuses and answers; at most ``each`` of one topic per batch."""

    def __init__(self, most: int, each: int, patient: Callable[[Arrival], bool]) -> None:
        self._most, self._each = most, each
        self._patient = patient
        self._urgent, self._later = _Lines(), _Lines()
        self._ready = threading.Condition()
        self._woken = False
        self._unbound = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._later)

    def put(self, arrival: Arrival) -> None:
        """Keep it; a QoS 0 message over the memory limit is shed (its device repeats it)."""
        lines = self._later if self._patient(arrival) else self._urgent
        with self._ready:
            if arrival.message.qos == 0 and not self._room(arrival):
                self.dropped += 1
                return
            lines.put(arrival)
            self._ready.notify()

    def take(self, timeout: float | None = None) -> list[Arrival]:
        """Everything that has come, up to a batch; beside events only a few statuses."""
        with self._ready:
            if not self and not self._woken:
                self._ready.wait(timeout)
            self._woken = False
            batch = self._urgent.take(self._most, self._each)
            rest = self._most if not batch else min(self._most - len(batch), self._most // 10)
            batch += self._later.take(rest, self._each)
            self._unbound -= sum(len(a.message.payload) for a in batch if a.message.qos == 0)
        return batch

    def wake(self) -> None:
        """Let a waiting ``take`` return."""
        with self._ready:
            self._woken = True
            self._ready.notify_all()

    def oldest(self) -> float | None:
        """When the first that waits came."""
        with self._ready:
            ages = [at for at in (self._urgent.oldest(), self._later.oldest()) if at is not None]
        return min(ages, default=None)

    def _room(self, arrival: Arrival) -> bool:
        size = len(arrival.message.payload)
        if self._unbound + size > _UNBOUND_BYTES:
            return False
        self._unbound += size
        return True


class SheddingQueue:
    """Telemetry: in order, in big batches; too much of it and the oldest QoS 0 goes."""

    def __init__(self, most: int, limit: int, linger: float = 0.05) -> None:
        self._most, self._limit, self._linger = most, limit, linger
        self._waiting: deque[Arrival] = deque()
        self._spared: deque[Arrival] = deque()
        self._ready = threading.Condition()
        self._idle = False
        self._woken = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._spared)

    def put(self, arrival: Arrival) -> None:
        """Keep it; over the limit the oldest goes unless it is acknowledged or may be a cry for help."""
        if len(self._waiting) >= self._limit:
            self._shed()
        self._waiting.append(arrival)
        if self._idle:
            with self._ready:
                self._ready.notify()

    def take(self, timeout: float | None = None) -> list[Arrival]:
        """A batch: what came within ``linger`` seconds of the first."""
        with self._ready:
            self._idle = True
            if not self and not self._woken:
                self._ready.wait(timeout)
            self._idle = self._woken = False
        if self and len(self) < self._most:
            time.sleep(self._linger)
        return self._drain()

    def wake(self) -> None:
        """Let a waiting ``take`` return."""
        with self._ready:
            self._woken = True
            self._ready.notify_all()

    def oldest(self) -> float | None:
        """When the first that waits came."""
        try:
            return self._waiting[0].at
        except IndexError:
            return None

    def _drain(self) -> list[Arrival]:
        batch: list[Arrival] = []
        for line in (self._spared, self._waiting):
            try:
                while len(batch) < self._most:
                    batch.append(line.popleft())
            except IndexError:
                continue
        return batch

    def _shed(self) -> None:
        try:
            oldest = self._waiting.popleft()
        except IndexError:
            return
        precious = oldest.message.qos > 0 or _MAY_BE_URGENT.search(oldest.message.payload)
        if precious and len(self._spared) < self._limit:
            self._spared.append(oldest)
        else:
            self.dropped += 1
