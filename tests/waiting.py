"""What tests of real processes wait with."""

import os
import socket
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

#: below those that the system lends to whoever calls out: else a caller sits on a port while its server is away
_PORTS = range(10_000, 32_000)
#: every process of a run begins somewhere else
_OURS = os.getpid() * 1009 % len(_PORTS)
_NEXT = cycle([*_PORTS[_OURS:], *_PORTS[:_OURS]])


def free_port() -> int:
    """A port nobody has at this moment, and that nobody is given in the next one."""
    return next(port for port in _NEXT if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def quickest(act: Callable[[], float], bound: float, tries: int = 3) -> float:
    """Seconds that ``act`` told in the quickest of a few tries; only as many as it takes to keep ``bound``.

    A crowded machine makes one try late; what is slow by itself is late every time.
    """
    told = [act()]
    while min(told) > bound and len(told) < tries:
        told.append(act())
    return min(told)


def eventually(holds: Callable[[], Any], within: float = 20.0, what: str = "it") -> Any:
    """What ``holds`` says, as soon as it says something true; fails after ``within`` seconds."""
    ends = time.monotonic() + within
    while not (said := holds()):
        assert time.monotonic() < ends, f"{what} did not come true within {within} s"
        time.sleep(0.01)
    return said
