"""The live stream over a real socket: snapshot, change, tick, and never a lie."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from domain.errors import LedgerUnavailable
from tests.waiting import quickest


@contextmanager
def console(site: Any, token: str = "t-desk", **headers: str) -> Iterator[Connection]:
    """A console that is logged in by Bearer."""
    sent = {"Authorization": f"Bearer {token}"} | headers
    with connect(site.url.replace("http", "ws") + "/live", additional_headers=sent, open_timeout=5) as socket:
        yield socket


def hear(socket: Connection, type: str, within: float = 10.0) -> dict[str, Any]:
    """The next message of a type."""
    until = time.monotonic() + within
    while True:
        message = json.loads(socket.recv(timeout=until - time.monotonic()))
        if message["type"] == type:
            return dict(message)


def drain(socket: Connection) -> None:
    """Read until the stream ends."""
    while True:
        socket.recv(timeout=5)


def test_a_snapshot_comes_first_then_ticks(site: Any, make_alert: Any) -> None:
    """Every message has type, epoch, seq, server_time, alerts and alarms; a tick each second."""
    site.house.put(make_alert("A1"), make_alert("A2"))
    with console(site) as socket:
        first = json.loads(socket.recv(timeout=3))
        ticks = [hear(socket, "tick") for _ in range(3)]
        tick = ticks[-1]

    assert {"type", "epoch", "seq", "server_time", "alerts", "alarms"} == first.keys() == tick.keys()
    assert ("snapshot", {"A1", "A2"}) == (first["type"], {a["id"] for a in first["alerts"]})
    assert (first["epoch"], first["seq"], []) == (tick["epoch"], tick["seq"], tick["alerts"])
    at = [datetime.fromisoformat(t["server_time"]).timestamp() for t in ticks]
    assert 0.7 < min(later - sooner for sooner, later in pairwise(at)) < 1.5


def test_a_commit_is_seen_at_once(site: Any, make_alert: Any) -> None:
    """The doorbell brings the change well within the two seconds of the safety read."""
    with console(site) as socket:
        seq = hear(socket, "snapshot")["seq"]

        def seen() -> float:
            nonlocal seq
            time.sleep(0.3)
            begun = time.monotonic()
            site.house.put(make_alert(f"A{seq}"))
            change = hear(socket, "change")
            assert (seq + 1, [f"A{seq}"]) == (change["seq"], [a["id"] for a in change["alerts"]])
            seq += 1
            return time.monotonic() - begun

        assert quickest(seen, 0.6) < 0.6


def test_a_closed_alert_is_taken_off(site: Any, make_alert: Any) -> None:
    """The change names it as closed; nothing else is sent again."""
    site.house.put(make_alert("A1"), make_alert("A2"))
    with console(site) as socket:
        hear(socket, "snapshot")
        site.house.drop("A1")
        change = hear(socket, "change")

    assert [{"id": "A1", "state": "closed"}] == change["alerts"]


def test_a_lost_ring_is_noticed(site: Any, make_alert: Any) -> None:
    """Without any doorbell a change is read within two seconds or so."""
    with console(site) as socket:
        hear(socket, "snapshot")
        site.house.alerts["A1"] = make_alert("A1")
        change = hear(socket, "change", within=3.5)

    assert ["A1"] == [a["id"] for a in change["alerts"]]


def test_each_sees_only_their_streets(site: Any, make_alert: Any) -> None:
    """A dispatcher of one street is not told about another."""
    site.house.put(make_alert("A1"), make_alert("B1", street="310105002"))
    with console(site, "t-street") as street, console(site) as desk:
        mine, everything = hear(street, "snapshot"), hear(desk, "snapshot")
        site.house.put(make_alert("A2"))
        hear(desk, "change")
        tick = hear(street, "tick")

    assert ["B1"] == [a["id"] for a in mine["alerts"]]
    assert 2 == len(everything["alerts"])
    assert mine["seq"] == tick["seq"]


def test_an_unreadable_ledger_stops_the_ticks(site: Any) -> None:
    """A stream that cannot vouch for its rows goes silent, so that every screen calls itself stale."""
    with console(site) as socket:
        hear(socket, "snapshot")
        site.house.broken = LedgerUnavailable("gone")
        time.sleep(4.2)
        while True:
            try:
                socket.recv(timeout=0.05)
            except TimeoutError:
                break
        with pytest.raises(TimeoutError):
            socket.recv(timeout=2)
        site.house.broken = None
        tick = hear(socket, "tick", within=4)

    assert [] == tick["alerts"]


STRANGERS: list[tuple[dict[str, str], int]] = [
    ({}, 401),
    ({"Authorization": "Bearer nobody"}, 401),
    ({"Cookie": "anling_session=t-desk"}, 403),
    ({"Cookie": "anling_session=t-desk", "Origin": "https://evil.example"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), STRANGERS)
def test_strangers_do_not_listen(site: Any, headers: dict[str, str], status: int) -> None:
    """No log-in is 401; our cookie on another site's page is 403; a token in the address is no log-in."""
    address = site.url.replace("http", "ws") + "/live?token=t-desk"
    with pytest.raises(InvalidStatus) as refused, connect(address, additional_headers=headers):
        pass

    assert status == refused.value.response.status_code


def test_our_own_page_listens_with_its_cookie(site: Any) -> None:
    """Cookie and our Origin."""
    headers = {"Cookie": "anling_session=t-desk", "Origin": site.url}
    with connect(site.url.replace("http", "ws") + "/live", additional_headers=headers) as socket:
        assert "snapshot" == json.loads(socket.recv(timeout=3))["type"]


def test_a_restart_is_a_new_epoch(site: Any, make_alert: Any) -> None:
    """The stream ends with the process; the next one starts from a snapshot of its own."""
    site.house.put(make_alert("A1"))
    with console(site) as socket:
        before = hear(socket, "snapshot")
        site.stop()
        with pytest.raises(ConnectionClosed):
            drain(socket)
    site.house.drop("A1")
    site.start()
    with console(site) as socket:
        after = hear(socket, "snapshot")

    assert before["epoch"] != after["epoch"]
    assert [] == after["alerts"]


def test_nobody_watching_costs_nothing(site: Any) -> None:
    """Without consoles the board is not read."""
    with console(site) as socket:
        hear(socket, "snapshot")
    time.sleep(0.3)
    reads = site.house.reads
    site.house.doorbell.ring()
    time.sleep(2.5)

    assert reads == site.house.reads


def test_many_changes_are_read_together(site: Any, make_alert: Any) -> None:
    """At most about ten reads a second, whatever the doorbell does."""
    with console(site) as socket:
        hear(socket, "snapshot")
        begun, reads = time.monotonic(), site.house.reads
        for n in range(200):
            site.house.put(make_alert(f"A{n:03}"))
            time.sleep(0.005)
        time.sleep(0.3)
        took = time.monotonic() - begun

    assert site.house.reads - reads <= 4 + 10 * took
