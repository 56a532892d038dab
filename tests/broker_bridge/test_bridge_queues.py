"""Who goes first, who waits, and who is shed when memory has an end."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

from broker_bridge.arrival import Arrival
from broker_bridge.queues import FairQueue, SheddingQueue
from domain.events import Message

NOON = datetime(2026, 11, 20, 14, 3, 1, tzinfo=UTC)
NOBODY: Any = None


def arrival(topic: str, payload: bytes = b"{}", qos: int = 1) -> Arrival:
    return Arrival(Message(topic, payload, NOON, qos), len(payload), 1, 1, time.monotonic(), NOBODY)


def patient(one: Arrival) -> bool:
    return one.message.topic.startswith("status")


def test_events_go_before_statuses() -> None:
    """Beside events only a tenth of a batch is statuses; without events a whole batch."""
    queue = FairQueue(100, 20, patient)
    for number in range(50):
        queue.put(arrival(f"status/{number}"))
    queue.put(arrival("event/1"))

    first, second = queue.take(), queue.take()

    assert ["event/1"] + [f"status/{n}" for n in range(10)] == [one.message.topic for one in first]
    assert (len(second), len(queue)) == (40, 0)


def test_a_flood_waits_its_turn() -> None:
    """So many of one topic per batch, in their own order; nobody is forgotten."""
    queue = FairQueue(100, 5, patient)
    for number in range(12):
        queue.put(arrival("event/stuck", str(number).encode()))
    queue.put(arrival("event/other"))

    batches = [queue.take() for _ in range(3)]

    assert [len(batch) for batch in batches] == [6, 5, 2]
    stuck = [one.message.payload for batch in batches for one in batch if one.message.topic == "event/stuck"]
    assert [str(n).encode() for n in range(12)] == stuck


def test_a_batch_has_an_end() -> None:
    """What does not fit stays at the head of its line."""
    queue = FairQueue(3, 20, patient)
    for number in range(5):
        queue.put(arrival("event/1", str(number).encode()))

    batches = [[one.message.payload for one in queue.take()] for _ in range(2)]

    assert batches == [[b"0", b"1", b"2"], [b"3", b"4"]]


def test_memory_has_an_end_for_what_nobody_waits_for() -> None:
    """QoS 0 over the limit is shed and counted; QoS 1 never."""
    queue = FairQueue(100, 100, patient)
    for _ in range(80):
        queue.put(arrival("event/1", b"x" * 1_000_000, qos=0))
    queue.put(arrival("event/1", b"x" * 1_000_000, qos=1))

    kept = len(queue)

    assert (kept, queue.dropped) == (68, 13)


def test_a_sleeping_writer_is_woken() -> None:
    """By a message, or by ``wake`` for the end."""
    queue = FairQueue(10, 10, patient)
    threading.Timer(0.05, queue.put, [arrival("event/1")]).start()
    woken = queue.take(10)
    threading.Timer(0.05, queue.wake).start()

    nothing = queue.take(10)

    assert (len(woken), nothing) == (1, [])


def test_the_oldest_telemetry_goes_first() -> None:
    """Over the limit the oldest QoS 0 is shed and counted."""
    queue = SheddingQueue(100, 10, linger=0)
    for number in range(25):
        queue.put(arrival("t", str(number).encode(), qos=0))

    kept = [one.message.payload for one in queue.take()]

    assert [str(n).encode() for n in range(15, 25)] == kept
    assert queue.dropped == 15


def test_a_cry_for_help_is_not_shed() -> None:
    """Nor is what the broker would send again."""
    queue = SheddingQueue(100, 10, linger=0)
    queue.put(arrival("t", b'{"type":"Fall"}', qos=0))
    queue.put(arrival("t", b'{"type":"vitals"}', qos=1))
    for _ in range(20):
        queue.put(arrival("t", b"{}", qos=0))

    kept = [one.message.payload for one in queue.take()]

    assert kept[:2] == [b'{"type":"Fall"}', b'{"type":"vitals"}']
    assert (len(kept), queue.dropped) == (12, 10)


def test_telemetry_gathers_for_a_moment() -> None:
    """One batch holds what came within the linger time."""
    queue = SheddingQueue(100, 1000, linger=0.1)
    queue.put(arrival("t"))
    threading.Timer(0.03, queue.put, [arrival("t")]).start()

    assert len(queue.take(1)) == 2
