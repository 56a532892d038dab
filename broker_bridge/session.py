"""One lasting session with the broker: nothing is acknowledged before we say so.

The broker keeps what we have not acknowledged and sends it again, but only after a new
connection; an acknowledgement that comes late would then hit another message with the
same number. So every arrival carries the connection it came by, and ``ack`` is void on
any other. The network thread is ours and outlives every exception.
"""

import functools
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from broker_bridge.arrival import Arrival
from broker_bridge.mqtt_client import INFLIGHT, LanePlan, ReadAheadClient, build_client, pump
from broker_bridge.payload import LIMIT
from broker_bridge.read_ahead import Plain
from domain.clock import wall_now
from domain.events import Message

log = structlog.get_logger()

_RETRY = (0.1, 5.0)
_UNSUPPORTED = 0x84
#: seconds a broker may take to answer our CONNECT (amqtt never answers one in MQTT 5)
_ANSWER = 3.0
#: connections that ended without an answer before we try the other version
_SILENT = 2


Callback = Callable[..., None]


def _guarded(callback: Callback) -> Callback:
    """A callback whose exception costs one connection, not the thread (P35)."""

    @functools.wraps(callback)
    def safe(lane: "Lane", *args: Any) -> None:
        try:
            callback(lane, *args)
        except Exception:
            log.exception("mqtt callback failed", lane=lane.plan.name)
            lane.cut()

    return safe


class Lane:
    """One session, kept for ever: connects, falls back to MQTT 3.1.1, reconnects, acknowledges when told."""

    def __init__(
        self,
        plan: LanePlan,
        deliver: Callable[[Arrival], None],
        lost: Callable[[str], None] = lambda lane: None,
    ) -> None:
        self.plan = plan
        self._deliver = deliver
        self._lost = lost
        self._lock = threading.Lock()
        self._client: ReadAheadClient | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._deaf = False
        self._cut = False
        self._worn = False
        self._live = 0
        self._known = plan.session_expected
        self._silent = 0
        self._inflight = INFLIGHT
        self._subscribed = False
        self.protocol = mqtt.MQTTv5
        self.epoch = 0
        self.received = 0
        self.last_at: float | None = None
        self.possible_losses = 0
        self.stale_acks = 0
        self.unsent = 0

    @property
    def connected(self) -> bool:
        """The broker took us and our subscriptions. No evidence that messages flow: see the probe."""
        return self._live > 0 and self._subscribed

    @property
    def alive(self) -> bool:
        """The network thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin, or begin again after the thread died. Returns at once; retries for ever."""
        if self._client is None:
            self._client = self._build()
        self._thread = threading.Thread(target=self._run, name=f"lane-{self.plan.name}", daemon=True)
        self._thread.start()

    def deafen(self) -> None:
        """Take nothing more in: what still comes stays with the broker, unacknowledged."""
        self._deaf = True

    def stop(self, timeout: float = 5.0) -> None:
        """Say good-bye and hang up. The session stays with the broker and collects."""
        self._deaf = True
        client = self._client
        if client is not None and self._live:
            self._farewell(client, timeout / 2)
        self._stopping.set()
        if client is not None:
            client.disconnect()
        if self._thread is not None:
            self._thread.join(timeout)
        if client is not None and not self.alive:
            client.let_go()

    def cut(self) -> None:
        """Drop the connection and make a new one: the only way to get unacknowledged messages again."""
        self._cut = True

    def ack(self, arrivals: Sequence[Arrival]) -> bool:
        """Let the broker forget them. False when some connection of theirs is gone: then the broker sends it again."""
        asked = [each for each in arrivals if each.message.qos > 0]
        if not asked:
            return True
        with self._lock:
            live = [each.mid for each in asked if each.epoch == self._live]
            self.stale_acks += len(asked) - len(live)
            if live and self._client is not None:
                self._client.ack_all(live)
        return len(live) == len(asked)

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker as soon as there is one; False when too many wait already."""
        client = self._client
        if client is None:
            self.unsent += 1
            return False
        info = client.publish(topic, payload, qos, retain)
        if info.rc not in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_NO_CONN):
            self.unsent += 1
            return False
        return True

    def _run(self) -> None:
        pause = _RETRY[0]
        while not self._stopping.is_set():
            epoch = self.epoch
            try:
                self._connection()
            except OSError as error:
                log.warning("broker not reached", lane=self.plan.name, error=type(error).__name__)
            except Exception:
                log.exception("network loop failed, new client", lane=self.plan.name)
                self._worn = True
            self._end()
            pause = _RETRY[0] if self.epoch > epoch else min(_RETRY[1], pause * 2)
            self._stopping.wait(pause)

    def _connection(self) -> None:
        """One connection, from the call to the hang-up."""
        client = self._renew() if self._client is None or self._worn else self._client
        self._cut = False
        epoch, ends = self.epoch, time.monotonic() + _ANSWER
        client.reconnect()
        while pump(client, 1.0) == mqtt.MQTT_ERR_SUCCESS and not self._cut:
            if self.plan.rest:
                time.sleep(self.plan.rest)
            if self.epoch == epoch and (self._stopping.is_set() or time.monotonic() > ends):
                self._silent = _SILENT
                break
        answered = self.epoch > epoch
        self._silent = 0 if answered else self._silent + 1
        if self._silent >= _SILENT or (answered and self.protocol != mqtt.MQTTv5):
            self._other_version()

    def _end(self) -> None:
        """From here on no acknowledgement of this connection may reach the next one."""
        with self._lock:
            self._live = 0
            self._subscribed = False

    def _renew(self) -> ReadAheadClient:
        """A new client, with the words the old one still had to say."""
        old, self._worn = self._client, False
        self._client = client = self._build()
        for waiting in old.drop_out_messages() if old else ():
            client.publish(waiting.topic, waiting.payload, waiting.qos, waiting.retain)
        if old is not None:
            old.let_go()
        return client

    def _build(self) -> ReadAheadClient:
        client = build_client(self.plan, self.protocol, self._inflight)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_plain = self._on_plain
        return client

    def _other_version(self) -> None:
        """The broker says nothing: perhaps it speaks the other MQTT. After 3.1.1 always 5 again."""
        self.protocol = mqtt.MQTTv311 if self.protocol == mqtt.MQTTv5 else mqtt.MQTTv5
        log.info("next with the other MQTT version", lane=self.plan.name, protocol=int(self.protocol))
        self._silent, self._worn = 0, True

    @_guarded
    def _on_connect(
        self, client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, props: Properties
    ) -> None:
        if reason.is_failure:
            log.error("broker refused us", lane=self.plan.name, reason=str(reason))
            self._silent = _SILENT if reason.value == _UNSUPPORTED else -1
            return
        with self._lock:
            self.epoch += 1
            self._live = self.epoch
        self._greet(client, flags.session_present)
        allowed = getattr(props, "ReceiveMaximum", INFLIGHT)
        if allowed < self._inflight:
            self._inflight, self._worn = allowed, True
            self.cut()

    def _greet(self, client: mqtt.Client, session_present: bool) -> None:
        log.info("connected", lane=self.plan.name, epoch=self.epoch, session=session_present)
        if self._known and not session_present:
            self.possible_losses += 1
            log.error("the broker has forgotten our session: messages may be lost", lane=self.plan.name)
            self._lost(self.plan.name)
        self._known = True
        self._subscribe(client)
        if self.plan.presence:
            client.publish(self.plan.presence[0], self.plan.presence[1], qos=1, retain=True)

    def _subscribe(self, client: mqtt.Client) -> None:
        """Retained messages are replayed once, to a new session; later ones come by the session itself."""
        if self.protocol == mqtt.MQTTv5:
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            client.subscribe([(name, options) for name in self.plan.filters])
        else:
            client.subscribe([(name, 1) for name in self.plan.filters])

    @_guarded
    def _on_subscribe(
        self, client: mqtt.Client, _: Any, mid: int, reasons: list[ReasonCode], props: Properties
    ) -> None:
        self._subscribed = not any(reason.is_failure for reason in reasons)
        if not self._subscribed:
            log.error("broker refused a subscription: give our account the right", lane=self.plan.name)

    @_guarded
    def _on_disconnect(self, client: mqtt.Client, _: Any, flags: Any, reason: ReasonCode, props: Properties) -> None:
        self._end()
        if not self._stopping.is_set():
            log.warning("disconnected", lane=self.plan.name, reason=str(reason))

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        self._take(
            _topic(message), bytes(message.payload), message.mid,
            (message.qos, bool(message.retain), bool(message.dup)), wall_now(),
        )  # fmt: skip

    def _on_plain(self, messages: list[Plain]) -> None:
        """What came in one piece came at one time."""
        now = wall_now()
        for topic, payload, mid, head in messages:
            self._take(topic, payload, mid, (head >> 1 & 3, bool(head & 1), bool(head & 8)), now)

    @_guarded
    def _take(self, topic: str, payload: bytes, mid: int, flags: tuple[int, bool, bool], now: datetime) -> None:
        """One message; ``flags``: QoS, retain, dup."""
        if self._deaf:
            return
        length = len(payload)
        if length > LIMIT:
            payload = payload[:LIMIT]
        self.received += 1
        self.last_at = at = time.monotonic()
        self._deliver(Arrival(Message(topic, payload, now, *flags), length, mid, self._live, at, self))

    def _farewell(self, client: mqtt.Client, timeout: float) -> None:
        """Wait until the broker has our last words, receipts before them included."""
        if not self.plan.presence:
            return
        words = self.plan.presence[2].replace(b'"lwt"', b'"stopped"')
        info = client.publish(self.plan.presence[0], words, qos=1, retain=True)
        try:
            info.wait_for_publish(timeout)
        except (RuntimeError, ValueError):
            log.warning("the broker did not hear our good-bye", lane=self.plan.name)


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "\ufffd"
