"""Whatever comes through the broker: it is kept and shown, and costs no neighbour anything (P6, P35)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import device, plan
from tests.waiting import eventually

pytestmark = pytest.mark.mosquitto

Say = Callable[..., None]


@contextmanager
def stranger(town: Installation) -> Iterator[Say]:
    """Somebody who may publish anything anywhere; each message is with the broker when it returns."""
    assert town.broker is not None
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "stranger")
    client.connect("127.0.0.1", town.broker.port)
    client.loop_start()

    def say(topic: str, payload: bytes, retain: bool = False) -> None:
        client.publish(topic, payload, 1, retain).wait_for_publish(10)

    yield say
    client.disconnect()
    client.loop_stop()


def envelope(number: int, **fields: object) -> bytes:
    """An event with some fields broken."""
    return orjson.dumps({"v": 1, "id": f"strange-press-{number:06d}", "type": "sos", "data": {}} | fields)


def event(name: str) -> str:
    """The event topic of a device."""
    return f"anling/v1/up/{name}/event"


#: what is said, on which topic; every one must be found in the inbox
STRANGE: list[tuple[str, bytes]] = [
    (event(device(11)), b"\xff\xfe\x00garbage\x80"),
    (event(device(12)), b""),
    (event(device(13)), b"[" * 100_000),
    (event(device(14)), b'{"data":' * 20_000 + b"1" + b"}" * 20_000),
    (event(device(15)), orjson.dumps({"v": 1, "id": "x" * 1_000_000, "type": "sos"})),
    (event(device(16)), b'{"v":1,"id":"strange-press-nan00","type":"sos","data":{"a":NaN,"b":1e999}}'),
    (event(device(17)), envelope(1, seq="one", boot=[], ts={}, clock=7, data="text", drill="perhaps")),
    (event(device(18)), envelope(2, id=12345)),
    (event(device(19)), envelope(3, ts="1970-01-01T00:00:00Z", clock="rtc")),
    (event(device(20)), envelope(4, ts="2106-02-07T06:28:15Z", clock="unsynced")),
    (event(device(21)), envelope(5, type="brew_coffee")),
    (event(device(22)), envelope(6, type=["sos"])),
    (event(device(23)), envelope(7, data={"\u0000": "\u0000"}, seq=2**63)),
    (event(device(24)), envelope(8, seq=-1, boot=2**62)),
    (event("nobody-knows-me"), envelope(9)),
    ("anling/v1/up/gw-1/sub/child-1/event", envelope(10)),
    ("vendor/nobody/site/some/topic", b'{"alarm":true}'),
]
#: emergencies among them: each raises an alert
RAISING = [device(n) for n in (16, 17, 18, 19, 20)] + ["nobody-knows-me"]


def test_strange_messages_are_kept_and_neighbours_unharmed(town: Installation) -> None:
    """P6, P35: everything strange is in the inbox as it came, a press behind it goes its way at once."""
    town.write_plan(plan(street=60, desk=120))
    server = town.serve()
    town.device("dev-0001").wait_up()

    with stranger(town) as say:
        for topic, payload in STRANGE:
            say(topic, payload)
        say(event(device(30)), envelope(30), retain=True)
        began = time.monotonic()
        press = town.press("dev-0001")
        receipt = town.device("dev-0001").wait_receipt(press)
        call = town.sink.await_asked("doctor-1", "home-0001")
        say(event(device(30)), b"", retain=True)

    assert "stored" == receipt["result"]
    assert call.at - began < 3
    town.api.log_in()
    eventually(lambda: town.count("inbox") >= len(STRANGE) + 2, what="keeping everything")
    shown = {item["topic"] for item in town.api.get("/api/v1/inbox?limit=500")["items"]}
    assert {topic for topic, _ in STRANGE} <= shown
    alerts = town.api.alerts()
    subjects = {(a["home"] or a["device"])["id"] for a in alerts}
    wanted = {name if name.startswith("nobody") else f"home-{name[-4:]}" for name in RAISING}
    assert wanted <= subjects
    assert server.alive, server.words()
    assert not town.broken()


def test_a_retained_press_is_raised_once(town: Installation) -> None:
    """Retain never decides: a press that the broker replays after a restart of ours raises no second alert."""
    town.write_plan(plan(street=60, desk=120))
    first = town.serve()
    with stranger(town) as say:
        say(event(device(30)), envelope(30), retain=True)
        town.sink.await_asked("doctor-1", "home-0030")
        first.kill()
        assert town.broker is not None
        town.broker.kill()
        town.broker.start()
    town.serve()

    town.press("dev-0001")

    town.sink.await_asked("doctor-1", "home-0001")
    assert 1 == town.count("alerts", "home_id = 'home-0030'")


@pytest.mark.parametrize("point", ["on-message", "deliver", "intake", "judge", "receipt", "engine", "settle"])
def test_an_exception_ends_nothing(small_town: Installation, point: str) -> None:
    """P35: an exception in a callback or a loop, whatever it is, ends no thread: the press is stored and called."""
    town = small_town
    town.write_plan(plan(street=1, desk=120))
    server = town.start("serve", fatal=f"raise:{point}")
    town.await_ready(server)

    press = town.press("dev-0001")

    assert "stored" == town.device("dev-0001").wait_receipt(press, 20)["result"]
    call = town.sink.await_asked("doctor-1")
    street = town.sink.await_asked("street-1", within=30)
    assert call.alert == street.alert
    town.await_ready(server)
