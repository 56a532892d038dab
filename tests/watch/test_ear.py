"""The watch's own line to a real broker, with log-ins and rights as in production."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker_bridge.embedded import EmbeddedBroker, find_mosquitto
from broker_bridge.settings import address_of
from tests.waiting import eventually
from watch.ear import DEAF, Ear

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto"),
]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker where everybody logs in."""
    broker = EmbeddedBroker(tmp_path / "broker", 0, {})
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def open_ear(broker: EmbeddedBroker) -> Iterator[Callable[..., Ear]]:
    """Opens ears, and closes them at the end."""
    opened: list[Ear] = []

    def open(receipt: Callable[[Any], None] = lambda said: None) -> Ear:
        opened.append(Ear(address_of("watch", broker.url("watch")), "main", receipt))
        opened[-1].start()
        return opened[-1]

    yield open
    for ear in opened:
        ear.stop()


def test_it_hears_itself(open_ear: Callable[..., Ear]) -> None:
    """What it says comes back through the broker, under the account's own rights."""
    ear = open_ear()

    def back() -> bool:
        ear.tell({"v": 1, "state": "well"})
        return ear.ready

    eventually(back, 10)

    assert [] == ear.findings(time.monotonic())
    assert ["broker"] == [f.code for f in ear.findings(time.monotonic() + DEAF + 1)]


def test_the_probe_presses_under_the_account_of_the_watch(
    open_ear: Callable[..., Ear], broker: EmbeddedBroker
) -> None:
    """The broker lets it press as its own device, and lets it hear the receipt; the device's id is the account's."""
    from broker_bridge.bridge import Bridge
    from broker_bridge.settings import BridgeSettings
    from domain.events import Receipt

    heard: list[Any] = []
    got = threading.Event()
    ear = open_ear(lambda said: (heard.append(said), got.set()))
    told = BridgeSettings(broker.url(), broker.url("bridge-tele"), broker.url("bridge-vendor"), probe_every=60)
    bridge = Bridge(
        told,
        lambda batch: [Receipt(h.event.id if h.event else "-", "watch", "watch", "stored", "alert-1") for h in batch],
        lambda batch: None,
        lambda *_: None,
    )
    bridge.start()
    try:
        eventually(lambda: bridge.health().lane("alarm").connected, 10)
        eventually(lambda: ear.press({"v": 1, "id": "press-0000000001", "type": "sos", "data": {}}), 10)

        assert got.wait(10)
    finally:
        bridge.stop()
    assert ("watch", "alert-1", "press-0000000001") == (ear.device, heard[0]["alert"], heard[0]["id"])


def test_what_the_broker_dropped() -> None:
    """A rise of the broker's own counter is told; the first value only sets the mark."""
    ear = Ear(address_of("watch", "mqtt://127.0.0.1:9"), "main", lambda said: None)

    ear._count(b"5")
    first = [f.code for f in ear.findings(0.0)]
    ear._count(b"7")
    risen = [(f.code, f.detail) for f in ear.findings(time.monotonic()) if f.code == "dropped"]

    assert ([], [("dropped", "2")]) == ([c for c in first if c == "dropped"], risen)
