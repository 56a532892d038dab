"""The broker in the box: Mosquitto where it is installed, for a first look and for one street.

It lives in our folder, is started again when it dies, and dies with us, also by kill -9.
Without the ``mosquitto`` program amqtt takes its place: MQTT 3.1.1 only, and it forgets
more; the devices' receipts carry the promise then.
"""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from broker_bridge.mosquitto_files import SERVICES, Access, write_access, write_config
from broker_bridge.tether import tethered
from domain.errors import ConfigurationError
from domain.passwords import hash_secret

log = structlog.get_logger()

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_PAUSE = (0.2, 5.0)


def find_mosquitto() -> str | None:
    """The program's path, also where only an administrator's PATH leads."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_PLACES]))


class EmbeddedBroker:
    """A broker on 127.0.0.1, kept running until ``stop``.

    ``devices`` maps device ids to secrets: then everybody must log in, and our own lanes
    get accounts with secrets kept in the folder. None: anybody on this machine may connect.
    """

    def __init__(
        self, folder: Path, port: int = 1883, devices: Mapping[str, str] | None = None, amqtt: bool = False
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or _free_port()
        self.restarts = 0
        self._program = None if amqtt else find_mosquitto()
        self._devices = devices
        self._secrets: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def kind(self) -> str:
        """``mosquitto`` or ``amqtt``."""
        return "mosquitto" if self._program else "amqtt"

    @property
    def running(self) -> bool:
        """Something of ours answers on the port."""
        process = self._process
        return process is not None and process.poll() is None and _answers(self.port)

    def url(self, service: str = "bridge-alarm") -> str:
        """Where ``bridge-alarm``, ``bridge-tele`` or ``bridge-vendor`` connects to."""
        if self._devices is None:
            return f"mqtt://127.0.0.1:{self.port}"
        return f"mqtt://{service}:{self._secrets[service]}@127.0.0.1:{self.port}"

    def start(self, timeout: float = 10.0) -> None:
        """Returns when it answers; a ``ConfigurationError`` says why it does not."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._program is None and importlib.util.find_spec("amqtt") is None:
            raise ConfigurationError(["no broker: install mosquitto, or give ANLING_MQTT_URL"])
        if self._program is None and self._devices is not None:
            raise ConfigurationError(["device log-ins need mosquitto: install it, or give ANLING_MQTT_URL"])
        self._end_leftover()
        if _answers(self.port):
            raise ConfigurationError([f"port {self.port} is taken: choose another ANLING_MQTT_PORT"])
        self._write_files()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._keep, name="embedded-broker", daemon=True)
        self._thread.start()
        ends = time.monotonic() + timeout
        while not self.running:
            if time.monotonic() > ends:
                self.stop()
                raise ConfigurationError([f"the broker does not start: see {self.folder}/broker.log"])
            time.sleep(0.02)

    def stop(self, timeout: float = 5.0) -> None:
        """End it; it saves its sessions first."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        if self._thread is not None:
            self._thread.join(timeout)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.folder / "broker.pid"

    def _write_files(self) -> None:
        if self._devices is not None:
            self._secrets = _kept_secrets(self.folder)
            devices = {device: hash_secret(secret) for device, secret in self._devices.items()}
            write_access(self.folder, Access(self._secrets, devices))
        write_config(self.folder, self.port, access=self._devices is not None)

    def _command(self) -> list[str]:
        if self._program:
            return [self._program, "-c", str(self.folder / "mosquitto.conf")]
        return [sys.executable, "-m", "broker_bridge.embedded_amqtt", str(self.port), str(self.folder)]

    def _keep(self) -> None:
        """Start it, wait for its end, start it again. The kernel ties it to this very thread."""
        pause = _PAUSE[0]
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._run_once()
            except OSError as error:
                log.error("broker not started", kind=self.kind, error=type(error).__name__)
            if self._stopping.is_set():
                return
            self.restarts += 1
            log.error("broker ended by itself; started again", kind=self.kind, restarts=self.restarts)
            pause = _PAUSE[0] if time.monotonic() - began > 10 else min(_PAUSE[1], pause * 2)
            self._stopping.wait(pause)

    def _run_once(self) -> None:
        log_file = self.folder / "broker.log"
        log_file.touch(mode=0o600)
        with log_file.open("wb") as words:
            self._process = subprocess.Popen(
                tethered(self._command()),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                cwd=Path(__file__).parents[1],
                # Ctrl-C in a terminal is for us; the broker ends after its clients have said good-bye.
                start_new_session=True,
                umask=0o077,
            )
        self._pid_file.touch(mode=0o600)
        self._pid_file.write_text(str(self._process.pid))
        if self._stopping.is_set():
            self._process.terminate()
        self._process.wait()

    def _end_leftover(self) -> None:
        """A broker of this folder that outlived its process: end it, its sessions are saved."""
        try:
            pid = int(self._pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return
        if str(self.folder).encode() not in words:
            return
        log.warning("ending a broker left over in this folder", pid=pid)
        for sign in (15, 9):
            if _ended(pid, sign):
                return


def _ended(pid: int, sign: int, timeout: float = 5.0) -> bool:
    ends = time.monotonic() + timeout
    try:
        os.kill(pid, sign)
        while time.monotonic() < ends:
            os.kill(pid, 0)
            time.sleep(0.02)
    except ProcessLookupError:
        return True
    return False


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kept_secrets(folder: Path) -> dict[str, str]:
    """Our lanes' own secrets: made once, readable by us only."""
    kept: dict[str, str] = {}
    for service in SERVICES:
        path = folder / f"{service}.secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        kept[service] = path.read_text().strip()
    return kept
