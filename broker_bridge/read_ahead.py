"""A socket that fetches what has come in one go, and reads ordinary packets straight from memory.

paho asks the kernel three times for each message and makes eight objects of it; most
messages are a plain PUBLISH that lies whole in what came. Those are cut out here; whatever
is unusual or not whole yet stays where it is, for paho to read in its own careful way.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

#: bytes
_AHEAD = 65536
_PUBLISH, _PUBACK = 0x30, 0x40


class Plain(NamedTuple):
    """A PUBLISH with QoS 0 or 1, a topic and no properties."""

    topic: str
    payload: bytes
    #: 0 for QoS 0
    mid: int
    #: the first byte of the packet: its lower half says dup, QoS, retain
    head: int


class ReadAhead:
    """A socket with a memory."""

    def __init__(self, inner: "SocketLike") -> None:
        self._inner = inner
        self._kept = b""
        self._at = 0

    def recv(self, most: int) -> bytes:
        """Up to ``most`` bytes, from memory while there are any; with 0, only see to it that there are some."""
        if self._at >= len(self._kept):
            if most >= _AHEAD:
                return self._inner.recv(most)
            self._kept, self._at = self._inner.recv(_AHEAD), 0
        part = self._kept[self._at : self._at + most]
        self._at += len(part)
        return part

    def take_plain(self, v5: bool) -> tuple[list[Plain], list[int]]:
        """The ordinary packets at the front of the memory: messages, and numbers that the broker acknowledged.

        Call it between two packets only.
        """
        kept, at, end = self._kept, self._at, len(self._kept)
        messages: list[Plain] = []
        acked: list[int] = []
        while end - at >= 4:
            head, body, close = kept[at], at + 2, at + 2 + kept[at + 1]
            if kept[at + 1] > 127:
                body, close = _long(kept, at)
            if close > end:
                break
            if head & 0xF0 == _PUBLISH:
                plain = _publish(kept, head, body, close, v5)
                if plain is None:
                    break
                messages.append(plain)
            elif head == _PUBACK and close - body == 2:
                acked.append(kept[body] << 8 | kept[body + 1])
            else:
                break
            at = close
        self._at = at
        return messages, acked

    def pending(self) -> int:
        """Bytes that can be read without asking the kernel."""
        inner = getattr(self._inner, "pending", None)
        return len(self._kept) - self._at + (inner() if inner else 0)

    def send(self, buffer: bytes | bytearray) -> int:
        """As the socket does."""
        return self._inner.send(buffer)

    def close(self) -> None:
        """As the socket does."""
        self._inner.close()

    def fileno(self) -> int:
        """As the socket does."""
        return self._inner.fileno()

    def setblocking(self, flag: bool) -> None:
        """As the socket does."""
        self._inner.setblocking(flag)


def _long(kept: bytes, at: int) -> tuple[int, int]:
    """Where a packet whose length takes two or three bytes begins and ends; ends nowhere when that is not plain."""
    length = (kept[at + 1] & 127) | (kept[at + 2] & 127) << 7
    if kept[at + 2] < 128:
        return at + 3, at + 3 + length
    length |= (kept[at + 3] & 127) << 14
    return (at + 4, at + 4 + length) if kept[at + 3] < 128 else (at, len(kept) + 1)


def _publish(kept: bytes, head: int, body: int, close: int, v5: bool) -> Plain | None:
    """One PUBLISH that lies whole between ``body`` and ``close``; None leaves it to paho."""
    if close - body < 2:
        return None
    start = body + 2
    stop = start + (kept[body] << 8 | kept[body + 1])
    quality = head & 0x06
    begin = stop + (2 if quality else 0) + v5
    if quality > 2 or stop == start or begin > close or (v5 and kept[begin - 1]):
        return None
    try:
        topic = kept[start:stop].decode()
    except UnicodeDecodeError:
        return None
    return Plain(topic, kept[begin:close], kept[stop] << 8 | kept[stop + 1] if quality else 0, head)
