"""The flash of a device: a press is on disk before it is sent, and stays until its receipt has come."""

import base64
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Held:
    """One event that has no receipt yet. ``payload`` is sent again byte for byte."""

    id: str
    #: the device it belongs to: the gateway itself or one of its children
    device: str
    topic: str
    payload: bytes


class Outbox:
    """A folder that keeps what must not be lost, and counts the power-ups.

    ``put`` returns after the bytes are on disk (fsync), so a press survives kill -9 and a power cut. A
    half-written last line is ignored. A mark of completion may be lost: then the event is sent once more,
    which is harmless.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._held = _read(folder / "outbox.jsonl")
        self._replace("outbox.jsonl", b"".join(_line(held) for held in self._held.values()))
        self.boot = self._count_boot()

    def put(self, held: Held) -> None:
        """Keep it. Raises OSError when the disk refuses: then nothing was promised."""
        with self._lock:
            _append(self._folder / "outbox.jsonl", _line(held), durable=True)
            self._held[held.id] = held

    def done(self, event_id: str) -> bool:
        """Forget it: its receipt has come. False when it was not held."""
        with self._lock:
            if self._held.pop(event_id, None) is None:
                return False
            _append(self._folder / "outbox.jsonl", _encode({"done": event_id}), durable=False)
            return True

    def get(self, event_id: str) -> Held | None:
        """The event while it waits for its receipt."""
        with self._lock:
            return self._held.get(event_id)

    def waiting(self) -> list[Held]:
        """Everything without a receipt, oldest press first."""
        with self._lock:
            return list(self._held.values())

    def _count_boot(self) -> int:
        file = self._folder / "boot"
        boot = int(file.read_text() or 0) + 1 if file.exists() else 1
        self._replace("boot", str(boot).encode())
        return boot

    def _replace(self, name: str, content: bytes) -> None:
        fresh = self._folder / f"{name}.{os.getpid()}.new"
        fresh.unlink(missing_ok=True)
        _append(fresh, content, durable=True)
        fresh.replace(self._folder / name)
        _sync_folder(self._folder)


def _read(file: Path) -> dict[str, Held]:
    held: dict[str, Held] = {}
    for row in _rows(file.read_bytes().splitlines() if file.exists() else ()):
        if "done" in row:
            held.pop(row["done"], None)
        else:
            held[row["id"]] = Held(row["id"], row["device"], row["topic"], base64.b64decode(row["payload"]))
    return held


def _rows(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            # Torn by a power cut in the middle of a write: that press was never promised to anybody.
            continue


def _line(held: Held) -> bytes:
    payload = base64.b64encode(held.payload).decode()
    return _encode({"id": held.id, "device": held.device, "topic": held.topic, "payload": payload})


def _encode(row: dict[str, str]) -> bytes:
    return json.dumps(row).encode() + b"\n"


def _append(file: Path, content: bytes, *, durable: bool) -> None:
    with file.open("ab") as stream:
        stream.write(content)
        stream.flush()
        if durable:
            os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
