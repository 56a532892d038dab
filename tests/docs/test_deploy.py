"""The compose file and the broker's files: what can be known about them without a container engine."""

import datetime
import http.server
import ipaddress
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from anling.settings import Settings
from broker_bridge.embedded import find_mosquitto
from broker_bridge.mosquitto_files import SERVICES
from broker_bridge.settings import BridgeSettings, address_of
from tests.waiting import free_port

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
ACCOUNTS = ("ALARM", "TELE", "VENDOR", "MONITOR", "WATCH")
PASSWORDS = {f"BROKER_{name}_PASSWORD": f"pw-{name.lower()}" for name in ACCOUNTS}
#: addresses without an account in them
PLAIN = {"ANLING_HEALTH_URL", "ANLING_WATCH_SINK_URL", "ANLING_WATCH_API_URL"}
TOOLS = all(shutil.which(tool) for tool in ("mosquitto_passwd", "mosquitto_pub", "mosquitto_sub"))

mosquitto = pytest.mark.skipif(find_mosquitto() is None or not TOOLS, reason="needs mosquitto and its clients")
Broker = Callable[[str], tuple[int, Path]]


def filled(value: str) -> str:
    """A value of the compose file with every ``${NAME…}`` replaced by a made-up word."""
    return re.sub(r"\$\{(\w+)[^}]*\}", "made-up-word", value)


def test_every_room_runs_from_one_image() -> None:
    """Bridge, engine, api, watch are the same image with another command; the schema is brought up to date before."""
    rooms = {name: COMPOSE["services"][name] for name in ("migrate", "bridge", "engine", "api", "watch")}

    commands = {("db", "upgrade"), ("bridge",), ("engine",), ("api",), ("watch",)}
    assert commands == {tuple(r["command"]) for r in rooms.values()}
    assert 1 == len({r["image"] for r in rooms.values()})
    for name in ("bridge", "engine", "api", "watch"):
        assert "service_completed_successfully" == rooms[name]["depends_on"]["migrate"]["condition"]


def test_every_service_that_stays_has_a_health_check() -> None:
    """What has no pulse is not watched. Only the migration ends by itself."""
    without = {name for name, s in COMPOSE["services"].items() if "healthcheck" not in s}

    assert {"migrate"} == without


def test_the_image_is_compiled_when_it_is_built() -> None:
    """Nobody may write there later, and after a crash somebody waits for the start, which would take twice as long."""
    lines = (ROOT / "Dockerfile").read_text()

    assert "UV_COMPILE_BYTECODE=1" in lines
    assert "DONTWRITEBYTECODE" not in lines
    assert lines.index("COPY . .") < lines.index("-m compileall") < lines.index("USER anling")


def test_only_settings_that_exist_are_set() -> None:
    """A misspelt setting would be ignored, at night."""
    known = {f"ANLING_{name.upper()}" for name in Settings.model_fields} | {"ANLING_HEALTH_URL"}
    given = {n for s in COMPOSE["services"].values() for n in s.get("environment", {}) if n.startswith("ANLING_")}

    assert set() == given - known


def test_no_secret_stands_in_the_file() -> None:
    """Secrets come from the environment, and a missing one stops the start."""
    secret = re.compile(r"PASSWORD|SECRET_KEY|_URL$|TOKEN|_SECRET$")
    for name, service in COMPOSE["services"].items():
        for key, value in service.get("environment", {}).items():
            if secret.search(key) and key not in PLAIN:
                assert "${" in value, f"{name}: {key}"
    text = (ROOT / "docker-compose.yml").read_text()
    for required in [*PASSWORDS, "POSTGRES_PASSWORD", "ANLING_SECRET_KEY", "ANLING_PUBLIC_URL"]:
        assert f"${{{required}:?" in text, f"{required} may be forgotten"


def test_the_example_names_every_variable() -> None:
    """Whoever fills in the example has filled in everything."""
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    told = set(re.findall(r"^(\w+)=", (ROOT / "deploy/compose.env.example").read_text(), re.MULTILINE))

    assert used == told


def test_each_lane_has_its_own_account() -> None:
    """The bridge's own check of its settings takes what the compose file gives it."""
    given = {k: filled(v) for k, v in COMPOSE["services"]["bridge"]["environment"].items()}

    lanes = BridgeSettings(
        given["ANLING_MQTT_URL"], given["ANLING_MQTT_TELEMETRY_URL"], given["ANLING_MQTT_VENDOR_URL"]
    ).lanes()

    names = [lane.username for lane in (lanes.alarm, lanes.telemetry, lanes.vendor) if lane]
    watch = address_of("watch", filled(COMPOSE["services"]["watch"]["environment"]["ANLING_WATCH_MQTT_URL"]))
    assert list(SERVICES) == [*names, watch.username]


def test_nothing_but_the_console_is_published_without_tls() -> None:
    """The console on this machine only; neither the ledger nor the plain MQTT port at all."""
    ports = {name: s["ports"] for name, s in COMPOSE["services"].items() if "ports" in s}

    assert {"api": ["127.0.0.1:8080:8080"]} == ports
    assert ["inner"] == COMPOSE["services"]["postgres"]["networks"]


def test_the_engine_has_no_fixed_host_name() -> None:
    """Two engines of one host name would take each other for dead (docs/adr/0006)."""
    engine = COMPOSE["services"]["engine"]

    assert not {"hostname", "container_name"} & set(engine)
    assert "ANLING_INSTANCE" not in engine["environment"]


def test_the_rights_are_those_of_the_code() -> None:
    """The broker's rights for our accounts are the ones that the embedded broker writes."""
    rights: dict[str, list[str]] = {}
    for line in (ROOT / "deploy/broker/acl").read_text().splitlines():
        if line.startswith("user "):
            rights[user := line.removeprefix("user ")] = []
        elif line.startswith("topic "):
            rights[user].append(line.removeprefix("topic "))

    assert {name: list(told) for name, told in SERVICES.items()} == {k: v for k, v in rights.items() if k in SERVICES}
    assert ["read $SYS/broker/uptime"] == rights["monitor"]


def answers(port: int) -> bool:
    """Something listens."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_certificates(folder: Path) -> None:
    """A self-signed certificate of 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("ca.crt", "server.crt"):
        (folder / file).write_bytes(pem)
    plain = serialization.NoEncryption()
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Starts the real Mosquitto by ``deploy/broker/start.sh``, on a port and in a folder of the test's own."""
    running: list[subprocess.Popen[bytes]] = []

    def start(listeners: str = "plain") -> tuple[int, Path]:
        port = free_port()
        text = (ROOT / "deploy/broker/mosquitto.conf").read_text().replace("/mosquitto/", f"{tmp_path}/")
        text = text.replace("listener 1883", f"listener {port if listeners == 'plain' else free_port()} 127.0.0.1")
        if listeners == "tls":
            make_certificates(tmp_path / "certs")
            text = text.replace("#tls ", "").replace("listener 8884", f"listener {port} 127.0.0.1")
        config = tmp_path / "config"
        config.mkdir(exist_ok=True)
        (tmp_path / "data").mkdir(exist_ok=True)
        (config / "mosquitto.conf").write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        shutil.copy(ROOT / "deploy/broker/acl", config / "acl")
        path = f"{Path(str(find_mosquitto())).parent}:{os.environ['PATH']}"
        folders = {"BROKER_DATA": str(tmp_path / "data"), "BROKER_CONFIG": str(config)}
        with (tmp_path / "broker.log").open("wb") as log:
            running.append(subprocess.Popen(
                ["sh", str(ROOT / "deploy/broker/start.sh")], env={"PATH": path, **folders, **PASSWORDS},
                stdout=log, stderr=log,
            ))  # fmt: skip
        ends = time.monotonic() + 10
        while not answers(port):
            assert running[-1].poll() is None, (tmp_path / "broker.log").read_text()
            assert time.monotonic() < ends, "the broker does not answer"
            time.sleep(0.02)
        return port, tmp_path

    yield start
    for process in running:
        process.terminate()
        process.wait(5)


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """A command with its words; its exit status is judged by the caller."""
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=20, check=False)


@mosquitto
@pytest.mark.mosquitto
def test_the_broker_starts_with_its_files(broker: Broker) -> None:
    """Configuration, rights and accounts are taken by a real Mosquitto; strangers and wrong words are not."""
    port, _ = broker("plain")

    health = ("mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-i", "m", "-t", "$SYS/broker/uptime", "-C", 1, "-W", 4)
    right = run(*health, "-u", "monitor", "-P", "pw-monitor")
    wrong = run(*health, "-u", "monitor", "-P", "guess")
    nobody = run(*health)

    assert (0, True, True) == (right.returncode, wrong.returncode != 0, nobody.returncode != 0)


@mosquitto
@pytest.mark.mosquitto
def test_a_device_reaches_the_bridge_and_only_as_itself(broker: Broker) -> None:
    """A device added as the runbook says presses; what it says in another's name does not arrive."""
    port, folder = broker("plain")
    assert 0 == run("mosquitto_passwd", "-b", folder / "data/passwd", "dev-0001", "pw-device").returncode
    broker_pid = _pid_of(port, folder)
    os.kill(broker_pid, 1)
    hear = subprocess.Popen(
        ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-i", "bridge-alarm", "-u", "bridge-alarm",
         "-P", "pw-alarm", "-t", "anling/v1/up/#", "-q", "1", "-v", "-C", "1", "-W", "20"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def say(device: str) -> int:
        topic = f"anling/v1/up/{device}/event"
        return run("mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-i", "dev-0001", "-u", "dev-0001",
                   "-P", "pw-device", "-q", 1, "-t", topic, "-m", "press").returncode  # fmt: skip

    while hear.poll() is None:  # it hears nothing from before it has subscribed, and ends by itself
        say("dev-0002")
        say("dev-0001")
    heard, _ = hear.communicate(timeout=30)

    assert "anling/v1/up/dev-0001/event press\n" == heard


@mosquitto
@pytest.mark.mosquitto
def test_devices_come_in_over_tls(broker: Broker) -> None:
    """The commented listener works once its ``#tls`` is taken away; without the authority nobody is believed."""
    port, folder = broker("tls")

    health = ("mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-t", "$SYS/broker/uptime", "-C", 1, "-W", 4,
              "-i", "monitor", "-u", "monitor", "-P", "pw-monitor")  # fmt: skip
    right = run(*health, "--cafile", folder / "certs/ca.crt")
    plain = run(*health)

    assert (0, True) == (right.returncode, plain.returncode != 0)


def _pid_of(port: int, folder: Path) -> int:
    """The broker that runs on this folder's configuration."""
    words = str(folder / "config/mosquitto.conf").encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and words in (entry / "cmdline").read_bytes():
            return int(entry.name)
    raise AssertionError(f"no broker on port {port}")


@pytest.fixture
def api() -> Iterator[Callable[[int, dict[str, Any]], str]]:
    """A stand-in for the API that gives one answer."""
    servers: list[http.server.HTTPServer] = []

    def start(status: int, body: dict[str, Any]) -> str:
        class Door(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Door))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


WELL = {"parts": {"engine": {"ok": True}, "senders": {"ok": True}, "broker": {"ok": False}}}


@pytest.mark.parametrize(
    ("status", "parts", "expected"),
    [
        (200, [], 0),
        (500, [], 0),  # asked whether it is up, any answer is one
        (503, ["engine", "senders"], 0),  # somebody else's part is broken
        (503, ["broker"], 1),
        (200, ["nobody"], 1),
    ],
)
def test_a_container_answers_for_its_own_parts(
    api: Callable[[int, dict[str, Any]], str], status: int, parts: list[str], expected: int
) -> None:
    """The health check looks only at what this container runs."""
    base = api(status, WELL)

    done = subprocess.run(
        [sys.executable, ROOT / "deploy/health.py", *parts], env={"ANLING_HEALTH_URL": base}, check=False
    )

    assert expected == done.returncode


def test_an_api_that_is_away_is_not_well() -> None:
    """No answer is no health."""
    done = subprocess.run(
        [sys.executable, ROOT / "deploy/health.py"],
        env={"ANLING_HEALTH_URL": f"http://127.0.0.1:{free_port()}"},
        check=False,
    )

    assert 1 == done.returncode
