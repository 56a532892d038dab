"""What an emergency button says in a shape that nobody knows is a press or loud, never only a sign of life."""

import json
from typing import Any

import pytest

from broker_bridge.decoders import translate

SOS = "sos_button"
TAS = "tele/zb/SENSOR"
LORA = "application/1/device/24e124535b316056/event/up"
EMERGENCY = "zwave/room/node/notification/endpoint_0/Emergency_Alarm/x"


def lora(**said: Any) -> dict[str, Any]:
    """What a codec gave for an uplink."""
    return {"deviceInfo": {"devEui": "24e124535b316056"}, "fPort": 85, "object": said}


UNCLEAR: list[tuple[str, str, Any]] = [
    ("z2m", "zigbee2mqtt/b", {"action": True, "battery": 90}),
    ("z2m", "zigbee2mqtt/b", {"action": {"button": 1}}),
    ("z2m", "zigbee2mqtt/b", {"action": ["single"]}),
    ("z2m", "zigbee2mqtt/b", {"sos": {"at": 1}}),
    ("z2m", "zigbee2mqtt/b", {"contact": 7, "battery": 100}),
    ("z2m", "zigbee2mqtt/b", {"alarm_1": "somehow", "tamper": False}),
    ("tasmota", TAS, {"ZbReceived": {"0x9D8E": {"ZoneStatusChange": "somehow"}}}),
    ("tasmota", TAS, {"ZbReceived": {"0x9D8E": {"ZoneType": 21, "ZoneStatusChange": 1}}}),
    ("tasmota", TAS, {"ZbReceived": {"0x1": {"Click": {"a": 1}}}}),
    ("tasmota", "stat/sos/RESULT", {"POWER": "SOMEHOW"}),
    ("tasmota", "stat/sos/RESULT", {"Button1": {"Action": True}}),
    ("tasmota", "stat/sos/RESULT", {"Switch1": {"Action": {"a": 1}}}),
    ("shelly", "x/status/input:0", {"id": 0, "state": "somehow"}),
    ("shelly", "x/status/input:0", {"id": 0, "state": 1}),
    ("shelly", "x/events/rpc", {"src": "x", "method": "NotifyEvent", "params": {"events": [
        {"component": "input:0", "event": 7}]}}),
    ("shelly", "shellies/x/input_event/0", {"event": {"a": 1}, "event_cnt": 2}),
    ("theengs", "home/gw/BTtoMQTT/A4C138AABBCC", {"id": "A4:C1:38:AA:BB:CC", "model_id": "BTHome", "open": "somehow"}),
    ("theengs", "home/gw/BTtoMQTT/A4C138AABBCC", {"id": "A4:C1:38:AA:BB:CC", "model_id": "BTHome", "button": True}),
    ("zwavejs", EMERGENCY, {"value": 7}),
    ("rtl433", "rtl_433/h/events", {"model": "Honeywell-Security", "id": 1, "text": "Door Contact Open"}),
    ("rtl433", "rtl_433/h/events", {"model": "X", "id": 1, "alarm": {"a": 1}}),
    ("chirpstack", LORA, lora(button_event={"status": 99999}, battery=100)),
    ("chirpstack", LORA, lora(buttonevent=1002)),
    ("chirpstack", LORA, lora(button={"pressed": True})),
    ("chirpstack", LORA, lora(gpio="somehow")),
    ("chirpstack", LORA, lora(SOS={"lat": 31.2, "lon": 121.4})),
    ("thingsboard", "v1/devices/me/telemetry", {"panic": {"a": 1}, "battery": 80}),
    ("auto", "foo", {"sos": {"a": 1}, "battery": 80}),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "topic", "payload"), UNCLEAR)
def test_what_nobody_can_read_from_an_emergency_button_is_loud(dialect: str, topic: str, payload: Any) -> None:
    """A press, or ``unknown``; each of these was once only a heartbeat."""
    said = translate(dialect, topic, json.dumps(payload).encode(), SOS)

    assert {str(one.kind) for one in said.events} & {"sos", "unknown"}


@pytest.mark.parametrize(
    ("dialect", "topic", "payload"),
    [
        ("chirpstack", LORA, lora(gpio="low", battery=90)),
        ("chirpstack", LORA, lora(button=65535, battery=90)),
        ("chirpstack", LORA, lora(sos={"status": 0})),
        ("chirpstack", LORA, lora(sos={"active": False})),
        ("chirpstack", LORA, lora(fall={"threshold": 3, "interval": 5}, battery=90)),
        ("z2m", "zigbee2mqtt/b", {"contact": True, "battery": 100}),
        ("z2m", "zigbee2mqtt/b", {"action": "", "battery": 100}),
        ("rtl433", "rtl_433/h/events", {"model": "Honeywell-Security", "id": 1, "text": "Door Contact Closed"}),
        ("shelly", "x/status/input:0", {"id": 0, "state": None}),
        ("tasmota", TAS, {"ZbReceived": {"0x9D8E": {"ZoneType": 21, "ZoneStatusChange": 0}}}),
    ],
)
def test_what_is_at_rest_stays_quiet(dialect: str, topic: str, payload: Any) -> None:
    """A release, a setting, the largest number for none."""
    said = translate(dialect, topic, json.dumps(payload).encode(), SOS)

    assert {str(one.kind) for one in said.events} == {"heartbeat"}
