"""The bridge, a real Mosquitto and a ledger: stored first, answered second, acknowledged last."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from broker_bridge.payload import LIMIT
from domain.errors import LedgerUnavailable
from domain.events import Heard, Kind

pytestmark = pytest.mark.mosquitto

EVENT = "anling/v1/up/dev-0001/event"


def test_a_press_is_stored_then_answered(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """The device hears ``stored``, the alert's id and whom it is about."""
    bridges(broker, ledger)
    button = devices(broker)

    pressed = button.press(1)

    eventually(button.receipts)
    receipt = button.receipts()[0]
    assert receipt.pop("srv_ts").endswith("Z")
    expected = {
        "v": 1,
        "id": pressed,
        "dev": "dev-0001",
        "result": "stored",
        "alert": "ALERT",
        "reason": None,
    }
    assert expected == receipt
    assert [pressed] == ledger.ids()


def test_a_childs_receipt_goes_to_the_gateway(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """The gateway relays it; ``dev`` names the child."""
    bridges(broker, ledger)
    gateway = devices(broker, "gw-0001")

    gateway.say("anling/v1/up/gw-0001/sub/kid-1/event", press(1))

    eventually(gateway.receipts)
    assert [receipt["dev"] for receipt in gateway.receipts()] == ["kid-1"]


def test_a_duplicate_is_answered_again(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """A device that missed its receipt repeats the press until it hears one."""
    bridge = bridges(broker, ledger)
    button = devices(broker)

    for _ in range(3):
        button.press(1)

    eventually(lambda: len(button.receipts()) == 3)
    assert len(button.receipts()) == 3
    assert bridge.counters()["alarm_duplicates"] == 2


def test_nothing_is_answered_before_the_commit(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """While the transaction runs there is neither receipt nor acknowledgement (P10, P18)."""
    begun, may_commit = threading.Event(), threading.Event()

    def slow(batch: Sequence[Heard]) -> None:
        begun.set()
        assert may_commit.wait(10)

    ledger.fail = slow
    bridge = bridges(broker, ledger)
    button = devices(broker)
    button.press(1)
    assert begun.wait(10)
    time.sleep(0.2)
    before = (button.receipts(), bridge.health().lane("alarm").queue)

    may_commit.set()

    eventually(button.receipts)
    assert before == ([], 0)
    assert len(button.receipts()) == 1


def test_what_was_not_committed_comes_again_after_a_restart(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """A bridge that ends with the ledger away has acknowledged nothing (P18)."""

    def away(batch: Sequence[Heard]) -> None:
        raise LedgerUnavailable

    ledger.fail = away
    first = bridges(broker, ledger)
    button = devices(broker)
    pressed = [button.press(number) for number in range(5)]
    eventually(lambda: first.counters()["alarm_failures"])
    first.stop(1.0)

    ledger.fail = lambda batch: None
    bridges(broker, ledger)

    eventually(lambda: len(ledger.ids()) >= 5)
    assert pressed == ledger.ids()


def test_a_ledger_that_is_away_is_waited_for(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """For ever, without a new connection, and nothing is lost or doubled."""
    refusals = iter(range(5))

    def away(batch: Sequence[Heard]) -> None:
        if next(refusals, None) is not None:
            raise LedgerUnavailable

    ledger.fail = away
    bridge = bridges(broker, ledger)
    button = devices(broker)

    pressed = button.press(1)

    eventually(button.receipts)
    assert [pressed] == ledger.ids()
    assert (bridge.counters()["alarm_failures"], bridge.health().lane("alarm").epoch) == (5, 1)


def test_a_poison_message_stands_in_nobodys_way(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """It is put aside with its reason; all others are stored and answered (P6)."""
    poison = "press-000000000007"

    def choke(batch: Sequence[Heard]) -> None:
        if any(heard.event and heard.event.id == poison for heard in batch):
            raise ValueError("cannot keep this")

    ledger.fail = choke
    bridge = bridges(broker, ledger)
    button = devices(broker)

    for number in range(20):
        button.client.publish(EVENT, press(number), 1)

    eventually(lambda: len(button.receipts()) == 19)
    assert len(button.receipts()) == 19
    assert [poison] == [heard.event.id for heard, _ in ledger.aside]
    assert ledger.aside[0][1].startswith("ValueError")
    assert bridge.counters()["alarm_quarantined"] == 1


def test_a_message_nothing_can_keep_waits_apart(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """When quarantine fails too it is tried again later, and the next press does not wait for it."""
    sick = threading.Event()
    sick.set()

    def choke(batch: Sequence[Heard]) -> None:
        if sick.is_set() and any(heard.event and heard.event.seq == 0 for heard in batch):
            raise ValueError("cannot keep this")

    def choke_aside(heard: Heard) -> None:
        raise ValueError("nor this")

    ledger.fail, ledger.fail_aside = choke, choke_aside
    bridge = bridges(broker, ledger)
    button = devices(broker)
    button.press(0)
    button.press(1)
    eventually(button.receipts)
    waiting = bridge.health().lane("alarm")

    sick.clear()

    eventually(lambda: len(button.receipts()) == 2)
    assert ledger.ids() == ["press-000000000001", "press-000000000000"]
    assert (waiting.queue, (waiting.oldest_unstored_age or 0) > 0) == (1, True)


def test_a_megabyte_is_kept_cut(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """A mad device breaks nothing; the next press goes through."""
    bridges(broker, ledger)
    button = devices(broker)

    button.say(EVENT, b"x" * 1_000_000)
    button.press(1)

    eventually(lambda: len(ledger.kept) == 2)
    assert [len(heard.message.payload) for heard in ledger.kept if heard.event is None] == [LIMIT]
    assert len(ledger.ids()) == 1


def test_garbage_topics_are_kept(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """What fits our subscriptions but not our grammar reaches the ledger as unreadable."""
    bridges(broker, ledger)
    button = devices(broker)

    for name in ("DEV", "设备一号", "a b", "x"):
        button.say(f"anling/v1/up/{name}/event", press(1))

    eventually(lambda: len(ledger.kept) == 4)
    assert [(h.device, h.unreadable) for h in ledger.kept] == [(None, "topic: not one of ours")] * 4


def test_a_dead_device_leaves_its_will(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """The broker says offline for it, with its boot."""
    bridges(broker, ledger)
    button = devices(broker, will=b'{"v":1,"state":"offline","boot":7,"reason":"lwt"}')

    button.client.socket().shutdown(2)

    eventually(lambda: ledger.kept)
    event = ledger.kept[0].event
    assert (event.kind, event.boot, event.data["reason"]) == (Kind.OFFLINE, 7, "lwt")


def test_a_retained_press_is_marked(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """A replay from the broker's memory is marked, and not replayed again at every connection."""
    button = devices(broker)
    button.say(EVENT, press(1), retain=True)
    bridge = bridges(broker, ledger)
    eventually(lambda: ledger.kept)
    bridge._lanes["alarm"].cut()
    eventually(lambda: bridge.health().lane("alarm").epoch == 2 and bridge.health().lane("alarm").connected)

    button.press(2)

    eventually(lambda: len(ledger.kept) == 2)
    assert [heard.message.retain for heard in ledger.kept] == [True, False]


def test_presses_overtake_statuses(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """In one batch: emergencies, other events, statuses."""
    gate, may = threading.Event(), threading.Event()

    def wait_once(batch: Sequence[Heard]) -> None:
        gate.set()
        assert may.wait(10)

    ledger.fail = wait_once
    bridge = bridges(broker, ledger)
    button = devices(broker)
    button.press(0)
    assert gate.wait(10)
    for number in range(50):
        button.client.publish(f"anling/v1/status/dev-{number:04d}", b'{"v":1,"state":"online"}', 1)
    button.client.publish(EVENT, press(1, "tamper"), 1)
    button.client.publish("anling/v1/up/dev-0002/event", press(2, "fall"), 1)
    eventually(lambda: bridge.health().lane("alarm").queue == 52)

    may.set()

    eventually(lambda: len(ledger.kept) == 53)
    kinds = [heard.event.kind for heard in ledger.kept]
    assert kinds[:4] == [Kind.SOS, Kind.FALL, Kind.TAMPER, Kind.HEARTBEAT]


def test_one_devices_flood_does_not_starve_another(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """Of a stuck button only so many go into one transaction."""
    gate, may = threading.Event(), threading.Event()

    def wait_once(batch: Sequence[Heard]) -> None:
        gate.set()
        assert may.wait(10)

    ledger.fail = wait_once
    bridge = bridges(broker, ledger, per_device=5)
    button = devices(broker)
    button.press(0)
    assert gate.wait(10)
    for number in range(1, 101):
        button.client.publish(EVENT, press(number), 1)
    button.client.publish("anling/v1/up/dev-0002/event", press(999), 1)
    eventually(lambda: bridge.health().lane("alarm").queue == 101)

    may.set()

    eventually(lambda: len(ledger.kept) == 102)
    assert "press-000000000999" in ledger.ids()[:8]
    assert len(set(ledger.ids())) == 102


def test_telemetry_has_its_own_way(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """Readings go in groups to their own intake; an emergency among them goes with the emergencies."""
    bridges(broker, ledger)
    button = devices(broker)

    for number in range(500):
        button.client.publish("anling/v1/up/dev-0001/telemetry", press(number, "heartbeat"), 0)
    button.say("anling/v1/up/dev-0001/telemetry", press(999, "fall"))

    eventually(lambda: len(ledger.readings) == 500 and ledger.kept)
    assert len(ledger.readings) == 500
    assert ledger.ids() == ["press-000000000999"]
    eventually(button.receipts)
    assert len(button.receipts()) == 1


def test_a_makers_payload_is_kept(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """Raw, as it came: what it means is asked of the register, behind the bridge."""
    bridges(broker, ledger)

    devices(broker).say("vendor/z2m/home-1/zigbee2mqtt/button", b'{"action":"emergency"}')

    eventually(lambda: ledger.kept)
    assert [heard.message.payload for heard in ledger.kept] == [b'{"action":"emergency"}']


def test_the_probe_comes_back(broker: Any, ledger: Any, bridges: Any, eventually: Any) -> None:
    """A message to ourselves through the broker is the evidence, and no row in the ledger (P33)."""
    bridge = bridges(broker, ledger)

    eventually(lambda: bridge.health().probe_round_trip)

    assert 0 < bridge.health().probe_round_trip < 1
    assert ledger.kept == []


def test_others_see_whether_we_live(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """Online while we run, offline when we went, both retained."""
    watcher = devices(broker, "watch-1")
    watcher.client.subscribe("anling/v1/svc/bridge/main", 1)
    bridge = bridges(broker, ledger)
    eventually(lambda: watcher.heard)

    bridge.stop()

    eventually(lambda: len(watcher.heard) == 2)
    assert [orjson.loads(payload)["state"] for _, payload in watcher.heard] == ["online", "offline"]


def test_resync_asks_devices_to_repeat(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """A command to each; names that are no device ids are left out."""
    bridge = bridges(broker, ledger)
    button = devices(broker)

    asked = bridge.resync(["dev-0001", "no/device"])

    eventually(lambda: button.heard)
    assert asked == 1
    assert orjson.loads(button.heard[0][1])["cmd"] == "resync"
