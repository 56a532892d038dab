"""The probe's sink: a small web server that takes the calls of our own presses, and of nothing else."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from channels.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, verify
from channels.switchboard import loopback
from domain.clock import wall_now

#: bytes; our letters are a few thousand
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One contact that reached the sink."""

    #: monotonic second
    at: float
    type: str
    alert: str
    drill: bool


class Sink:
    """Listens until stopped; tells ``heard`` of every letter that is really ours."""

    def __init__(self, url: str | None, secret: str, heard: Callable[[Call], None]) -> None:
        """``url``: where the senders reach us; None: on this machine, at any free port."""
        parts = urlsplit(url or "http://127.0.0.1:0")
        host = "127.0.0.1" if loopback(parts.geturl()) else "0.0.0.0"
        self._server = _Server((host, parts.port or (80 if url else 0)), _Door)
        self._server.take = lambda body, headers: _take(secret, body, headers, heard)
        self.url = url or f"http://127.0.0.1:{self._server.server_port}/probe"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.5,), name="sink", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _take(
    secret: str, body: bytes, headers: Any, heard: Callable[[Call], None], wall: Callable[[], datetime] = wall_now
) -> int:
    """The status to answer with. An unsigned letter proves nothing."""
    if not verify(secret, headers.get(TIMESTAMP_HEADER), headers.get(SIGNATURE_HEADER), body, wall()):
        return 403
    try:
        told = json.loads(body)
        heard(Call(time.monotonic(), str(told["type"]), str(told["alert"]["id"]), bool(told["drill"])))
    except (ValueError, LookupError, TypeError):
        return 400
    return 200


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    take: Callable[[bytes, Any], int]

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that hangs up in the middle is no matter."""


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def do_POST(self) -> None:
        """One letter."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST:
            return self._answer(413)
        return self._answer(self.server.take(self.rfile.read(int(length)), self.headers))

    def do_GET(self) -> None:
        """Somebody asks whether we are up."""
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Quiet: the watch says what matters."""
