"""The live board's source: reads the ledger once for all who watch, and tells each what changed.

What a client gets is always a whole truth: a snapshot first, then every change of it in
order, and a tick each second only while the ledger could really be read. A client that
cannot keep up is dropped; it comes back and starts from a new snapshot.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson
import structlog

from api.problems import iso
from domain.ids import new_id
from domain.people import DESK, Scope
from store.doorbell import Doorbell

_LOG = structlog.get_logger("anling.api")

#: seconds between unconditional reads: a lost doorbell is noticed
READ_EVERY = 2.0
#: seconds between two reads at the least
READ_GAP = 0.1
#: messages that may wait for one client before it is dropped
QUEUE = 64

#: see the same rows whoever they are, as far as their streets go
_WIDE = DESK | {"auditor"}
#: seconds after a commit in which whoever calls a person goes first
_PATIENCE = 0.05


class Board(Protocol):
    """The one view that is read here."""

    def board(self, scope: Scope) -> Sequence[Mapping[str, Any]]:
        """All open alerts that ``scope`` may see."""
        ...

    def alarms(self) -> Sequence[str]:
        """What ails the system so gravely that it fills every screen."""
        ...


@dataclass(eq=False, slots=True)
class Client:
    """One open console: its queue, and what to do when it must go."""

    queue: asyncio.Queue[str]
    scope: Scope
    #: set when the client was too slow
    dropped: asyncio.Event

    def put(self, message: str) -> None:
        """Queue a message, or give the client up."""
        if self.queue.full():
            self.dropped.set()
        else:
            self.queue.put_nowait(message)


@dataclass(slots=True)
class Channel:
    """All clients that see the same rows, and the rows as last read."""

    scope: Scope
    clients: set[Client] = field(default_factory=set)
    joining: set[Client] = field(default_factory=set)
    rows: dict[str, bytes] = field(default_factory=dict)
    #: what fills the screen: keys of the operator's gravest tasks
    alarms: list[str] = field(default_factory=list)
    seq: int = 0
    #: monotonic seconds; None before the first read
    read_at: float | None = None
    cost: float = 0.0

    @property
    def fresh(self) -> bool:
        """Read recently enough to vouch for."""
        return self.read_at is not None and self.age < max(3.0, 8 * self.cost)

    @property
    def age(self) -> float:
        """Seconds since the last successful read."""
        return time.monotonic() - (self.read_at or 0.0)


class Hub:
    """One per process. Lives in the event loop; reads in threads; one thread listens to the doorbell."""

    def __init__(self, board: Board, doorbell: Doorbell, wall: Callable[[], datetime]) -> None:
        self._board = board
        self._doorbell = doorbell
        self._wall = wall
        self.epoch = new_id()
        self._channels: dict[tuple[object, ...], Channel] = {}
        self._rung = asyncio.Event()
        self._stopped = threading.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def clients(self) -> int:
        """How many consoles are open."""
        return sum(len(c.clients) + len(c.joining) for c in self._channels.values())

    def start(self) -> None:
        """Begin; called inside the event loop."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read_loop()), loop.create_task(self._tick_loop())]
        threading.Thread(target=self._listen, args=(loop,), name="api-doorbell", daemon=True).start()

    async def stop(self) -> None:
        """End the loops; clients are told by their own connections."""
        self._stopped.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def join(self, scope: Scope) -> Client:
        """A new client; its snapshot comes at once from rows just read, else with the next read."""
        client = Client(asyncio.Queue(QUEUE), scope, asyncio.Event())
        channel = self._channels.setdefault(_key(scope), Channel(scope))
        if channel.read_at is not None and channel.age < READ_EVERY:
            self._admit(channel, client)
        else:
            channel.joining.add(client)
            self._rung.set()
        return client

    def leave(self, client: Client) -> None:
        """The client is gone; rows nobody watches are forgotten."""
        channel = self._channels.get(_key(client.scope))
        if channel is None:
            return
        channel.clients.discard(client)
        channel.joining.discard(client)
        if not channel.clients and not channel.joining:
            del self._channels[_key(client.scope)]

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        waiter = self._doorbell.watch(_PATIENCE)
        while not self._stopped.is_set():
            if waiter.wait(0.5) and not self._stopped.is_set():
                with suppress(RuntimeError):  # the loop has just closed; nobody is left to tell
                    loop.call_soon_threadsafe(self._rung.set)
        self._doorbell.leave(waiter)

    async def _read_loop(self) -> None:
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rung.wait(), READ_EVERY)
            if self._stopped.is_set():
                return  # a ring at the same moment swallows the cancelling (Python 3.11's wait_for)
            self._rung.clear()
            cost = 0.0
            for channel in list(self._channels.values()):
                cost += await self._refresh(channel)
            await asyncio.sleep(max(READ_GAP, 5 * cost))

    async def _refresh(self, channel: Channel) -> float:
        """Read one channel's rows and publish the difference; returns the seconds it took."""
        begun = time.monotonic()
        try:
            rows, channel.alarms = await asyncio.to_thread(self._read, channel.scope)
        except Exception as error:  # the ticks stop, so every console says that it is stale
            _LOG.error("board_unreadable", error=type(error).__name__)
            return time.monotonic() - begun
        channel.read_at = time.monotonic()
        channel.cost = channel.read_at - begun
        self._publish(channel, rows)
        return channel.cost

    def _read(self, scope: Scope) -> tuple[dict[str, bytes], list[str]]:
        rows = {row["id"]: orjson.dumps(slim(row)) for row in self._board.board(scope)}
        return rows, list(self._board.alarms())

    def _publish(self, channel: Channel, rows: dict[str, bytes]) -> None:
        changed = [row for id, row in rows.items() if channel.rows.get(id) != row]
        gone = [orjson.dumps({"id": id, "state": "closed"}) for id in channel.rows if id not in rows]
        channel.rows = rows
        if changed or gone:
            channel.seq += 1
            self._send(channel, self._message("change", channel, [*changed, *gone]))
        for client in channel.joining:
            self._admit(channel, client)
        channel.joining.clear()

    def _admit(self, channel: Channel, client: Client) -> None:
        client.put(self._message("snapshot", channel, list(channel.rows.values())))
        channel.clients.add(client)

    async def _tick_loop(self) -> None:
        while True:
            for channel in self._channels.values():
                if channel.fresh:
                    self._send(channel, self._message("tick", channel, []))
            await asyncio.sleep(1.0)

    def _send(self, channel: Channel, message: str) -> None:
        for client in channel.clients:
            client.put(message)

    def _message(self, type: str, channel: Channel, alerts: list[bytes]) -> str:
        """One line of wire.md's live stream. ``seq`` counts changes; a tick repeats the last."""
        head = {
            "type": type, "epoch": self.epoch, "seq": channel.seq, "server_time": iso(self._wall()),
            "alarms": channel.alarms,
        }  # fmt: skip
        return (orjson.dumps(head)[:-1] + b',"alerts":[' + b",".join(alerts) + b"]}").decode()


def slim(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert as the stream carries it: of all its contacts only the last call, as ``last_contact``."""
    calls = [c for c in alert.get("contacts") or () if c.get("purpose", "contact") == "contact"]
    rest = {k: v for k, v in alert.items() if k != "contacts"}
    return {"last_contact": calls[-1] if calls else None} | rest


def _key(scope: Scope) -> tuple[object, ...]:
    if scope.role in _WIDE:
        return (scope.role, scope.streets)
    return (scope.role, scope.streets, scope.responder, scope.operator)
