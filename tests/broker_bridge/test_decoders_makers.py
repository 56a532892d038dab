"""Payloads of other models, firmwares and modes, as the makers' own documents, codecs and recordings show them."""

from typing import Any

import pytest

from broker_bridge.decoders import translate
from broker_bridge.decoders.auto import guess
from tests.broker_bridge.tables import Line, as_bytes, check

SOS = "sos_button"
ZW = "zwave/room/node/notification/endpoint_0"
ZE = "zwave/_EVENTS/ZWAVE_GATEWAY-Zwavejs2Mqtt/node/node_notification"
RTL = "rtl_433/h/events"
CT = "http:/ctwing/push"
REPORT = {"messageType": "dataReport", "protocol": "lwm2m", "deviceId": "d013", "timestamp": 1619523767263}
TAS = "tele/zb/SENSOR"


def changed(entity: str, state: str, **about: Any) -> dict[str, Any]:
    """An entry of Home Assistant's event stream."""
    new = {"entity_id": entity, "state": state, "attributes": about}
    return {"event_type": "state_changed", "event_data": {"entity_id": entity, "old_state": None, "new_state": new}}


def notified(type: int, event: int, label: str) -> dict[str, Any]:
    """A notification of Z-Wave that is no value, in the gateway's events."""
    return {"data": [{"id": 7, "name": "pendant", "loc": "bed"}, 113, {"type": type, "event": event, "label": label}]}


def rpc(**state: Any) -> dict[str, Any]:
    """A status of Shelly's second generation."""
    components = {name.replace("_", ":"): told for name, told in state.items()}
    return {"method": "NotifyStatus", "params": {"ts": 1789197265.41, **components}}


LINES: list[Line] = [
    # Zigbee2MQTT: property lists of zigbee-herdsman-converters
    ("z2m", "zigbee2mqtt/r", {"falldown_alarm": "alarm"}, None, "fall", {}),
    ("z2m", "zigbee2mqtt/r", {"presence": False, "tumble_switch": True, "fall_sensitivity": 5}, None, "activity", {}),
    ("z2m", "zigbee2mqtt/r", {"alarm_smoke_state": "ON", "alarm_burglar_state": "OFF"}, None, "smoke", {}),
    ("z2m", "zigbee2mqtt/r", {"co2_alarm": True, "co2": 1800}, None, "heartbeat", {}),
    ("z2m", "zigbee2mqtt/r", {"sos": "single"}, SOS, "sos", {}),
    ("z2m", "zigbee2mqtt/r", {"action": "clear"}, SOS, "heartbeat", {}),
    # Home Assistant: mqtt_eventstream, statestream of a Zigbee2MQTT action
    ("homeassistant", "homeassistant", changed("binary_sensor.kitchen", "on", device_class="smoke"), None, "smoke", {}),
    ("homeassistant", "ha/stream", changed("binary_sensor.x1", "on", device_class="carbon_monoxide"), None, "gas", {}),
    ("homeassistant", "ha/stream", changed("binary_sensor.x1", "on", device_class="battery"), None, "battery_low", {}),
    ("homeassistant", "ha/stream", changed("binary_sensor.x1", "off", device_class="door"), None, "activity",
     {"kind": "door", "state": "closed"}),
    ("homeassistant", "ha/stream", changed("binary_sensor.cord", "on"), "pull_cord", "sos", {}),
    ("homeassistant", "ha/stream", changed("event.pendant", "2026-11-20T14:03:11+00:00", event_type="press"), SOS,
     "sos", {}),
    ("homeassistant", "ha/stream", changed("light.hall", "on"), SOS, "heartbeat", {}),
    ("homeassistant", "ha/stream", changed("sensor.band", "71", device_class="heart_rate"), None, "vitals", {}),
    ("homeassistant", "ha/stream", {"event_type": "zha_event", "event_data": {"device_ieee": "00:12", "command":
     "emergency"}}, None, "sos", {}),
    ("homeassistant", "ha/stream", {"event_type": "call_service", "event_data": {"domain": "light"}}, SOS, "unknown",
     {}),
    ("homeassistant", "ha/x", {"entity_id": "binary_sensor.kitchen_gas", "state": "on"}, None, "gas", {}),
    ("homeassistant", "homeassistant/sensor/bedside_sos_action/state", "single", SOS, "sos", {"press": "short"}),
    ("homeassistant", "homeassistant/sensor/bedside_sos_action/state", "emergency", None, "sos", {}),
    # ESPHome: names of ld2410, mr60fda2; volts are no per cent
    ("esphome", "n/binary_sensor/has_target/state", "ON", None, "activity", {"kind": "motion", "state": "on"}),
    ("esphome", "n/binary_sensor/still_target/state", "OFF", None, "activity", {"state": "off"}),
    ("esphome", "n/sensor/battery_voltage/state", "2.9", None, "heartbeat", {}),
    ("esphome", "n/binary_sensor/people_exist/state", "ON", None, "activity", {}),
    # Tasmota: Buttons-and-Switches, Zigbee, Bluetooth (MI32)
    ("tasmota", "stat/s/RESULT", {"Button1": {"Action": "CLEAR"}}, SOS, "heartbeat", {}),
    ("tasmota", "stat/s/RESULT", {"Switch1": {"Action": "TOGGLE"}}, "pull_cord", "sos", {}),
    ("tasmota", "stat/s/SWITCH1", {"STATE": "ON"}, "pull_cord", "sos", {}),
    ("tasmota", "stat/s/SWITCH1", {"STATE": "OFF"}, "pull_cord", "heartbeat", {}),
    ("tasmota", "stat/s/BUTTON1T", {"TRIG": "SINGLE"}, SOS, "sos", {"press": "short"}),
    ("tasmota", "stat/s/RESULT", {"POWER": "ON"}, SOS, "sos", {}),
    ("tasmota", "stat/plug/RESULT", {"POWER": "ON"}, None, "heartbeat", {}),
    ("tasmota", TAS, {"ZbReceived": {"0x1": {"Device": "0x1", "0006!FD": "02"}}}, SOS, "sos", {"press": "long"}),
    ("tasmota", TAS, {"ZbReceived": {"0x1": {"Device": "0x1", "0008!04": "00"}}}, SOS, "unknown", {}),
    ("tasmota", TAS, {"ZbReceived": {"0x1": {"Device": "0x1", "0500!00": "0000", "ZoneStatusChange": 0}}}, SOS,
     "heartbeat", {}),
    ("tasmota", "tele/b/SENSOR", {"YEERC-1a2b3c": {"mac": "aabbcc1a2b3c", "Btn": 1}}, SOS, "sos", {}),
    ("tasmota", "tele/b/SENSOR", {"SJWS01L-1a2b3c": {"mac": "aabbcc1a2b3c", "Water": 1, "Battery": 90}}, None,
     "water_leak", {"battery_pct": 90.0}),
    # Shelly: gen 1 longpush, a truth as text
    ("shelly", "shellies/shelly1-1/longpush/0", "1", SOS, "sos", {}),
    ("shelly", "shellies/shelly1-1/longpush/0", "0", SOS, "heartbeat", {}),
    ("shelly", "x/events/rpc", rpc(smoke_0={"id": 0, "alarm": "true"}), None, "smoke", {"state": "alarm"}),
    ("shelly", "x/events/rpc", rpc(flood_0={"id": 0, "alarm": True, "errors": ["cable_unplugged"]}), None,
     "water_leak", {}),
    # Theengs decoder's own tests: ShellyBLU Switch4
    ("theengs", "home/g/BTtoMQTT/A4C138AABBCC", {"model_id": "SBBT-004CEU/US", "batt": 100, "button1": 0, "button2": 0,
     "button3": 11, "button4": 0}, SOS, "sos", {}),
    ("theengs", "home/g/BTtoMQTT/A4C138AABBCC", {"model_id": "SBBT-004CEU/US", "batt": 100, "button1": 0, "button4": 0},
     SOS, "heartbeat", {}),
    # Z-Wave: notification types and events (SDS13713) as zwave-js has them
    ("zwavejs", f"{ZW}/Home_Health/x", {"value": 12}, None, "fall", {}),
    ("zwavejs", f"{ZW}/Home_Health/Sleep_apnea_status", {"value": 7}, None, "vitals", {"breathing": "apnea"}),
    ("zwavejs", f"{ZW}/Access_Control/Door_state", {"value": 5632}, None, "activity", {"state": "open"}),
    ("zwavejs", f"{ZW}/Power_Management/Battery_level_status", {"value": 15}, None, "battery_low", {}),
    ("zwavejs", f"{ZW}/System/Cover_status", {"value": 6}, None, "tamper", {}),
    ("zwavejs", ZE, notified(10, 3, "Emergency"), None, "sos", {}),
    ("zwavejs", ZE, notified(13, 12, "Home Health"), None, "fall", {}),
    ("zwavejs", ZE, notified(7, 3, "Home Security"), None, "tamper", {}),
    ("zwavejs", "zwave/_EVENTS/ZWAVE_GATEWAY-x/driver/driver_ready", {"data": []}, SOS, "unknown", {}),
    ("zwavejs", "zwave/k/sensor_alarm/endpoint_0/smoke", {"value": 255}, None, "smoke", {}),
    ("zwavejs", "zwave/k/alarm_sensor/endpoint_0/state/5", {"value": True}, None, "water_leak", {}),
    # rtl_433: its test recordings
    ("rtl433", RTL, {"model": "Cavius-Door", "id": "dc3c", "state": "open", "counter": 254}, None, "activity",
     {"kind": "door", "state": "open"}),
    ("rtl433", RTL, {"model": "Kerui-Security", "id": 1, "cmd": 7, "opened": 0, "state": "close"}, None, "activity",
     {"state": "closed"}),
    ("rtl433", RTL, {"model": "Honeywell-Security", "id": 1, "event": "00", "state": "closed", "contact_open": 0,
     "alarm": 0, "tamper": 0, "battery_ok": 1, "heartbeat": 0}, "door_sensor", "activity", {"state": "closed"}),
    ("rtl433", RTL, {"model": "Honeywell-Security", "id": 1, "event": "00", "state": "closed", "contact_open": 0,
     "alarm": 0, "tamper": 0, "battery_ok": 1, "heartbeat": 0}, SOS, "heartbeat", {}),
    ("rtl433", RTL, {"model": "Interlogix-Security", "subtype": "smoke", "id": "29cd45", "battery_ok": 1, "switch1":
     "OPEN", "switch2": "OPEN", "switch3": "OPEN", "switch4": "CLOSED", "switch5": "CLOSED"}, None, "smoke", {}),
    ("rtl433", RTL, {"model": "X10-Security", "id": "31", "code": "98", "event": "KR15A PANIC-3SECOND", "battery_ok":
     0}, None, "sos battery_low", {}),
    # Chinese platforms: services and data points with Chinese names, objects inside objects
    ("ctwing", CT, {**REPORT, "payload": {"紧急按钮": 1, "电量": 5}}, None, "sos battery_low", {}),
    ("ctwing", CT, {**REPORT, "payload": {"跌倒检测告警": "是"}}, None, "fall", {}),
    ("ctwing", CT, {**REPORT, "payload": {"烟雾报警状态": 1}}, None, "smoke", {}),
    ("ctwing", CT, {**REPORT, "payload": {"燃气": "正常"}}, None, "heartbeat", {"off": ["gas"]}),
    ("ctwing", CT, {**REPORT, "payload": {"water_flooding_state": 1}}, None, "water_leak", {}),
    ("ctwing", CT, {**REPORT, "payload": {"door_magnetic_state": 1}}, None, "activity", {"state": "open"}),
    ("onenet", "http:/onenet/push", {"msg": {"type": 1, "dev_id": 5, "ds_id": "alarm", "value": {"type": "sos"}},
     "nonce": "y", "msg_signature": "x"}, None, "sos", {}),
    ("iotda", "http:/iotda/push", {"resource": "device.property", "notify_data": {"header": {"device_id": "p"}, "body":
     {"services": [{"service_id": "Smoke", "properties": {"alarm": 1}}]}}}, None, "smoke", {}),
    ("iotda", "http:/iotda/push", {"resource": "device.message", "notify_data": {"header": {"device_id": "p"}, "body":
     {"content": {"id": "1", "name": "x", "content": "hello"}}}}, SOS, "unknown", {}),
    ("jjt", "http:/pushData/kqPushData", {"deviceNum": "8", "type": "alarm", "content": "SOS报警"}, None, "sos", {}),
    ("thingsboard", "v1/devices/me/telemetry", {"online": False}, None, "offline", {}),
    ("thingsboard", "v2/t", {"nurseCall": True}, None, "sos", {}),
    # Milesight's own gateway and radar: values beside the envelope, a state as a number
    ("milesight", "gw/uplink", {"applicationID": 1, "devEUI": "24E1", "fPort": 85, "data": "AXVk", "gas_status":
     "alarm"}, None, "gas", {}),
    ("milesight", "gw/uplink", {"applicationID": 1, "devEUI": "24E1", "fPort": 85, "data": "/y4C"}, SOS, "unknown", {}),
    ("milesight", "vs373/report", {"device_info": {"device_sn": "6806"}, "report_data": {"detection_status": 4}}, None,
     "fall", {}),
    ("milesight", "vs373/report", {"device_info": {"device_sn": "6806"}, "report_data": {"detection_status": 2}}, None,
     "activity", {"kind": "bed", "state": "in"}),
    # nobody's dialect
    ("auto", "watch/86", {"alarmType": "SOS", "imei": "8"}, None, "sos", {}),
    ("auto", "watch/86", {"data": {"sos": 1, "battery": 4}}, None, "sos battery_low", {}),
    ("auto", "watch/fallDown", {"IMEI": "8", "status": "FALL DOWN", "location": {}}, None, "fall", {}),
    ("auto", "radar/1", {"event": "Fall Detected", "sn": "1"}, None, "fall", {}),
    ("auto", "radar/1", {"event": "alarm", "type": "smoke"}, None, "smoke", {}),
    ("auto", "radar/1", {"type": "smoke", "battery": 80}, None, "heartbeat", {"battery_pct": 80.0}),
    ("auto", "radar/1", {"type": "suspected_fall"}, None, "fall", {"confidence": 0.5}),
    ("auto", "radar/1", {"event": "fall_cancelled"}, None, "unknown", {}),
    # Vayyar Care: one fall told several times, and what follows it
    ("auto", "/devices/id_1/events", {"type": 5, "payload": {"status": "fall_confirmed", "timestamp": 1,
     "statusUpdateTimestamp": 2}}, None, "fall", {}),
    ("auto", "/devices/id_1/events", {"type": 5, "payload": {"status": "calling", "statusUpdateTimestamp": 2}}, None,
     "fall", {}),
    ("auto", "/devices/id_1/events", {"type": 5, "payload": {"status": "fall_exit", "statusUpdateTimestamp": 2}}, None,
     "heartbeat", {"off": ["fall"]}),
    ("auto", "/devices/id_1/events", {"type": 8, "payload": {"status": "fall_suspected"}}, None, "fall",
     {"confidence": 0.5}),
    ("auto", "/devices/id_1/events", {"type": 4, "payload": {"presenceDetected": True}}, None, "activity",
     {"kind": "motion", "state": "on"}),
    # Tuya: a list of codes with their values
    ("auto", "tuya/dev", {"devId": "v", "status": [{"code": "sos_state", "t": 1, "value": True}]}, None, "sos", {}),
    ("auto", "tuya/dev", {"bizData": {"devId": "v", "properties": [{"code": "smoke_sensor_status", "value": "alarm"}]}},
     None, "smoke", {}),
    # a board of one's own: the topic names it, the payload is bare
    ("auto", "home/bath/fall", "1", None, "fall", {}), ("auto", "home/bath/fall/state", "0", None, "heartbeat",
     {"off": ["fall"]}), ("auto", "home/bath/button", "1", SOS, "sos", {}), ("auto", "home/bath", "SOS", None, "sos",
     {}), ("auto", "home/bath/fall/set", "1", None, "unknown", {}), ("auto", "home/bath/gas", "420", None, "heartbeat",
     {}), ("auto", "bracelet/fall/detected", {"timestamp": "2026-01-01T00:00:00Z"}, None, "fall", {}),
    # deCONZ; what hm2mqtt and its kin call a value; Matter
    ("auto", "deconz/e", {"e": "changed", "r": "sensors", "state": {"water": True, "lowbattery": False}}, None,
     "water_leak", {}),
    ("auto", "deconz/e", {"e": "changed", "r": "sensors", "state": {"buttonevent": 1002}}, SOS, "sos", {}),
    ("auto", "hm/status/Smoke/SMOKE_DETECTOR_ALARM_STATUS", {"val": 1, "ts": 1}, None, "smoke", {}),
    ("auto", "hm/status/Smoke/STATE", {"val": True, "ts": 1}, "smoke_detector", "unknown", {}),
    ("auto", "matter/1", {"endpoint": 1, "attribute": "SmokeState", "value": 2}, None, "smoke", {}),
    # OpenMQTTGateway: a code may stand in the topic, come from another receiver, or be a word over LoRa
    ("theengs", "home/OMG/433toMQTT/1315156", {"value": 1315156, "protocol": 1}, SOS, "sos", {"trigger": "radio"}),
    ("theengs", "home/OMG/SRFBtoMQTT", {"raw": "2B66", "value": 14996422, "delay": 276}, SOS, "sos", {}),
    ("theengs", "home/OMG/PilighttoMQTT", {"message": {"systemcode": 1, "unitcode": 2, "state": "on"}}, SOS, "sos", {}),
    ("theengs", "home/OMG/RF2toMQTT", {"unit": 1, "switchType": 1, "address": 123}, "smoke_detector", "smoke", {}),
    ("theengs", "home/OMG/LORAtoMQTT/7", {"rssi": -40, "message": "sos"}, None, "sos", {}),
    ("theengs", "home/OMG/GPIOInputtoMQTT", {"gpio": "HIGH"}, SOS, "sos", {"trigger": "contact"}),
    ("theengs", "home/OMG/GPIOInputtoMQTT", {"gpio": "LOW"}, SOS, "heartbeat", {"off": ["sos"]}),
    ("tasmota", "tele/rf/RESULT", {"RfRaw": {"Data": "AA B0 21 03 08 0136 55"}}, SOS, "unknown", {}),
    # Alibaba's Alink and OneNET, as the device itself reports
    ("onenet", "/sys/a1/d/thing/event/property/post", {"id": "1", "method": "thing.event.property.post", "params":
     {"SmokeSensorState": 1}}, None, "smoke", {}),
    ("onenet", "/sys/a1/d/thing/event/FallAlarm/post", {"id": "1", "method": "thing.event.FallAlarm.post", "params":
     {"value": {"room": 1}, "time": 1524448722000}}, None, "fall", {}),
    ("onenet", "$sys/p/d/thing/event/post", {"id": "1", "params": {"fallAlarm": {"value": {"level": 1}}}}, None, "fall",
     {}),
    ("onenet", "$sys/p/d/thing/property/post", {"id": "1", "params": {"sos": {"value": True}}}, None, "sos", {}),
    ("iotda", "$oc/devices/r/sys/properties/report", {"services": [{"service_id": "a", "properties": {"sos": 1}}]},
     None, "sos", {}),
    # the value names the alarm (Heiman HS2FD); Tuya's spelling; Seeed's radar
    ("z2m", "zigbee2mqtt/fall", {"fall_status": "fall_alarm", "sensor_status": "activity"}, None, "fall", {}),
    ("z2m", "zigbee2mqtt/fall", {"fall_status": "fall_warning"}, None, "fall", {"confidence": 0.5}),
    ("z2m", "zigbee2mqtt/fall", {"fall_status": "normal", "sensor_status": "activity"}, None, "activity", {}),
    ("z2m", "zigbee2mqtt/smoke", {"temper_alarm": True, "battery": 90}, None, "tamper", {}),
    ("thingsboard", "v1/devices/me/telemetry", {"fall_status": "fall_alarm"}, None, "fall", {}),
    ("thingsboard", "v1/devices/me/telemetry", {"fall_status": "fall_warning"}, None, "fall", {"confidence": 0.5}),
    ("esphome", "bed/binary_sensor/person_information/state", "ON", None, "activity", {"state": "on"}),
    # a number under the name of an alarm or a state is a level or a code; under the gas's own name a concentration
    ("thingsboard", "v1/devices/me/telemetry", {"COAlarm": 2}, None, "gas", {"medium": "CO"}),
    ("thingsboard", "v1/devices/me/telemetry", {"smoke_state": 7}, None, "unknown", {}),
    ("thingsboard", "v1/devices/me/telemetry", {"CO": 12}, None, "heartbeat", {}),
    ("z2m", "zigbee2mqtt/d", {"smoke_alarm": 2}, None, "smoke", {}),
    ("z2m", "zigbee2mqtt/d", {"co_state": 7}, None, "unknown", {}),
    ("z2m", "zigbee2mqtt/d", {"co": 12, "battery": 90}, None, "heartbeat", {}),
    ("z2m", "zigbee2mqtt/r", {"fall_down_status": 2, "presence": True}, None, "fall activity", {}),
    ("z2m", "zigbee2mqtt/r", {"status": "ALARM", "battery": 90}, "fall_radar", "fall", {}),
    ("aiqiangua", "http:/aiqiangua/home", {"imei": "1", "device_type": "HA02", "data_type": "home", "gas_lel": 30,
     "maze_statu": 0, "circuit_statu": 1}, None, "heartbeat", {}),
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_another_model_is_read_by_the_same_rules(line: Line) -> None:
    """What the maker says it is comes first, what comes beside is there, and nothing else that raises."""
    check(line)


@pytest.mark.parametrize(("dialect", "topic", "payload"), [line[:3] for line in LINES])
def test_another_models_dialect_is_guessed(dialect: str, topic: str, payload: Any) -> None:
    """By topic or shape; where neither tells, no other dialect is taken for it."""
    guessed = guess(topic, as_bytes(payload))

    assert guessed in (dialect, None)
    assert guessed is not None or dialect in ("auto", "esphome")


@pytest.mark.parametrize(
    ("topic", "payload", "device"),
    [
        ("home/OMG/433toMQTT/1315156", {"value": 1315156}, "1315156"),
        ("home/OMG/PilighttoMQTT", {"message": {"id": 77, "state": "on"}}, "77"),
        ("home/OMG/RF2toMQTT", {"unit": 1, "address": 123}, "123"),
    ],
)
def test_a_radio_code_is_the_name_of_its_remote(topic: str, payload: Any, device: str) -> None:
    """So the register can hold it, whichever receiver heard it."""
    assert [one.device for one in translate("theengs", topic, as_bytes(payload), SOS).events] == [device]


def test_a_fall_that_a_radar_simulates_is_a_drill() -> None:
    """The radar says so itself; who it is stands inside the envelope."""
    payload = {"status": "fall_detected", "isSimulated": True, "deviceId": "id_1"}

    said = translate("auto", "/devices/id_1/events", as_bytes({"type": 5, "payload": payload}), None)

    assert [(str(one.kind), one.drill, one.device) for one in said.events] == [("fall", True, "id_1")]
