"""A crowd: thirty thousand homes behind at most fifteen thousand lines, in one process on one machine.

``python -m simulators.crowd --site crowd.json --homes 30000 --connections 15000`` writes the site file to import;
the same with ``--mqtt mqtt://127.0.0.1:1883 --seconds 60 --presses 10`` puts them on line. Each line is a gateway
that speaks for its homes: heartbeats for all, presses with a receipt, repeated until it has come.
"""

import argparse
import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators import frames
from simulators.envelope import DeviceClock, Envelope, new_id, to_json
from simulators.radio import address

_ROOT = "anling/v1"
_STREET = "crowd"
_TICK_S = 0.05
_KEEPALIVE_S = 600
#: a press without its receipt is sent again after so many seconds
_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Size:
    """How many, and how busy."""

    homes: int = 30_000
    connections: int = 15_000
    heartbeat_s: float = 300.0
    presses_per_s: float = 0.0
    #: new lines a second: a broker is not to be stormed
    ramp: float = 500.0
    drill: bool = True

    def gateway(self, home: int) -> int:
        """The line that speaks for a home."""
        return home % self.connections


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    up: int = 0
    refused: int = 0
    lost: int = 0
    heartbeats: int = 0
    presses: int = 0
    repeats: int = 0
    #: seconds from the press to its receipt
    waits: list[float] = field(default_factory=list)

    def as_json(self, waiting: int) -> dict[str, Any]:
        """Figures; times in milliseconds, memory in MB."""
        waits = sorted(self.waits)
        quantiles = {f"p{q}_ms": round(1000 * waits[len(waits) * q // 100], 1) for q in (50, 99)} if waits else {}
        return {
            "up": self.up, "refused": self.refused, "lost": self.lost, "heartbeats": self.heartbeats,
            "presses": self.presses, "receipts": len(waits), "waiting": waiting, "repeats": self.repeats, **quantiles,
            "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "cpu_s": round(time.process_time(), 1),
        }  # fmt: skip


def name_of(gateway: int) -> str:
    """Log-in and client id of a line."""
    return f"crowd-gw-{gateway:05d}"


def child_of(home: int) -> str:
    """The button of a home."""
    return f"crowd-{home:05d}"


class Line(asyncio.Protocol):
    """One gateway's connection."""

    __slots__ = ("_buffer", "_crowd", "_number", "is_up", "transport")

    def __init__(self, crowd: "Crowd", number: int) -> None:
        self._crowd = crowd
        self._number = number
        self._buffer = bytearray()
        self.is_up = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        will = (f"{_ROOT}/status/{name_of(self._number)}", _status("offline", reason="lwt"))
        transport.write(frames.connect(name_of(self._number), self._crowd.secret, _KEEPALIVE_S, will))

    def data_received(self, data: bytes) -> None:
        """Receipts and the broker's own words."""
        self._buffer += data
        for kind, flags, body in frames.packets(self._buffer):
            if kind == frames.CONNACK:
                self._answered(body[1])
            elif kind == frames.PUBLISH:
                _, payload, mid = frames.message(flags, body)
                if mid:
                    self.write(frames.puback(mid))
                self._crowd.receipted(json.loads(payload))

    def connection_lost(self, exc: Exception | None) -> None:
        """The broker is gone, or does not want us."""
        if self.is_up:
            self._crowd.tally.up -= 1
            self._crowd.tally.lost += 1
        self.is_up = False

    def write(self, packet: bytes) -> None:
        """Hand it over while the line is there."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(packet)

    def _answered(self, code: int) -> None:
        if code:
            self._crowd.tally.refused += 1
            return
        self.is_up = True
        self._crowd.tally.up += 1
        name = name_of(self._number)
        self.write(frames.subscribe(1, f"{_ROOT}/down/{name}/ack"))
        self.write(frames.publish(f"{_ROOT}/status/{name}", _status("online", fw="crowd-1"), 1, retain=True))


class Crowd:
    """All lines on one event loop."""

    def __init__(self, size: Size, url: str, seed: int = 1, secret: str = "crowd-secret") -> None:
        self.size, self.secret = size, secret
        self.tally = Tally()
        self._address = address(url)
        self._lines: list[Line] = []
        self._chance = random.Random(seed)
        self._clock = DeviceClock()
        #: press -> (first sent, sent again at, line, packet)
        self._open: dict[str, tuple[float, float, Line, bytes]] = {}
        self._seq = 0

    async def run(self, seconds: float) -> dict[str, Any]:
        """Come on line, live for so long, leave; the figures."""
        await self._dial()
        until, last = time.monotonic() + seconds, time.monotonic()
        beats = presses = 0.0
        next_home = 0
        while (now := time.monotonic()) < until or (self._open and now < until + 10):
            passed, last = now - last, now
            if now < until:
                beats += passed * self.size.homes / self.size.heartbeat_s
                presses += passed * self.size.presses_per_s
            while beats >= 1:
                beats, next_home = beats - 1, (next_home + 1) % self.size.homes
                self._beat(next_home)
            while presses >= 1:
                presses -= 1
                self._press(self._chance.randrange(self.size.homes), now)
            self._repeat(now)
            await asyncio.sleep(_TICK_S)
        found = self.tally.as_json(len(self._open))
        for line in self._lines:
            if line.transport is not None:
                line.transport.abort()
        return found

    def receipted(self, receipt: dict[str, Any]) -> None:
        """A press is stored."""
        known = self._open.pop(str(receipt.get("id")), None)
        if known is not None:
            self.tally.waits.append(time.monotonic() - known[0])

    async def _dial(self) -> None:
        loop, host, port = asyncio.get_running_loop(), *self._address
        began = time.monotonic()
        for number in range(self.size.connections):
            ahead = number / self.size.ramp - (time.monotonic() - began)
            if ahead > 0:
                await asyncio.sleep(ahead)
            _, line = await loop.create_connection(lambda n=number: Line(self, n), host, port)  # type: ignore[misc]
            self._lines.append(line)
        for _ in range(200):
            if self.tally.up + self.tally.refused + self.tally.lost >= self.size.connections:
                return
            await asyncio.sleep(_TICK_S)

    def _beat(self, home: int) -> None:
        data = {"battery_pct": 81, "rssi": -67, "uptime_s": 60, "outbox": 0}
        topic, payload = self._event(home, "heartbeat", "telemetry", data)
        self._lines[self.size.gateway(home)].write(frames.publish(topic, payload))
        self.tally.heartbeats += 1

    def _press(self, home: int, now: float) -> None:
        topic, payload = self._event(home, "sos", "event", {"trigger": "button", "press": "long"})
        line, packet = self._lines[self.size.gateway(home)], frames.publish(topic, payload, 1 + self._seq % 60_000)
        line.write(packet)
        self._open[json.loads(payload)["id"]] = (now, now + _AGAIN_S, line, packet)
        self.tally.presses += 1

    def _repeat(self, now: float) -> None:
        for press, (first, again_at, line, packet) in list(self._open.items()):
            if now >= again_at:
                line.write(packet)
                self._open[press] = (first, now + _AGAIN_S, line, packet)
                self.tally.repeats += 1

    def _event(self, home: int, kind: str, leaf: str, data: dict[str, Any]) -> tuple[str, bytes]:
        self._seq += 1
        drill = self.size.drill and leaf == "event"
        envelope = Envelope(new_id(), self._seq, 1, kind, drill, data)
        topic = f"{_ROOT}/up/{name_of(self.size.gateway(home))}/sub/{child_of(home)}/{leaf}"
        return topic, envelope.encode(self._clock)


def site_of(size: Size, secret: str = "crowd-secret") -> dict[str, Any]:
    """The homes as a site file: one street, a button in each home, a gateway in the first home of each line."""
    homes = [
        {
            "id": f"crowd-home-{home:05d}", "street": _STREET, "address": {"text": f"示例路{home}号"},
            "residents": [{"id": f"crowd-resident-{home:05d}", "name": f"示例老人{home}"}],
            "devices": _devices(home, size, secret),
        }
        for home in range(size.homes)
    ]  # fmt: skip
    return {"streets": [{"code": _STREET, "name": "示例街道 (人群)"}], "homes": homes}


def _devices(home: int, size: Size, secret: str) -> list[dict[str, Any]]:
    gateway = name_of(size.gateway(home))
    button = {"id": child_of(home), "dialect": "anling", "role": "sos_button", "gateway": gateway}
    if home >= size.connections:
        return [button]
    return [{"id": gateway, "dialect": "anling", "role": "gateway", "secret": secret}, button]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. 0: everybody came on line and every press has its receipt."""
    options = _options(arguments)
    size = Size(options.homes, min(options.connections, options.homes), options.heartbeat, options.presses,
                options.ramp, not options.real)  # fmt: skip
    if options.site is not None:
        options.site.write_text(json.dumps(site_of(size), ensure_ascii=False), "utf-8")
        print(f"{options.site}  {size.homes} 户 homes  {size.connections} 条连接 lines", flush=True)
    if options.mqtt is None:
        return 0
    if not _room(size.connections):
        print(f"打开文件上限不够 / too few open files allowed for {size.connections} lines: raise `ulimit -n`",
              file=sys.stderr)  # fmt: skip
        return 1
    found = asyncio.run(Crowd(size, options.mqtt, options.seed).run(options.seconds))
    print(json.dumps({"homes": size.homes, "connections": size.connections} | found), flush=True)
    return 0 if found["up"] == size.connections and not found["waiting"] else 1


def _room(connections: int) -> bool:
    """As many files as the system lets us open; whether that is enough."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard == resource.RLIM_INFINITY or hard > connections + 100


def _status(state: str, **more: str) -> bytes:
    return to_json({"v": 1, "state": state, "boot": 1, **more})


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("simulators.crowd", description="三万户 / a crowd of homes")
    parser.add_argument("--homes", type=int, default=30_000)
    parser.add_argument("--connections", type=int, default=15_000)
    parser.add_argument("--site", type=Path, help="写站点文件 / write the site file here")
    parser.add_argument("--mqtt", help="mqtt://host:port: 上线 / come on line")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--heartbeat", type=float, default=300.0, help="seconds between two of one home")
    parser.add_argument("--presses", type=float, default=0.0, help="per second")
    parser.add_argument("--real", action="store_true", help="按铃不标演练 / presses without the drill flag")
    parser.add_argument("--ramp", type=float, default=500.0, help="new lines a second")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
