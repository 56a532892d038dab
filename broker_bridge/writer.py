"""Into the ledger first, answered second, acknowledged last; as many at once as have come.

No fixed window: while one transaction commits, the next batch gathers. What the ledger
does not take stays, here and with the broker; one message that nothing can store is put
aside so that it stands in nobody's way (P6, P18).
"""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from broker_bridge.arrival import Arrival
from broker_bridge.decode import hear
from broker_bridge.queues import Queue
from domain.errors import LedgerUnavailable
from domain.events import Heard, Receipt

log = structlog.get_logger()

Item = tuple[Arrival, Heard]
#: one whole transaction; raises when the ledger did not take it
Put = Callable[[Sequence[Heard]], Sequence[Receipt | None] | None]
#: keeps a message that ``Put`` refuses again and again
Quarantine = Callable[[Heard, str], None]

#: tries of a batch before it is divided, and of a single message before it is put aside
_TRIES = 2
_TRIES_ALONE = 3
#: messages in a row that neither ledger nor quarantine took: then it is the ledger
_STREAK = 3
_PAUSE = (0.1, 2.0)


@dataclass(slots=True)
class Tally:
    """What a writer has done since it started."""

    stored: int = 0
    batches: int = 0
    receipts: int = 0
    duplicates: int = 0
    unreadable: int = 0
    failures: int = 0
    quarantined: int = 0


class _Stopped(Exception):
    """The bridge is being stopped while the ledger is away: what is in hand stays with the broker."""


class Writer:
    """One thread between a queue and the ledger."""

    def __init__(
        self,
        name: str,
        queue: Queue,
        put: Put,
        quarantine: Quarantine,
        reply: Callable[[Receipt], None],
        order: Callable[[list[Item]], list[Item]] = lambda items: items,
    ) -> None:
        self.name = name
        self.queue = queue
        self.tally = Tally()
        self._put = put
        self._quarantine = quarantine
        self._reply = reply
        self._order = order
        self._again: list[tuple[float, Item]] = []
        self._hopeless = 0
        self._in_hand: float | None = None
        self._draining = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """The thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Messages that came and are not stored."""
        return len(self.queue) + len(self._again)

    def oldest(self) -> float | None:
        """When the oldest message that is not stored came, monotonic seconds."""
        ages = [at for at in (self._in_hand, self.queue.oldest()) if at is not None]
        ages += [item[0].at for _, item in self._again]
        return min(ages, default=None)

    def start(self) -> None:
        """Begin, or begin again after the thread died."""
        self._thread = threading.Thread(target=self._run, name=f"writer-{self.name}", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Store what has come, for at most ``timeout`` seconds, and end."""
        self._draining = True
        self.queue.wake()
        if self._thread is not None:
            self._thread.join(timeout)
        self._stopping.set()
        self.queue.wake()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stopping.is_set() and not (self._draining and not len(self.queue)):
            try:
                self._cycle()
            except _Stopped:
                return
            except Exception as error:
                log.error("writer failed, going on", writer=self.name, error=_where(error))
                self._stopping.wait(_PAUSE[0])

    def _cycle(self) -> None:
        batch = self.queue.take(self._until_again())
        if batch:
            self._in_hand = batch[0].at
            self._store(self._order([(arrival, self._hear(arrival)) for arrival in batch]))
            self._in_hand = None
        self._once_more()

    def _hear(self, arrival: Arrival) -> Heard:
        heard = hear(arrival.message, arrival.length)
        if heard.event is None and heard.dialect is None:
            self.tally.unreadable += 1
        return heard

    def _store(self, items: list[Item]) -> None:
        """Until they are in the ledger, in quarantine, or put aside."""
        if not items:
            return
        if self._hopeless >= _STREAK:
            self._pause(self._hopeless - _STREAK)
        failure = self._try(items, _TRIES_ALONE if len(items) == 1 else _TRIES)
        if failure is None:
            return
        if len(items) == 1:
            self._put_aside(items[0], failure)
            return
        half = len(items) // 2
        self._store(items[:half])
        self._store(items[half:])

    def _try(self, items: list[Item], tries: int) -> str | None:
        """None when stored. A ledger that is away is waited for; any other failure is counted."""
        heard = [item[1] for item in items]
        away = 0
        failure = ""
        while tries:
            try:
                receipts = self._put(heard)
            except LedgerUnavailable:
                self.tally.failures += 1
                self._pause(away)
                away += 1
            except Exception as error:
                self.tally.failures += 1
                tries -= 1
                failure = f"{type(error).__name__}: {error}"
                log.error("the ledger refused", writer=self.name, messages=len(items), error=_where(error))
            else:
                self._settle(items, receipts or ())
                return None
        return failure

    def _settle(self, items: list[Item], receipts: Sequence[Receipt | None]) -> None:
        """Committed: answer the devices, then let the broker forget."""
        self._hopeless = 0
        self.tally.stored += len(items)
        self.tally.batches += 1
        for receipt in receipts:
            if receipt is not None:
                self._answer(receipt)
        _acknowledge([arrival for arrival, _ in items])

    def _answer(self, receipt: Receipt) -> None:
        try:
            self._reply(receipt)
        except Exception as error:
            log.error("receipt not sent; the device will ask again", error=_where(error))
            return
        self.tally.receipts += 1
        self.tally.duplicates += receipt.duplicate

    def _put_aside(self, item: Item, reason: str) -> None:
        arrival, heard = item
        try:
            self._quarantine(heard, reason)
        except Exception as error:
            self._hopeless += 1
            log.error("quarantine failed too; kept, tried again", writer=self.name, error=_where(error))
            self._again.append((time.monotonic() + _PAUSE[1], item))
            return
        self._hopeless = 0
        self.tally.quarantined += 1
        arrival.lane.ack([arrival])

    def _until_again(self) -> float | None:
        if not self._again:
            return None
        return max(0.0, min(due for due, _ in self._again) - time.monotonic())

    def _once_more(self) -> None:
        """What nothing took a moment ago, one by one, so that it stands in nobody's way."""
        now = time.monotonic()
        due = [item for at, item in self._again if at <= now]
        if due:
            self._again = [(at, item) for at, item in self._again if at > now]
            for item in due:
                self._store([item])

    def _pause(self, times: int) -> None:
        """0.1 s, doubling to 2 s."""
        if self._stopping.wait(min(_PAUSE[1], _PAUSE[0] * 2 ** min(times, 10))) or self._stopping.is_set():
            raise _Stopped


def _acknowledge(arrivals: Sequence[Arrival]) -> None:
    """One word to each lane: the telemetry lane brings emergencies too."""
    lanes: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        lanes.setdefault(id(arrival.lane), []).append(arrival)
    for theirs in lanes.values():
        theirs[0].lane.ack(theirs)


def _where(error: BaseException) -> str:
    """Type and place only: a database's error text repeats the row, and rows hold people."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
