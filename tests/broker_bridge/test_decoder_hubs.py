"""Hubs in the home: families of devices, also models that no fixture names. Each line is one message."""


import pytest

from broker_bridge.decoders import translate
from domain.events import Kind
from tests.broker_bridge.tables import Line, check

SOS = "sos_button"
Z = "zigbee2mqtt/room/thing"

LINES: list[Line] = [
    # Zigbee2MQTT: buttons of makers that are in no fixture
    ("z2m", Z, {"action": "single", "battery": 92}, SOS, "sos", {"press": "short", "battery_pct": 92.0}),
    ("z2m", Z, {"action": "hold"}, SOS, "sos", {"press": "long"}),
    ("z2m", Z, {"action": "1_single"}, "pull_cord", "sos", {"press": "1_single"}),
    ("z2m", Z, {"action": "panic"}, None, "sos", {}),
    ("z2m", Z, {"action": "emergency_medical"}, "keypad", "sos", {}),
    ("z2m", Z, {"action": "fire"}, "keypad", "smoke", {"cause": "button"}),
    ("z2m", Z, {"action": "arm_all_zones"}, "keypad", "heartbeat", {}),
    ("z2m", Z, {"action": "hold_release"}, SOS, "heartbeat", {}),
    ("z2m", Z, {"action": None, "battery": 80}, SOS, "unknown", {}),
    ("z2m", Z, {"action": None, "battery": 80}, "light_switch", "heartbeat", {}),
    ("z2m", Z, {"action": "single"}, None, "activity", {"action": "single"}),
    ("z2m", Z, {"panic": True}, None, "sos", {}),
    ("z2m", Z, {"sos": True, "battery": 5}, SOS, "sos battery_low", {}),
    ("z2m", Z, {"sos": "FALSE", "battery": 70}, SOS, "heartbeat", {"off": ["sos"]}),
    ("z2m", Z, {"sos": False, "tamper": True}, SOS, "tamper", {}),
    # detectors
    ("z2m", Z, {"smoke": False, "battery": 100}, None, "heartbeat", {"off": ["smoke"], "battery_pct": 100.0}),
    ("z2m", Z, {"smoke": False, "test": True}, None, "smoke", {"state": "test"}),
    ("z2m", Z, {"smoke_state": "alarm"}, None, "smoke", {"state": "alarm"}),
    ("z2m", Z, {"smoke_state": "normal", "smoke_concentration": 3}, None, "heartbeat", {}),
    ("z2m", Z, {"smoke": True, "silence": True}, None, "smoke", {"state": "alarm"}),
    ("z2m", Z, {"gas": True, "gas_value": 14}, None, "gas", {"state": "alarm"}),
    ("z2m", Z, {"carbon_monoxide": False, "co": 35}, None, "heartbeat", {}),
    ("z2m", Z, {"co_state": "alarm", "co": 120}, None, "gas", {"medium": "CO"}),
    ("z2m", Z, {"water_leak": True, "battery_low": True}, None, "water_leak battery_low", {}),
    ("z2m", Z, {"battery": 80, "charging": False, "external_power": True}, None, "heartbeat", {}),
    ("z2m", Z, {"battery": 0, "external_power": True}, None, "heartbeat", {}),
    # people
    ("z2m", Z, {"fall_status": "falling", "presence": True}, None, "fall activity", {}),
    ("z2m", Z, {"status": "falling", "breathing_rate": 0}, None, "fall", {}),
    ("z2m", Z, {"status": "unoccupied"}, None, "activity", {"state": "off"}),
    ("z2m", Z, {"fall_down_status": "none", "presence": False}, "fall_radar", "activity", {"state": "off"}),
    ("z2m", Z, {"static_dwell_alarm": "alarm"}, "fall_radar", "inactivity", {}),
    ("z2m", Z, {"presence_event": "enter", "illuminance": 12}, None, "activity", {"state": "on"}),
    ("z2m", Z, {"contact": True, "battery": 50}, None, "activity", {"kind": "door", "state": "closed"}),
    ("z2m", Z, {"contact": False}, None, "activity", {"kind": "door", "state": "open"}),
    ("z2m", Z, {"vibration": True, "strength": 12}, None, "activity", {"kind": "motion"}),
    ("z2m", Z, {"occupancy": False}, None, "activity", {"state": "off"}),
    ("z2m", Z, {"heart_rate": 0, "breathing_rate": 14}, None, "vitals", {"resp_rpm": 14.0}),
    ("z2m", Z, {"temperature": 39.5, "humidity": 40}, None, "heartbeat", {}),
    ("z2m", Z, {"contact": False, "battery": 90}, "pull_cord", "sos", {"trigger": "contact"}),
    ("z2m", Z, {"contact": True, "battery": 90}, "pull_cord", "heartbeat", {"off": ["sos"]}),
    ("z2m", Z, {"occupancy": True, "vibration": False}, None, "activity", {"state": "on"}),
    # the bridge, availability, plain attributes
    ("z2m", "zigbee2mqtt/room/thing/availability", {"state": "online"}, None, "heartbeat", {}),
    ("z2m", "zigbee2mqtt/bridge/state", "online", None, "heartbeat", {}),
    ("z2m", "zigbee2mqtt/bridge/devices", [{"friendly_name": "sos", "type": "EndDevice"}], None, "unknown", {}),
    ("z2m", "zigbee2mqtt/bridge/event", {"type": "device_leave", "data": {"friendly_name": "x"}}, None, "offline", {}),
    ("z2m", "zigbee2mqtt/kitchen/smoke", "true", None, "smoke", {}),
    ("z2m", "zigbee2mqtt/kitchen/linkquality", "120", None, "heartbeat", {}),
    ("z2m", "zigbee2mqtt/kitchen/set", {"state": "ON"}, None, "unknown", {}),
    # Home Assistant
    ("homeassistant", "homeassistant/binary_sensor/kitchen_smoke/state", "on", None, "smoke", {"state": "alarm"}),
    ("homeassistant", "homeassistant/binary_sensor/kitchen_smoke/state", "off", None, "heartbeat", {}),
    ("homeassistant", "homeassistant/binary_sensor/hall_motion/state", "on", None, "activity", {"kind": "motion"}),
    ("homeassistant", "homeassistant/binary_sensor/front_door/state", "on", None, "activity", {"state": "open"}),
    ("homeassistant", "homeassistant/binary_sensor/bath_leak/state", "unavailable", None, "offline", {}),
    ("homeassistant", "homeassistant/event/pendant/state", {"event_type": "long_press"}, SOS, "sos", {"press": "long"}),
    ("homeassistant", "homeassistant/event/radar/state", {"event_type": "fall"}, None, "fall", {}),
    ("homeassistant", "homeassistant/alarm_control_panel/home/state", "triggered", None, "unknown", {}),
    ("homeassistant", "homeassistant/status", "offline", None, "offline", {}),
    ("homeassistant", "homeassistant/sensor/band_heart_rate/state", "71", None, "vitals", {"hr_bpm": 71.0}),
    ("homeassistant", "homeassistant/binary_sensor/x/config", {"device_class": "smoke"}, None, "unknown", {}),
    ("homeassistant", "homeassistant/binary_sensor/smoke_sensitivity/state", "on", None, "heartbeat", {}),
    # ESPHome
    ("esphome", "node/binary_sensor/bathroom_fall/state", "ON", None, "fall", {}),
    ("esphome", "node/binary_sensor/gpio_4/state", "ON", SOS, "sos", {}),
    ("esphome", "node/binary_sensor/status/state", "ON", SOS, "heartbeat", {}),
    ("esphome", "node/binary_sensor/kitchen_gas_leak/state", "ON", None, "gas", {}),
    ("esphome", "node/binary_sensor/sos_battery_low/state", "ON", SOS, "battery_low", {}),
    ("esphome", "node/sensor/heart_rate/state", "nan", None, "heartbeat", {}),
    ("esphome", "node/sensor/respiratory_rate/state", "16.0", None, "vitals", {"resp_rpm": 16.0}),
    ("esphome", "node/sensor/smoke_level/state", "1", None, "heartbeat", {}),
    ("esphome", "node/event/bell/state", "double_click", SOS, "sos", {}),
    ("esphome", "node/status", "offline", None, "offline", {}),
    ("esphome", "node/debug", "[I] sos pressed", SOS, "unknown", {}),
    # Tasmota
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"0x1": {"Device": "0x1", "0501!02": ""}}}, None, "sos", {}),
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"0x1": {"ZoneStatusChange": 2, "ZoneType": 44}}}, None, "sos", {}),
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"0x1": {"ZoneStatusChange": 1, "ZoneType": 40}}}, None, "smoke", {}),
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"0x1": {"ZoneStatusChange": 1, "ZoneType": 42}}}, None, "water_leak",
     {}),
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"Button": {"Device": "0x1", "Click": "single"}}}, SOS, "sos", {}),
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"0x1": {"Contact": 1}}}, None, "activity", {"state": "open"}),
    ("tasmota", "tele/x/SENSOR", {"ZbReceived": {"0x1": {"Water": 1, "BatteryPercentage": 40}}}, None, "water_leak",
     {"battery_pct": 40.0}),
    ("tasmota", "stat/x/RESULT", {"Button1": {"Action": "SINGLE"}}, SOS, "sos", {"press": "short"}),
    ("tasmota", "stat/x/RESULT", {"Switch1": {"Action": "ON"}}, SOS, "sos", {}),
    ("tasmota", "x/stat/POWER", "OFF", SOS, "heartbeat", {}),
    ("tasmota", "x/tele/LWT", "Offline", None, "offline", {}),
    ("tasmota", "tele/x/SENSOR", {"Time": "2026-11-20T14:00:00", "AM2301": {"Temperature": 39.9}}, None, "heartbeat",
     {}),
    ("tasmota", "tele/x/SENSOR", {"IBEACON": {"MAC": "A4", "STATE": "ON"}}, None, "activity", {"state": "on"}),
    # Shelly
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [
        {"component": "bthomedevice:202", "event": "long_push", "idx": 0}]}}, SOS, "sos", {"press": "long"}),
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [
        {"component": "input:0", "event": "btn_up"}]}}, SOS, "heartbeat", {}),
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [
        {"component": "sys", "event": "config_changed"}]}}, SOS, "heartbeat", {}),
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [
        {"component": "smoke:0", "event": "alarm_test"}]}}, None, "smoke", {"state": "test"}),
    ("shelly", "s/events/rpc", {"method": "NotifyStatus", "params": {"input:0": {"state": False}}}, SOS, "heartbeat",
     {}),
    ("shelly", "s/events/rpc", {"method": "NotifyStatus", "params": {"flood:0": {"alarm": False}}}, None, "heartbeat",
     {}),
    ("shelly", "s/events/rpc", {"method": "NotifyStatus", "params": {
        "devicepower:0": {"battery": {"percent": 4}, "external": {"present": False}}}}, None, "battery_low", {}),
    ("shelly", "s/events/rpc", {"method": "NotifyStatus", "params": {"bthomesensor:201": {"value": True}}},
     "door_sensor",
     "activity", {"kind": "door", "state": "open"}),
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [{
        "component": "script:1", "name": "shelly-blu", "event": "shelly-blu", "data": {
            "encryption": False, "BTHome_version": 2, "pid": 106, "battery": 7, "button": 4, "rssi": -66,
            "address": "3c:2e:f5:71:d5:2a"}}]}}, SOS, "sos battery_low", {"press": "long"}),
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [{
        "component": "script:1", "event": "shelly-blu", "data": {
            "encryption": True, "pid": 6, "address": "3c:2e:f5:71:d5:2a"}}]}}, SOS, "unknown", {}),
    ("shelly", "s/events/rpc", {"method": "NotifyEvent", "params": {"events": [{
        "component": "script:1", "event": "shelly-blu", "data": {
            "pid": 7, "window": 1, "battery": 90, "address": "3c:2e:f5:71:d5:2a"}}]}}, None, "activity",
     {"kind": "door", "state": "open"}),
    ("shelly", "s/status/smoke:0", {"id": 0, "alarm": True, "mute": False}, None, "smoke", {}),
    ("shelly", "s/online", "true", None, "heartbeat", {}),
    ("shelly", "shellies/shellybutton1-A/input_event/0", {"event": "SS", "event_cnt": 7}, SOS, "sos",
     {"press": "double"}),
    ("shelly", "shellies/shellyflood-A/sensor/flood", "true", None, "water_leak", {}),
    ("shelly", "shellies/shellyflood-A/sensor/flood", "false", None, "heartbeat", {}),
    ("shelly", "shellies/shellysmoke-A/sensor/smoke", "true", None, "smoke", {}),
    ("shelly", "shellies/shellygas-A/sensor/gas", "heavy", None, "gas", {"level": "heavy"}),
    ("shelly", "shellies/shellygas-A/sensor/gas", "test", None, "gas", {"state": "test"}),
    ("shelly", "shellies/shellydw2-A/sensor/state", "open", None, "activity", {"kind": "door", "state": "open"}),
    ("shelly", "shellies/shellymotion-A/status", {"motion": True, "bat": 88, "timestamp": 1789200000}, None,
     "activity", {"battery_pct": 88.0}),
    ("shelly", "shellies/shellyht-A/sensor/temperature", "21.5", None, "heartbeat", {}),
    # Theengs
    ("theengs", "home/g/BTtoMQTT/A1B2C3D4E5F6", {"button": 0, "packet": 3}, SOS, "heartbeat", {}),
    ("theengs", "home/g/BTtoMQTT/A1B2C3D4E5F6", {"button": 4, "batt": 8}, SOS, "sos battery_low", {"press": "long"}),
    ("theengs", "home/g/BTtoMQTT/A1B2C3D4E5F6", {"model": "SBDW", "open": True, "batt": 90}, None, "activity",
     {"state": "open"}),
    ("theengs", "home/g/BTtoMQTT/A1B2C3D4E5F6", {"tempc": 21, "hum": 40, "batt": 50}, None, "heartbeat",
     {"battery_pct": 50.0}),
    ("theengs", "home/g/BTtoMQTT", {"id": "A1:B2:C3:D4:E5:F6", "servicedata": "4400"}, SOS, "unknown", {}),
    ("theengs", "home/g/BTtoMQTT", {"id": "A1:B2:C3:D4:E5:F6", "servicedata": "4400"}, None, "heartbeat", {}),
    ("theengs", "home/g/LWT", "offline", None, "offline", {}),
    ("theengs", "home/g/433toMQTT", {"value": 1315156, "protocol": 1}, SOS, "sos", {}),
    # Z-Wave JS
    ("zwavejs", "zwave/n/notification/endpoint_0/Smoke_Alarm/Sensor_status", {"value": 0}, None, "heartbeat", {}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Smoke_Alarm/Sensor_status", {"value": 3}, None, "smoke",
     {"state": "test"}),
    ("zwavejs", "zwave/room/n/notification/endpoint_0/CO_Alarm/Sensor_status", {"value": 2}, None, "gas",
     {"medium": "CO"}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Water_Alarm/Sensor_status", {"value": 2}, None, "water_leak", {}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Heat_Alarm/Heat_sensor_status", {"value": 2}, None, "smoke",
     {"cause": "heat"}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Home_Security/Cover_status", {"value": 3}, None, "tamper", {}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Home_Security/Motion_sensor_status", {"value": 8}, None, "activity",
     {"kind": "motion"}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Access_Control/Door_state", {"value": 22}, None, "activity",
     {"state": "open"}),
    ("zwavejs", "zwave/7/113/0/Emergency_Alarm/x", {"value": 4}, None, "sos", {}),
    ("zwavejs", "zwave/n/notification/endpoint_0/Siren/Siren_status", {"value": 1}, None, "heartbeat", {}),
    ("zwavejs", "zwave/n/notification/endpoint_0/New_Alarm/status", {"value": 9}, "fall_radar", "unknown", {}),
    ("zwavejs", "zwave/n/battery/endpoint_0/level", {"value": 7}, None, "battery_low", {"battery_pct": 7.0}),
    ("zwavejs", "zwave/n/battery/endpoint_0/level", {"value": 255}, None, "battery_low", {}),
    ("zwavejs", "zwave/n/binary_sensor/endpoint_0/Any", {"value": True}, SOS, "sos", {}),
    ("zwavejs", "zwave/n/central_scene/endpoint_0/scene/001", {"value": 0}, SOS, "sos", {}),
    ("zwavejs", "zwave/n/central_scene/endpoint_0/scene/001", {"value": 1}, SOS, "heartbeat", {}),
    ("zwavejs", "zwave/n/entry_control/endpoint_0/eventType", {"value": 18}, "keypad", "sos", {}),
    ("zwavejs", "zwave/n/status", {"status": "Asleep"}, None, "heartbeat", {}),
    ("zwavejs", "zwave/_CLIENTS/ZWAVE_GATEWAY-x/status", {"value": False}, None, "offline", {}),
    # rtl_433
    ("rtl433", "rtl_433/h/events", {"model": "Honeywell-Security", "id": 1, "event": "04", "state": "closed",
     "contact_open": 0, "alarm": 0, "battery_ok": 1, "heartbeat": 1}, SOS, "heartbeat", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Honeywell-Security", "id": 1, "event": "80", "state": "open",
     "contact_open": 1, "alarm": 0, "battery_ok": 0, "heartbeat": 0}, "door", "battery_low activity", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Interlogix-Security", "subtype": "panic", "id": "1",
     "switch1": "CLOSED", "switch2": "CLOSED"}, None, "heartbeat", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Interlogix-Security", "subtype": "smoke", "id": "1",
     "switch1": "OPEN"}, None, "smoke", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Interlogix-Security", "subtype": "contact", "id": "1",
     "switch1": "CLOSED"}, None, "activity", {"state": "closed"}),
    ("rtl433", "rtl_433/h/events", {"model": "DSC-Security", "id": 1, "closed": 0, "event": 1, "tamper": 1,
     "battery_ok": 1}, None, "tamper activity", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Cavius", "senderid": 5, "message": 32, "text": "Fire alarm"}, None,
     "smoke", {"state": "alarm"}),
    ("rtl433", "rtl_433/h/events", {"model": "Cavius", "senderid": 5, "text": "Test alarm"}, None, "smoke",
     {"state": "test"}),
    ("rtl433", "rtl_433/h/events", {"model": "Visonic-Powercode", "id": "a", "alarm": 1, "battery_ok": 1,
     "supervised": 0, "restore": 0}, "pull_cord", "sos", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Visonic-Powercode", "id": "a", "alarm": 1}, None, "unknown", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Govee-Water", "id": 3, "event": "Water Leak", "battery_ok": 1}, None,
     "water_leak", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Bresser-Leakage", "id": 3, "alarm": 1, "battery_ok": 1}, None,
     "water_leak", {}),
    ("rtl433", "rtl_433/h/events", {"model": "SimpliSafe-Keypad", "id": "x", "extradata": "Panic Button"}, None, "sos",
     {}),
    ("rtl433", "rtl_433/h/events", {"model": "X10-Security", "id": "a", "event": "DOOR/WINDOW OPEN"}, None,
     "activity", {"state": "open"}),
    ("rtl433", "rtl_433/h/events", {"model": "Smoke-GS558", "id": 3, "unit": 1, "learn": 0}, None, "smoke", {}),
    ("rtl433", "rtl_433/h/events", {"model": "EV1527", "id": 3, "cmd": 4}, SOS, "sos", {}),
    ("rtl433", "rtl_433/h/events", {"model": "Acurite-Tower", "id": 3, "temperature_C": 39.0, "battery_ok": 1}, None,
     "heartbeat", {}),
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_family_is_read_by_its_rules(line: Line) -> None:
    """Kinds in order of urgency, nothing else that raises, and the data that people need."""
    check(line)


def test_a_press_is_the_same_in_the_json_and_in_the_legacy_topic() -> None:
    """One press that arrives three times says the same twice and is a release once (rule 1)."""
    pressed = translate("z2m", "zigbee2mqtt/b", b'{"action":"emergency","battery":null}', SOS).events[0]
    legacy = translate("z2m", "zigbee2mqtt/b/action", b"emergency", SOS).events[0]
    released = translate("z2m", "zigbee2mqtt/b", b'{"action":"","battery":null}', SOS).events[0]

    assert (pressed.kind, pressed.device, pressed.data) == (legacy.kind, legacy.device, legacy.data)
    assert Kind.HEARTBEAT == released.kind


def test_a_level_is_told_from_a_moment() -> None:
    """What a cache sends again is marked; an action is not (rule 2)."""
    level = translate("z2m", "zigbee2mqtt/k", b'{"smoke":true}').events[0]
    moment = translate("z2m", "zigbee2mqtt/k", b'{"action":"emergency"}').events[0]

    assert (True, False) == (level.level, moment.level)


def test_logs_configuration_and_cleared_topics_are_noise() -> None:
    """They belong to nobody and are never loud, also from a home with an emergency button (rule 12)."""
    said = [
        translate("z2m", "zigbee2mqtt/bridge/logging", b'{"level":"error"}', SOS),
        translate("homeassistant", "homeassistant/event/x/config", b'{"payload":"emergency"}', SOS),
        translate("z2m", "zigbee2mqtt/x/availability", b"", SOS),
    ]

    assert [(Kind.UNKNOWN, True)] * 3 == [(t.events[0].kind, t.events[0].noise) for t in said]


def test_of_two_words_the_alarm_counts() -> None:
    """A message that contradicts itself is loud, in whichever order."""
    said = [
        translate("z2m", "zigbee2mqtt/k", payload).events[0].kind
        for payload in (b'{"smoke":true,"smoke":false}', b'{"smoke": false, "smoke" : true}')
    ]

    assert [Kind.SMOKE, Kind.SMOKE] == said


def test_the_hub_speaks_for_all_behind_it() -> None:
    """A bridge that is offline is no device that is offline (rule 13)."""
    bridge = translate("z2m", "zigbee2mqtt/bridge/state", b'{"state":"offline"}').events[0]
    device = translate("z2m", "zigbee2mqtt/x/availability", b"offline").events[0]

    assert [(True, None), (False, "x")] == [(bridge.hub, bridge.device), (device.hub, device.device)]


def test_one_message_may_hold_several_devices() -> None:
    """Each child of a Zigbee gateway is named by the key of its part (rules 6 and 7)."""
    payload = b'{"ZbReceived":{"A":{"Click":"single"},"B":{"Occupancy":1}}}'

    said = translate("tasmota", "tele/z/SENSOR", payload, SOS)

    assert [("A", Kind.SOS), ("B", Kind.ACTIVITY)] == [(r.device, r.kind) for r in said.events]


def test_an_input_names_its_part() -> None:
    """Two inputs of one board may be two devices of the register."""
    payload = b'{"method":"NotifyEvent","params":{"events":[{"component":"input:1","event":"single_push"}]}}'

    said = translate("shelly", "i4/events/rpc", payload, SOS).events[0]

    assert ("i4", "input:1") == (said.device, said.part)


def test_repeated_advertisements_share_an_id() -> None:
    """Address and packet name one press; the next packet is another (rule 9)."""
    ids = [
        translate("theengs", "home/g/BTtoMQTT/A1B2C3D4E5F6", b'{"button":1,"packet":%d}' % n, SOS).events[0].id
        for n in (29, 29, 30)
    ]

    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("topic", "payload", "dialect"),
    [
        ("zigbee2mqtt/x", b'{"action":"emergency"}', "z2m"),
        ("shellyplus1-1/events/rpc", b'{"method":"NotifyStatus","params":{}}', "shelly"),
        ("site/home/OMG/BTtoMQTT/A1B2C3D4E5F6", b'{"batt":3}', "theengs"),
        ("anything", b'{"ZbReceived":{}}', "tasmota"),
        ("anything", b'{"model":"X","battery_ok":1,"id":3}', "rtl433"),
        ("pull/binary_sensor/sos/state", b"ON", "esphome"),
        ("something/else", b'{"foo":1}', None),
    ],
)
def test_a_dialect_is_guessed_from_topic_and_shape(topic: str, payload: bytes, dialect: str | None) -> None:
    """Where nobody wrote it down; what fits nothing stays unguessed."""
    from broker_bridge.decoders.auto import guess

    assert dialect == guess(topic, payload)
