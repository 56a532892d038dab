"""The broker in the box."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
import pytest

from broker_bridge.bridge import Bridge
from broker_bridge.embedded import EmbeddedBroker
from broker_bridge.settings import BridgeSettings
from domain.errors import ConfigurationError


@pytest.fixture
def boxes() -> Iterator[Callable[..., EmbeddedBroker]]:
    """Makes embedded brokers and ends them."""
    made: list[EmbeddedBroker] = []

    def make(*args: Any, **kwargs: Any) -> EmbeddedBroker:
        made.append(EmbeddedBroker(*args, **kwargs))
        return made[-1]

    yield make
    for box in made:
        box.stop()


class Address:
    """What the fixtures want to know of a broker."""

    def __init__(self, box: EmbeddedBroker) -> None:
        self.url, self.port = box.url(), box.port


@pytest.mark.mosquitto
@pytest.mark.parametrize("amqtt", [False, True], ids=["mosquitto", "amqtt"])
def test_a_press_through_the_box(
    amqtt: bool, tmp_path: Path, boxes: Any, ledger: Any, bridges: Any, devices: Any, eventually: Any
) -> None:
    """Either broker carries a press in and a receipt out; amqtt in MQTT 3.1.1. Its files are its owner's alone."""
    box = boxes(tmp_path / "box", 0, amqtt=amqtt)
    box.start()
    bridge = bridges(Address(box), ledger)
    button = devices(box, protocol=mqtt.MQTTv311)

    button.press(1)

    eventually(button.receipts)
    assert len(button.receipts()) == 1
    assert (4 if amqtt else 5) == bridge.health().lane("alarm").protocol
    assert [] == [path.name for path in [box.folder, *box.folder.iterdir()] if path.stat().st_mode & 0o077]


@pytest.mark.mosquitto
def test_it_is_started_again_when_it_dies(tmp_path: Path, boxes: Any, eventually: Any) -> None:
    """kill -9 of the broker: another one answers on the same port."""
    box = boxes(tmp_path, 0)
    box.start()

    os.kill(int((tmp_path / "broker.pid").read_text()), signal.SIGKILL)

    assert eventually(lambda: box.restarts == 1 and box.running)


@pytest.mark.mosquitto
def test_it_dies_with_us(tmp_path: Path, eventually: Any) -> None:
    """kill -9 of our process leaves no broker behind."""
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom broker_bridge.embedded import EmbeddedBroker\n"
        "box = EmbeddedBroker(Path(sys.argv[1]), 0)\nbox.start()\nprint('ready', flush=True)\ntime.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert b"ready" in parent.stdout.readline()
        pid = int((tmp_path / "broker.pid").read_text())
        alive = psutil.pid_exists(pid)
        parent.kill()

    assert alive
    assert eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.mosquitto
def test_a_leftover_of_the_same_folder_is_ended(tmp_path: Path, boxes: Any) -> None:
    """A broker that outlived its process does not keep us from starting."""
    first = boxes(tmp_path, 0)
    first.start()
    first._stopping.set()
    pid = (tmp_path / "broker.pid").read_text()

    second = boxes(tmp_path, first.port)
    second.start()

    assert second.running
    assert pid != (tmp_path / "broker.pid").read_text()


@pytest.mark.mosquitto
def test_with_devices_everybody_logs_in(
    tmp_path: Path, boxes: Any, ledger: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """A device speaks for itself only; our lanes have accounts of their own."""

    box = boxes(tmp_path, 0, devices={"dev-0001": "geheim"})
    box.start()
    settings = BridgeSettings(box.url(), box.url("bridge-tele"), box.url("bridge-vendor"))
    bridge = Bridge(settings, ledger.intake, ledger.telemetry, ledger.quarantine)
    bridge.start()
    eventually(lambda: all(lane.connected for lane in bridge.health().lanes))
    thief = devices(box, "bridge-alarm", login=("dev-0001", "geheim"))

    thief.say("anling/v1/up/dev-0002/event", press(1))
    thief.say("anling/v1/up/dev-0001/event", press(2))

    eventually(ledger.ids)
    bridge.stop()
    assert [heard.device for heard in ledger.kept] == ["dev-0001"]
    assert bridge.health().lane("alarm").epoch == 1


def test_a_taken_port_says_what_to_do(tmp_path: Path, boxes: Any) -> None:
    """Another program on the port: choose another one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        time.sleep(0.01)
        box = boxes(tmp_path, other.getsockname()[1])

        with pytest.raises(ConfigurationError, match="ANLING_MQTT_PORT"):
            box.start()
