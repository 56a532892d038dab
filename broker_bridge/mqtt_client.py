"""A paho client dressed for this house: a lasting session, and nothing acknowledged by itself."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker_bridge.settings import BrokerAddress

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

#: Mosquitto's own Receive Maximum: more of ours under way and it hangs up
INFLIGHT = 20

#: bytes
_AHEAD = 65536
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


class ReadAhead:
    """A socket that fetches what has come in one go: paho alone asks the kernel three times per message."""

    def __init__(self, inner: "SocketLike") -> None:
        self._inner = inner
        self._kept = b""
        self._at = 0

    def recv(self, most: int) -> bytes:
        """Up to ``most`` bytes, from memory while there are any."""
        if self._at >= len(self._kept):
            if most >= _AHEAD:
                return self._inner.recv(most)
            self._kept, self._at = self._inner.recv(_AHEAD), 0
        part = self._kept[self._at : self._at + most]
        self._at += len(part)
        return part

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


class ReadAheadClient(mqtt.Client):
    """paho on such a socket. Should paho rename the method, it is only slower again."""

    def _create_socket(self) -> "SocketLike":
        inner = super()._create_socket()
        if isinstance(inner, socket.socket):
            # otherwise a receipt waits 40 ms for the broker's TCP to confirm the packet before it
            inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ReadAhead(inner)


def pump(client: mqtt.Client, timeout: float) -> MQTTErrorCode:
    """One turn of the network loop: wait for bytes (s), then handle every message that came with them."""
    result = client.loop(timeout)
    pending = getattr(client.socket(), "pending", None)
    while pending is not None and result == mqtt.MQTT_ERR_SUCCESS and pending() > 0:
        result = client.loop_read()
        if client.socket() is None:
            break
    return result


def build_client(plan: LanePlan, protocol: MQTTProtocolVersion, inflight: int) -> mqtt.Client:
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
