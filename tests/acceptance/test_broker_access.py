"""The rendered log-ins under a real Mosquitto: who gets in, who may say what, and who is shut out."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from broker_bridge.embedded import find_mosquitto
from tests.waiting import eventually, free_port

pytestmark = pytest.mark.mosquitto

ROOT = Path(__file__).parents[2]
SITE = {
    "streets": [{"code": "s1", "name": "示例街道"}],
    "hubs": [
        {"id": "hub-1", "secret": "hub-pw", "dialect": "z2m", "site": "site-1"},
        {"id": "hub-2", "secret": "hub2-pw", "dialect": "z2m", "site": "site-2"},
    ],
    "homes": [
        {"id": f"home-{n}", "street": "s1", "address": {"text": "示例路"},
         "devices": [{"id": f"dev-{n}", "role": "sos_button", "secret": f"pw-{n}"}]}
        for n in (1, 2)
    ],
}  # fmt: skip


class Installation:
    """A ledger, the rendered files, and the broker that deploy/broker/start.sh starts on them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.plain, self.tls = folder, free_port(), free_port()
        self.access, self.certs = folder / "access", folder / "certs"
        self._broker: subprocess.Popen[bytes] | None = None

    def anling(self, *words: str) -> str:
        """One command of the product; its words."""
        lanes = {
            f"ANLING_MQTT_{name}URL": f"mqtt://{user}:pw-{user}@127.0.0.1:{self.plain}"
            for name, user in (("", "bridge-alarm"), ("TELEMETRY_", "bridge-tele"), ("VENDOR_", "bridge-vendor"))
        }
        given = {"ANLING_DATA_DIR": str(self.folder / "var"), "ANLING_BROKER_MONITOR_PASSWORD": "pw-monitor", **lanes}
        done = subprocess.run(
            [sys.executable, "-m", "anling.cli", *words], env={**os.environ, "PYTHONPATH": str(ROOT), **given},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def settle(self) -> None:
        """Import the register, found the authority, write the broker's files."""
        (self.folder / "site.json").write_text(json.dumps(SITE))
        self.anling("import", str(self.folder / "site.json"))
        self.anling("broker", "certificates", "--host", "127.0.0.1", "--out", str(self.certs))
        self.render()

    def render(self) -> Mapping[str, Any]:
        """Write the broker's files from the register."""
        told = self.anling("broker", "render", "--out", str(self.access), "--certificates", str(self.certs))
        return dict(json.loads(told))

    def start(self) -> None:
        """The deployed configuration, its certificate listener opened as its comments say, on ports of our own."""
        text = (ROOT / "deploy/broker/mosquitto.conf").read_text().replace("#mtls ", "")
        text = text.replace("/mosquitto/", f"{self.folder}/")
        text = text.replace("listener 1883", f"listener {self.plain} 127.0.0.1")
        text = text.replace("listener 8883", f"listener {self.tls} 127.0.0.1")
        for name in ("config", "data"):
            (self.folder / name).mkdir()
        (self.folder / "config/mosquitto.conf").write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        shutil.copy(ROOT / "deploy/broker/acl", self.folder / "config/acl")
        environment = {
            "PATH": f"{Path(str(find_mosquitto())).parent}:{os.environ['PATH']}", "BROKER_LOOK_EVERY": "0.2",
            **{f"BROKER_{n}": str(self.folder / n.lower()) for n in ("DATA", "CONFIG", "ACCESS")},
        }  # fmt: skip
        with (self.folder / "broker.log").open("wb") as log:
            self._broker = subprocess.Popen(
                ["sh", str(ROOT / "deploy/broker/start.sh")], env=environment, stdout=log, stderr=log
            )
        assert eventually(self._answers), (self.folder / "broker.log").read_text()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.plain)) == 0

    def stop(self) -> None:
        """End the broker."""
        if self._broker is not None:
            self._broker.terminate()
            self._broker.wait(10)


class Caller:
    """Somebody at the broker's door."""

    def __init__(self, port: int, user: str | None, password: str | None, client_id: str = "", **tls: Any) -> None:
        self.reason: str | None = None
        self.heard: list[str] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id or user or "x", protocol=mqtt.MQTTv5)
        self.client.username_pw_set(user, password) if user else None
        if tls:
            self.client.tls_set_context(_context(**tls))
        self.client.on_connect = lambda c, u, f, reason, p: setattr(self, "reason", str(reason))
        self.client.on_message = lambda c, u, m: self.heard.append(m.topic)
        self._asked = threading.Event()
        self.client.on_subscribe = lambda *_: self._asked.set()
        self.client.reconnect_delay_set(0.1, 0.2)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def let_in(self) -> bool:
        """Whether the broker said yes."""
        eventually(lambda: self.reason, 15)
        return self.reason == "Success"

    def listen(self, topic: str) -> "Caller":
        """Ask for a topic."""
        assert self.let_in()
        self.client.subscribe(topic, 1)
        assert self._asked.wait(10)
        return self

    def say(self, topic: str) -> None:
        """Publish and wait for the broker's answer."""
        assert self.let_in()
        self.client.publish(topic, b"press", 1).wait_for_publish(5)

    def close(self) -> None:
        """Hang up."""
        self.client.disconnect()
        self.client.loop_stop()


def _context(folder: Path, device: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / f"{device}.crt", folder / f"{device}.key")
    return context


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation whose broker's files are written; to be copied."""
    folder = tmp_path_factory.mktemp("rendered")
    Installation(folder).settle()
    return folder


@pytest.fixture
def place(tmp_path: Path, rendered: Path) -> Iterator[Installation]:
    """An installation whose broker runs on what was rendered."""
    shutil.copytree(rendered, tmp_path, dirs_exist_ok=True)
    made = Installation(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def callers(place: Installation) -> Iterator[Callable[..., Caller]]:
    """Makes callers at the password door (or, with ``device=``, at the certificate door)."""
    made: list[Caller] = []

    def make(user: str | None, password: str | None = None, client_id: str = "", device: str = "") -> Caller:
        tls = {"folder": place.certs, "device": device} if device else {}
        made.append(Caller(place.tls if device else place.plain, user, password, client_id, **tls))
        return made[-1]

    yield make
    for caller in made:
        caller.close()


def test_everybody_speaks_for_themselves_only(callers: Callable[..., Caller]) -> None:
    """A device is heard under its own name and nobody else's, a hub on its own site; strangers stay outside."""
    bridge = callers("bridge-alarm", "pw-bridge-alarm").listen("anling/v1/up/#")
    vendor = callers("bridge-vendor", "pw-bridge-vendor").listen("vendor/#")
    spy = callers("dev-2", "pw-2").listen("anling/v1/#")
    device, hub = callers("dev-1", "pw-1"), callers("hub-1", "hub-pw")

    for topic in ("anling/v1/up/dev-2/event", "vendor/z2m/site-1/x", "anling/v1/down/dev-2/ack"):
        device.say(topic)
    for topic in ("vendor/z2m/site-2/x", "anling/v1/up/dev-1/event", "vendor/z2m/site-1/bedroom"):
        hub.say(topic)
    device.say("anling/v1/up/dev-1/event")

    assert eventually(lambda: bridge.heard and vendor.heard)
    time.sleep(0.3)
    assert (["anling/v1/up/dev-1/event"], ["vendor/z2m/site-1/bedroom"], []) == (bridge.heard, vendor.heard, spy.heard)
    assert [False, False, False] == [c.let_in() for c in (callers("dev-1", "x"), callers("ghost", "x"), callers(None))]


def test_the_bridges_name_cannot_be_stolen(callers: Callable[..., Caller]) -> None:
    """A device that calls itself by the bridge's client id gets its own session; the bridge's queue stays."""
    bridge = callers("bridge-alarm", "pw-bridge-alarm").listen("anling/v1/up/#")
    thief = callers("dev-2", "pw-2", client_id="bridge-alarm")

    assert thief.let_in()
    callers("dev-1", "pw-1").say("anling/v1/up/dev-1/event")

    assert eventually(lambda: bridge.heard)
    assert bridge.client.is_connected()


def test_a_revoked_device_is_thrown_out(place: Installation, callers: Callable[..., Caller]) -> None:
    """Revoked and rendered: the connected device loses its connection and does not come back; others stay."""
    lost, kept = callers("dev-1", "pw-1"), callers("dev-2", "pw-2")
    assert lost.let_in()
    assert kept.let_in()

    place.anling("device", "revoke", "dev-1")
    told = place.render()

    assert (1, True) == (told["devices"], told["changed"])
    assert eventually(lambda: lost.reason == "Not authorized")
    assert kept.client.is_connected()


def test_a_certificate_counts_until_it_is_revoked(place: Installation, callers: Callable[..., Caller]) -> None:
    """The common name is the device; without a certificate nobody passes, with a revoked one neither."""
    told = place.anling(
        "device", "provision", "dev-3", "--home", "home-1", "--certificate", str(place.certs),
        "--authority", str(place.certs), "--qr", str(place.folder / "dev-3.svg"),
    )  # fmt: skip
    bridge = callers("bridge-alarm", "pw-bridge-alarm").listen("anling/v1/up/#")
    device = callers(None, device="dev-3")

    device.say("anling/v1/up/dev-1/event")
    device.say("anling/v1/up/dev-3/event")

    assert eventually(lambda: bridge.heard)
    assert ["anling/v1/up/dev-3/event"] == bridge.heard
    assert (place.folder / "dev-3.svg").read_text().startswith("<?xml")
    assert "secret" in json.loads(told)
    device.close()
    place.anling("device", "revoke", "dev-3")
    assert 1 == place.render()["revoked_certificates"]
    assert eventually(lambda: _refused(place), 6)


def _refused(place: Installation) -> bool:
    """Whether the revoked certificate is turned away at the door."""
    context = _context(place.certs, "dev-3")
    try:
        with socket.create_connection(("127.0.0.1", place.tls)) as raw, context.wrap_socket(
            raw, server_hostname="127.0.0.1"
        ) as door:
            door.settimeout(2)
            return door.recv(1) == b""
    except (ssl.SSLError, ConnectionError):
        return True
    except TimeoutError:
        return False


def test_rendering_again_changes_nothing(place: Installation) -> None:
    """The same register gives the same files, so the broker is left in peace."""
    assert place.render()["changed"] is False
