"""A real Mosquitto on a free port, devices that speak to it, and a ledger that can be made to fail."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker_bridge.bridge import Bridge
from broker_bridge.settings import BridgeSettings
from domain.events import Heard, Receipt
from tests.waiting import eventually, free_port


def mosquitto_binary() -> str | None:
    """Where the broker's program is, if it is anywhere."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Mosquitto:
    """The real broker, in a folder of its own."""

    def __init__(self, folder: Path, persistence: bool = True, extra: Sequence[str] = ()) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            f"persistence {str(persistence).lower()}",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "max_queued_messages 100000",
            "set_tcp_nodelay true",
            f"log_dest file {folder}/mosquitto.log",
        ]
        lines += extra
        lines += ["user root"] if os.geteuid() == 0 else []
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = mosquitto_binary()
        assert binary, "mosquitto is not installed"
        self._process = subprocess.Popen([binary, "-c", str(self.folder / "mosquitto.conf")])
        eventually(self._answers, what="mosquitto's answer")

    def save(self) -> None:
        """Have it write down what it keeps; returns when that is on disk."""
        before, process = self._saved_at(), self._process
        assert process is not None
        process.send_signal(signal.SIGUSR1)
        eventually(lambda: self._saved_at() != before, what="the broker's memory on disk")

    def _saved_at(self) -> int:
        file = self.folder / "mosquitto.db"
        return file.stat().st_mtime_ns if file.exists() else 0

    def kill(self, sign: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Device:
    """A thing at home: says what it is told to say, remembers what it hears."""

    def __init__(
        self,
        port: int,
        name: str = "dev-0001",
        will: bytes | None = None,
        protocol: MQTTProtocolVersion = mqtt.MQTTv5,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.name = name
        self.heard: list[tuple[str, bytes]] = []
        self._ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol)
        if login:
            self.client.username_pw_set(*login)
        self.client.on_connect = self._subscribe
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda c, u, m: self.heard.append((m.topic, bytes(m.payload)))
        if will is not None:
            self.client.will_set(f"anling/v1/status/{name}", will, qos=1, retain=True)
        self.client.connect("127.0.0.1", port)
        connection = self.client.socket()
        assert isinstance(connection, socket.socket)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.loop_start()
        assert self._ready.wait(10)

    def _subscribe(self, *_: Any) -> None:
        self.client.subscribe(f"anling/v1/down/{self.name}/#", 1)

    def say(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        self.client.publish(topic, payload, qos, retain).wait_for_publish(10)

    def press(self, number: int, kind: str = "sos") -> str:
        """Press the button; the id of the press."""
        self.say(f"anling/v1/up/{self.name}/event", press(number, kind))
        return press_id(number)

    def receipts(self) -> list[dict[str, Any]]:
        return [orjson.loads(payload) for topic, payload in self.heard if topic.endswith("/ack")]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def press_id(number: int) -> str:
    return f"press-{number:012d}"


def press(number: int, kind: str = "sos") -> bytes:
    """An envelope of wire.md."""
    return orjson.dumps({"v": 1, "id": press_id(number), "type": kind, "boot": 1, "seq": number, "data": {}})


class Ledger:
    """Keeps in memory; ``fail`` decides what to refuse, ``before`` runs inside the transaction."""

    def __init__(self) -> None:
        self.kept: list[Heard] = []
        self.batches: list[int] = []
        self.readings: list[Heard] = []
        self.aside: list[tuple[Heard, str]] = []
        self.fail: Callable[[Sequence[Heard]], None] = lambda batch: None
        self.fail_aside: Callable[[Heard], None] = lambda heard: None
        self._seen: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def intake(self, batch: Sequence[Heard]) -> Sequence[Receipt | None]:
        self.fail(batch)
        with self._lock:
            self.kept += batch
            self.batches.append(len(batch))
            return [self._receipt(heard) for heard in batch]

    def telemetry(self, batch: Sequence[Heard]) -> None:
        self.fail(batch)
        self.readings += batch
        self.batches.append(len(batch))

    def quarantine(self, heard: Heard, reason: str) -> None:
        self.fail_aside(heard)
        self.aside.append((heard, reason))

    def ids(self) -> list[str]:
        return [heard.event.id for heard in self.kept if heard.event]

    def _receipt(self, heard: Heard) -> Receipt | None:
        if heard.event is None or heard.to is None:
            return None
        key = (heard.event.device, heard.event.id)
        known = key in self._seen
        self._seen.add(key)
        return Receipt(heard.event.id, heard.event.device, heard.to, "stored", "ALERT", duplicate=known)


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Any]:
    """Waits until something is true."""
    return eventually


@pytest.fixture(name="press")
def _press() -> Callable[..., bytes]:
    """The envelope of a press with a number."""
    return press


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Mosquitto with persistence."""
    running = Mosquitto(tmp_path / "broker")
    running.start()
    yield running
    running.kill()


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[Mosquitto]:
    """Mosquitto without persistence."""
    running = Mosquitto(tmp_path / "forgetful", persistence=False)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def ledger() -> Ledger:
    """A ledger in memory."""
    return Ledger()


@pytest.fixture
def bridges() -> Iterator[Callable[..., Bridge]]:
    """Makes bridges, waits until they listen, and stops them afterwards."""
    made: list[Bridge] = []

    def make(broker: Mosquitto, ledger: Ledger, wait: bool = True, **settings: Any) -> Bridge:
        wanted = BridgeSettings(alarm_url=broker.url, **settings)
        bridge = Bridge(wanted, ledger.intake, ledger.telemetry, ledger.quarantine)
        bridge.start()
        made.append(bridge)
        assert not wait or eventually(lambda: all(lane.connected for lane in bridge.health().lanes))
        return bridge

    yield make
    for bridge in made:
        bridge.stop(2.0)


@pytest.fixture
def devices() -> Iterator[Callable[..., Device]]:
    """Makes devices and hangs them up afterwards."""
    made: list[Device] = []

    def make(broker: Mosquitto, name: str = "dev-0001", **settings: Any) -> Device:
        made.append(Device(broker.port, name, **settings))
        return made[-1]

    yield make
    for device in made:
        device.close()
