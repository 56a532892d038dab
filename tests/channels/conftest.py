"""Letters to send, and real doors on this machine to send them to."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from domain.contacts import Letter, Purpose

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    """When the button was pressed."""
    return NOON


@pytest.fixture
def letter() -> Letter:
    """An urgent press of the help button, to the family doctor."""
    return Letter(
        key="01ALERT00000000000000007K3M/main/0/0.1/doctor-1/webhook/1",
        purpose=Purpose.CONTACT,
        attempt=1,
        alert_id="01ALERT00000000000000007K3M",
        track="main",
        kind="sos",
        severity="urgent",
        raised_at=NOON,
        drill=False,
        responder_id="doctor-1",
        responder_name="家庭医生一",
        role="family_doctor",
        language="zh",
        channel="webhook",
        address="http://127.0.0.1:9/nobody",
        secret=None,
        ack_url="http://127.0.0.1:8000/a/token",
        sent_at=NOON,
        home={
            "id": "home-0001",
            "street": "310105001",
            "address": {"road": "示例路", "floor": 6, "room": "602", "text": "示例路100弄5号602室"},
            "category": "lives_alone",
            "location": {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"},
        },
        residents=({"name": "示例老人一", "birth": "1936-05-01", "phones": ["+862150000001"]},),
        access={"gate": "南门", "lift": True, "lift_fits_stretcher": False, "door_code": "2580#"},
        medical=({"conditions": ["高血压"], "allergies": ["青霉素"], "medicines": ["华法林"]},),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the door saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    #: which connection brought it, from 1
    line: int

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Door:
    """A web server of a responder. ``answers`` are given in turn, the last one for ever."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str], bytes]] = field(
        default_factory=lambda: deque([(200, {}, b"{}")])
    )

    def answer(self, status: int, body: bytes | dict[str, Any] = b"", **headers: str) -> None:
        """What it answers from now on."""
        said = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers = deque([(status, {k.replace("_", "-"): v for k, v in headers.items()}, said)])


@pytest.fixture
def door() -> Iterator[Door]:
    """A door that keeps lines open."""
    door = Door()
    lines: dict[Any, int] = {}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                line = lines.setdefault(self.client_address, len(lines) + 1)
                door.seen.append(Seen("POST", self.path, dict(self.headers), body, line))
                status, headers, said = door.answers.popleft() if len(door.answers) > 1 else door.answers[0]
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(said))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    door.url = f"http://127.0.0.1:{server.server_port}/doctor-1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield door
    server.shutdown()
    server.server_close()
    thread.join()


Behaviour = Callable[[socket.socket, int], None]


@pytest.fixture
def odd_door() -> Iterator[Callable[[Behaviour], str]]:
    """Doors that misbehave: give what to do with each connection (its number from 1), get the address."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(behave: Behaviour) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        thread = threading.Thread(target=_serve, args=(listener, behave), daemon=True)
        thread.start()
        threads.append(thread)
        return f"http://127.0.0.1:{listener.getsockname()[1]}/odd"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)


def _serve(listener: socket.socket, behave: Behaviour) -> None:
    number = 0
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        number += 1
        threading.Thread(target=_converse, args=(connection, behave, number), daemon=True).start()


def _converse(connection: socket.socket, behave: Behaviour, number: int) -> None:
    with connection:
        try:
            behave(connection, number)
        except OSError:
            return
