"""The radio of a device: a line to the broker, dialled for ever, MQTT 5 first and 3.1.1 where that fails."""

import random
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from simulators.loop import Loop, Timer

#: Waits between dials, seconds: the last one for ever after.
_REDIAL_S = (0.2, 1.0, 2.0, 4.0, 5.0)
#: A CONNECT without an answer after this many seconds is given up.
_CONNACK_S = 10.0
#: A line that held so long, seconds, is dialled again at once when it is lost; one that did not, ever later:
#: perhaps somebody else speaks as this device (a drill presses it), and each would kick the other.
_HELD_S = 10.0


@dataclass(frozen=True, slots=True)
class Login:
    """Where to dial and as whom. ``name`` is user name and client id at once (wire contract, section 1)."""

    #: ``mqtt://host:1883`` or ``mqtts://host:8883``; a user in it is ignored
    url: str
    name: str
    secret: str
    keepalive_s: int = 30
    #: 5 or 4 (= 3.1.1): what is tried first
    protocol: int = 5


@dataclass(frozen=True, slots=True)
class Ears:
    """What a radio calls, always on the loop's thread."""

    #: connected: say hello, subscribe, send what waits
    up: Callable[[], None]
    #: (topic, payload)
    heard: Callable[[str, bytes], None]
    #: (topic, payload) of the will: retained, QoS 1
    will: Callable[[], tuple[str, bytes]]


class Radio:
    """A connection that comes back. All but ``is_up`` belongs to the loop's thread."""

    def __init__(self, login: Login, ears: Ears, loop: Loop) -> None:
        self._login = login
        self._address = address(login.url)
        self._ears = ears
        self._loop = loop
        self._protocol = MQTTProtocolVersion(login.protocol)
        self._client: mqtt.Client | None = None
        self._redial: Timer | None = None
        self._failures = 0
        self._up_since = 0.0
        self._ended = False
        self._gone: Callable[[], None] | None = None
        #: the broker has accepted us
        self.is_up = False

    def dial(self) -> None:
        """Connect, and stay connected until ``hang_up`` or ``cut``."""
        if self._ended:
            return
        client = self._client = self._new_client()
        self._loop.apart(lambda: self._connect(client))

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand it to the broker if the line is up. True says only that it was handed over."""
        if self._client is None or not self.is_up:
            return False
        return self._client.publish(topic, payload, qos, retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def subscribe(self, *topics: str) -> None:
        """Ask for topics, QoS 1."""
        if self._client is not None:
            self._client.subscribe([(topic, 1) for topic in topics])

    def hang_up(self, gone: Callable[[], None]) -> None:
        """Say goodbye properly (no will is published); ``gone`` is called when it is done."""
        self._end()
        if self._client is None or not self.is_up:
            self.cut()
            gone()
            return
        self._gone = gone
        self._client.disconnect()

    def cut(self) -> None:
        """Drop the line as a power cut does: the broker publishes the will."""
        self._end()
        self.is_up = False
        client, self._client = self._client, None
        if client is not None:
            self._slam(client)

    def _end(self) -> None:
        self._ended = True
        if self._redial is not None:
            self._redial.cancel()

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            self._login.name,
            protocol=self._protocol,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self._login.name, self._login.secret)
        topic, payload = self._ears.will()
        client.will_set(topic, payload, qos=1, retain=True)
        client.connect_timeout = 3.0
        client.on_connect = self._answered
        client.on_disconnect = self._disconnected
        client.on_message = self._message
        if self._login.url.startswith("mqtts"):
            client.tls_set_context(ssl.create_default_context())
        return client

    def _connect(self, client: mqtt.Client) -> None:
        """On a dialler's thread: may block. The loop adopts the socket afterwards."""
        host, port = self._address
        try:
            client.connect(host, port, self._login.keepalive_s)
        except OSError:
            self._loop.call(lambda: self._lost(client, reached=False))
        else:
            self._loop.call(lambda: self._adopt(client))

    def _adopt(self, client: mqtt.Client) -> None:
        if client is not self._client:
            self._slam(client)
            return
        client.on_socket_close = lambda _client, _data, gone: self._unwatch(gone)
        client.on_socket_register_write = lambda _client, _data, _sock: self._watch(client, write=True)
        client.on_socket_unregister_write = lambda _client, _data, _sock: self._watch(client, write=False)
        self._watch(client, write=client.want_write())
        self._loop.later(_CONNACK_S, lambda: self._impatient(client))
        self._loop.later(1.0, lambda: self._upkeep(client))

    def _watch(self, client: mqtt.Client, *, write: bool) -> None:
        sock = client.socket()
        if client is self._client and isinstance(sock, socket.socket) and sock.fileno() >= 0:
            self._loop.watch(sock, lambda read, wrote: _serve(client, read, wrote), write=write)

    def _unwatch(self, sock: object) -> None:
        if isinstance(sock, socket.socket):
            self._loop.unwatch(sock)

    def _upkeep(self, client: mqtt.Client) -> None:
        if client is self._client and client.socket() is not None:
            client.loop_misc()
            self._loop.later(1.0, lambda: self._upkeep(client))

    def _impatient(self, client: mqtt.Client) -> None:
        if client is self._client and not self.is_up:
            self._drop(client)

    def _answered(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if client is not self._client:
            return
        if reason.is_failure:
            self._drop(client)
            return
        self.is_up = True
        self._up_since = time.monotonic()
        self._ears.up()

    def _drop(self, client: mqtt.Client) -> None:
        self._slam(client)
        self._lost(client, reached=True)

    def _slam(self, client: mqtt.Client) -> None:
        sock = client.socket()
        if isinstance(sock, socket.socket):
            self._loop.unwatch(sock)
            _close(sock)

    def _disconnected(self, client: mqtt.Client, *_details: Any) -> None:
        # paho is still inside its own close: look at it when it is out again.
        self._loop.call(lambda: self._lost(client, reached=True))

    def _lost(self, client: mqtt.Client, *, reached: bool) -> None:
        if client is not self._client:
            return
        was_up, self.is_up, self._client = self.is_up, False, None
        if self._gone is not None:
            self._gone()
        if self._ended:
            return
        if was_up and time.monotonic() - self._up_since > _HELD_S:
            self._failures = 0
        if reached and not was_up:
            self._protocol = _other(self._protocol)
        pause = _REDIAL_S[min(self._failures, len(_REDIAL_S) - 1)] * random.uniform(0.8, 1.2)
        self._failures += 1
        self._redial = self._loop.later(pause, self.dial)

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if client is self._client:
            self._ears.heard(message.topic, bytes(message.payload))


def address(url: str) -> tuple[str, int]:
    """Host and port of an ``mqtt://`` or ``mqtts://`` address. Raises ValueError that says what to write."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError(f"不是 MQTT 地址 / not an MQTT address: write mqtt://host:1883, not {parts.scheme}://…")
    return parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883)


def _serve(client: mqtt.Client, read: bool, write: bool) -> None:
    if read:
        client.loop_read()
        sock = client.socket()
        # TLS may hold bytes that no longer wake the selector.
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            client.loop_read()
            sock = client.socket()
    if write:
        client.loop_write()


def _other(protocol: MQTTProtocolVersion) -> MQTTProtocolVersion:
    five = MQTTProtocolVersion.MQTTv5
    return MQTTProtocolVersion.MQTTv311 if protocol == five else five


def _close(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was gone already, which is what we want.
        return
    finally:
        sock.close()
