"""The short way for ordinary packets hears and says exactly what paho's own way does."""

import socket
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Self

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker_bridge.mqtt_client import ReadAheadClient, pump
from broker_bridge.read_ahead import Plain, ReadAhead

V5, V3 = mqtt.MQTTv5, mqtt.MQTTv311
#: topic, payload, mid, QoS, retain, dup
Word = tuple[str, bytes, int, int, bool, bool]


def packet(head: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while True:
        length += bytes([size % 128 | (128 if size > 127 else 0)])
        size //= 128
        if not size:
            return bytes([head]) + length + body


def publish(topic: bytes, payload: bytes, flags: int, mid: int, properties: bytes | None) -> bytes:
    """``properties`` None: MQTT 3.1.1."""
    number = struct.pack("!H", mid) if flags & 6 else b""
    extra = b"" if properties is None else bytes([len(properties)]) + properties
    return packet(0x30 | flags, struct.pack("!H", len(topic)) + topic + number + extra + payload)


class Wired(ReadAheadClient):
    """On a line of ours instead of the network; ``short`` lets it take the short way."""

    def __init__(self, protocol: MQTTProtocolVersion, short: bool) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id="c", protocol=protocol, manual_ack=True)
        self.line, self._end = socket.socketpair()
        self.heard: list[Word] = []
        self.on_socket_register_write = lambda *_: None
        self.on_message = self._message
        self.on_plain = self._plain if short else None
        self.version = protocol
        self.connect_async("line")
        self.reconnect()
        pump(self, 0)
        self.tell([packet(0x20, b"\0\0\0" if protocol == V5 else b"\0\0")])
        self.line.recv(4096)

    def _create_socket(self) -> Any:
        return ReadAhead(self._end)

    def _message(self, client: mqtt.Client, _: Any, m: mqtt.MQTTMessage) -> None:
        try:
            topic = m.topic
        except UnicodeDecodeError:
            topic = "?"
        self.heard.append((topic, bytes(m.payload), m.mid, m.qos, bool(m.retain), bool(m.dup)))

    def _plain(self, messages: list[Plain]) -> None:
        for topic, payload, mid, head in messages:
            self.heard.append((topic, payload, mid, head >> 1 & 3, bool(head & 1), bool(head & 8)))

    def tell(self, pieces: Sequence[bytes]) -> list[mqtt.MQTTErrorCode]:
        """What the loop says after each piece."""
        said = []
        for piece in pieces:
            self.line.sendall(piece)
            said.append(pump(self, 0))
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()
        self._end.close()
        self._reset_sockets()


@pytest.fixture(params=[V5, V3], ids=["v5", "v3.1.1"])
def protocol(request: pytest.FixtureRequest) -> Any:
    return request.param


def pieces(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    marks = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[a:b] for a, b in pairwise(marks)]


def heard(protocol: MQTTProtocolVersion, short: bool, stream: Sequence[bytes]) -> list[Word]:
    with Wired(protocol, short) as way:
        way.tell(stream)
        return way.heard


_topics = st.sampled_from([b"anling/v1/up/dev-0001/event", b"t", "家/门".encode(), b"bad\xff"])
_payloads = st.binary(max_size=300) | st.sampled_from([b"", b"x" * 127, b"y" * 20_000])
_flags = st.sampled_from([0, 1, 2, 3, 8, 10, 11])
_properties = st.sampled_from([b"", b"", b"", b"\x01\x01", b"\x02\0\0\0\x09"])
_said = st.lists(st.tuples(_topics, _payloads, _flags, st.integers(1, 65535), _properties), max_size=12)


@settings(max_examples=60, deadline=None)
@given(said=_said, cuts=st.lists(st.integers(0, 100_000), max_size=8), v5=st.booleans())
def test_both_ways_hear_the_same(said: Any, cuts: list[int], v5: bool) -> None:
    """However the network cuts the stream: the same messages, numbers and flags, in the same order."""
    stream = b"".join(publish(*word[:4], word[4] if v5 else None) for word in said)

    slow, fast = (heard(V5 if v5 else V3, short, pieces(stream, cuts)) for short in (False, True))

    assert slow == fast
    assert len(said) == len(fast)


def test_a_message_longer_than_the_memory_is_heard(protocol: Any) -> None:
    """A payload over 64 KiB, between two short ones."""
    extra = b"" if protocol == V5 else None
    words = [publish(b"t", b"z" * size, 2, size % 7 + 1, extra) for size in (3, 200_000, 4)]
    stream = b"".join(words)
    found = heard(protocol, True, [stream[at : at + 30_000] for at in range(0, len(stream), 30_000)])

    assert [3, 200_000, 4] == [len(word[1]) for word in found]


@pytest.mark.parametrize(
    "broken",
    [
        packet(0x32, b"\0\x05t"),
        packet(0x36, b"\0\x01t\0\x01"),
        packet(0x30, b"\0"),
        b"\x30\xff\xff\xff\xff\x01",
        packet(0xF0, b""),
    ],
    ids=["too short", "QoS 3", "no topic", "endless length", "no such packet"],
)
def test_a_broken_packet_ends_the_connection_in_both_ways(protocol: Any, broken: bytes) -> None:
    """What came before it is heard, then paho hangs up as it always did (P35)."""
    before = publish(b"t", b"first", 2, 1, b"" if protocol == V5 else None)
    codes = []
    for short in (False, True):
        with Wired(protocol, short) as way:
            codes.append(way.tell([before + broken])[-1])
            assert ["t"] == [word[0] for word in way.heard]

    assert mqtt.MQTT_ERR_SUCCESS != codes[0]
    assert codes[0] == codes[1]


@pytest.fixture
def way(protocol: Any) -> Iterator[Wired]:
    """A client on a line, on the short way."""
    with Wired(protocol, short=True) as wired:
        yield wired


def test_a_connection_that_ends_is_noticed(way: Wired) -> None:
    """The other side hangs up: the loop says so, whichever way it reads."""
    way.line.close()

    assert mqtt.MQTT_ERR_CONN_LOST == pump(way, 1.0)


def said_by(way: Wired) -> bytes:
    way.line.setblocking(False)
    found = b""
    try:
        while part := way.line.recv(1 << 20):
            found += part
    except BlockingIOError:
        pass
    return found


def test_many_words_go_out_in_one_write_and_in_order(way: Wired) -> None:
    """Receipts and acknowledgements leave as they were said; the network thread is woken once."""
    way.publish("a", b"1", 1)
    way.ack_all([7, 8, 300])
    way.publish("b", b"2", 1)
    pump(way, 1.0)
    extra = b"" if way.version == V5 else None
    acks = b"\x40\x02\0\x07" + b"\x40\x02\0\x08" + b"\x40\x02\x01\x2c"

    assert publish(b"a", b"1", 2, 1, extra) + acks + publish(b"b", b"2", 2, 2, extra) == said_by(way)


def test_a_full_line_keeps_what_did_not_fit(way: Wired) -> None:
    """Half a packet written is continued where it stopped."""
    for _ in range(20):
        way.publish("big", b"x" * 100_000, 1)
    heard = b""
    for _ in range(200):
        pump(way, 0)
        heard += said_by(way)

    assert 20 == heard.count(b"\0\x03big")
    assert not way.want_write()


def test_the_brokers_word_lets_the_next_message_go(way: Wired) -> None:
    """Twenty under way, the others wait for a PUBACK: with and without a reason code."""
    for number in range(22):
        way.publish("t", str(number).encode(), 1)
    pump(way, 0)
    first = said_by(way).count(b"\0\x01t")
    reason = b"\x40\x03\0\x02\x10" if way.version == V5 else b"\x40\x02\0\x02"
    way.tell([b"\x40\x02\0\x01" + reason])
    pump(way, 0)

    assert 20 == first
    assert 2 == said_by(way).count(b"\0\x01t")


def test_an_acknowledgement_of_nothing_is_ignored(way: Wired) -> None:
    """A number that we did not use ends nothing."""

    assert [mqtt.MQTT_ERR_SUCCESS] == way.tell([b"\x40\x02\0\x09"])
