"""Open lines to the doors we knock at often, so that an urgent letter does not wait for a handshake."""

import ssl
import threading
import time
from collections import deque
from functools import cached_property
from typing import NamedTuple

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import parse_url

#: idle lines kept per door; more may be open at the same time in a storm
KEPT = 256

#: seconds a line may stay unused: firewalls forget silent lines without telling either end,
#: and a letter sent into a forgotten line is lost for the whole read time-out
IDLE = 20.0

#: seconds for the handshake
CONNECT = 3.0


class Door(NamedTuple):
    """Where a request goes. ``target`` is the request line's path and query."""

    scheme: str
    host: str
    port: int
    target: str
    #: the value of the Host header
    authority: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What two addresses must share to share a line."""
        return self.scheme, self.host, self.port


def door(address: str) -> Door:
    """Read an ``http`` or ``https`` address; ``ValueError`` when it is not one."""
    url = parse_url(address.strip())  # LocationParseError is a ValueError
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("not an http(s) address")
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.host.encode("ascii").decode()
    authority = f"{host}:{url.port}" if url.port else host
    return Door(url.scheme, host, port, url.request_uri, authority)


class Connections:
    """Kept-alive lines by door. Safe to use from many threads; never waits for a free one."""

    def __init__(self, kept: int = KEPT, idle: float = IDLE, tls: ssl.SSLContext | None = None) -> None:
        self._kept = kept
        self._idle = idle
        self._given_tls = tls
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, str, int], deque[tuple[HTTPConnection, float]]] = {}

    def take(self, to: Door) -> HTTPConnection | None:
        """The line used last, if it is still alive."""
        while True:
            with self._lock:
                lines = self._lines.get(to.origin)
                if not lines:
                    return None
                line, since = lines.pop()
            if time.monotonic() - since < self._idle and line.is_connected:
                return line
            line.close()

    def open(self, to: Door) -> HTTPConnection:
        """A fresh, connected line; raises urllib3's errors or ``OSError``."""
        line: HTTPConnection
        if to.scheme == "https":
            line = HTTPSConnection(to.host, to.port, timeout=CONNECT, ssl_context=self._tls)
        else:
            line = HTTPConnection(to.host, to.port, timeout=CONNECT)
        try:
            line.connect()
        except BaseException:
            line.close()
            raise
        return line

    def give_back(self, to: Door, line: HTTPConnection) -> None:
        """Keep a line whose answer was read to its end."""
        now = time.monotonic()
        with self._lock:
            lines = self._lines.setdefault(to.origin, deque())
            lines.append((line, now))
            old = [lines.popleft()] if len(lines) > self._kept or now - lines[0][1] > self._idle else []
        for spare, _ in old:
            spare.close()

    def close(self) -> None:
        """Hang up all idle lines."""
        with self._lock:
            idle = [line for lines in self._lines.values() for line, _ in lines]
            self._lines.clear()
        for line in idle:
            line.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or ssl.create_default_context()
