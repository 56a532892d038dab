"""What tests of real processes wait with."""

import socket
import time
from collections.abc import Callable
from typing import Any


def free_port() -> int:
    """A port nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], Any], within: float = 10.0, what: str = "it") -> Any:
    """What ``holds`` says, as soon as it says something true; fails after ``within`` seconds."""
    ends = time.monotonic() + within
    while not (said := holds()):
        assert time.monotonic() < ends, f"{what} did not come true within {within} s"
        time.sleep(0.01)
    return said
