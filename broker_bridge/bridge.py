"""The bridge between the broker and the ledger: three lanes in, receipts and commands out.

Alarm, telemetry and vendor messages have a session, a queue and a writer each, so that
none waits for another. A probe goes through the broker every few seconds: a connection
that looks open is no evidence (P33).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson
import structlog

from broker_bridge.arrival import Arrival
from broker_bridge.health import BridgeHealth, LaneHealth
from broker_bridge.mqtt_client import LanePlan
from broker_bridge.probe import Probe
from broker_bridge.queues import FairQueue, SheddingQueue
from broker_bridge.session import Lane
from broker_bridge.settings import BridgeSettings, BrokerAddress
from broker_bridge.topics import ROOT, ack_topic, command_topic, is_device, service_topic
from broker_bridge.writer import Item, Quarantine, Writer
from domain.clock import wall_now
from domain.events import EMERGENCIES, Heard, Receipt
from domain.ids import new_id

log = structlog.get_logger()

Intake = Callable[[Sequence[Heard]], Sequence[Receipt | None]]
TelemetryIntake = Callable[[Sequence[Heard]], None]

#: seconds: telemetry read in pieces leaves the processor to the presses
_TELEMETRY_REST = 0.01
#: probes that stay away before the alarm lane is connected anew
_PROBES_MISSED = 3


class Bridge:
    """Everything between broker and ledger. ``intake`` and ``quarantine`` are called from several threads.

    ``intake`` stores a batch in one transaction and returns a receipt (or None) for each
    message; it raises ``LedgerUnavailable`` when the database did not take it. ``lost``
    hears the name of a lane whose session the broker has forgotten: then ``resync`` asks
    the devices to send again what nobody confirmed.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        intake: Intake,
        telemetry: TelemetryIntake,
        quarantine: Quarantine,
        lost: Callable[[str], None] = lambda lane: None,
    ) -> None:
        addresses = settings.lanes()
        self._settings = settings
        self._lost = lost
        self._telemetry = telemetry
        self._svc = service_topic("probe", settings.instance)
        self._probe = Probe()
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        events = FairQueue(settings.batch, settings.per_device, _patient)
        vendor = FairQueue(settings.batch, settings.per_device, _patient)
        readings = SheddingQueue(settings.telemetry_batch, settings.telemetry_limit)
        self._writers = {
            "alarm": Writer("alarm", events, intake, quarantine, self._receipt, _emergencies_first),
            "telemetry": Writer("telemetry", readings, self._readings, quarantine, self._receipt, self._sort),
            "vendor": Writer("vendor", vendor, intake, quarantine, self._receipt, _emergencies_first),
        }
        self._lanes = {
            "alarm": self._lane("alarm", addresses.alarm, 200, self._take_alarm),
            "telemetry": self._lane("telemetry", addresses.telemetry, 2000, readings.put),
        }
        if addresses.vendor is not None:
            self._lanes["vendor"] = self._lane("vendor", addresses.vendor, 200, vendor.put)

    def start(self) -> None:
        """Begin. Returns at once, also while the broker is away."""
        for writer in self._writers.values():
            writer.start()
        for lane in self._lanes.values():
            lane.start()
        self._watch = threading.Thread(target=self._watching, name="bridge-watch", daemon=True)
        self._watch.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take nothing more, store what came, say good-bye. What is not stored stays with the broker."""
        self._stopping.set()
        ends = time.monotonic() + timeout
        for lane in self._lanes.values():
            lane.deafen()
        for writer in self._writers.values():
            writer.stop(max(0.1, ends - time.monotonic()))
        for lane in self._lanes.values():
            lane.stop(max(0.5, min(3.0, ends - time.monotonic())))
        if self._watch is not None:
            self._watch.join(1.0)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send to a device (QoS 1, not retained), as soon as the broker is there. False: too much waits."""
        return self._lanes["alarm"].publish(topic, payload)

    def resync(self, devices: Iterable[str]) -> int:
        """Ask devices to send again whatever has no receipt; how many were asked."""
        asked = 0
        for device in devices:
            asked += self.order(device, "resync")
        return asked

    def order(self, device: str, command: str, data: Mapping[str, object] | None = None) -> bool:
        """A command for a device or gateway (wire.md: ``ask_checkin``, ``say`` …); False when it cannot be said now."""
        said = {"v": 1, "id": new_id(), "cmd": command, "srv_ts": _stamp()} | ({"data": data} if data else {})
        return is_device(device) and self.publish(command_topic(device), orjson.dumps(said))

    def health(self) -> BridgeHealth:
        """A look at all lanes; cheap, from any thread."""
        now = time.monotonic()
        lanes = tuple(self._lane_health(name, lane, now) for name, lane in self._lanes.items())
        return BridgeHealth(lanes, self._probe.round_trip, self._probe.age(now))

    def counters(self) -> Mapping[str, int]:
        """Everything countable, ``lane_name``: for metrics; each only rises."""
        counted: dict[str, int] = {}
        for name, lane in self._lanes.items():
            tally, queue = self._writers[name].tally, self._writers[name].queue
            counted |= {
                f"{name}_received": lane.received,
                f"{name}_stored": tally.stored,
                f"{name}_batches": tally.batches,
                f"{name}_receipts": tally.receipts,
                f"{name}_duplicates": tally.duplicates,
                f"{name}_unreadable": tally.unreadable,
                f"{name}_failures": tally.failures,
                f"{name}_quarantined": tally.quarantined,
                f"{name}_dropped": queue.dropped,
                f"{name}_connections": lane.epoch,
                f"{name}_possible_losses": lane.possible_losses,
                f"{name}_stale_acks": lane.stale_acks,
                f"{name}_unsent": lane.unsent,
            }
        return counted

    def _lane(self, name: str, address: BrokerAddress, window: int, deliver: Callable[[Arrival], None]) -> Lane:
        settings = self._settings
        plan = LanePlan(
            name=name,
            address=address,
            client_id=address.username or _CLIENT_IDS[name],
            filters=tuple(item.format(instance=settings.instance) for item in _FILTERS[name]),
            receive_maximum=window,
            ca_file=settings.ca_file,
            session_expected=settings.session_expected,
            presence=self._presence() if name == "alarm" else None,
            rest=_TELEMETRY_REST if name == "telemetry" else 0.0,
        )
        return Lane(plan, deliver, self._lost)

    def _presence(self) -> tuple[str, bytes, bytes]:
        topic = service_topic("bridge", self._settings.instance)
        return topic, b'{"v":1,"state":"online"}', b'{"v":1,"state":"offline","reason":"lwt"}'

    def _take_alarm(self, arrival: Arrival) -> None:
        if arrival.message.topic == self._svc:
            self._probe.heard(arrival.message.payload)
            arrival.lane.ack([arrival])
        else:
            self._writers["alarm"].queue.put(arrival)

    def _sort(self, items: list[Item]) -> list[Item]:
        """An emergency that came on the telemetry topic goes the way of emergencies."""
        calm: list[Item] = []
        for item in items:
            event = item[1].event
            if event is not None and event.kind in EMERGENCIES:
                self._writers["alarm"].queue.put(item[0])
            else:
                calm.append(item)
        return calm

    def _readings(self, batch: Sequence[Heard]) -> None:
        self._telemetry(batch)

    def _receipt(self, receipt: Receipt) -> None:
        """Tell the device, or the gateway of a child, that its message is in the ledger."""
        if is_device(receipt.to):
            words = {
                "v": 1,
                "id": receipt.id,
                "dev": receipt.device,
                "result": receipt.result,
                "alert": receipt.alert,
                "srv_ts": _stamp(),
                "reason": receipt.reason,
            }
            self._lanes["alarm"].publish(ack_topic(receipt.to), orjson.dumps(words))

    def _lane_health(self, name: str, lane: Lane, now: float) -> LaneHealth:
        writer = self._writers[name]
        oldest = writer.oldest()
        return LaneHealth(
            name=name,
            connected=lane.connected,
            epoch=lane.epoch,
            last_message_age=None if lane.last_at is None else now - lane.last_at,
            queue=writer.waiting,
            oldest_unstored_age=None if oldest is None else max(0.0, now - oldest),
            dropped=writer.queue.dropped,
            possible_losses=lane.possible_losses,
            stale_acks=lane.stale_acks,
            protocol=int(lane.protocol),
        )

    def _watching(self) -> None:
        """Every second: are the threads alive; every ten: does a message come through."""
        due = 0.0
        while not self._stopping.wait(1.0):
            try:
                self._revive()
                if time.monotonic() >= due and self._lanes["alarm"].connected:
                    due = time.monotonic() + self._settings.probe_every
                    self._send_probe()
            except Exception:
                log.exception("bridge watch failed, going on")

    def _revive(self) -> None:
        parts: list[Lane | Writer] = [*self._lanes.values(), *self._writers.values()]
        for part in parts:
            if not part.alive:
                log.error("a thread of the bridge had died; started again", part=type(part).__name__)
                part.start()

    def _send_probe(self) -> None:
        lane = self._lanes["alarm"]
        if self._probe.missed >= _PROBES_MISSED:
            log.error("probes do not come back: connecting anew", lane="alarm")
            self._probe.forget()
            lane.cut()
            return
        # QoS 0: the window of unacknowledged messages must not hold it back
        lane.publish(self._svc, self._probe.next(), qos=0)


_CLIENT_IDS = {"alarm": "bridge-alarm", "telemetry": "bridge-tele", "vendor": "bridge-vendor"}
_FILTERS = {
    "alarm": (
        f"{ROOT}/up/+/event",
        f"{ROOT}/up/+/sub/+/event",
        f"{ROOT}/up/+/cmdres",
        f"{ROOT}/status/+",
        f"{ROOT}/svc/probe/{{instance}}",
    ),
    "telemetry": (f"{ROOT}/up/+/telemetry", f"{ROOT}/up/+/sub/+/telemetry"),
    "vendor": ("vendor/#",),
}


def _patient(arrival: Arrival) -> bool:
    """Statuses and answers to commands may wait for a press."""
    topic = arrival.message.topic
    return topic.startswith(f"{ROOT}/status/") or topic.endswith("/cmdres")


def _emergencies_first(items: list[Item]) -> list[Item]:
    return sorted(items, key=_rank)


def _rank(item: Item) -> int:
    arrival, heard = item
    if heard.event is not None and heard.event.kind in EMERGENCIES:
        return 0
    return 2 if _patient(arrival) else 1


def _stamp() -> str:
    return wall_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
