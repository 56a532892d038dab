"""Fast enough, with room: sanity only, the bench measures."""

import time
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import Any

import pytest

from broker_bridge.decode import hear
from domain.events import Message
from tests.waiting import quickest


def test_hearing_is_quick(press: Any) -> None:
    """Well under 100 µs a message, also on a busy machine."""
    message = Message("anling/v1/up/dev-0001/telemetry", press(1, "heartbeat"), datetime.now(UTC))
    began = time.process_time()

    for _ in range(2000):
        hear(message)

    assert (time.process_time() - began) / 2000 < 100e-6


@pytest.mark.mosquitto
def test_a_burst_of_telemetry_is_taken_whole(
    broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any, eventually: Any
) -> None:
    """3,000 readings in a burst: all arrive, in few transactions, and a press among them is answered."""
    bridges(broker, ledger)
    button = devices(broker)
    began = time.monotonic()

    for number in range(3000):
        button.client.publish("anling/v1/up/dev-0001/telemetry", press(number, "heartbeat"), 0)
    button.press(1)

    eventually(lambda: len(ledger.readings) == 3000 and button.receipts())
    assert len(ledger.readings) == 3000
    assert len(button.receipts()) == 1
    assert time.monotonic() - began < 10
    assert len(ledger.batches) < 100


@pytest.mark.mosquitto
def test_a_receipt_comes_at_once(broker: Any, ledger: Any, bridges: Any, devices: Any, press: Any) -> None:
    """Press after press, the usual receipt is there within 25 ms: no window, no polling, no Nagle."""
    bridges(broker, ledger)
    button = devices(broker)
    numbers = count()

    def wait() -> float:
        number, began = next(numbers), time.monotonic()
        button.client.publish("anling/v1/up/dev-0001/event", press(number), 1)
        while len(button.receipts()) <= number and time.monotonic() - began < 5:
            time.sleep(0.0005)
        return time.monotonic() - began

    assert quickest(lambda: median(wait() for _ in range(30)), 0.025) < 0.025
