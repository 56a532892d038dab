"""What a bridge is told about brokers, and what it refuses."""

from pathlib import Path

import pytest

from broker_bridge.settings import BridgeSettings, BrokerAddress
from domain.errors import ConfigurationError


def test_without_a_username_all_lanes_share_the_address() -> None:
    """Their client ids keep them apart."""
    lanes = BridgeSettings("mqtt://127.0.0.1").lanes()

    expected = BrokerAddress("127.0.0.1", 1883)
    assert (expected, expected, expected) == (lanes.alarm, lanes.telemetry, lanes.vendor)


def test_with_usernames_the_vendor_lane_may_be_off() -> None:
    """Only telemetry is demanded."""
    lanes = BridgeSettings("mqtts://bridge-alarm:a%40b@broker", "mqtts://bridge-tele:x@broker:9999").lanes()

    assert BrokerAddress("broker", 8883, True, "bridge-alarm", "a@b") == lanes.alarm
    assert (lanes.telemetry.port, lanes.vendor) == (9999, None)


def test_one_name_on_the_first_lane_asks_for_a_second() -> None:
    """The remedy stands in the error."""
    with pytest.raises(ConfigurationError, match="bridge-tele") as refused:
        BridgeSettings("mqtt://bridge:geheim@broker").lanes()

    assert "geheim" not in str(refused.value)


def test_all_problems_at_once_and_no_secret() -> None:
    """Bad scheme, bad port, shared name, missing file: one error."""
    with pytest.raises(ConfigurationError) as refused:
        BridgeSettings(
            "mqtt://same:geheim@broker",
            "mqtt://same:geheim@broker",
            "http://x:geheim@y",
            "a/b",
            Path("/nowhere"),
        ).lanes()

    assert len(refused.value.problems) == 4
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "broker:1883", "mqtt://", "ws://broker", "mqtt://broker:port", "mqtt://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Before anything is started."""
    with pytest.raises(ConfigurationError, match="ANLING_MQTT_URL"):
        BridgeSettings(url).lanes()


def test_a_password_never_shows() -> None:
    """Not in a log, not in a traceback."""
    settings = BridgeSettings("mqtt://bridge-alarm:geheim@broker", "mqtt://bridge-tele:geheim@broker")

    assert "geheim" not in repr(settings) + repr(settings.lanes())
