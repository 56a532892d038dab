"""The measured process: the product or a raw limit, each on a fresh copy of the same imported town."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from stage import HERE, Stage, broker, end, fetch, free_port
from town import write_plan, write_site

READY_WITHIN = 60.0
#: the product; another installation can be measured by naming it
PROGRAM = os.environ.get("BENCH_ANLING", str(Path(sys.executable).parent / "anling"))


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: ``anling`` (the product), ``ref`` or ``paho`` (raw limits), on which database."""

    program: str
    database: str

    def __str__(self) -> str:
        return f"{self.program}/{self.database}"

    @property
    def command(self) -> list[str]:
        if self.program == "anling":
            return [PROGRAM, "serve"]
        return [sys.executable, str(HERE / {"ref": "reference.py", "paho": "paho_limit.py"}[self.program])]


class Running:
    """One process under measurement, with its broker already there."""

    def __init__(self, subject: Subject, env: Mapping[str, str], log: Path) -> None:
        self._subject, self._env, self._log = subject, env, log
        self.url = f"http://127.0.0.1:{env['ANLING_HTTP_PORT']}"
        self.mqtt_port = urlsplit(env["ANLING_MQTT_URL"]).port or 0
        self._process: subprocess.Popen[bytes]

    def start(self) -> float:
        """Start it; the monotonic instant of the start."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._subject.command, env=self._env, stdout=out, stderr=out, cwd=HERE
            )
        return time.monotonic()

    def await_ready(self) -> None:
        """Return when ``/readyz`` says 200; RuntimeError with its last words after READY_WITHIN seconds."""
        until, words = time.monotonic() + READY_WITHIN, "no answer"
        while time.monotonic() < until:
            try:
                fetch(f"{self.url}/readyz", timeout=2)
                return
            except urllib.error.HTTPError as error:
                words = error.read().decode(errors="replace")
            except OSError as error:
                words = str(error)
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"{self._subject} is not ready: {words[:600]}\n--- its log ends:\n{self._tail()}")

    def check_alive(self) -> None:
        """RuntimeError with its last words when it has ended by itself."""
        if self._process.poll() is not None:
            raise RuntimeError(
                f"{self._subject} ended by itself with {self._process.returncode}:\n{self._tail()}"
            )

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        """kill -9, children included, as when the power goes."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGKILL)
        for child in children:
            child.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it politely."""
        end(self._process)

    def order(self, words: list[str], said: str = "") -> None:
        """A command of the product on the same installation; RuntimeError with its words when it fails."""
        done = subprocess.run(
            [PROGRAM, *words], env=self._env, cwd=HERE, input=said, capture_output=True, text=True, check=False
        )
        if done.returncode:
            why = (done.stdout + done.stderr)[-2000:]
            raise RuntimeError(f"{' '.join(words)} failed with {done.returncode}:\n{why}")

    def cpu_seconds(self) -> float:
        """User and system time so far, of the process and its children (from /proc)."""
        times = [each.cpu_times() for each in self._family()]
        return sum(each.user + each.system for each in times)

    def rss_mb(self) -> float:
        """Resident memory of the process and its children, in MB."""
        return float(sum(each.memory_info().rss for each in self._family())) / 1e6

    def _family(self) -> list[psutil.Process]:
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]

    def counter(self, name: str) -> float | None:
        """The sum of a counter over its labels, from ``/metrics``; None when it is not there."""
        found = None
        for line in fetch(f"{self.url}/metrics").decode().splitlines():
            if line.startswith((f"{name} ", f"{name}{{")):
                found = (found or 0.0) + float(line.rsplit(" ", 1)[1])
        return found


class Grounds:
    """The imported town, once for each database, copied fresh for each measurement."""

    def __init__(self, stage: Stage, homes: int) -> None:
        self._stage, self.homes = stage, homes
        self._plan, self._site = stage.folder / "plan.toml", stage.folder / "site.json"
        write_plan(self._plan)
        write_site(self._site, homes, stage.sink.port)
        self._imported: set[str] = set()
        self._number = 0

    def prepare(self, database: str) -> float:
        """Import the town into the database, once; homes per second."""
        folder = self._stage.folder / f"template-{database}"
        folder.mkdir()
        url = self._create("template", None, folder) if database == "postgresql" else _sqlite(folder)
        env = self._env(folder, url, 1883)
        self._step([PROGRAM, "db", "upgrade"], env)
        start = time.monotonic()
        self._step([PROGRAM, "import", str(self._site)], env)
        self._imported.add(database)
        return self.homes / (time.monotonic() - start)

    def _step(self, command: list[str], env: Mapping[str, str]) -> None:
        done = subprocess.run(command, env=env, cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            words = (done.stdout + done.stderr)[-2000:]
            raise RuntimeError(f"{' '.join(command)} failed with {done.returncode}:\n{words}")

    def _env(self, folder: Path, url: str, mqtt_port: int) -> dict[str, str]:
        http_port = free_port()
        clean = {key: value for key, value in os.environ.items() if not key.startswith("ANLING_")}
        return clean | {
            "ANLING_DATA_DIR": str(folder),
            "ANLING_DATABASE_URL": url,
            "ANLING_MQTT_URL": f"mqtt://127.0.0.1:{mqtt_port}",
            "ANLING_HTTP_HOST": "127.0.0.1",
            "ANLING_HTTP_PORT": str(http_port),
            "ANLING_PUBLIC_URL": f"http://127.0.0.1:{http_port}",
            "ANLING_PLAN": str(self._plan),
            "ANLING_WEBHOOK_SECRET": "bench-webhook-secret-of-32-characters",
            "BENCH_SINK_URL": self._stage.sink.url,
        }

    @contextmanager
    def running(self, subject: Subject, preload: Path | None = None) -> Iterator[Running]:
        """The subject, ready, with a fresh broker and a fresh copy of the town."""
        self._number += 1
        folder = self._stage.folder / f"run-{self._number:03d}"
        url = self._fresh(subject, folder)
        with broker(self._stage.folder / f"broker-{self._number:03d}") as port:
            env = self._env(folder, url, port)
            if preload is not None:
                env["LD_PRELOAD"] = str(preload)
            process = Running(subject, env, self._stage.folder / f"run-{self._number:03d}.log")
            process.start()
            try:
                process.await_ready()
                yield process
                process.check_alive()
            finally:
                process.stop()
        self._drop(subject, f"run{self._number}")
        shutil.rmtree(folder, ignore_errors=True)

    def _fresh(self, subject: Subject, folder: Path) -> str:
        if subject.program == "anling" and subject.database not in self._imported:
            raise RuntimeError(f"the town was not imported into {subject.database}")
        if subject.program == "anling":
            shutil.copytree(self._stage.folder / f"template-{subject.database}", folder)
        else:
            folder.mkdir()
        if subject.database == "sqlite":
            return _sqlite(folder)
        source = "template" if subject.program == "anling" else None
        return self._create(f"run{self._number}", source, folder)

    def _drop(self, subject: Subject, name: str) -> None:
        if subject.database == "postgresql":
            with psycopg.connect(self._stage.postgres(), autocommit=True) as db:
                db.execute(f"DROP DATABASE bench_{name} WITH (FORCE)".encode())

    def _create(self, name: str, source: str | None, folder: Path) -> str:
        """A new PostgreSQL database, a copy of ``source`` when given; its address."""
        address = self._stage.postgres()
        template = f" TEMPLATE bench_{source}" if source else ""
        with psycopg.connect(address, autocommit=True) as db:
            db.execute(f"CREATE DATABASE bench_{name}{template}".encode())
        return urlsplit(address)._replace(path=f"/bench_{name}").geturl()


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder}/anling.db"
