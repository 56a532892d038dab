"""MQTT 5 frames by hand: the least work that a message can cost in Python.

The generator and the raw reference use it, so that no client library hides in the limit.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PUBLISH, PUBACK, CONNACK, SUBACK = 0x30, 0x40, 0x20, 0x90


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(out)


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def connect(client: str, *, clean: bool, receive_maximum: int) -> bytes:
    """A CONNECT without keep-alive; a session that is not ``clean`` lives for an hour."""
    expiry = 0 if clean else 3600
    properties = b"\x11" + expiry.to_bytes(4, "big") + b"\x21" + receive_maximum.to_bytes(2, "big")
    body = _text(b"MQTT") + b"\x05" + (b"\x02" if clean else b"\x00") + b"\x00\x00"
    body += _length(len(properties)) + properties + _text(client.encode())
    return b"\x10" + _length(len(body)) + body


def subscribe(mid: int, topic: str, qos: int) -> bytes:
    """A SUBSCRIBE for one filter."""
    body = mid.to_bytes(2, "big") + b"\x00" + _text(topic.encode()) + bytes([qos])
    return b"\x82" + _length(len(body)) + body


def publish(topic: bytes, payload: bytes, mid: int) -> bytes:
    """A PUBLISH, never retained: QoS 1 when ``mid`` is not 0, else QoS 0."""
    number = mid.to_bytes(2, "big") if mid else b""
    body = _text(topic) + number + b"\x00" + payload
    return (b"\x32" if mid else b"\x30") + _length(len(body)) + body


def puback(mid: int) -> bytes:
    """A PUBACK that says success."""
    return b"\x40\x02" + mid.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH that came in; ``mid`` is 0 for QoS 0."""

    topic: bytes
    payload: bytes
    mid: int


def read_publish(first: int, body: bytes) -> Message:
    """The message inside a PUBLISH frame."""
    at = 2 + int.from_bytes(body[:2], "big")
    topic, mid = body[2:at], 0
    if first & 0x06:
        mid, at = int.from_bytes(body[at : at + 2], "big"), at + 2
    properties, at = _read_length(body, at)
    return Message(topic, body[at + properties :], mid)


def _read_length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """(value, next offset); IndexError when the bytes are not all there yet."""
    value, shift = 0, 0
    while True:
        digit = data[at]
        value |= (digit & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if digit < 0x80:
            return value, at


class Frames:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Every whole frame, as (first byte, body)."""
        data = self._rest + data
        at, end = 0, len(data)
        while at < end:
            try:
                size, body = _read_length(data, at + 1)
            except IndexError:
                break
            if body + size > end:
                break
            yield data[at], data[body : body + size]
            at = body + size
        self._rest = data[at:]


class Link(asyncio.Protocol):
    """One connection to the broker; ``on_message`` and ``on_puback`` are called on the loop."""

    def __init__(
        self, hello: bytes, on_message: Callable[[Message], None], on_puback: Callable[[int], None]
    ) -> None:
        self._hello, self._on_message, self._on_puback = hello, on_message, on_puback
        self._frames = Frames()
        self.transport: asyncio.Transport
        #: done when the broker has accepted us
        self.accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        #: done when the connection is gone
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        for first, body in self._frames.feed(data):
            self._frame(first, body)

    def _frame(self, first: int, body: bytes) -> None:
        kind = first & 0xF0
        if kind == PUBLISH:
            self._on_message(read_publish(first, body))
        elif kind == PUBACK:
            self._on_puback(int.from_bytes(body[:2], "big"))
        elif kind == CONNACK and body[1]:
            self.accepted.set_exception(ConnectionError(f"the broker refused the connection: {body[1]:#x}"))
        elif kind == CONNACK:
            self.accepted.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


async def dial(
    port: int, hello: bytes, on_message: Callable[[Message], None], on_puback: Callable[[int], None]
) -> Link:
    """An accepted connection to the broker on this machine."""
    loop = asyncio.get_running_loop()
    _, link = await loop.create_connection(lambda: Link(hello, on_message, on_puback), "127.0.0.1", port)
    await asyncio.wait_for(link.accepted, 10)
    return link
