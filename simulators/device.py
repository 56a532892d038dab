"""A made-up home device that behaves like a real one: it keeps a press until told that it is stored."""

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulators.envelope import DeviceClock, Envelope, new_id, to_json
from simulators.loop import Loop, Timer
from simulators.outbox import Held, Outbox
from simulators.radio import Ears, Login, Radio

#: ``anling/v1`` topics, wire contract section 1
_ROOT = "anling/v1"


@dataclass(frozen=True, slots=True)
class Traits:
    """What kind of device it is, and what is wrong with it."""

    clock: DeviceClock = field(default_factory=DeviceClock)
    #: seconds between heartbeats; 0 sends none
    heartbeat_s: float = 60.0
    #: waits before each retry, seconds; the last one for ever after
    retry_s: tuple[float, ...] = (1.0, 2.0, 4.0, 5.0)
    battery_pct: int = 81
    firmware: str = "sim-1"
    keepalive_s: int = 30
    #: seconds until the resident answers a check-in question; None never
    answers_checkin_s: float | None = 2.0
    #: how often its firmware sends again what has its receipt already
    echoes: int = 0
    #: 5 or 4 (= 3.1.1): what it tries first
    protocol: int = 5
    #: latitude, longitude in WGS84, for ``locate``
    place: tuple[float, float] = (31.2204, 121.4237)


class Device:
    """One device with its own line, flash and clock. Its methods may be called from any thread.

    A press is on disk when ``press`` returns, and is sent again with the same ``id`` until its receipt
    has come (1, 2, 4, 5 s, then every 5 s), also after ``kill`` when a new ``Device`` opens the same folder.
    """

    def __init__(
        self,
        id: str,
        url: str,
        secret: str,
        folder: Path | str,
        traits: Traits | None = None,
        loop: Loop | None = None,
    ) -> None:
        self.id = id
        self.traits = traits or Traits()
        self._loop, self._own_loop = loop or Loop(), loop is None
        self._outbox = Outbox(Path(folder))
        self.boot = self._outbox.boot
        self._seqs: dict[str, itertools.count[int]] = {}
        self._news = threading.Condition()
        #: receipts by event id
        self.receipts: dict[str, dict[str, Any]] = {}
        #: what ``down/{dev}/state`` said, oldest first
        self.states: list[dict[str, Any]] = []
        #: commands received, oldest first
        self.commands: list[dict[str, Any]] = []
        #: how often each event was handed to the broker
        self.sent: dict[str, int] = {}
        self._timers: dict[str, Timer] = {}
        self._pulse: Timer | None = None
        self._stuck: threading.Event | None = None
        self._started = time.monotonic()
        self._gone = threading.Event()
        login = Login(url, id, secret, self.traits.keepalive_s, self.traits.protocol)
        self._radio = Radio(login, Ears(self._up, self._heard, self._will), self._loop)
        self._loop.call(self._radio.dial)

    @property
    def is_up(self) -> bool:
        """The broker has accepted it just now."""
        return self._radio.is_up

    @property
    def outbox(self) -> list[str]:
        """Ids of the events that still wait for a receipt, oldest first."""
        return [held.id for held in self._outbox.waiting()]

    def press(self, kind: str = "sos", drill: bool = False, *, child: str | None = None, **data: Any) -> str:
        """An event: stored on flash, then sent. Returns its id. ``child`` is a sensor of this gateway."""
        if kind == "sos" and not data:
            data = {"trigger": "button", "press": "long"}
        device = child or self.id
        envelope = Envelope(new_id(), self._next_seq(device), self.boot, kind, drill, data)
        path = f"{self.id}/sub/{child}" if child else self.id
        topic, payload = f"{_ROOT}/up/{path}/event", envelope.encode(self.traits.clock)
        self._outbox.put(Held(envelope.id, device, topic, payload))
        self._loop.call(lambda: self._send(envelope.id, 0))
        return envelope.id

    def cancel(self, ref: str, drill: bool = False) -> str:
        """The resident takes a press back on the device: an event like any other, with its own receipt."""
        return self.press("cancel", drill, ref=ref, by="resident_button")

    def tell(self, kind: str, data: Mapping[str, Any] | None = None, child: str | None = None, **more: Any) -> None:
        """Telemetry (``heartbeat`` ``activity`` ``vitals`` ``location``), QoS 0: not kept, not repeated."""
        told = {**(data or {}), **more}
        envelope = Envelope(new_id(), self._next_seq(child or self.id), self.boot, kind, False, told)
        path = f"{self.id}/sub/{child}" if child else self.id
        topic, payload = f"{_ROOT}/up/{path}/telemetry", envelope.encode(self.traits.clock)
        self._loop.call(lambda: self._send_once(topic, payload))

    def drain(self, battery_pct: int) -> None:
        """The battery is down to this; it says so with the next heartbeat."""
        self.traits = replace(self.traits, battery_pct=battery_pct)
        self.tell("heartbeat", self._health())

    def stick(self, per_second: float, drill: bool = False) -> None:
        """The button jams: ``per_second`` presses a second, each with a new id, until ``unstick``."""
        self.unstick()
        freed = self._stuck = threading.Event()

        def jammed() -> None:
            while not freed.wait(1 / per_second):
                self.press("sos", drill)

        threading.Thread(target=jammed, name=f"stuck-{self.id}", daemon=True).start()

    def unstick(self) -> None:
        """The button comes free."""
        if self._stuck is not None:
            self._stuck.set()

    def wait_up(self, timeout: float = 10.0) -> None:
        """Return when the broker has accepted the device. Raises TimeoutError after ``timeout`` seconds."""
        wanted = "没有连上 / not connected: is the broker up, is the secret right?"
        self._wait(lambda: self._radio.is_up, timeout, wanted)

    def wait_receipt(self, event_id: str, timeout: float = 30.0) -> dict[str, Any]:
        """The receipt of an event. Raises TimeoutError after ``timeout`` seconds; the device tries on."""
        wanted = f"没有收到回执 / no receipt for {event_id}: is the bridge running?"
        self._wait(lambda: event_id in self.receipts, timeout, wanted)
        return self.receipts[event_id]

    def stop(self) -> None:
        """Switch off properly: says offline itself, no will. What has no receipt stays on flash."""
        self._end(self._goodbye)

    def kill(self) -> None:
        """Power cut: nothing is said, the broker publishes the will. The flash stays."""
        self._end(self._cut)

    def _end(self, leave: Callable[[], None]) -> None:
        if self._gone.is_set():
            return
        self.unstick()
        self._loop.call(self._silence)
        self._loop.call(leave)
        self._gone.wait(3)
        self._gone.set()
        if self._own_loop:
            self._loop.stop()

    def _silence(self) -> None:
        for timer in [*self._timers.values(), *([self._pulse] if self._pulse else [])]:
            timer.cancel()

    def _goodbye(self) -> None:
        self._publish(f"{_ROOT}/status/{self.id}", self._status("offline", reason="stop"), retain=True)
        self._radio.hang_up(self._gone.set)

    def _cut(self) -> None:
        self._radio.cut()
        self._gone.set()

    def _will(self) -> tuple[str, bytes]:
        return f"{_ROOT}/status/{self.id}", self._status("offline", reason="lwt")

    def _status(self, state: str, **more: str) -> bytes:
        return to_json({"v": 1, "state": state, "boot": self.boot, **more})

    def _next_seq(self, device: str) -> int:
        return next(self._seqs.setdefault(device, itertools.count(1)))

    def _up(self) -> None:
        down = f"{_ROOT}/down/{self.id}"
        self._radio.subscribe(f"{down}/ack", f"{down}/state", f"{down}/cmd")
        online = self._status("online", fw=self.traits.firmware)
        self._publish(f"{_ROOT}/status/{self.id}", online, retain=True)
        self._resend()
        if self._pulse is None and self.traits.heartbeat_s > 0:
            self._beat()
        with self._news:
            self._news.notify_all()

    def _resend(self) -> None:
        for held in self._outbox.waiting():
            self._send(held.id, 0)

    def _send(self, event_id: str, attempt: int) -> None:
        held = self._outbox.get(event_id)
        if held is None:
            return
        if self._publish(held.topic, held.payload):
            self.sent[event_id] = self.sent.get(event_id, 0) + 1
        waits = self.traits.retry_s
        pause = waits[min(attempt, len(waits) - 1)]
        self._replace_timer(event_id, self._loop.later(pause, lambda: self._send(event_id, attempt + 1)))

    def _replace_timer(self, event_id: str, timer: Timer) -> None:
        old = self._timers.get(event_id)
        if old is not None:
            old.cancel()
        self._timers[event_id] = timer

    def _beat(self) -> None:
        self.tell("heartbeat", **self._health())
        # A street that was switched on at once does not beat at once for ever.
        pause = self.traits.heartbeat_s * random.uniform(0.8, 1.0)
        self._pulse = self._loop.later(pause, self._beat)

    def _health(self) -> dict[str, Any]:
        uptime = int(time.monotonic() - self._started)
        waiting = len(self._outbox.waiting())
        return {"battery_pct": self.traits.battery_pct, "rssi": -67, "uptime_s": uptime, "outbox": waiting}

    def _publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        return self._radio.publish(topic, payload, qos=qos, retain=retain)

    def _send_once(self, topic: str, payload: bytes) -> None:
        self._publish(topic, payload, qos=0)

    def _heard(self, topic: str, payload: bytes) -> None:
        body = _object(payload)
        what = topic.rpartition("/")[2]
        if what == "ack":
            self._receipt(body)
        elif what == "state":
            self._note(self.states, body)
        elif what == "cmd":
            self._note(self.commands, body)
            self._obey(body)

    def _receipt(self, body: dict[str, Any]) -> None:
        event_id = str(body.get("id", ""))
        held = self._outbox.get(event_id)
        # A receipt for another device of the gateway with the same id is not ours.
        if held is None or body.get("dev", held.device) != held.device:
            return
        self._outbox.done(event_id)
        for n in range(self.traits.echoes):
            self._loop.later(1.0 + n, lambda: self._echo(held))
        timer = self._timers.pop(event_id, None)
        if timer is not None:
            timer.cancel()
        with self._news:
            self.receipts[event_id] = body
            self._news.notify_all()

    def _echo(self, held: Held) -> None:
        self._publish(held.topic, held.payload)

    def _note(self, shelf: list[dict[str, Any]], body: dict[str, Any]) -> None:
        with self._news:
            shelf.append(body)
            self._news.notify_all()

    def _obey(self, body: Mapping[str, Any]) -> None:
        name = str(body.get("cmd") or body.get("type") or "")
        result = "ok" if name in _COMMANDS else "unknown"
        answer = {"v": 1, "id": body.get("id"), "cmd": name, "result": result, "data": self._health()}
        self._publish(f"{_ROOT}/up/{self.id}/cmdres", to_json({**answer, "ts": self.traits.clock.stamp()}))
        if name == "locate":
            lat, lon = self.traits.place
            self.tell("location", lat=lat, lon=lon, crs="WGS84", acc_m=12, fix_ts=self.traits.clock.stamp())
        elif name == "resync":
            self._up()
        elif name == "ask_checkin" and self.traits.answers_checkin_s is not None:
            self._loop.later(self.traits.answers_checkin_s, self._checkin_ok)

    def _checkin_ok(self) -> None:
        self.press("checkin_ok")

    def _wait(self, ready: Callable[[], bool], timeout: float, wanted: str) -> None:
        with self._news:
            if not self._news.wait_for(ready, timeout):
                raise TimeoutError(f"{self.id}: {wanted}")


_COMMANDS = frozenset({"ping", "self_test", "say", "ask_checkin", "locate", "resync"})


def _object(payload: bytes) -> dict[str, Any]:
    try:
        body = json.loads(payload)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
