"""The watch's own line to the broker: says how things stand, hears itself, and what the broker has dropped."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from broker_bridge.arrival import Arrival
from broker_bridge.mqtt_client import LanePlan
from broker_bridge.session import Lane
from broker_bridge.settings import BrokerAddress
from broker_bridge.topics import ROOT, ack_topic, service_topic
from watch.finding import Finding

_DROPPED = "$SYS/broker/publish/messages/dropped"
#: seconds after which a word of ours that did not come back shows that nothing comes
DEAF = 10.0
#: seconds for which a rise of the dropped counter is told
_TOLD = 600.0


def device_of(address: BrokerAddress) -> str:
    """The probe's device id: our account's name, because the broker lets nobody else speak for it."""
    return address.username or "watch"


class Ear:
    """One session of its own. ``receipt`` hears the receipts of the probe's presses."""

    def __init__(
        self,
        address: BrokerAddress,
        instance: str,
        receipt: Callable[[Mapping[str, Any]], None],
        ca_file: Path | None = None,
    ) -> None:
        self.device = device_of(address)
        self._topic = service_topic("watch", instance)
        self._switch = service_topic("deadman", instance)
        self._receipt = receipt
        self._began = time.monotonic()
        self._heard: float | None = None
        self._dropped: int | None = None
        self._rose: tuple[float, int] | None = None
        presence = (self._topic, b'{"v":1,"state":"online"}', b'{"v":1,"state":"offline","reason":"lwt"}')
        filters = (self._topic, ack_topic(self.device), _DROPPED)
        self._lane = Lane(
            LanePlan("watch", address, self.device, filters, 20, ca_file, presence=presence), self._take
        )

    def start(self) -> None:
        """Begin; retries for ever."""
        self._lane.start()

    def stop(self) -> None:
        """Say good-bye."""
        self._lane.stop(2.0)

    @property
    def ready(self) -> bool:
        """Whether our own word has come back at least once."""
        return self._heard is not None

    def press(self, event: Mapping[str, Any]) -> bool:
        """Press the probe's button; False when there is no connection."""
        return self._say(f"{ROOT}/up/{self.device}/event", event, retain=False)

    def tell(self, state: Mapping[str, Any]) -> None:
        """Say how things stand, retained; it must come back to us."""
        self._say(self._topic, state, retain=True)

    def beat(self, word: Mapping[str, Any]) -> None:
        """The dead-man's switch for whoever listens at the broker; only said while all is well."""
        self._say(self._switch, word, retain=True)

    def findings(self, now: float) -> list[Finding]:
        """Silence of the broker, and what it has dropped lately. ``now``: monotonic seconds."""
        found = []
        silent = now - (self._heard or self._began)
        if silent > DEAF:
            found.append(Finding("broker", detail=f"nothing came back for {silent:.0f} s"))
        if self._rose is not None and now - self._rose[0] < _TOLD:
            found.append(Finding("dropped", self._rose[1], detail=str(self._rose[1])))
        return found

    def _say(self, topic: str, body: Mapping[str, Any], retain: bool) -> bool:
        return self._lane.connected and self._lane.publish(topic, orjson.dumps(body), retain=retain)

    def _take(self, arrival: Arrival) -> None:
        topic, payload = arrival.message.topic, arrival.message.payload
        if topic == _DROPPED:
            self._count(payload)
        elif topic == self._topic:
            self._heard = time.monotonic()
        else:
            self._hear(payload)
        arrival.lane.ack([arrival])

    def _hear(self, payload: bytes) -> None:
        try:
            said = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return
        if isinstance(said, dict):
            self._receipt(said)

    def _count(self, payload: bytes) -> None:
        """The broker's own counter; it begins anew with the broker."""
        if not payload.isdigit():
            return
        count, known = int(payload), self._dropped
        if known is not None and count > known:
            self._rose = (time.monotonic(), count - known)
        self._dropped = count
