"""Brokers, connections and processes that die: nothing is lost, nothing is forgotten silently."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from broker_bridge.session import Lane
from domain.events import Heard

pytestmark = pytest.mark.mosquitto

EVENT = "anling/v1/up/dev-0001/event"

#: a bridge with an SQLite ledger, to be killed
BRIDGE = """
import sqlite3, sys, threading, time
from broker_bridge.bridge import Bridge
from broker_bridge.settings import BridgeSettings
from domain.events import Receipt

lock = threading.Lock()
ledger = sqlite3.connect(sys.argv[2], isolation_level=None, check_same_thread=False)
ledger.execute("PRAGMA journal_mode=WAL")
ledger.execute("PRAGMA synchronous=FULL")
ledger.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY)")

def intake(batch):
    with lock:
        ledger.execute("BEGIN IMMEDIATE")
        for heard in batch:
            ledger.execute("INSERT OR IGNORE INTO event VALUES (?)", (heard.event.id,))
        ledger.execute("COMMIT")
    return [Receipt(h.event.id, h.device, h.to, "stored") if h.to else None for h in batch]

bridge = Bridge(BridgeSettings(sys.argv[1]), intake, lambda batch: None, lambda heard, why: None)
bridge.start()
while not all(lane.connected for lane in bridge.health().lanes):
    time.sleep(0.01)
print("ready", flush=True)
time.sleep(600)
"""


def start_bridge(url: str, file: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", BRIDGE, url, str(file)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while b"ready" not in (line := process.stdout.readline()):
        assert line, "the bridge did not start"
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_bridge_killed_mid_stream_loses_nothing(
    broker: Any, devices: Any, press: Any, tmp_path: Path, eventually: Any
) -> None:
    """kill -9 twice during a storm: every press is in the ledger after the last start (P18)."""
    file, button = tmp_path / "ledger.db", devices(broker)
    number = 0
    for _ in range(3):
        process = start_bridge(broker.url, file)
        for _ in range(600):
            button.client.publish(EVENT, press(number), 1)
            number += 1
        time.sleep(0.15)
        end(process)
    process = start_bridge(broker.url, file)
    reader = sqlite3.connect(file)

    def stored() -> int:
        return int(reader.execute("SELECT count(*) FROM event").fetchone()[0])

    eventually(lambda: stored() == number, 20)
    end(process)
    assert number == stored()
    reader.close()


def test_a_late_acknowledgement_hits_nobody(
    forgetful: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """After a reconnect the old number belongs to another message: the late ack is dropped."""
    begun, may = threading.Event(), threading.Event()

    def slow(batch: Sequence[Heard]) -> None:
        begun.set()
        assert may.wait(20)

    ledger.fail = slow
    bridge = bridges(forgetful, ledger)
    devices(forgetful).press(1)
    assert begun.wait(10)
    forgetful.kill()
    forgetful.start()
    assert eventually(lambda: bridge.health().lane("alarm").epoch == 2 and bridge.health().lane("alarm").connected)
    second = devices(forgetful, "dev-0002").press(2)
    assert eventually(lambda: bridge.health().lane("alarm").queue == 1)
    bridge._lanes["alarm"].cut()
    assert eventually(lambda: bridge.health().lane("alarm").epoch == 3)

    may.set()

    eventually(lambda: len(ledger.ids()) == 3)
    assert ["press-000000000001", second, second] == ledger.ids()
    assert bridge.health().lane("alarm").stale_acks == 2


def test_an_acknowledgement_with_the_line_down_is_void(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """What is committed while the broker is away is not acknowledged to whoever comes next."""
    begun, may = threading.Event(), threading.Event()

    def slow(batch: Sequence[Heard]) -> None:
        begun.set()
        assert may.wait(20)

    ledger.fail = slow
    bridge = bridges(broker, ledger)
    devices(broker).press(1)
    assert begun.wait(10)
    broker.kill()
    assert eventually(lambda: not bridge.health().lane("alarm").connected)

    may.set()

    assert eventually(ledger.ids)
    assert eventually(lambda: bridge.health().lane("alarm").stale_acks) == 1


def test_a_broker_killed_with_persistence_keeps_our_session(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """It comes back, we come back, and what it kept arrives."""
    bridge = bridges(broker, ledger)
    broker.save()
    broker.kill()
    broker.start()

    pressed = devices(broker).press(1)

    eventually(ledger.ids)
    assert [pressed] == ledger.ids()
    assert bridge.health().lane("alarm").possible_losses == 0


def test_a_broker_that_forgot_us_is_reported(
    forgetful: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """A possible loss is counted, and the presses after it arrive."""
    bridge = bridges(forgetful, ledger)
    forgetful.kill()
    forgetful.start()
    eventually(lambda: bridge.health().lane("alarm").epoch == 2 and bridge.health().lane("alarm").connected)

    pressed = devices(forgetful).press(1)

    eventually(ledger.ids)
    assert [pressed] == ledger.ids()
    assert bridge.health().lane("alarm").possible_losses == 1


def test_a_first_connection_is_judged_by_what_the_ledger_knows(broker: Any, ledger: Any, bridges: Any) -> None:
    """A ledger with a past and a broker without a session: something may be lost."""
    bridge = bridges(broker, ledger, session_expected=True)

    assert bridge.health().lane("alarm").possible_losses == 1


def test_a_bridge_may_start_before_its_broker(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """It tries for ever."""
    broker.kill()
    bridge = bridges(broker, ledger, wait=False)
    time.sleep(0.5)
    broker.start()

    assert eventually(lambda: all(lane.connected for lane in bridge.health().lanes))


def test_what_we_say_before_the_broker_is_there_is_said_later(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """Also over a change of the MQTT version: receipts and states wait in the lane."""
    broker.kill()
    bridge = bridges(broker, ledger, wait=False)
    lane = bridge._lanes["alarm"]
    said = lane.publish("anling/v1/down/dev-0001/state", b"1", retain=True)
    lane._worn = True

    broker.start()

    button = devices(broker)
    assert said
    assert eventually(lambda: button.heard) == [("anling/v1/down/dev-0001/state", b"1")]


def test_a_backlog_ends_with_the_last_press(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """1,001 messages wait at the broker, an SOS the last of them: all arrive."""
    bridges(broker, ledger).stop()
    button = devices(broker)
    for number in range(1000):
        button.client.publish(EVENT, press(number, "tamper"), 1)
    button.press(1000)

    bridges(broker, ledger)

    eventually(lambda: len(ledger.ids()) == 1001)
    assert len(set(ledger.ids())) == 1001


def test_an_exception_in_a_callback_costs_one_connection(
    broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """The thread lives, the message is not acknowledged and comes again (P35)."""
    bridge = bridges(broker, ledger)
    lane = bridge._lanes["alarm"]
    deliver, failures = lane._deliver, iter(range(1))

    def fail_once(arrival: Any) -> None:
        if next(failures, None) is not None:
            raise RuntimeError("a defect of ours")
        deliver(arrival)

    lane._deliver = fail_once

    pressed = devices(broker).press(1)

    eventually(ledger.ids)
    assert [pressed] == ledger.ids()
    assert bridge.health().lane("alarm").epoch == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_is_started_again(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """Even what no handler catches is noticed within a second or two (P33)."""
    bridge = bridges(broker, ledger)
    lane = bridge._lanes["alarm"]
    connection = Lane._connection

    def die(*_: Any) -> None:
        lane._connection = lambda: connection(lane)
        raise SystemExit

    lane._connection = die
    lane.cut()
    assert eventually(lambda: bridge.health().lane("alarm").epoch == 2 and bridge.health().lane("alarm").connected)

    pressed = devices(broker).press(1)

    eventually(ledger.ids)
    assert [pressed] == ledger.ids()


def test_an_old_device_in_mqtt_3(broker: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any) -> None:
    """A device that speaks 3.1.1 is heard and answered."""
    bridges(broker, ledger)
    button = devices(broker, protocol=mqtt.MQTTv311)

    button.press(1)

    eventually(button.receipts)
    assert len(button.receipts()) == 1


def test_a_frozen_broker_is_noticed_by_the_probe(broker: Any, ledger: Any, bridges: Any, eventually: Any) -> None:
    """The connection looks open, but the probe's age rises (P33)."""
    bridge = bridges(broker, ledger, probe_every=0.2)
    eventually(lambda: bridge.health().probe_age is not None)
    broker._process.send_signal(signal.SIGSTOP)

    old = eventually(lambda: (bridge.health().probe_age or 0) > 2.5)

    broker._process.send_signal(signal.SIGCONT)
    assert old
    assert eventually(lambda: (bridge.health().probe_age or 9) < 2)
