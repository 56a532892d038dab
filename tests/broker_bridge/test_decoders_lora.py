"""LoRaWAN sensors that are in no sample, through both networks: what their codecs say, by names and values alone."""

import json
from typing import Any

import pytest

from broker_bridge.decoders import Reading, Translation, translate

EUI = "24e124535b316056"
TOPIC = f"application/1/device/{EUI}/event"


def chirp(codec: Any, role: str | None = None, event: str = "up", **fields: Any) -> Translation:
    """An event of ChirpStack v4 around what the codec gave."""
    frame = {"time": "2026-11-20T14:03:11.775+00:00", "deviceInfo": {"devEui": EUI}, "devAddr": "00189440",
             "fCnt": 12, "fPort": 85, "data": "/y4C", "object": codec, **fields}  # fmt: skip
    return translate("chirpstack", f"{TOPIC}/{event}", json.dumps(frame).encode(), role)


def ttn(codec: Any, role: str | None = None, **fields: Any) -> Translation:
    """An uplink of The Things Stack; None: no codec has run."""
    uplink = {"session_key_id": "AXA50", "f_cnt": 1, "f_port": 85, "frm_payload": "/y4C"}
    if codec is not None:
        uplink["decoded_payload"] = codec
    frame = {"end_device_ids": {"device_id": "pendant-1"}, "uplink_message": uplink, **fields}
    return translate("ttn", "v3/app1@tenant1/devices/pendant-1/up", json.dumps(frame).encode(), role)


def first(said: Translation) -> Reading:
    """The most urgent."""
    return said.events[0]


def kinds(said: Translation) -> list[str]:
    """All kinds, the most urgent first."""
    return [str(reading.kind) for reading in said.events]


#: codec output → the main kind and a part of its data
CODECS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("WS101 older codec", {"battery": 16, "press": "short"}, "sos", {"press": "short"}),
    ("WS101 older codec, double", {"press": "double"}, "cancel", {}),
    ("EM300-SLD wet", {"battery": 92, "temperature": 30.8, "leakage_status": "leak"}, "water_leak", {"state": "alarm"}),
    ("EM300-SLD dry", {"battery": 92, "leakage_status": "normal"}, "heartbeat", {"battery_pct": 92}),
    ("WS303", {"battery": 100, "leakage_status": "leak"}, "water_leak", {}),
    ("EM300-MCS", {"door": "open", "battery": 90}, "activity", {"kind": "door", "state": "open"}),
    ("EM300-MCS magnet", {"magnet_status": "close"}, "activity", {"kind": "door", "state": "closed"}),
    ("WS301", {"battery": 100, "state": "open", "install": "yes", "magnet_status": "open"}, "activity",
     {"state": "open"}),
    ("WS301, the first codec", {"battery": 100, "state": "open", "install": "yes"}, "activity",
     {"kind": "door", "state": "open"}),
    ("a PIR at rest", {"event": "no motion"}, "activity", {"kind": "motion", "state": "off"}),
    ("WS301 torn off", {"battery": 100, "install": "no"}, "tamper", {}),
    ("AT101 torn off", {"tamper_status": "uninstall"}, "tamper", {}),
    ("WS203", {"battery": 80, "temperature": 21.0, "humidity": 50.5, "occupancy": "occupied"}, "activity",
     {"kind": "motion", "state": "on"}),
    ("WS202 idle", {"pir": "normal", "daylight": "bright"}, "activity", {"state": "off"}),
    ("VS340", {"battery": 100, "occupancy": "vacant"}, "activity", {"state": "off"}),
    ("GS101 gas", {"temperature": 24, "gas_status": "abnormal", "valve": "close"}, "gas", {"state": "alarm"}),
    ("GS101 air", {"temperature": 24, "gas_status": "normal"}, "heartbeat", {}),
    ("GS524N fire", {"type": "smoke sensor", "battery": 100, "concentration": 40, "event": "alarm"}, "smoke",
     {"state": "alarm"}),
    ("GS524N silenced", {"type": "smoke sensor", "event": "silent", "battery": 90}, "smoke", {"state": "alarm"}),
    ("GS524N normal", {"type": "smoke sensor", "event": "normal", "battery": 90}, "heartbeat", {}),
    ("GS524N removed", {"type": "smoke sensor", "event": "removed", "battery": 90}, "tamper", {}),
    ("GS524N low", {"type": "smoke sensor", "event": "low battery", "battery": 15}, "battery_low", {}),
    ("TH sensor", {"temperature": 27.1, "humidity": 44, "battery": 88}, "heartbeat", {"battery_pct": 88}),
    ("flat battery", {"temperature": 27.1, "battery": 5}, "battery_low", {"battery_pct": 5}),
    ("TrackerD press", {"Latitude": 31.22, "Longitud": 121.42, "BatV": 3.9, "ALARM_status": "TRUE", "LON": "ON"},
     "sos", {"trigger": "button"}),
    ("TrackerD at rest", {"Latitude": 31.22, "Longitud": 121.42, "BatV": 3.9, "ALARM_status": "FALSE", "LON": "ON",
                          "Transport": "STILL"}, "location", {"lat": 31.22, "lon": 121.42, "crs": "WGS84"}),
    ("TrackerD without a fix", {"Latitude": 0, "Longitud": 0, "BatV": 3.9, "ALARM_status": "FALSE"}, "heartbeat", {}),
    ("LDS03A", {"ALARM": "FALSE", "DOOR_OPEN_STATUS": "OPEN", "DOOR_OPEN_TIMES": 3, "BAT_V": 3.0}, "activity",
     {"kind": "door", "state": "open"}),
    ("LDS02 newer codec", {"BatV": 3.0, "door_open_status": 0, "water_leak_status": 0, "alarm": 0, "mod": 1,
                           "open_times": 4}, "activity", {"kind": "door", "state": "closed"}),
    ("LWL02 newer codec", {"BatV": 3.0, "door_open_status": 0, "water_leak_status": 1, "mod": 2, "leak_times": 4},
     "water_leak", {}),
    ("camelCase wristband", {"heartRate": 77, "bloodOxygen": 97, "bodyTemperature": 36.6, "stepCount": 900}, "vitals",
     {"hr_bpm": 77, "spo2_pct": 97, "temp_c": 36.6}),
    ("pendant", {"sosAlarm": True, "batteryLevel": 55}, "sos", {"battery_pct": 55}),
    ("radar", {"fallDown": 1, "presence": 1}, "fall", {}),
    ("radar unsure", {"fall_status": "suspected"}, "fall", {"confidence": 0.5}),
    ("bed mat", {"inBed": False, "heart_rate": 0, "breath_rate": 0}, "activity", {"kind": "bed", "state": "out"}),
    ("VS373 motionless", {"events": [{"alarm_id": 3, "alarm_type": "motionless", "alarm_status": "alarm_triggered"}]},
     "inactivity", {}),
    ("VS373 fall over", {"events": [{"alarm_id": 3, "alarm_type": "fall", "alarm_status": "alarm_deactivated"}]},
     "cancel", {}),
    ("VS373 newest codec", {"fall_alarm": {"alarm_id": "1, 2", "alarm_status": "1, 2"}}, "fall", {}),
    ("VS373 vacant", {"detection_status": "vacant", "target_status": "normal", "use_time_now": 0}, "activity",
     {"kind": "motion", "state": "off"}),
    ("VS373 in bed", {"detection_status": "in_bed", "target_status": "motionless"}, "activity",
     {"kind": "bed", "state": "in"}),
    ("VS373 regions", {"region_1_occupancy": "vacant", "region_2_occupancy": "occupied"}, "activity", {"state": "on"}),
    ("LGT92 without a fix", {"BatV": 3.9, "ALARM_status": "TRUE", "MD": 1, "LON": "ON"}, "sos", {}),
    ("SW3L, a total", {"BatV": 3.3, "Water_flow_value": 12.5}, "heartbeat", {}),
    ("water meter", {"flow_rate": 2.5}, "activity", {"kind": "water", "state": "on"}),
    ("WL03A", {"WATER_LEAK_STATUS": "NO LEAK", "WATER_LEAK_TIMES": 3, "ALARM": "FALSE"}, "heartbeat", {}),
    ("watch on the table", {"isWearing": False, "heartRate": 72}, "tamper", {"kind": "not_worn"}),
    ("zone under test", {"smoke": True, "test": True}, "smoke", {"state": "test"}),
    ("tested at rest", {"gas_status": "normal", "self_test": True}, "gas", {"state": "test"}),
    ("two parts, one pressed", {"a": {"sos": 1}, "b": {"sos": 0}}, "sos", {}),
    ("a word of many meanings", {"action": "opened"}, "unknown", {}),
    ("battery's own word", {"battery_state": "low", "temperature": 20}, "battery_low", {}),
    ("battery's own word, fine", {"battery_state": 0, "temperature": 20}, "heartbeat", {}),
    ("battery not ok", {"battery_ok": 0, "temperature": 20}, "battery_low", {}),
    ("on the mains", {"external_power": True, "battery": 0}, "heartbeat", {"battery_pct": 0}),
    ("no breath", {"respiratory_status": "apnea"}, "vitals", {"breathing": "apnea"}),
    # codecs and examples of TheThingsNetwork/lorawan-devices and of Milesight-IoT/SensorDecoders
    ("RA02A fire", {"Device": "RA02A", "Volt": 3, "FireAlarm": "Alarm", "HighTempAlarm": "No Alarm"}, "smoke", {}),
    ("RA02C at rest", {"Device": "RA02C", "Volt": 3, "COAlarm": "No Alarm", "HighTempAlarm": "No Alarm"}, "heartbeat",
     {"off": ["gas"]}),
    ("R718WB low", {"Device": "R718WB", "Volt": "2.3(low battery)", "WaterLeak": "NoLeak"}, "battery_low", {}),
    ("RB11E", {"Device": "RB11E", "Volt": 3, "Occupy": "Occupied", "TamperAlarm": "No Alarm"}, "activity",
     {"kind": "motion", "state": "on"}),
    ("a version report", {"Device": "R312A", "SWver": 10, "HWver": 11, "Datecode": "20190718"}, "heartbeat", {}),
    ("an emergency push button", {"Volt": 3, "EmergencyPushButton": 1}, "sos", {"trigger": "button"}),
    ("how long one must press", {"SosButtonDuration": 3, "battery": 90}, "heartbeat", {}),
    ("MClimate flood", {"reason": "floodDetected", "boxTamper": False, "flood": True, "battery": 3216}, "water_leak",
     {}),
    ("EMS leak", {"temperature": 22.6, "waterleak": 200, "vdd": 3636}, "water_leak", {"state": "alarm"}),
    ("Abeeway SOS", {"sosFlag": 1, "gpsLatitude": 31.2, "gpsLongitude": 121.4, "messageType": "POSITION_MESSAGE"},
     "sos", {}),
    ("TrackerD, LON is a lamp", {"BatV": 3.9, "ALARM_status": "TRUE", "MD": 1, "LON": "ON", "Latitude": 31.2,
                                 "Longitude": 121.4}, "sos", {}),
    ("VS373 somebody is there", {"human_in_place": {"alarm_status": "1"}}, "activity", {"state": "on"}),
    ("VS373 lying", {"lying_alarm": {"alarm_id": "5", "alarm_status": "1"}}, "inactivity", {}),
    ("CO2 is no CO", {"co2_alarm": True, "co2": 1800}, "heartbeat|unknown", {}),
    ("a lid", {"open": True, "battery": 90}, "activity", {"kind": "door", "state": "open"}),
    ("nobody knows", {"foo": 3}, "unknown", {}),
    ("sounds like an alarm", {"battery": 90, "weird_alarm_bits": "0x20"}, "unknown", {}),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "kind", "data"), [row[1:] for row in CODECS], ids=[row[0] for row in CODECS])
@pytest.mark.parametrize("network", [chirp, ttn], ids=["chirpstack", "ttn"])
def test_a_codec_nobody_has_shown_us(network: Any, codec: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
    """Names and value sets decide, not models; both networks say the same."""
    said = network(codec, "sos_button" if kind in ("sos", "cancel") and "press" in codec else None)

    assert kinds(said)[0] in kind.split("|")
    assert data.items() <= first(said).data.items()


def measured(*events: str, **values: Any) -> dict[str, Any]:
    """What the codec of a SenseCAP tracker makes: each value an object of its own."""
    happened = [{"id": n, "eventName": name} for n, name in enumerate(events)]
    told = [{"measurementId": "4200", "type": "Event Status", "measurementValue": happened}]
    return {"valid": True, "err": 0, "messages": [[*told, *(
        {"measurementId": "1", "type": name, "measurementValue": value} for name, value in values.items()
    )]]}  # fmt: skip


@pytest.mark.parametrize(("codec", "role", "expected"), [
    (measured("SOS event.", Battery=88), None, ["sos", "heartbeat"]),
    (measured("Start moving event.", "SOS event.", Latitude=31.2, Longitude=121.4, Battery=6), None,
     ["sos", "battery_low", "activity", "location"]),
    (measured("Press once event.", Battery=88), "sos_button", ["sos", "heartbeat"]),
    (measured("Light event.", Battery=88), "wristband", ["heartbeat"]),
    (measured(**{"Battery": 88, "SOS Mode": 1, "Work Mode": 1}), "wristband", ["heartbeat"]),
])  # fmt: skip
def test_values_that_are_objects_of_their_own(codec: dict[str, Any], role: str | None, expected: list[str]) -> None:
    """SenseCAP T1000: lists of lists, events by name; a mode is a setting."""
    assert expected == kinds(chirp(codec, role)) == kinds(ttn(codec, role))


@pytest.mark.parametrize("press", [1, 2, 3, "01", "3", 9])
def test_a_number_never_takes_a_press_back(press: Any) -> None:
    """3 is a double press of one maker and a long one of another: pressed is pressed."""
    assert ["sos"] == kinds(chirp({"pressEvent": press, "batteryVoltage": 3}, "sos_button"))
    assert ["heartbeat"] == kinds(chirp({"pressEvent": "00", "batteryVoltage": 3}, "sos_button"))


@pytest.mark.parametrize("press", ["short press", "Long Press", "LONG_PRESS", "hold", 1, "2", True])
@pytest.mark.parametrize("shape", [{"button_event": {"status": ...}}, {"buttonEvent": ...}, {"press": ...}])
def test_every_press_of_an_sos_button_is_an_sos(press: Any, shape: dict[str, Any]) -> None:
    """Case, spelling and nesting of a press do not matter."""
    codec = json.loads(json.dumps(shape, default=lambda _: press))

    assert kinds(chirp(codec, "sos_button")) == ["sos"]


@pytest.mark.parametrize("codec", [
    {"gpio_in_1": "on"}, {"digital_in_1": 1}, {"DI1_status": "H"}, {"exti_trigger": "TRUE"}, {"din": 1},
])  # fmt: skip
def test_a_cord_wired_to_a_box_with_inputs(codec: dict[str, Any]) -> None:
    """The input of a box that is registered as a cord is the cord; of any other box it is nothing we know."""
    assert ["sos"] == kinds(chirp(codec, "pull_cord"))
    assert "sos" not in kinds(chirp(codec, "door_sensor"))


@pytest.mark.parametrize(("role", "kind"), [
    ("sos_button", "sos"), (None, "sos"), ("checkin_button", "checkin_ok"), ("door_sensor", "unknown"),
])  # fmt: skip
def test_who_may_call_with_a_button(role: str | None, kind: str) -> None:
    """An unregistered button is believed (fail open); one registered as something else is shown, not guessed at."""
    assert [kind] == kinds(chirp({"button_event": {"status": "short press"}}, role))


@pytest.mark.parametrize("pulse", [0, -1, 255, None, "nan", "--"])
def test_no_pulse_is_no_value(pulse: Any) -> None:
    """0 because it is not worn, a sensor's maximum, text that is none: not measured, no alarm (rule 4)."""
    assert ["heartbeat"] == kinds(chirp({"heart_rate": pulse, "battery": 80}))


@pytest.mark.parametrize(("role", "kind"), [
    ("smoke_detector", "smoke"), ("gas_detector", "gas"), ("leak_sensor", "water_leak"), ("fall_radar", "fall"),
    ("pull_cord", "sos"), ("wristband", "sos"), (None, "unknown"), ("door_sensor", "unknown"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["alarm", "ALARM_status", "alarmState"])
def test_a_bare_alarm_is_what_the_device_is_for(role: str | None, kind: str, name: str) -> None:
    """An alarm that does not say of what: the register does; without it nobody guesses."""
    assert kind == kinds(chirp({name: "TRUE", "battery": 90}, role))[0]


@pytest.mark.parametrize(("codec", "role", "off"), [
    ({"sos": False, "battery": 80}, "sos_button", ["battery_low", "sos"]),
    ({"type": "smoke sensor", "event": "normal"}, None, ["smoke"]),
    ({"leakage_status": "normal"}, None, ["water_leak"]), ({"gas_status": "normal"}, None, ["gas"]),
    ({"smoke": 0, "co": 0, "tamper": False}, None, ["gas", "smoke", "tamper"]),
    ({"detection_status": "vacant"}, "fall_radar", ["fall"]), ({"Alarm": "FALSE", "Sound_key": ""}, None, ["sos"]),
    ({"wear_status": "on", "heart_rate": 70}, "wristband", ["tamper"]),
    ({"geofence_status": "inside"}, None, ["geofence_exit"]), ({"fall": 1, "smoke": 0}, None, ["smoke"]),
])  # fmt: skip
def test_what_is_over_is_told(codec: dict[str, Any], role: str | None, off: list[str]) -> None:
    """A state that ended is news the next time it begins (rule 2)."""
    assert off == first(chirp(codec, role)).data["off"]


def test_each_press_sent_is_a_press() -> None:
    """A button's ``TRUE`` lasts for no time: pressed again it calls again."""
    assert not first(chirp({"Alarm": "TRUE", "Sound_key": "CLOSE"}, "sos_button")).level
    assert first(chirp({"smoke": True})).level


def test_a_sensor_that_failed_is_told() -> None:
    """No gas, but nobody would notice any: a sign of life and a fault."""
    assert ["heartbeat", "unknown"] == kinds(chirp({"gas_status": "normal", "alarm": "sensor failed"}))


def test_a_random_number_is_no_identity() -> None:
    """``msgid`` is random in each decode; the frame counter says which press it was (mqtt.md section 2, rule 9)."""
    one = first(chirp({"button_event": {"status": "long press", "msgid": 503830}}, "sos_button"))
    again = first(chirp({"button_event": {"status": "long press", "msgid": 182449}}, "sos_button"))
    other = first(chirp({"button_event": {"status": "long press"}}, "sos_button", fCnt=13))

    assert one.id == again.id
    assert one.id != other.id


def test_the_number_of_an_old_press_hides_no_new_one() -> None:
    """Frame counters begin anew; months later 12 is another press (rule 9)."""
    codec = {"button_event": {"status": "long press"}}
    old = first(chirp(codec, "sos_button"))
    new = first(chirp(codec, "sos_button", time="2027-03-01T08:00:00+00:00"))

    assert old.id != new.id


def test_a_memory_is_late_and_keeps_its_own_time() -> None:
    """``history[]`` of 2022 is shown as late, with the time and the identity it had then (rule 8)."""
    item = {"timestamp": 1665561758, "alarm_id": 266, "alarm_type": "fall", "alarm_status": "alarm_triggered"}

    reading = first(chirp({"history": [item], "battery": 80}))

    assert (True, 2022) == (reading.late, reading.ts.year if reading.ts else None)
    assert reading.id == first(chirp({"history": [item]}, fCnt=99)).id


def test_leaks_remembered_are_late_too() -> None:
    """Any codec's history, not only alarms'."""
    said = chirp({"history": [{"temperature": 27.2, "leakage_status": "leak", "timestamp": 1665561758}]})

    assert ("water_leak", True) == (kinds(said)[0], first(said).late)


@pytest.mark.parametrize("log", [
    "[21.5,50.0,0.0,True,2026-11-20 14:00:00],[21.4,50.0,0.0,False,2026-11-20 14:05:00],",
    [[21.5, 50.0, 0.0, "True", "2026-11-20 14:00:00"], [21.4, 50.0, 0.0, "False", "2026-11-20 14:05:00"]],
])  # fmt: skip
def test_a_data_log_of_a_button_tells_presses_late(log: Any) -> None:
    """Dragino's rows have no names; a ``True`` in a button's log was a press, local time (rules 8 and 11)."""
    said = chirp({"DATALOG": log, "Node_type": "PB01-L", "PNACKMD": "True"}, "sos_button", fPort=3)

    assert ("sos", True) == (kinds(said)[0], first(said).late)
    assert "2026-11-20T06:00:00+00:00" == (first(said).ts.isoformat() if first(said).ts else None)


def test_a_data_log_of_a_door_tells_openings() -> None:
    """``OPEN`` in a door's rows is an opening, not an alarm."""
    said = ttn({"Node_type": "DS03A-LB", "DATALOG": "[SUM,YES,TRUE,OPEN,3,5,2026-11-20 14:00:00],", "PNACKMD": "True"})

    assert ["activity"] == kinds(said)
    assert first(said).late


@pytest.mark.parametrize("role", ["sos_button", None])
def test_what_was_not_decoded_is_unknown(role: str | None) -> None:
    """Bytes without a codec may be a press: never a heartbeat (rule 14)."""
    assert ["unknown"] == kinds(chirp(None, role)) == kinds(chirp({}, role)) == kinds(ttn(None, role))


def test_nothing_sent_is_a_sign_of_life() -> None:
    """An uplink of the network alone (port 0, no data) holds nothing to decode."""
    assert ["heartbeat"] == kinds(chirp(None, "sos_button", data="", fPort=0))


def test_false_that_was_left_out_is_false() -> None:
    """The Things Stack leaves 0, false and "" out: an empty object is all false, not undecoded (rule 5)."""
    assert ["heartbeat"] == kinds(ttn({}, "sos_button"))
    assert {"kind": "door", "state": "closed"} == first(ttn({"DOOR_OPEN_TIMES": 3, "MOD": 1})).data


def test_a_simulated_uplink_is_a_drill() -> None:
    """``simulated: true`` stays visible as a drill (rule 17)."""
    said = ttn({"button_event": {"status": "long press"}}, "sos_button", simulated=True)

    assert ("sos", True) == (kinds(said)[0], first(said).drill)


def test_a_tested_smoke_detector_is_a_drill() -> None:
    """ "testing alarm with normal battery" is a test of smoke, not smoke (rule 17)."""
    said = chirp({"type": "smoke sensor", "battery": 100, "event": "testing alarm with normal battery"})

    assert ("smoke", "test", True) == (kinds(said)[0], first(said).data["state"], first(said).drill)


@pytest.mark.parametrize("battery", [None, -1, 255, "", "n/a", 3.3])
def test_no_value_is_no_low_battery(battery: Any) -> None:
    """null, -1, a maximum and volts are no empty battery (rule 4)."""
    assert ["heartbeat"] == kinds(chirp({"battery": battery, "temperature": 20}))


@pytest.mark.parametrize("value", ["FALSE", "false", 0, False, "0", "normal", "no", None, ""])
def test_a_false_that_looks_true(value: Any) -> None:
    """``"FALSE"`` is a text that is not empty, and no alarm (rule 5)."""
    assert ["heartbeat"] == kinds(chirp({"sos": value, "smoke": value, "BatV": 3.3}, "sos_button"))


def test_the_network_refusing_a_device_is_not_silence() -> None:
    """A failed integrity check: the device may be trying to say something; a downlink's log is nobody's state."""
    refused = chirp(None, event="log", level="ERROR", code="UPLINK_MIC")
    quiet = chirp(None, event="log", level="ERROR", code="DOWNLINK_PAYLOAD_SIZE")

    assert ("unknown", False, True) == (kinds(refused)[0], first(refused).noise, first(quiet).noise)


@pytest.mark.parametrize(("event", "fields", "kind"), [
    ("join", {}, "heartbeat"), ("ack", {"acknowledged": True}, "heartbeat"),
    ("status", {"batteryLevel": 4.0, "margin": 3}, "battery_low"),
    ("location", {"location": {"latitude": 31.2, "longitude": 121.4}}, "location"),
])  # fmt: skip
def test_other_events_of_the_network(event: str, fields: dict[str, Any], kind: str) -> None:
    """Join, ack, status, location."""
    assert kind in kinds(chirp(None, event=event, **fields))


def test_version_three_speaks_too() -> None:
    """ChirpStack v3 names fields differently and writes the object as text."""
    frame = {"applicationID": "1", "devEUI": EUI, "fCnt": 7, "fPort": 2, "data": "AA==",
             "objectJSON": '{"Alarm":"TRUE","Sound_key":"CLOSE"}'}  # fmt: skip

    said = translate("chirpstack", "application/1/device/x/rx", json.dumps(frame).encode(), "sos_button")

    assert "sos" in kinds(said)
