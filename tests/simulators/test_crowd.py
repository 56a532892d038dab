"""A crowd of homes on few lines: frames by hand against a real broker, receipts, and a site file that is imported."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from simulators import frames
from simulators.crowd import Crowd, Size, main, site_of
from simulators.sitefile import parse_site


@pytest.fixture
def bridge(broker: Any) -> Iterator[dict[str, int]]:
    """Answers every press of a gateway's child with a receipt; forgets to answer the first time it hears of it."""
    heard: dict[str, int] = {}
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bridge")

    def pressed(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        _, _, _, gateway, _, child, _ = message.topic.split("/")
        press = json.loads(message.payload)["id"]
        heard[press] = heard.get(press, 0) + 1
        receipt = {"v": 1, "id": press, "dev": child, "result": "stored", "alert": None, "reason": None}
        client.publish(f"anling/v1/down/{gateway}/ack", json.dumps(receipt), 1)

    client.on_message = pressed
    client.on_connect = lambda *_: client.subscribe("anling/v1/up/+/sub/+/event", 1)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", int(broker.url.rpartition(":")[2]))
    client.loop_start()
    assert ready.wait(5)
    yield heard
    client.disconnect()
    client.loop_stop()


def test_a_few_hundred_homes_on_half_as_many_lines(broker: Any, bridge: dict[str, int]) -> None:
    """All come on line, their heartbeats flow, and each press has its receipt."""
    crowd = Crowd(Size(400, 200, heartbeat_s=1, presses_per_s=50, ramp=1000), broker.url)

    found = asyncio.run(crowd.run(1.5))

    assert (200, 0, 0, 0) == (found["up"], found["refused"], found["lost"], found["waiting"])
    assert found["presses"] == found["receipts"] == len(bridge)
    assert found["presses"] >= 40
    assert found["heartbeats"] >= 300


def test_its_homes_are_a_site_file() -> None:
    """Each home has a button behind one of the lines."""
    site = parse_site(site_of(Size(30, 12)), "crowd")

    assert 30 == len(site.homes)
    assert 12 == sum(device.role == "gateway" for device in site.devices.values())
    assert all(d.gateway in site.devices for d in site.devices.values() if d.role == "sos_button")


def test_the_site_file_alone_needs_no_broker(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Written, and that is all."""
    assert 0 == main(["--homes", "3", "--connections", "2", "--site", str(tmp_path / "crowd.json")])
    assert "3" in capsys.readouterr().out
    assert 3 == len(json.loads((tmp_path / "crowd.json").read_text())["homes"])


@given(st.lists(st.tuples(st.text(min_size=1, max_size=300), st.binary(max_size=400), st.integers(0, 65535))),
       st.integers(1, 40))  # fmt: skip
def test_frames_survive_any_cutting(sent: list[tuple[str, bytes, int]], step: int) -> None:
    """What was written comes out whole and in order, however the line cuts it."""
    wire = b"".join(frames.publish(*one) for one in sent)
    buffer, found = bytearray(), []
    for start in range(0, len(wire), step):
        buffer += wire[start : start + step]
        found += [frames.message(flags, body) for _, flags, body in frames.packets(buffer)]

    assert sent == found
