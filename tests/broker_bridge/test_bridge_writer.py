"""The writer without a broker: what is acknowledged, when, and what becomes of the rest."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from broker_bridge.arrival import Arrival
from broker_bridge.queues import FairQueue
from broker_bridge.writer import Writer
from domain.errors import LedgerUnavailable
from domain.events import Heard, Message, Receipt

NOON = datetime(2026, 11, 20, 14, 3, 1, tzinfo=UTC)


class Acks:
    """A lane that only notes what was acknowledged."""

    def __init__(self) -> None:
        self.mids: list[int] = []

    def ack(self, arrivals: Sequence[Arrival]) -> bool:
        self.mids += [arrival.mid for arrival in arrivals]
        return True


@pytest.fixture
def acks() -> Acks:
    """What was acknowledged."""
    return Acks()


@pytest.fixture
def writers(ledger: Any) -> Iterator[Callable[..., Writer]]:
    """Makes writers on the ledger and stops them."""
    made: list[Writer] = []

    def make(reply: Callable[[Receipt], None] = lambda receipt: None) -> Writer:
        queue = FairQueue(100, 100, lambda arrival: False)
        made.append(Writer("alarm", queue, ledger.intake, ledger.quarantine, reply))
        made[-1].start()
        return made[-1]

    yield make
    for writer in made:
        writer.stop(0.5)


def arrival(number: int, press: Callable[..., bytes], acks: Acks) -> Arrival:
    message = Message("anling/v1/up/dev-0001/event", press(number), NOON)
    return Arrival(message, len(message.payload), number, 1, time.monotonic(), acks)


def test_the_receipt_goes_before_the_acknowledgement(
    ledger: Any, writers: Any, acks: Acks, press: Any, eventually: Any
) -> None:
    """Committed, answered, acknowledged: in this order."""
    seen: list[tuple[int, list[int]]] = []
    writer = writers(lambda receipt: seen.append((len(ledger.kept), list(acks.mids))))

    writer.queue.put(arrival(1, press, acks))

    eventually(lambda: acks.mids)
    assert seen == [(1, [])]
    assert acks.mids == [1]


def test_a_receipt_that_cannot_be_sent_stops_nothing(
    ledger: Any, writers: Any, acks: Acks, press: Any, eventually: Any
) -> None:
    """It is stored and acknowledged; the device asks again."""

    def broken(receipt: Receipt) -> None:
        raise RuntimeError

    writer = writers(broken)

    writer.queue.put(arrival(1, press, acks))

    assert eventually(lambda: acks.mids) == [1]


def test_several_poisons_in_one_batch(ledger: Any, writers: Any, acks: Acks, press: Any, eventually: Any) -> None:
    """Each is put aside alone; every other message is stored once, and all are acknowledged (P6)."""
    poison = {f"press-{number:012d}" for number in (0, 13, 14, 63)}

    def choke(batch: Sequence[Heard]) -> None:
        if any(heard.event and heard.event.id in poison for heard in batch):
            raise ValueError

    ledger.fail = choke
    writer = writers()
    for number in range(64):
        writer.queue.put(arrival(number, press, acks))

    eventually(lambda: len(acks.mids) == 64)
    assert sorted(poison) == sorted(heard.event.id for heard, _ in ledger.aside)
    assert (len(ledger.ids()), len(set(ledger.ids()))) == (60, 60)
    assert list(range(64)) == sorted(acks.mids)


def test_an_unavailable_ledger_acknowledges_nothing(
    ledger: Any, writers: Any, acks: Acks, press: Any, eventually: Any
) -> None:
    """Neither stored nor put aside nor acknowledged, however long; the age shows."""

    def away(batch: Sequence[Heard]) -> None:
        raise LedgerUnavailable

    ledger.fail = away
    writer = writers()
    writer.queue.put(arrival(1, press, acks))
    assert eventually(lambda: writer.tally.failures >= 3)

    age = time.monotonic() - writer.oldest()
    writer.stop(0.1)

    assert (acks.mids, ledger.kept, ledger.aside) == ([], [], [])
    assert age > 0.2


def test_a_ledger_broken_in_every_way_is_not_hammered(
    ledger: Any, writers: Any, acks: Acks, press: Any, eventually: Any
) -> None:
    """When ledger and quarantine refuse one after another, the writer slows down and loses nothing."""

    def broken(*_: Any) -> None:
        raise OSError

    ledger.fail = ledger.fail_aside = broken
    writer = writers()
    for number in range(20):
        writer.queue.put(arrival(number, press, acks))
    time.sleep(1.0)
    tries = writer.tally.failures

    ledger.fail = ledger.fail_aside = lambda *_: None

    assert eventually(lambda: len(acks.mids) == 20)
    assert len(set(ledger.ids())) == 20
    assert tries < 100


def test_stopping_stores_what_has_come(ledger: Any, writers: Any, acks: Acks, press: Any) -> None:
    """The queue is emptied first."""
    writer = writers()
    for number in range(50):
        writer.queue.put(arrival(number, press, acks))

    writer.stop(5)

    assert (len(ledger.ids()), len(acks.mids)) == (50, 50)


def test_a_quiet_writer_costs_nothing(writers: Any) -> None:
    """It sleeps until something comes."""
    writers()
    before = time.process_time()

    time.sleep(1.0)

    assert time.process_time() - before < 0.1
