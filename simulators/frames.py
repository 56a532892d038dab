"""MQTT 3.1.1 by hand, as much as a gateway needs: thousands of lines in one process leave no room for a client each."""

from collections.abc import Iterator

CONNACK, PUBLISH, PUBACK = 2, 3, 4
PING = b"\xc0\x00"


def connect(name: str, secret: str, keepalive_s: int, will: tuple[str, bytes]) -> bytes:
    """A clean session under this name, with a retained will of QoS 1."""
    # user name, password, will retain, will QoS 1, will, clean session
    flags = 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02
    head = _text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big")
    topic, payload = will
    body = _text(name) + _text(topic) + len(payload).to_bytes(2, "big") + payload + _text(name) + _text(secret)
    return _packet(0x10, head + body)


def subscribe(mid: int, topic: str) -> bytes:
    """QoS 1."""
    return _packet(0x82, mid.to_bytes(2, "big") + _text(topic) + b"\x01")


def publish(topic: str, payload: bytes, mid: int = 0, retain: bool = False) -> bytes:
    """QoS 1 with a ``mid``, else QoS 0."""
    flags = (0x02 if mid else 0) | (0x01 if retain else 0)
    return _packet(0x30 | flags, _text(topic) + (mid.to_bytes(2, "big") if mid else b"") + payload)


def puback(mid: int) -> bytes:
    """Got it."""
    return b"\x40\x02" + mid.to_bytes(2, "big")


def message(flags: int, body: bytes) -> tuple[str, bytes, int]:
    """Topic, payload and ``mid`` (0: QoS 0) of a PUBLISH."""
    end = 2 + int.from_bytes(body[:2], "big")
    topic, mid = body[2:end].decode(), 0
    if flags & 0x06:
        mid = int.from_bytes(body[end : end + 2], "big")
        end += 2
    return topic, body[end:], mid


def packets(buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """``(kind, flags, body)`` of each whole packet, which is taken from the buffer; the rest waits."""
    while len(buffer) >= 2:
        length, shift, start = 0, 0, 1
        while True:
            if start >= len(buffer):
                return
            byte = buffer[start]
            length |= (byte & 0x7F) << shift
            shift, start = shift + 7, start + 1
            if not byte & 0x80:
                break
        if len(buffer) < start + length:
            return
        first, body = buffer[0], bytes(buffer[start : start + length])
        del buffer[: start + length]
        yield first >> 4, first & 0x0F, body


def _packet(first: int, body: bytes) -> bytes:
    length, size = len(body), bytearray()
    while True:
        length, byte = length >> 7, length & 0x7F
        size.append(byte | (0x80 if length else 0))
        if not length:
            return bytes([first]) + bytes(size) + body


def _text(words: str) -> bytes:
    raw = words.encode()
    return len(raw).to_bytes(2, "big") + raw
