"""The grammar of wire.md section 1."""

import pytest

from broker_bridge.topics import (
    Address,
    Leaf,
    ack_topic,
    command_topic,
    is_device,
    parse,
    service_topic,
    state_topic,
)


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        ("anling/v1/up/dev-0001/event", Address(Leaf.EVENT, "dev-0001")),
        ("anling/v1/up/dev-0001/telemetry", Address(Leaf.TELEMETRY, "dev-0001")),
        ("anling/v1/up/gw-1/sub/kid-1/event", Address(Leaf.EVENT, "kid-1", "gw-1")),
        ("anling/v1/up/gw-1/sub/kid-1/telemetry", Address(Leaf.TELEMETRY, "kid-1", "gw-1")),
        ("anling/v1/up/dev-0001/cmdres", Address(Leaf.CMDRES, "dev-0001")),
        ("anling/v1/status/dev-0001", Address(Leaf.STATUS, "dev-0001")),
        ("anling/v1/svc/probe/main", Address(Leaf.SVC, name="probe", site="main")),
        (
            "vendor/z2m/home-1/zigbee2mqtt/x",
            Address(Leaf.VENDOR, name="z2m", site="home-1", rest="zigbee2mqtt/x"),
        ),
        ("http:/anling/dev-0001/event", Address(Leaf.EVENT, "dev-0001")),
        ("http:/onenet/push", Address(Leaf.VENDOR, name="onenet", rest="http:/onenet/push")),
        ("anling/v1/up/DEV-1/event", None),
        ("anling/v1/up/-ab/event", None),
        ("anling/v1/up/ab/event", None),
        ("anling/v1/up/" + "a" * 64 + "/event", Address(Leaf.EVENT, "a" * 64)),
        ("anling/v1/up/" + "a" * 65 + "/event", None),
        ("anling/v1/up/dev-0001/event\n", None),
        ("anling/v1/up/dev-0001/event/", None),
        ("anling/v1/up/dev-0001/other", None),
        ("anling/v1/up/gw-1/sub/kid-1/cmdres", None),
        ("anling/v2/up/dev-0001/event", None),
        ("anling/v1/up/设备一号/event", None),
        ("vendor/z2m", None),
        ("", None),
    ],
)
def test_a_topic_is_one_of_ours_or_none(topic: str, address: Address | None) -> None:
    """The device's name fits its pattern exactly; anything else is not ours."""
    assert address == parse(topic)


def test_a_childs_receipt_goes_to_its_gateway() -> None:
    """The gateway relays in both directions."""
    address = parse("anling/v1/up/gw-1/sub/kid-1/event")

    assert address is not None
    assert address.to == "gw-1"


def test_what_we_say_has_its_places() -> None:
    """Down topics are those of the contract."""
    assert ack_topic("dev-1") == "anling/v1/down/dev-1/ack"
    assert state_topic("dev-1") == "anling/v1/down/dev-1/state"
    assert command_topic("dev-1") == "anling/v1/down/dev-1/cmd"
    assert service_topic("bridge", "main") == "anling/v1/svc/bridge/main"


@pytest.mark.parametrize("name", ["dev/1", "dev-1/+", "a", "Dev", "", "dev-1\n"])
def test_nothing_slips_into_a_down_topic(name: str) -> None:
    """Only device ids become a part of a topic."""
    assert not is_device(name)
