"""One thread that serves many made-up devices: sockets, timers, and calls from other threads."""

import heapq
import itertools
import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger(__name__)

#: Connecting may block on a dead network, so it happens apart. Few at a time: a broker is not to be stormed.
_DIALLERS = 8
#: The longest sleep without work, in seconds.
_NAP = 1.0

Work = Callable[[], None]
Ready = Callable[[bool, bool], None]


class Timer:
    """A call to come. ``cancel`` is safe at any time, from any thread."""

    def __init__(self, work: Work) -> None:
        self._work: Work | None = work

    def cancel(self) -> None:
        """It will not ring any more."""
        self._work = None

    def ring(self) -> None:
        """Do the work, once."""
        work, self._work = self._work, None
        if work is not None:
            work()


class Loop:
    """The thread. Work given to it runs one after the other, so what only it touches needs no lock."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._asleep, self._bell = socket.socketpair()
        self._asleep.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._asleep, selectors.EVENT_READ)
        self._calls: deque[Work] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._diallers = ThreadPoolExecutor(_DIALLERS, "dial")
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)
        self._thread.start()

    def call(self, work: Work) -> None:
        """Run ``work`` on the loop's thread as soon as it is free. Any thread may ask."""
        self._calls.append(work)
        try:
            self._bell.send(b"!")
        except (BlockingIOError, OSError):
            # The bell is full (it rings already) or the loop is gone: either way there is nothing to do.
            return

    def later(self, seconds: float, work: Work) -> Timer:
        """Run ``work`` on the loop's thread after ``seconds``. Any thread may ask."""
        timer = Timer(work)
        due = time.monotonic() + max(0.0, seconds)
        self.call(lambda: heapq.heappush(self._timers, (due, next(self._count), timer)))
        return timer

    def apart(self, work: Work) -> None:
        """Run ``work`` on another thread, because it may block."""
        if not self._stopping:
            self._diallers.submit(_guarded, work)

    def watch(self, sock: socket.socket, ready: Ready, *, write: bool) -> None:
        """Call ``ready(readable, writable)`` when the socket has something. Loop thread only."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if write else 0)
        if sock in self._selector.get_map():
            self._selector.modify(sock, events, ready)
        else:
            self._selector.register(sock, events, ready)

    def unwatch(self, sock: socket.socket) -> None:
        """Stop watching. Unknown or closed sockets are fine. Loop thread only."""
        try:
            self._selector.unregister(sock)
        except (KeyError, ValueError):
            return

    def stop(self) -> None:
        """End the thread; what waits is dropped. Returns when it is gone, at most 5 s later."""
        self._stopping = True
        self.call(lambda: None)
        if threading.current_thread() is not self._thread:
            self._thread.join(5)
        self._diallers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping:
            for key, events in self._selector.select(self._patience()):
                if key.fileobj is self._asleep:
                    self._asleep.recv(4096)
                else:
                    _guarded(_bound(key.data, events))
            self._do_calls()
            self._ring_timers()
        self._selector.close()
        self._asleep.close()
        self._bell.close()

    def _patience(self) -> float:
        if self._calls:
            return 0.0
        return min(_NAP, max(0.0, self._timers[0][0] - time.monotonic())) if self._timers else _NAP

    def _do_calls(self) -> None:
        for _ in range(len(self._calls)):
            _guarded(self._calls.popleft())

    def _ring_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _guarded(heapq.heappop(self._timers)[2].ring)


def _bound(ready: Ready, events: int) -> Work:
    return lambda: ready(bool(events & selectors.EVENT_READ), bool(events & selectors.EVENT_WRITE))


def _guarded(work: Work) -> None:
    """Run it; a device that breaks is reported and the others go on."""
    try:
        work()
    except Exception:
        _log.exception("a simulated device failed; the others go on")
