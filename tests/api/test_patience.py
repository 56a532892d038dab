"""Slow senders over a real socket: they are answered and cut off, and cost nobody else anything."""

import socket
import time
from collections.abc import Iterator

import pytest

from api.app import ApiSettings
from api.patience import Patience
from api.server import serve
from tests.api.conftest import FakeHouse, app_of
from tests.waiting import quickest

HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: anling.example\r\nContent-Type: application/json\r\n"


@pytest.fixture
def port(house: FakeHouse, settings: ApiSettings) -> Iterator[int]:
    """A server that waits 0.3 s for headers and 0.5 s for a body."""
    server = serve(app_of(house, settings), "127.0.0.1", 0, Patience(headers_s=0.3, body_s=0.5))
    yield server.port
    server.stop()


def said(port: int, *pieces: bytes) -> tuple[bytes, float]:
    """What comes back until the line is closed, and after how many seconds, when one sends this and then nothing."""
    begun = time.monotonic()
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(0.02)
        while chunk := line.recv(4096):
            heard += chunk
    return heard, time.monotonic() - begun


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        # a body that was announced and never comes, or stops half-way, announced or in chunks
        ((HEAD + b"Content-Length: 20\r\n\r\n",), b"HTTP/1.1 408"),
        ((HEAD + b"Content-Length: 20\r\n\r\n", b'{"user'), b"HTTP/1.1 408"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\n{}\n\r\n"), b"HTTP/1.1 408"),
        # headers that never end; nothing at all
        ((HEAD, b"X-Slow: "), b"HTTP/1.1 408"),
        ((), b"HTTP/1.1 408"),
        # a whole request, and half of the next one on the same line
        ((b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /hea"), b"HTTP/1.1 200"),
    ],
)
def test_who_sends_slowly_is_answered_and_cut_off(port: int, pieces: tuple[bytes, ...], expected: bytes) -> None:
    """408 and the line is closed, within the time and not at once."""

    def given_up() -> float:
        heard, seconds = said(port, *pieces)
        assert expected == heard[: len(expected)]
        assert 0.25 < seconds
        return seconds

    assert quickest(given_up, 3) < 3


def test_lines_that_say_nothing_keep_nobody_out(house: FakeHouse, settings: ApiSettings) -> None:
    """When too many wait the oldest goes; when there are too many altogether no more are taken."""
    server = serve(app_of(house, settings), "127.0.0.1", 0, Patience(headers_s=5, waiting=3, lines=8))
    lines = [socket.create_connection(("127.0.0.1", server.port), timeout=3) for _ in range(5)]
    try:
        heard, _ = said(server.port, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        first = lines[0].recv(4096)
        busy = []
        for _ in range(12):
            busy.append(socket.create_connection(("127.0.0.1", server.port), timeout=3))
            busy[-1].sendall(HEAD + b"Content-Length: 20\r\n\r\n")
        refused = _closed(busy[-1])
    finally:
        for line in [*lines, *busy]:
            line.close()
        server.stop()

    assert heard.startswith(b"HTTP/1.1 200")
    assert first.startswith(b"HTTP/1.1 408")
    assert refused


def _closed(line: socket.socket) -> bool:
    try:
        return line.recv(4096) == b""
    except ConnectionError:
        return True


def test_a_body_that_comes_in_pieces_and_in_time_is_read(house: FakeHouse, settings: ApiSettings) -> None:
    """Slow is not late."""
    server = serve(app_of(house, settings), "127.0.0.1", 0, Patience(headers_s=10, body_s=10))
    body = b'{"username": "desk", "password": "correct horse"}'
    announced = HEAD + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()

    heard, _ = said(server.port, announced, body[:10], body[10:])

    server.stop()
    assert heard.startswith(b"HTTP/1.1 200")
