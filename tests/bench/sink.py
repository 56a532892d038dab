"""The phones: a webhook endpoint that notes when each contact arrived, and nothing else.

    python sink.py PORT

``POST /anything`` is a contact and is answered 200 after the set delay. ``GET /_count``, ``GET /_dump`` and
``GET /_reset?delay_ms=N`` are for the bench. Bodies are judged at the dump, so that arriving costs little.
"""

import asyncio
import sys
import time
from urllib.parse import parse_qs, urlsplit

import orjson

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
LENGTH_NEEDED = b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Book:
    """What arrived: (monotonic instant, body)."""

    def __init__(self) -> None:
        self.arrived: list[tuple[float, bytes]] = []
        self.delay = 0.0

    def control(self, target: str) -> object:
        """Answer the bench."""
        parts = urlsplit(target)
        if parts.path == "/_reset":
            self.arrived.clear()
            self.delay = int(parse_qs(parts.query).get("delay_ms", ["0"])[0]) / 1000
        if parts.path == "/_dump":
            return [entry for at, body in self.arrived if (entry := _contact(at, body))]
        return len(self.arrived)


def _contact(at: float, body: bytes) -> dict[str, object] | None:
    """The parts of a contact that identify it; None for other types (stand_down, inform, update)."""
    words = orjson.loads(body)
    if words["type"] != "contact":
        return None
    home = words["alert"]["home"]["id"]
    return {
        "at": at,
        "home": home,
        "role": words.get("role"),
        "attempt": words.get("attempt"),
        "key": words.get("key"),
    }


class Door(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, book: Book) -> None:
        self._book, self._rest = book, b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest and self._request():
            pass

    def _request(self) -> bool:
        """Take one whole request from what has arrived; False when it is not all there yet."""
        head, _, rest = self._rest.partition(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        length = _length(head)
        if length is None and method == "POST":
            self._transport.write(LENGTH_NEEDED)
            self._transport.close()
            return False
        if len(rest) < (length or 0):
            return False
        body, self._rest = rest[: length or 0], rest[length or 0 :]
        self._answer(method, target, body)
        return True

    def _answer(self, method: str, target: str, body: bytes) -> None:
        if method == "GET":
            self._reply(orjson.dumps(self._book.control(target)))
            return
        self._book.arrived.append((time.monotonic(), body))
        if self._book.delay:
            asyncio.get_running_loop().call_later(self._book.delay, self._reply, b"{}")
        else:
            self._reply(b"{}")

    def _reply(self, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(JSON % (len(body), body))


def _length(head: bytes) -> int | None:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return None if at < 0 else int(lower[at + 17 :].split(b"\r\n", 1)[0])


async def serve(port: int) -> None:
    """Listen until killed."""
    book = Book()
    server = await asyncio.get_running_loop().create_server(
        lambda: Door(book), "127.0.0.1", port, backlog=2048
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
