"""A simulated device keeps its promises to the resident, against a real broker."""

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.device import Device, Traits
from simulators.envelope import DeviceClock
from tests.waiting import eventually

Message = tuple[str, dict[str, Any], bool]
FAST = Traits(retry_s=(0.1, 0.2), heartbeat_s=0)


class Ward:
    """The other side of the broker: hears everything, answers when told to."""

    def __init__(self, port: int) -> None:
        self.heard: queue.Queue[Message] = queue.Queue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, "ward")
        self.client.on_message = self._message
        wanted = [("anling/v1/up/#", 1), ("anling/v1/status/#", 1)]
        self.client.on_connect = lambda *_: self.client.subscribe(wanted)
        self.subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()
        assert self.subscribed.wait(10)

    def _message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.heard.put((message.topic, json.loads(message.payload), message.retain))

    def next(self, part: str, timeout: float = 15.0) -> dict[str, Any]:
        """The next message whose topic contains ``part``."""
        deadline = time.monotonic() + timeout
        while True:
            topic, body, _ = self.heard.get(timeout=max(0.01, deadline - time.monotonic()))
            if part in topic:
                return body

    def say(self, topic: str, **body: Any) -> None:
        self.client.publish(topic, json.dumps(body), 1).wait_for_publish(5)

    def receipt(self, dev: str, event_id: str, *, via: str | None = None) -> None:
        body = {"v": 1, "id": event_id, "dev": dev, "result": "stored", "alert": "a-1", "reason": None}
        self.say(f"anling/v1/down/{via or dev}/ack", **body)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def ward(broker: Any) -> Iterator[Ward]:
    listening = Ward(broker.port)
    yield listening
    listening.close()


Make = Callable[..., Device]


@pytest.fixture
def make(broker: Any, tmp_path: Path) -> Iterator[Make]:
    """Makes devices on the test's broker and kills them afterwards."""
    made: list[Device] = []

    def build(id: str = "dev-0001", traits: Traits = FAST) -> Device:
        made.append(Device(id, broker.url, "secret", tmp_path / id, traits))
        return made[-1]

    yield build
    for device in made:
        device.kill()


def test_a_press_says_what_the_contract_says(make: Make, ward: Ward) -> None:
    """The envelope of a press has every field of wire section 1, and the drill flag as given."""
    press = make().press("sos", drill=True)

    body = ward.next("/event")

    assert {"v": 1, "id": press, "seq": 1, "boot": 1, "type": "sos", "clock": "ntp", "drill": True} == {
        key: body[key] for key in ("v", "id", "seq", "boot", "type", "clock", "drill")
    }
    assert {"trigger": "button", "press": "long"} == body["data"]


def test_it_repeats_the_same_press_until_the_receipt(make: Make, ward: Ward) -> None:
    """Without a receipt the very same bytes come again and again; with one they stop, the flash is empty."""
    device = make()
    press = device.press()
    tries = [ward.next("/event") for _ in range(3)]
    ward.receipt("dev-0001", press)

    receipt = device.wait_receipt(press, 5)

    assert [tries[0]] * 3 == tries
    assert "stored" == receipt["result"]
    assert [] == device.outbox
    sent = device.sent[press]
    time.sleep(0.5)
    assert sent == device.sent[press]


def test_a_press_survives_the_power_cut(make: Make, ward: Ward) -> None:
    """P18: pressed, killed, switched on again: the same id is sent once more, the boot counter has risen."""
    first = make()
    press = first.press()
    ward.next("/event")
    first.kill()
    while not ward.heard.empty():
        ward.heard.get()

    second = make()

    assert press == ward.next("/event")["id"]
    assert (1, 2) == (first.boot, second.boot)
    ward.receipt("dev-0001", press)
    assert press == second.wait_receipt(press, 5)["id"]


def test_a_press_without_a_broker_waits_for_it(broker: Any, make: Make) -> None:
    """Pressed while the broker is away, the device dials for ever and delivers when it is back."""
    broker.kill()
    device = make()
    press = device.press()
    time.sleep(0.5)
    broker.start()
    ward = Ward(broker.port)

    body = ward.next("/event", 10)

    ward.close()
    assert press == body["id"]


def test_a_broker_crash_loses_nothing(broker: Any, make: Make) -> None:
    """A broker that acknowledged and died forgot the press; the device did not."""
    device = make()
    device.wait_up()
    press = device.press()
    time.sleep(0.2)
    broker.kill()
    broker.start()
    ward = Ward(broker.port)

    body = ward.next("/event", 10)

    ward.close()
    assert press == body["id"]


def test_the_will_speaks_for_a_dead_device(make: Make, ward: Ward) -> None:
    """Killed, the broker says offline with the boot counter; stopped properly, the device says it itself."""
    device = make()
    assert {"v": 1, "state": "online", "boot": 1, "fw": "sim-1"} == ward.next("/status/")
    device.kill()

    assert {"v": 1, "state": "offline", "boot": 1, "reason": "lwt"} == ward.next("/status/")

    second = make()
    ward.next("/status/")
    second.stop()
    assert {"v": 1, "state": "offline", "boot": 2, "reason": "stop"} == ward.next("/status/")


def test_it_gives_way_to_another_who_speaks_as_it(broker: Any, make: Make, tmp_path: Path) -> None:
    """A drill that presses this device takes its line: both deliver, and they do not kick for ever."""
    ward = Ward(broker.port)
    resident = make()
    resident.wait_up()
    drill = Device("dev-0001", broker.url, "secret", tmp_path / "drill", FAST)
    drill.wait_up()
    presses = {resident.press(), drill.press()}
    heard = set()
    while heard != presses:
        heard.add(ward.next("/event")["id"])
    time.sleep(2)
    drill.kill()
    ward.close()

    topics = [topic for topic, body, _ in list(ward.heard.queue) if body.get("state") == "online"]
    assert len(topics) <= 6


def test_a_torn_line_on_flash_is_skipped(make: Make, ward: Ward, tmp_path: Path) -> None:
    """A power cut in the middle of a write loses only the line that nobody was promised."""
    first = make()
    press = first.press()
    first.kill()
    with (tmp_path / "dev-0001" / "outbox.jsonl").open("ab") as flash:
        flash.write(b'{"id": "half')

    assert [press] == make().outbox


def test_a_childs_receipt_comes_to_its_gateway(make: Make, ward: Ward) -> None:
    """A gateway speaks for its child; only the receipt that names the child counts."""
    gateway = make("gw-0001")
    press = gateway.press("smoke", child="smoke-0001", state="alarm")
    assert press == ward.next("up/gw-0001/sub/smoke-0001/event")["id"]
    ward.receipt("gw-0001", press)
    time.sleep(0.3)
    assert [press] == gateway.outbox

    ward.receipt("smoke-0001", press, via="gw-0001")

    assert "smoke-0001" == gateway.wait_receipt(press, 5)["dev"]


def test_a_wrong_clock_only_changes_the_stamp(make: Make, ward: Ward) -> None:
    """A device two hours behind and unsynced says so; everything else is as usual."""
    clock = DeviceClock("unsynced", -7200)
    make(traits=Traits(clock=clock, heartbeat_s=0)).press()

    body = ward.next("/event")

    assert "unsynced" == body["clock"]
    behind = time.time() - time.mktime(time.strptime(body["ts"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone
    assert 7190 < behind < 7215


def test_a_stuck_button_makes_a_new_id_each_time(make: Make, ward: Ward) -> None:
    """A jammed button presses N times a second, every press with its own id and a rising seq."""
    device = make(traits=Traits(heartbeat_s=0))
    device.wait_up()
    device.stick(20)
    presses = [ward.next("/event") for _ in range(5)]
    device.unstick()

    assert 5 == len({press["id"] for press in presses})
    assert [1, 2, 3, 4, 5] == [press["seq"] for press in presses]


@pytest.mark.parametrize("command", ["ping", "self_test", "say", "ask_checkin", "locate", "resync"])
def test_it_answers_commands(make: Make, ward: Ward, command: str) -> None:
    """Every command of the contract is answered with its own id."""
    make()
    ward.next("/status/")  # said after it has subscribed
    ward.say("anling/v1/down/dev-0001/cmd", v=1, id="c-1", cmd=command)

    answer = ward.next("/cmdres")

    assert ("c-1", command, "ok") == (answer["id"], answer["cmd"], answer["result"])


def test_a_check_in_question_gets_the_residents_answer(make: Make, ward: Ward) -> None:
    """Asked how she is, the resident presses the green button a moment later."""
    make(traits=Traits(heartbeat_s=0, answers_checkin_s=0.1))
    ward.next("/status/")

    ward.say("anling/v1/down/dev-0001/cmd", v=1, id="c-1", cmd="ask_checkin")

    assert "checkin_ok" == ward.next("/event")["type"]


def test_it_shows_the_stage_it_was_told(make: Make, ward: Ward) -> None:
    """What the lamp is told is kept in order."""
    device = make()
    ward.next("/status/")
    for stage in ("recorded", "claimed"):
        ward.say("anling/v1/down/dev-0001/state", v=1, state=stage)

    eventually(lambda: len(device.states) == 2)
    assert ["recorded", "claimed"] == [state["state"] for state in device.states]


def test_heartbeats_tell_what_waits(make: Make, ward: Ward) -> None:
    """A heartbeat carries battery, signal, uptime and the number of events without a receipt."""
    device = make(traits=Traits(heartbeat_s=0.2))
    device.press()

    ward.next("/telemetry")
    body = ward.next("/telemetry")

    assert "heartbeat" == body["type"]
    assert (81, 1) == (body["data"]["battery_pct"], body["data"]["outbox"])


def test_bad_words_from_below_do_not_hurt(make: Make, ward: Ward) -> None:
    """P35: rubbish on the down topics is ignored and the device lives on."""
    device = make()
    ward.next("/status/")
    for topic in ("ack", "state", "cmd"):
        ward.client.publish(f"anling/v1/down/dev-0001/{topic}", b"\xff[", 1).wait_for_publish(5)

    press = device.press()

    assert press == ward.next("/event")["id"]


def test_it_falls_back_to_the_old_protocol(tmp_path: Path) -> None:
    """A broker that hangs up on MQTT 5 is dialled again with 3.1.1, and both are tried for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        device = Device("dev-0001", f"mqtt://127.0.0.1:{port}", "secret", tmp_path, FAST)
        levels = [_refused_level(server) for _ in range(3)]
        device.kill()

    assert [5, 4, 5] == levels


def _refused_level(server: socket.socket) -> int:
    server.settimeout(10)
    caller, _ = server.accept()
    with caller:
        caller.settimeout(5)
        return caller.recv(100)[8]
