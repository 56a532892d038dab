"""The demo's own troupe: plays a drill when somebody at the console asks for one, one at a time, from outside."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from domain.errors import NotFound, Refused
from simulators.drill import DRILLS, load_drill
from simulators.drillfile import BadDrill


class Troupe:
    """Starts the drill runner as a process of its own; it leaves its verdict with the product by itself."""

    def __init__(self, kit: Path) -> None:
        """``kit``: addresses and log-in of the demo, written once it serves."""
        self._kit = kit
        self._lock = threading.Lock()
        self._name = ""
        self._playing: subprocess.Popen[bytes] | None = None

    def pieces(self) -> Sequence[tuple[str, str, str]]:
        """Name and title (zh, en) of every drill that comes with the product."""
        return [(name, *titles) for name, titles in _titles().items()]

    def playing(self) -> str | None:
        """The drill that runs now."""
        with self._lock:
            return self._name if self._playing is not None and self._playing.poll() is None else None

    def play(self, name: str) -> None:
        """Begin a drill. Raises ``NotFound`` (no such drill) or ``Refused`` (one is running)."""
        if name not in _titles():
            raise NotFound(f"no drill {name!r}")
        with self._lock:
            if self._playing is not None and self._playing.poll() is None:
                raise Refused(f"the drill {self._name} is still running; wait for its end")
            self._playing = _start(name, self._kit)
            self._name = name

    def stop(self) -> None:
        """The demo ends; the runner closes what it opened first."""
        with self._lock:
            if self._playing is not None and self._playing.poll() is None:
                self._playing.terminate()
                self._playing.wait(30)


def kit_options(kit: Path) -> list[str]:
    """What the runner needs to play against the demo."""
    return [f"--{name}={value}" for name, value in json.loads(kit.read_text()).items()]


def _start(name: str, kit: Path) -> subprocess.Popen[bytes]:
    """With none of our settings: it is an outsider. Not tethered: a tether ends with the thread that asked."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("ANLING_")}
    command = [sys.executable, "-m", "simulators.drill", name, *kit_options(kit)]
    with (kit.parent / "drill.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True)


def _titles() -> dict[str, tuple[str, str]]:
    found = {}
    for file in sorted(DRILLS.glob("*.toml")):
        try:
            drill = load_drill(str(file))
        except BadDrill:
            continue  # a file that cannot be read is told by `anling drill run`, which names every fault
        found[drill.name] = (drill.zh, drill.en)
    return found
