"""What the bridge makes of a message: total, and on the side of the person who pressed."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker_bridge.decode import hear
from broker_bridge.payload import LIMIT
from domain.events import EMERGENCIES, OURS, Event, Heard, Kind, Message

NOON = datetime(2026, 11, 20, 14, 3, 1, tzinfo=UTC)
EVENT = "anling/v1/up/dev-0001/event"
GOOD = {
    "v": 1, "id": "01JD4Z6T8X5V9Q2K7M3B1C0D00", "seq": 100, "boot": 7, "type": "sos",
    "ts": "2026-11-20T14:03:00.250Z", "clock": "ntp", "drill": False,
    "data": {"trigger": "button", "press": "long"},
}  # fmt: skip


def said(payload: bytes, topic: str = EVENT) -> Heard:
    return hear(Message(topic, payload, NOON))


def event(**changes: Any) -> Event:
    heard = said(orjson.dumps({**GOOD, **changes})).event
    assert heard is not None
    return heard


def test_a_whole_envelope() -> None:
    """Every field of the contract arrives; the identity is the topic's."""
    heard = said(orjson.dumps({**GOOD, "dev": "somebody-else", "extra": [1]}))

    expected = Event(
        kind=Kind.SOS,
        device="dev-0001",
        id="01JD4Z6T8X5V9Q2K7M3B1C0D00",
        seq=100,
        boot=7,
        ts=datetime(2026, 11, 20, 14, 3, 0, 250000, tzinfo=UTC),
        clock="ntp",
        data={"trigger": "button", "press": "long"},
    )
    assert expected == heard.event
    assert (heard.device, heard.to, heard.unreadable) == ("dev-0001", "dev-0001", None)


def test_a_child_speaks_through_its_gateway() -> None:
    """The child is the device, the gateway gets the receipt."""
    heard = said(orjson.dumps(GOOD), "anling/v1/up/gw-1/sub/kid-1/event")

    assert heard.event is not None
    assert (heard.device, heard.to, heard.event.device, heard.event.gateway) == (
        "kid-1",
        "gw-1",
        "kid-1",
        "gw-1",
    )


@pytest.mark.parametrize("bad", [None, 5, "", "short", "x" * 65, "blank in the middle!", ["01JD4Z6T8X5V9Q2K7M3B"]])
def test_a_bad_id_is_replaced_by_the_payloads_hash(bad: Any) -> None:
    """The same bytes again are the same event; the technician hears about it."""
    payload = orjson.dumps({**GOOD, "id": bad})

    heard = said(payload).event

    assert heard is not None
    assert f"sha256:{hashlib.sha256(payload).hexdigest()}" == heard.id
    assert any(fault.startswith("id:") for fault in heard.faults)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("sos", Kind.SOS), ("SOS", Kind.SOS), (" sos ", Kind.SOS), ("sos\0", Kind.SOS),
        ("\uff33\uff2f\uff33", Kind.SOS), ("Water Leak", Kind.WATER_LEAK), ("Water-leak", Kind.WATER_LEAK),
        ("heartbeat", Kind.HEARTBEAT), ("unknown", Kind.UNKNOWN), ("sosage", Kind.UNKNOWN),
        ("", Kind.UNKNOWN), (None, Kind.UNKNOWN), (7, Kind.UNKNOWN), (["sos"], Kind.UNKNOWN),
        ({"sos": 1}, Kind.UNKNOWN),
    ],
)  # fmt: skip
def test_the_type_as_written(written: Any, kind: Kind) -> None:
    """Case, blanks and full width do not hide a cry for help; nothing is guessed."""
    assert kind == event(type=written).kind


@pytest.mark.parametrize("kind", sorted(OURS))
def test_a_device_cannot_say_what_only_we_say(kind: Kind) -> None:
    """``manual`` and the like are ours; from a device they are unknown, with its own word kept."""
    heard = event(type=kind.value)

    assert (Kind.UNKNOWN, kind.value) == (heard.kind, heard.said)


@pytest.mark.parametrize("kind", ["smoke", "gas", "water_leak"])
@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"state": "alarm"}, "alarm"), ({"state": "clear"}, "clear"), ({"state": "test"}, "test"),
        ({}, "alarm"), ({"state": None}, "alarm"), ({"state": "CLEAR"}, "alarm"), ({"state": False}, "alarm"),
        ({"state": ["clear"]}, "alarm"), ("clear", "alarm"), (None, "alarm"),
    ],
)  # fmt: skip
def test_a_level_that_is_not_known_is_an_alarm(kind: str, data: Any, state: str) -> None:
    """Only the exact word ``clear`` or ``test`` is not an alarm; ``test`` makes a drill."""
    heard = event(type=kind, data=data)

    assert (state, state == "test") == (heard.data["state"], heard.drill)


@pytest.mark.parametrize(("flag", "drill"), [(True, True), (False, False), (1, False), ("true", False), (None, False)])
def test_a_drill_is_one_only_when_exactly_true(flag: Any, drill: bool) -> None:
    """Anything but ``true`` is a real press."""
    assert drill == event(drill=flag).drill


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", -1), ("seq", True), ("seq", "5"), ("seq", 1.5), ("seq", 2**63), ("boot", []),
        ("boot", 10**30),
        ("clock", "sundial"), ("clock", 5), ("clock", ["ntp"]), ("ts", 1732111380), ("ts", "yesterday"),
        ("ts", "2025-08-18 20:44:34"), ("ts", "0001-01-01T00:00:00+14:00"), ("ts", ""), ("ts", {}),
    ],
)  # fmt: skip
def test_a_bad_field_is_none_and_a_fault(field: str, value: Any) -> None:
    """The press counts, the field does not."""
    payload = (
        orjson.dumps({**GOOD, field: None}).replace(b"null", str(value).encode(), 1)
        if value == 10**30
        else orjson.dumps({**GOOD, field: value})
    )

    heard = said(payload).event

    assert heard is not None
    assert (heard.kind, getattr(heard, field)) == (Kind.SOS, None)
    assert heard.faults


@pytest.mark.parametrize("ts", ["2026-11-20T14:03:00Z", "2026-11-20T22:03:00+08:00", "2026-11-20T14:03:00.000+00:00"])
def test_the_devices_time_is_utc(ts: str) -> None:
    """Any zone is fine as long as there is one."""
    assert datetime(2026, 11, 20, 14, 3, tzinfo=UTC) == event(ts=ts).ts


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"sos","x":NaN}', b'{"type":"sos","x":1e999}', b'{"type":"sos","x":-Infinity}',
        b'{"type":"sos","x":' + b"9" * 5000 + b"}", b'{"type":"sos","data":{"zone":"\\ud800"}}',
        b'{"type":"sos","data":{"zone":"\\u0000"}}', b'{"type":"sos","data":{"zone":"a\x00b"}}',
        b'{"type":"sos","data":{"zone":"\xff\xfe"}}', b'\xef\xbb\xbf{"type":"sos"}',
        b'{"type":"sos"}\x00\x00',
        b'{"type":"sos","type":"heartbeat"}', b'{"type":"heartbeat","type":"sos"}',
        b'{"type":"sos","data":' + b"[" * 300 + b"]" * 300 + b"}",
        '{"type":"sos","data":{"zone":"卧室"}}'.encode("gb18030"),
    ],
)  # fmt: skip
def test_a_badly_written_press_is_a_press(payload: bytes) -> None:
    """What a strict reader refuses is read patiently."""
    heard = said(payload).event

    assert heard is not None
    assert heard.kind == Kind.SOS
    assert orjson.dumps(dict(heard.data))


def test_gb18030_is_read_as_such() -> None:
    """A room's name in the usual Chinese encoding stays readable."""
    heard = said('{"type":"sos","data":{"zone":"卧室"}}'.encode("gb18030")).event

    assert heard is not None
    assert heard.data == {"zone": "卧室"}


@pytest.mark.parametrize(
    "payload",
    [b"", b"  ", b"\0", b"[1]", b"5", b'"sos"', b"null", b"{", b"not json", b"\xff\xfe\x00", b"<xml/>"],
)
def test_bytes_that_say_nothing_are_unreadable(payload: bytes) -> None:
    """They are kept with the reason, and with the device they came from."""
    heard = said(payload)

    assert (heard.event, heard.device, heard.to) == (None, "dev-0001", "dev-0001")
    assert heard.unreadable


def test_a_payload_over_the_limit_is_cut_and_kept() -> None:
    """The first 128 KiB stay, with the length that was."""
    heard = said(b"x" * (LIMIT + 1))

    assert (len(heard.message.payload), heard.event) == (LIMIT, None)
    assert str(LIMIT + 1) in (heard.unreadable or "")


@pytest.mark.parametrize(
    ("state", "kind"), [("online", Kind.HEARTBEAT), ("offline", Kind.OFFLINE), ("?", Kind.UNKNOWN)]
)
def test_a_status_is_a_sign_of_life_or_a_will(state: str, kind: Kind) -> None:
    """Boot and reason come along; nobody waits for a receipt."""
    payload = orjson.dumps({"v": 1, "state": state, "boot": 7, "reason": "lwt"})

    heard = said(payload, "anling/v1/status/dev-0001")

    assert heard.event is not None
    assert (kind, 7, "lwt", None) == (
        heard.event.kind,
        heard.event.boot,
        heard.event.data["reason"],
        heard.to,
    )


def test_the_same_status_at_another_time_is_another() -> None:
    """Online, offline and online again are three signs though the bytes repeat."""
    topic, payload = "anling/v1/status/dev-0001", b'{"v":1,"state":"online","boot":7}'
    later = hear(Message(topic, payload, NOON.replace(hour=15))).event
    first = said(payload, topic).event

    assert first is not None
    assert later is not None
    assert first.id != later.id


def test_an_answer_to_a_command_is_a_sign_of_life() -> None:
    """The answer rides on a heartbeat."""
    heard = said(b'{"v":1,"cmd":"ping","ok":true}', "anling/v1/up/dev-0001/cmdres").event

    assert heard is not None
    assert (heard.kind, heard.data) == (Kind.HEARTBEAT, {"cmdres": {"v": 1, "cmd": "ping", "ok": True}})


def test_a_makers_payload_waits_for_the_register() -> None:
    """What a button means depends on who it is: intake translates it with what the register knows."""
    heard = said(b'{"action":"emergency"}', "vendor/z2m/home-1/zigbee2mqtt/button")

    assert (heard.event, heard.device, heard.dialect) == (None, None, "z2m")


def test_a_foreign_topic_is_kept() -> None:
    """Also what nobody should have sent is kept and shown."""
    heard = said(orjson.dumps(GOOD), "anling/v1/up/DEV_1/event")

    assert (heard.event, heard.device) == (None, None)
    assert heard.unreadable


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
topics = st.sampled_from([EVENT, "anling/v1/up/gw-1/sub/kid-1/telemetry", "anling/v1/status/dev-0001",
                          "anling/v1/up/dev-0001/cmdres", "vendor/z2m/a/b"]) | st.text()  # fmt: skip


def holds(heard: Heard) -> None:
    """What is true of everything ever heard."""
    assert (heard.event is None) == (heard.unreadable is not None or heard.dialect is not None)
    if heard.event is not None:
        written = orjson.dumps({"data": dict(heard.event.data), "said": heard.event.said, "id": heard.event.id})
        assert b"\\u0000" not in written
        assert heard.event.device == heard.device


@given(topics, st.binary(max_size=400))
def test_hearing_never_raises(topic: str, payload: bytes) -> None:
    """Any bytes on any topic (P35)."""
    holds(said(payload, topic))


@given(topics, st.dictionaries(st.sampled_from([*GOOD, "state", "reason"]) | st.text(), json_values, max_size=12))
def test_any_object_is_heard(topic: str, fields: dict[str, Any]) -> None:
    """Any JSON object, also with NaN, huge numbers and broken characters."""
    holds(said(json.dumps(fields).encode(), topic))


@given(
    st.sampled_from(sorted(EMERGENCIES)),
    st.dictionaries(st.sampled_from(sorted(set(GOOD) - {"type"})) | st.text(), json_values, max_size=12),
)
def test_an_emergency_is_never_lost(kind: Kind, fields: dict[str, Any]) -> None:
    """Whatever else stands in the envelope, the cry is heard as what it is."""
    heard = said(json.dumps({**fields, "type": kind.value}).encode())

    assert heard.event is not None
    assert kind == heard.event.kind
