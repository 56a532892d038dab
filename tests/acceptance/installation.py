"""One installation under test: its own data, broker, ports and processes; everything is ended at the end."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import urllib3
from psycopg.rows import dict_row

from simulators.device import Device, Traits
from simulators.loop import Loop
from tests.acceptance.neighbourhood import WEBHOOK_SECRET, plan
from tests.acceptance.outside import Mosquitto, Sink
from tests.waiting import eventually, free_port

ROOT = Path(__file__).parents[2]
ANLING = Path(sys.executable).with_name("anling")
FATAL = Path(__file__).with_name("fatal.py")
SECRET_KEY = "a secret key of more than thirty-two characters"
PASSWORD = "a password for the desk"
QUICK = Traits(heartbeat_s=0, retry_s=(0.3, 0.5, 1.0))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Any


class Api:
    """The public HTTP API, as the desk's supervisor."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=20))
        self._token: str | None = None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One request; a refusal is an answer too. Raises ``urllib3.exceptions.HTTPError`` when nobody answers."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = self._pool.request(method, self._url + path, json=body, headers=headers)
        return Answer(answer.status, json.loads(answer.data or b"null"))

    def log_in(self, user: str = "desk") -> None:
        """The token is good for restarts."""
        said = self.ask("POST", "/api/v1/session", {"username": user, "password": PASSWORD})
        assert 200 == said.status, said
        self._token = said.body["token"]

    def get(self, path: str) -> Any:
        """The body of a 200."""
        said = self.ask("GET", path)
        assert 200 == said.status, said
        return said.body

    def act(self, alert: str, verb: str, **body: Any) -> Answer:
        """A command on an alert."""
        if self._token is None:
            self.log_in()
        return self.ask("POST", f"/api/v1/alerts/{alert}/{verb}", body)

    def alerts(self, state: str = "open") -> list[dict[str, Any]]:
        """All alerts of one state, newest first."""
        if self._token is None:
            self.log_in()
        return list(self.get(f"/api/v1/alerts?state={state}&limit=500")["items"])

    def alert(self, id: str) -> dict[str, Any]:
        """One alert in full."""
        if self._token is None:
            self.log_in()
        return dict(self.get(f"/api/v1/alerts/{id}"))

    def close(self) -> None:
        """Hang up."""
        self._pool.clear()


class Process:
    """One running command."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        # Where there is no room the log says nothing, and every line of it is an error (``/dev/full``).
        with (log if log.parent.exists() else Path("/dev/full")).open("wb") as out:
            self.started = time.monotonic()
            self.popen = subprocess.Popen(
                command, env=dict(env), stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=ROOT,
                start_new_session=True,
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        """It has not ended."""
        return self.popen.poll() is None

    def await_death(self, within: float = 20.0) -> int:
        """Its exit status; fails when it goes on living."""
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it lives on: {self.words()}") from None

    def kill(self, sign: int = signal.SIGKILL) -> None:
        """kill -9; returns when it is gone."""
        if self.alive:
            self.popen.send_signal(sign)
        self.popen.wait()

    def words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


class Installation:
    """Data folder, ledger, plan and ports of one installation, and whatever runs on it."""

    def __init__(self, folder: Path, database: str | None, sink: Sink, broker: Mosquitto | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.database, self.sink, self.broker = folder, database, sink, broker
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = Api(self.url)
        self.mqtt = broker.url if broker else f"mqtt://127.0.0.1:{free_port()}"
        self.extra: dict[str, str] = {}
        self.processes: list[Process] = []
        self._loop: Loop | None = None
        self._devices: dict[str, Device] = {}
        #: where the devices keep what has no receipt
        self.flash = folder / "flash"
        #: where what they print goes; a folder that does not exist is a full disk
        self.logs = folder
        self.write_plan(plan())

    def write_plan(self, text: str) -> None:
        """The plan in force from the next start."""
        (self.folder / "plan.toml").write_text(text)

    def env(self) -> dict[str, str]:
        """The settings, and nothing of the machine's own."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ANLING_", "PYTEST_", "COV_"))}
        own = {
            "PYTHONPATH": str(ROOT),
            "ANLING_DATA_DIR": str(self.folder),
            "ANLING_PLAN": str(self.folder / "plan.toml"),
            "ANLING_SECRET_KEY": SECRET_KEY,
            "ANLING_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "ANLING_HTTP_PORT": str(self.port),
            "ANLING_LOG_LEVEL": "info",
        }
        if self.database:
            own["ANLING_DATABASE_URL"] = self.database
        if self.broker:
            own["ANLING_MQTT_URL"] = self.broker.url
        else:
            own["ANLING_MQTT_PORT"] = self.mqtt.rpartition(":")[2]
        return clean | own | self.extra

    def run(self, *command: str, said: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """One command of ours, to its end."""
        done = subprocess.run(
            [str(ANLING), *command], env=self.env(), input=said, capture_output=True, text=True, timeout=60,
            cwd=self.folder, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def start(self, *command: str, fatal: str | None = None, times: int = 1, name: str = "") -> Process:
        """Start ``serve`` or a part of it; ``fatal``: it will be killed at that point."""
        what = list(command or ("serve",))
        line = [sys.executable, str(FATAL), fatal, str(times)] if fatal else [str(ANLING)]
        log = self.logs / f"{len(self.processes):02d}-{name or what[0]}.log"
        process = Process([*line, *what], self.env(), log)
        self.processes.append(process)
        return process

    def serve(self, fatal: str | None = None, times: int = 1) -> Process:
        """``anling serve``, ready."""
        process = self.start("serve", fatal=fatal, times=times)
        self.await_ready(process)
        return process

    def await_ready(self, *processes: Process, within: float = 30.0) -> None:
        """Return when ``/readyz`` says 200."""
        said: Any = None

        def ready() -> bool:
            nonlocal said
            ended = [p.words() for p in processes if not p.alive]
            assert not ended, f"ended while starting: {ended}"
            said = self.ready()
            return said is not None and said.status == 200

        try:
            eventually(ready, within, "readiness")
        except AssertionError as error:
            raise AssertionError(f"{error}: {said}; {[p.words() for p in processes]}") from None

    def ready(self) -> Answer | None:
        """What ``/readyz`` says; None when nobody answers."""
        try:
            return self.api.ask("GET", "/readyz")
        except urllib3.exceptions.HTTPError:
            return None

    def broken(self) -> list[str]:
        """What ``/readyz`` names as broken."""
        said = self.ready()
        return list(said.body["broken"]) if said else []

    def device(self, id: str) -> Device:
        """One device of the neighbourhood, switched on and connected or trying to."""
        if self._loop is None:
            self._loop = Loop()
        if id not in self._devices:
            self._devices[id] = Device(id, self.mqtt, "-", self.flash / id, QUICK, self._loop)
        return self._devices[id]

    def press(self, id: str = "dev-0001") -> str:
        """Press the button; it is on flash when this returns. The id of the press."""
        device = self.device(id)
        device.wait_up(20)
        return device.press()

    def unreceipted(self) -> list[str]:
        """Presses that still wait on some device's flash."""
        return [press for device in self._devices.values() for press in device.outbox]

    def await_receipts(self, within: float = 30.0) -> None:
        """Every press of every device has its receipt."""
        eventually(lambda: not self.unreceipted(), within, "receipts for all presses")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Raw SQL, as an outsider who only reads."""
        if self.database and self.database.startswith("postgres"):
            with psycopg.connect(self.database) as line:
                return line.cursor(row_factory=dict_row).execute(query.encode()).fetchall()
        path = self.database.removeprefix("sqlite:///") if self.database else self.folder / "anling.db"
        file = sqlite3.connect(path, timeout=10)
        try:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(query)]
        finally:
            file.close()

    def count(self, table: str, where: str = "1 = 1") -> int:
        """How many rows."""
        return int(self.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"])

    def switch_off(self) -> None:
        """Devices and processes, all of them."""
        for device in self._devices.values():
            device.kill()
        if self._loop is not None:
            self._loop.stop()
        for process in self.processes:
            process.kill()
        self.api.close()

    def left_behind(self) -> list[str]:
        """Command lines of processes that work in this folder."""
        return [" ".join(p.cmdline()) for p in psutil.process_iter() if _belongs(p, str(self.folder))]


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        ours = process.environ().get("ANLING_DATA_DIR") == folder
        return ours or any(folder in word for word in process.cmdline())
    except psutil.Error:
        return False
