"""What stands outside the product here: a broker that can be killed, and the responders' own system."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from simulators.signing import anling_signature_holds
from tests.acceptance.neighbourhood import WEBHOOK_SECRET
from tests.waiting import eventually, free_port


class Mosquitto:
    """The real broker on a port of its own."""

    def __init__(self, folder: Path, persistence: bool = True) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence {str(persistence).lower()}\n"
            f"persistence_location {folder}/\nautosave_interval 1\nmax_queued_messages 100000\n"
            f"max_packet_size 2097152\nset_tcp_nodelay true\nlog_dest file {folder}/mosquitto.log\n"
            + ("user root\n" if os.geteuid() == 0 else "")
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        assert binary, "mosquitto is not installed"
        self._process = subprocess.Popen([binary, "-c", str(self._config)])
        eventually(self._answers, what="the broker's answer")

    def kill(self, sign: int = signal.SIGKILL) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass(frozen=True, slots=True)
class Contact:
    """One message that reached a responder."""

    #: monotonic seconds
    at: float
    #: Unix seconds, to compare with what the product says
    wall: float
    who: str
    type: str
    key: str
    home: str | None
    alert: str
    drill: bool
    signed: bool
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the responder's system says to a contact, and how long it takes."""

    status: int = 200
    body: Mapping[str, Any] | None = None
    after: float = 0.0


class Sink:
    """The responders' own system: notes what arrives, checks who signed it, answers as told."""

    def __init__(self) -> None:
        self.contacts: list[Contact] = []
        self.answer: Callable[[Contact], Reply] = lambda contact: Reply()
        self._server = _Server(("127.0.0.1", 0), _Door)
        self._server.sink = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """As on the first day."""
        self.contacts = []
        self.answer = lambda contact: Reply()

    def asked(self, who: str | None = None, home: str | None = None) -> list[Contact]:
        """Those who were asked to come, oldest first."""
        return [
            c for c in list(self.contacts)
            if c.type == "contact" and who in (None, c.who) and home in (None, c.home)
        ]  # fmt: skip

    def times_per_key(self) -> Counter[str]:
        """How often each contact arrived."""
        return Counter(c.key for c in list(self.contacts))

    def await_asked(self, who: str, home: str | None = None, within: float = 20.0) -> Contact:
        """The first time that somebody is asked."""
        what = f"asking {who} about {home or 'any home'}"
        found: list[Contact] = eventually(lambda: self.asked(who, home), within, what)
        return found[0]

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    sink: Sink

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that are killed hang up in the middle: that is what these tests do."""


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """One contact."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sink = self.server.sink
        contact = _contact(self.path.strip("/"), raw, {k.lower(): v for k, v in self.headers.items()})
        sink.contacts.append(contact)
        reply = sink.answer(contact)
        time.sleep(reply.after)
        body = json.dumps(reply.body or {}).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def _contact(who: str, raw: bytes, headers: Mapping[str, str]) -> Contact:
    at, body = time.monotonic(), json.loads(raw)
    alert = body["alert"]
    signed = anling_signature_holds(WEBHOOK_SECRET, headers, raw)
    home = (alert.get("home") or {}).get("id")
    return Contact(at, time.time(), who, body["type"], body["key"], home, alert["id"], body["drill"], signed, body)
