"""The hub alone: who is too slow is dropped, and what the stream carries."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

from api.hub import QUEUE, Client, Hub, slim
from domain.people import Scope
from store.doorbell import Doorbell


def test_a_client_that_does_not_read_is_dropped() -> None:
    """Its queue is bounded; it will come back and get a whole snapshot."""

    async def slow() -> Client:
        client = Client(asyncio.Queue(QUEUE), Scope("desk", "dispatcher"), asyncio.Event())
        for n in range(QUEUE + 1):
            client.put(str(n))
        return client

    client = asyncio.run(slow())

    assert client.dropped.is_set()


def test_the_stream_carries_only_the_last_call() -> None:
    """Two days of calls to nobody would otherwise go to every console with every change."""
    calls = [{"purpose": "contact", "channel": c} for c in ("voice", "sms")] + [{"purpose": "inform"}]

    assert {"id": "A1", "last_contact": {"purpose": "contact", "channel": "sms"}} == slim(
        {
            "id": "A1",
            "contacts": calls,
        }
    )


def test_a_ring_at_the_last_moment_does_not_keep_it_from_stopping() -> None:
    """Python 3.11 loses a cancelling that meets the end of a wait; the server must stop all the same."""

    async def stopped() -> bool:
        hub = Hub(cast(Any, None), Doorbell(), lambda: datetime.now(UTC))
        hub.start()
        await asyncio.sleep(0.05)
        hub._rung.set()
        await asyncio.sleep(0)
        await asyncio.wait_for(hub.stop(), 5)
        return True

    assert asyncio.run(stopped())
