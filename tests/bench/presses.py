"""The homes: a process that publishes presses or telemetry at a fixed rate, whatever the other side does.

    python presses.py '{"port": 1883, "kind": "sos", "rate": 50, "seconds": 10, "run": "r1", "start": 4711.0}'

Message ``i`` is due at ``start + i / rate`` (monotonic seconds: one clock for all processes of a machine) and
comes from device ``first + i % homes`` with an id of its own. Prints one JSON object at the end.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import orjson
from frames import Link, Message, connect, dial, publish, subscribe
from town import device

CONNECTIONS = 4
LONG_WAIT, SPIN = 0.005, 0.003
#: waits between repeats of one press, as the protocol asks of a device; the last one for ever
REPEAT_AFTER = (1.0, 2.0, 4.0, 5.0)
#: kind -> (topic tail, QoS, data)
KINDS = {
    "sos": ("event", 1, '{"trigger":"button","press":"long"}'),
    "heartbeat": ("telemetry", 0, '{"battery_pct":91,"rssi":-61,"uptime_s":86400,"outbox":0}'),
    "vitals": (
        "telemetry",
        1,
        '{"hr_bpm":71,"spo2_pct":97,"temp_c":36.5,"resp_rpm":15,"sys":null,"dia":null}',
    ),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to publish. ``rate`` per second; ``start`` monotonic; ``settle`` seconds to wait for answers."""

    port: int
    kind: str
    rate: float
    seconds: float
    run: str
    start: float
    first: int = 0
    homes: int = 1_000_000
    receipts: bool = True
    repeat: bool = False
    settle: float = 5.0

    @property
    def total(self) -> int:
        return round(self.rate * self.seconds)

    def due(self, number: int) -> float:
        """The scheduled instant of message ``number``."""
        return self.start + number / self.rate


@dataclass(slots=True)
class Tally:
    """What happened to the messages of one order; instants are monotonic seconds."""

    sent: int = 0
    pubacked: int = 0
    repeats: int = 0
    #: how late the generator itself was, in seconds, for each message
    lateness: list[float] = field(default_factory=list)
    #: id -> instant of the first receipt
    receipts: dict[str, float] = field(default_factory=dict)


class Homes:
    """All devices of one order, over a few connections (the topic carries the identity)."""

    def __init__(self, order: Order) -> None:
        self._order, self.tally = order, Tally()
        self._tail, self._qos, self._data = KINDS[order.kind]
        self._links: list[Link] = []
        self._mid = 0
        #: number -> (repeat at, repeats so far); presses without a receipt
        self._waiting: dict[int, tuple[float, int]] = {}

    async def run(self) -> None:
        """Publish everything on time, then wait for the answers."""
        await self._dial()
        repeating = asyncio.create_task(self._repeat())
        await self._publish_all()
        await self._settle()
        repeating.cancel()

    async def _dial(self) -> None:
        for number in range(CONNECTIONS):
            hello = connect(f"homes-{self._order.run}-{number}", clean=True, receive_maximum=65535)
            self._links.append(await dial(self._order.port, hello, self._on_message, self._on_puback))
        if self._order.receipts:
            self._links[0].transport.write(subscribe(1, "anling/v1/down/+/ack", 0))

    async def _publish_all(self) -> None:
        order, sent = self._order, 0
        while sent < order.total:
            now = await _until(order.due(sent))
            due = min(order.total, int((now - order.start) * order.rate) + 1)
            self._publish(range(sent, due), now)
            sent = max(sent, due)

    def _publish(self, numbers: range, now: float) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        batches: list[list[bytes]] = [[] for _ in self._links]
        for number in numbers:
            batches[number % CONNECTIONS].append(self._packet(number, stamp))
            self.tally.lateness.append(now - self._order.due(number))
            if self._order.repeat:
                self._waiting[number] = (now + REPEAT_AFTER[0], 0)
        for link, batch in zip(self._links, batches, strict=True):
            link.transport.write(b"".join(batch))
        self.tally.sent += len(numbers)

    def _packet(self, number: int, stamp: str) -> bytes:
        order = self._order
        name = device(order.first + number % order.homes)
        payload = (
            f'{{"v":1,"id":"{order.run}-{number:010d}","seq":{number // order.homes + 1},"boot":1,'
            f'"type":"{order.kind}","ts":"{stamp}","clock":"ntp","drill":false,"data":{self._data}}}'
        )
        self._mid = self._mid % 65535 + 1
        return publish(
            f"anling/v1/up/{name}/{self._tail}".encode(), payload.encode(), self._mid if self._qos else 0
        )

    def _on_puback(self, mid: int) -> None:
        self.tally.pubacked += 1

    def _on_message(self, message: Message) -> None:
        name = orjson.loads(message.payload)["id"]
        if name.startswith(self._order.run) and name not in self.tally.receipts:
            self.tally.receipts[name] = time.monotonic()
            self._waiting.pop(int(name.rsplit("-", 1)[1]), None)

    async def _repeat(self) -> None:
        """What has no receipt is sent again, with the same id."""
        while True:
            await asyncio.sleep(0.05)
            now = time.monotonic()
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for number, (at, times) in list(self._waiting.items()):
                if at <= now:
                    self._links[number % CONNECTIONS].transport.write(self._packet(number, stamp))
                    self._waiting[number] = (now + REPEAT_AFTER[min(times + 1, 3)], times + 1)
                    self.tally.repeats += 1

    async def _settle(self) -> None:
        until = time.monotonic() + self._order.settle
        while not self._answered() and time.monotonic() < until:
            await asyncio.sleep(0.02)

    def _answered(self) -> bool:
        if self._order.receipts:
            return len(self.tally.receipts) >= self.tally.sent
        return self._qos == 0 or self.tally.pubacked >= self.tally.sent


async def _until(due: float) -> float:
    """Now, when it is ``due``. A timer is 1-2 ms late on a quiet machine: the end of a long wait is spun."""
    wait = due - time.monotonic()
    if wait <= LONG_WAIT:
        await asyncio.sleep(max(0.0, wait))
        return time.monotonic()
    await asyncio.sleep(wait - SPIN)
    while (now := time.monotonic()) < due:
        await asyncio.sleep(0)
    return now


def main() -> None:
    """Run the order given as JSON on the command line."""
    homes = Homes(Order(**json.loads(sys.argv[1])))
    asyncio.run(homes.run())
    print(json.dumps(asdict(homes.tally)))


if __name__ == "__main__":
    main()
