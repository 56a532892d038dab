"""The parts of a running installation, and how each one is: what ``/readyz`` and the metrics show."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import structlog

from anling import overseers
from anling.house import House
from anling.self_call import SelfCall
from broker_bridge.bridge import Bridge
from broker_bridge.topics import state_topic
from channels.wording import stage as stage_words
from domain.clock import wall_now
from domain.contacts import Channel
from domain.errors import AnlingError
from domain.events import Heard
from domain.health import Health
from escalation.delivery import Delivery
from escalation.engine import Engine
from escalation.lamps import Lamps
from escalation.reconciler import Reconciler
from store import heard, key_ring, pulses, signs, telemetry, watching
from store.ledger import Tx

if TYPE_CHECKING:
    from api.parts import Troupe

_LOG = structlog.get_logger("anling.parts")
#: a loop that has not turned for this long has stopped
_STILL_S = 10.0
#: one question to a provider may take so long
_ASKING_S = 20.0
_PROBE_S = 35.0
_BEAT_S = 2.0
#: a beat that the ledger has not taken within this shows that it is away, frozen, locked or full
_SLOW_S = 3.0
_REQUIRED = ("broker", "ledger", "engine", "senders", "providers", "clock")


@dataclass(slots=True)
class Running:
    """Whichever parts this process runs."""

    house: House
    bridge: Bridge | None = None
    engine: Engine | None = None
    delivery: Delivery | None = None
    reconciler: Reconciler | None = None
    self_call: SelfCall | None = None
    lamps: Lamps | None = None
    channels: Mapping[str, Channel] = field(default_factory=dict)
    #: plays drills for the console; the demo has one
    troupe: "Troupe | None" = None
    telemetry_stored: int = 0
    #: monotonic seconds: the last beat that the ledger took, and when the present one began
    _beat_at: float | None = None
    _begun: float | None = None
    _ailment: str | None = None
    _others: Mapping[str, pulses.Pulse] = field(default_factory=dict)
    #: what the watches last wrote, and what we have told the operator ourselves
    watches: Sequence[watching.Report] = ()
    _told: frozenset[str] = frozenset()

    def keep_telemetry(self, batch: Sequence[Heard]) -> None:
        """Keep a group of telemetry and count it once it is committed."""
        self.telemetry_stored += self.house.intake.telemetry(batch)

    def broker_forgot(self, lane: str) -> None:
        """The broker has lost our session, and perhaps messages: ask every device for what nobody confirmed."""
        _LOG.error("broker_forgot_us", lane=lane, doing="asking devices to send again what has no receipt")
        if lane == "alarm":
            threading.Thread(target=self._resync, name="resync", daemon=True).start()

    def _resync(self) -> None:
        try:
            with self.house.ledger.reading() as tx:
                devices = telemetry.seen_since(tx, wall_now() - timedelta(days=1))
            asked = self.bridge.resync(devices) if self.bridge else 0
            _LOG.info("resync_asked", devices=asked)
        except AnlingError as error:
            _LOG.error("resync_failed", error=str(error))

    def show(self, device: str, stage: str, alert: str) -> bool:
        """Publish a stage to the lamp or voice at home."""
        if self.bridge is None:
            return False
        said = {"v": 1, "stage": stage, "alert": alert, "words": stage_words(stage)}
        return self.bridge.publish(state_topic(device), orjson.dumps(said))

    def own_health(self) -> dict[str, Health]:
        """The parts of this process."""
        found: dict[str, Health] = {}
        if self.bridge is not None:
            found["broker"] = _broker(self.bridge)
        if self.engine is not None:
            found["engine"] = _loop("engine loop", self.engine.turned_at)
            found["clock"] = _clock(self.house)
        if self.delivery is not None:
            found["senders"] = _loop("senders", self.delivery.turned_at, f"{self.delivery.in_flight} in flight")
            found["providers"] = _providers(self.channels)
        if self.self_call is not None and self.self_call.health is not None:
            found["call-backs"] = self.self_call.health
        if self.reconciler is not None:
            found["reconciler"] = _loop("reconciler", self.reconciler.turned_at + _ASKING_S)
        return found

    def health(self) -> dict[str, Health]:
        """The whole path from button to phone; parts of other processes by their pulses in the ledger.

        Never asks the ledger itself, which may be frozen: the last beat knows.
        """
        found = self.own_health() | {"ledger": self._ledger()}
        if not found["ledger"].ok:
            return found
        now = wall_now()
        for part in _REQUIRED:
            if part not in found:
                found[part] = _other(part, self._others.get(part), now)
        watched = overseers.health_of(self.watches, now)
        return found | ({"watch": watched} if watched else {})

    def _ledger(self) -> Health:
        now, begun = time.monotonic(), self._begun
        age = None if self._beat_at is None else now - self._beat_at
        if self._ailment is not None:
            return Health(False, self._ailment, age)
        if begun is not None and now - begun > _SLOW_S:
            return Health(False, f"a write has been waiting for {now - begun:.0f} s", age)
        if age is None or age > _STILL_S:
            return Health(False, "no write went through lately", age)
        return Health(True, "ok", age)

    def beat(self) -> None:
        """Write this process's pulses and the engine time; hear those of the others."""
        own, told = self.own_health(), self._told
        if self.lamps is not None:
            own["lamps"] = _loop("lamps", self.lamps.turned_at)
        self._begun = time.monotonic()
        try:
            with self.house.ledger.transaction(patient=True) as tx:
                pulses.beat(tx, self.house.settings.who, wall_now(), own)
                self._others = pulses.newest(tx)
                self.watches = watching.reports(tx)
                if self.engine is not None:
                    pulses.save_time(tx, self.house.clock.now())
                    told = self._remark(tx)
        except Exception as error:
            self._ailment = str(error) if isinstance(error, AnlingError) else type(error).__name__
            raise
        finally:
            self._begun = None
        # Keys may be changed while we serve: whoever seals from now on seals with the new one.
        key_ring.learn(self.house.ledger)
        self._beat_at, self._ailment, self._told = time.monotonic(), None, told

    def _remark(self, tx: Tx) -> frozenset[str]:
        """The watch that is silent, the wall clock that stepped: an operator must hear of it, whoever else is dead."""
        clock = self.house.clock
        found = overseers.remarks(self.house.settings.who, self.watches, wall_now(), clock.wall_step())
        return overseers.write_remarks(tx, self._told, found, clock.now())

    def prune(self) -> None:
        """Forget telemetry that is older than the settings allow, and pulses of long ago."""
        before = wall_now() - timedelta(days=self.house.settings.telemetry_days)
        with self.house.ledger.transaction(patient=True) as tx:
            telemetry.prune(tx, before)
            signs.prune(tx, wall_now() - signs.KEPT)
            pulses.forget(tx, wall_now() - timedelta(days=1))
            heard.forget(tx, self.house.clock.now())


class Heart(threading.Thread):
    """Beats every two seconds; prunes every ten minutes."""

    def __init__(self, running: Running) -> None:
        super().__init__(name="heart", daemon=True)
        self._running = running
        self._stop_event = threading.Event()

    def run(self) -> None:
        """Until told to stop; a ledger that is away is only noted."""
        pruned = time.monotonic()
        while not self._stop_event.is_set():
            try:
                self._running.beat()
                if time.monotonic() - pruned > 600:
                    pruned = time.monotonic()
                    self._running.prune()
            except AnlingError as error:
                _LOG.warning("no_pulse", error=str(error))
            except Exception as error:  # the pulse of the others depends on this thread
                _LOG.error("no_pulse", error=type(error).__name__, text=str(error)[:300])
            self._stop_event.wait(_BEAT_S)

    def stop(self) -> None:
        """End after the present beat."""
        self._stop_event.set()
        self.join(3)


def _broker(bridge: Bridge) -> Health:
    health = bridge.health()
    for lane in health.lanes:
        if not lane.connected:
            return Health(False, f"{lane.name} lane is not connected to the broker", lane.last_message_age)
        if lane.oldest_unstored_age is not None and lane.oldest_unstored_age > _STILL_S:
            return Health(False, f"{lane.name} lane: a message waits to be stored", lane.oldest_unstored_age)
    if health.probe_age is not None and health.probe_age > _PROBE_S:
        return Health(False, "probes through the broker do not come back", health.probe_age)
    return Health(True, "ok", health.probe_age)


def _loop(name: str, turned_at: float, detail: str = "ok") -> Health:
    age = time.monotonic() - turned_at
    return Health(age < _STILL_S, detail if age < _STILL_S else f"{name} stands still", age)


def _clock(house: House) -> Health:
    step = house.clock.wall_step().total_seconds() if hasattr(house.clock, "wall_step") else 0.0
    if abs(step) > 2:
        return Health(True, f"the wall clock is {step:+.0f} s away from engine time: check the machine's clock", None)
    return Health(True, "ok", None)


def _providers(channels: Mapping[str, Channel]) -> Health:
    """Sick when a channel that is used has failed five letters in a row."""
    for name, channel in channels.items():
        health = getattr(channel, "health", lambda: None)()
        if health is not None and health.failures >= 5:
            return Health(
                False, f"{name}: the last {health.failures} letters were not accepted ({health.reason})", None
            )
    return Health(True, "ok", None)


def _other(part: str, pulse: pulses.Pulse | None, now: object) -> Health:
    if pulse is None:
        return Health(False, f"no {part} is running: start `anling {_COMMAND.get(part, 'engine')}`", None)
    age = (now - pulse.at).total_seconds()  # type: ignore[operator]
    if age > _STILL_S:
        return Health(False, f"{part} on {pulse.instance} has given no sign for {age:.0f} s", age)
    return Health(pulse.ok, pulse.detail, age)


_COMMAND = {"broker": "bridge"}
