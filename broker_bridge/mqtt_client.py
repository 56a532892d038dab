"""A paho client dressed for this house: a lasting session, and nothing acknowledged by itself."""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from struct import pack as _pack
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from broker_bridge.read_ahead import Plain, ReadAhead
from broker_bridge.settings import BrokerAddress

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike, _OutPacket

#: Mosquitto's own Receive Maximum: more of ours under way and it hangs up
INFLIGHT = 20

_PUBLISH, _PUBACK, _DISCONNECT = 0x30, 0x40, 0xE0
_TAKEN = ReasonCode(PacketTypes.PUBACK)
_NOTHING = Properties(PacketTypes.PUBACK)  # type: ignore[no-untyped-call]
_WEEK = 7 * 24 * 3600
_KEEPALIVE = 20
#: messages of ours that wait for a broker that is away
_OUTGOING = 10_000


@dataclass(frozen=True, slots=True)
class LanePlan:
    """What one lane is called, listens to, and leaves behind when it dies."""

    name: str
    address: BrokerAddress
    client_id: str
    filters: tuple[str, ...]
    receive_maximum: int
    ca_file: Path | None = None
    session_expected: bool = False
    #: topic, what is published at connect, and the last will; both retained
    presence: tuple[str, bytes, bytes] | None = None
    #: seconds to rest after each look at the network: a lane that nobody waits for reads more at a time
    rest: float = 0.0


class ReadAheadClient(mqtt.Client):
    """paho with a short way for ordinary packets, in and out; the rest goes paho's own way.

    It overrides four of paho's inner methods (2.2, pinned in ``uv.lock``): ``tests/broker_bridge`` shows that
    both ways hear and say the same.
    """

    #: hears ordinary messages, many at once; without it every message goes to ``on_message``
    on_plain: Callable[[list[Plain]], None] | None = None
    #: the network thread has been told that something waits to be written
    _rung = False

    def ack_all(self, mids: Sequence[int]) -> None:
        """Acknowledge these messages (QoS 1) in one write."""
        self._packet_queue(_PUBACK, b"".join([_pack("!BBH", _PUBACK, 2, mid) for mid in mids]), mids[0], 1)

    def let_go(self) -> None:
        """Close what paho keeps open for as long as the object lives; it is not used again."""
        self.on_plain = None
        self._reset_sockets()

    def _create_socket(self) -> "SocketLike":
        inner = super()._create_socket()
        if isinstance(inner, socket.socket):
            # otherwise a receipt waits 40 ms for the broker's TCP to confirm the packet before it
            inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rung = False
        return ReadAhead(inner)

    def _packet_read(self) -> MQTTErrorCode:
        """All ordinary packets that have come, or one packet in paho's own way."""
        ahead = self._sock
        if self._in_packet["command"] or self.on_plain is None or not isinstance(ahead, ReadAhead):
            return super()._packet_read()
        try:
            self._sock_recv(0)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        messages, acked = ahead.take_plain(self._protocol == mqtt.MQTTv5)
        if not messages and not acked:
            return super()._packet_read()
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        if messages:
            self.on_plain(messages)
        return self._published(acked)

    def _published(self, acked: Sequence[int]) -> MQTTErrorCode:
        """The broker has these messages of ours: the next that wait may go."""
        result = MQTTErrorCode.MQTT_ERR_SUCCESS
        with self._out_message_mutex:
            for mid in acked:
                if mid in self._out_messages and result == MQTTErrorCode.MQTT_ERR_SUCCESS:
                    result = self._do_on_publish(mid, _TAKEN, _NOTHING)
        return result

    def _packet_queue(
        self, command: int, packet: bytes | bytearray, mid: int, qos: int, info: mqtt.MQTTMessageInfo | None = None
    ) -> MQTTErrorCode:
        """To be written by the network thread, which is woken once and not for each packet."""
        size = len(packet)
        self._out_packet.append(
            {"command": command, "mid": mid, "qos": qos, "pos": 0, "to_process": size, "packet": packet, "info": info}
        )
        if not self._rung and self._sockpairW is not None:
            self._rung = True
            with suppress(BlockingIOError):
                self._sockpairW.send(b"\0")
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _packet_write(self) -> MQTTErrorCode:
        """Everything that waits, in one write: paho asks the kernel once for each packet."""
        self._rung = False
        waiting = self._out_packet
        joined: list[_OutPacket] = []
        while len(waiting) + len(joined) > 1 and waiting and _ordinary(waiting[0]):
            joined.append(waiting.popleft())
        if joined:
            whole = b"".join([bytes(each["packet"][each["pos"] :]) for each in joined])
            waiting.appendleft({**joined[0], "packet": whole, "pos": 0, "to_process": len(whole)})
        return super()._packet_write()


def _ordinary(packet: "_OutPacket") -> bool:
    """paho does nothing after the last byte of such a packet, so that it may be part of a greater one."""
    command = packet["command"] & 0xF0
    return command != _DISCONNECT and (command != _PUBLISH or packet["qos"] > 0)


def pump(client: mqtt.Client, timeout: float) -> MQTTErrorCode:
    """One turn of the network loop: wait for bytes (s), then handle every message that came with them."""
    result = client.loop(timeout)
    pending = getattr(client.socket(), "pending", None)
    while pending is not None and result == mqtt.MQTT_ERR_SUCCESS and pending() > 0:
        result = client.loop_read()
        if client.socket() is None:
            break
    return result


def build_client(plan: LanePlan, protocol: MQTTProtocolVersion, inflight: int) -> ReadAheadClient:
    """A client that is not connected yet; ``reconnect`` connects it.

    ``clean_start`` is False from the first: paho's default wipes the session after a
    restart, and the presses in it.
    """
    v5 = protocol == mqtt.MQTTv5
    client = ReadAheadClient(
        CallbackAPIVersion.VERSION2,
        client_id=plan.client_id,
        protocol=protocol,
        clean_session=None if v5 else False,
        manual_ack=True,
    )
    # with this set, paho leaves writing to our loop: two writing threads would mix packets
    client.on_socket_register_write = lambda *_: None
    client.max_queued_messages = _OUTGOING
    client.max_inflight_messages = inflight
    _identify(client, plan, v5)
    if plan.presence:
        client.will_set(plan.presence[0], plan.presence[2], qos=1, retain=True)
    host, port = plan.address.host, plan.address.port
    if v5:
        client.connect_async(host, port, _KEEPALIVE, clean_start=False, properties=_session(plan))
    else:
        client.connect_async(host, port, _KEEPALIVE)
    return client


def _identify(client: mqtt.Client, plan: LanePlan, v5: bool) -> None:
    address = plan.address
    if address.username:
        client.username_pw_set(address.username, address.password)
    elif not v5:
        # brokers without MQTT 5 keep nothing for nameless clients (amqtt)
        client.username_pw_set(plan.client_id, "")
    if address.tls:
        client.tls_set_context(ssl.create_default_context(cafile=str(plan.ca_file) if plan.ca_file else None))


def _session(plan: LanePlan) -> Properties:
    """The broker keeps our messages for a week, and has this many with us unacknowledged."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = _WEEK
    properties.ReceiveMaximum = plan.receive_maximum
    return properties
