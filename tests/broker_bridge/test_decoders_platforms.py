"""Phones, trackers and clouds: messages that are in no sample, assembled from the makers' documents."""

import base64
import json
from typing import Any

import pytest

from broker_bridge.decoders import Reading, Translation, translate


def say(dialect: str, payload: Any, topic: str = "", role: str | None = None) -> Translation:
    """One message, as JSON."""
    return translate(dialect, topic or f"http:/{dialect}/push", json.dumps(payload, ensure_ascii=False).encode(), role)


def kinds(said: Translation) -> list[str]:
    """All kinds, the most urgent first."""
    return [str(reading.kind) for reading in said.events]


def one(said: Translation, kind: str) -> Reading:
    """The reading of this kind."""
    return next(reading for reading in said.events if reading.kind == kind)


# -- Milesight without a network between ------------------------------------------------------------


@pytest.mark.parametrize(("event", "status", "kind"), [
    (0, 1, "fall"), ("0", "1", "fall"), (0, 4, "fall"), (0, 2, "cancel"), (0, 3, "cancel"), (1, 1, "inactivity"),
    (2, 1, "inactivity"), (3, 1, "activity"), (3, 2, "activity"), (4, 1, "activity"), (5, 1, "activity"),
    (6, 1, "vitals"), (7, 1, "vitals"), (8, 1, "inactivity"), (77, 1, "unknown"), (None, 1, "unknown"),
])  # fmt: skip
@pytest.mark.parametrize("blank", [" ", "_"])
def test_a_radars_event_is_a_number_and_zero_is_the_fall(event: Any, status: Any, kind: str, blank: str) -> None:
    """Keys come with blanks or underscores, trigger data inside or beside the device's (rules 5 and 7)."""
    trigger = {"type": 0, f"trigger{blank}id": 266, "event": event, "status": status}
    device = {f"device{blank}sn": "6806", "time": "2025-08-18 20:44:34"}
    inside = {f"device{blank}info": {**device, f"trigger{blank}data": trigger}}
    beside = {f"device{blank}info": device, f"trigger{blank}data": trigger}

    for payload in (inside, beside):
        said = say("milesight", payload, "vs373/report")
        assert kind == kinds(said)[0]
        assert ("6806", "2025-08-18T12:44:34+00:00") == (
            said.events[0].device,
            str(said.events[0].ts).replace(" ", "T"),
        )


def test_a_gateway_that_decodes_itself() -> None:
    """Milesight's gateway puts the codec's fields beside the envelope's."""
    uplink = {"applicationID": 1, "devEUI": "24E124", "deviceName": "WS101", "fCnt": 5, "fPort": 85, "data": "/y4C"}

    said = say("milesight", {**uplink, "button_event": {"status": "long press"}}, "gw/uplink", "sos_button")

    assert (["sos"], "24E124") == (kinds(said), said.events[0].device)


def test_a_radars_memory() -> None:
    """A history of numbered events is the same events, late (rule 8)."""
    memory = {"timestamp": 1665561758, "event": 0, "status": 1}

    said = say("milesight", {"device_info": {"device_sn": "6806"}, "history": [memory]})

    assert (["fall"], True) == (kinds(said), said.events[0].late)


def test_people_counted_are_signs_of_life() -> None:
    """An occupancy sensor counts people; its event is the report's name."""
    said = say("milesight", {"event": "Region People Counting", "device_info": {"device_sn": "36"}, "current_total": 2})

    assert (["activity"], "36") == (kinds(said), said.events[0].device)


# -- OwnTracks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("payload", "kind"), [
    ({"_type": "transition", "event": "leave", "desc": "Home"}, "geofence_exit"),
    ({"_type": "transition", "event": "enter", "desc": "Home", "lat": 31.2, "lon": 121.4}, "heartbeat"),
    ({"_type": "transition", "event": "hover"}, "unknown"),
    ({"_type": "location", "lat": 31.2, "lon": 121.4, "tst": 1441984413, "batt": 64}, "location"),
    ({"_type": "location", "lat": 31.2, "lon": 121.4, "tst": 1441984413, "batt": 4}, "battery_low"),
    ({"_type": "location", "lat": 0, "lon": 0}, "unknown"),
    ({"_type": "steps", "steps": -1}, "heartbeat"),
    ({"_type": "beacon", "prox": 1, "uuid": "x"}, "activity"),
    ({"_type": "encrypted", "data": "xyz"}, "unknown"),
    ({"_type": "lwt", "tst": 1706856298}, "offline"),
    ({"_type": "somethingnew"}, "unknown"),
])  # fmt: skip
def test_phones(payload: dict[str, Any], kind: str) -> None:
    """Every type of OwnTracks' JSON; an encrypted one is not readable, and says so."""
    said = say("owntracks", payload, "owntracks/wang/phone")

    assert (kind, "wang/phone") == (kinds(said)[0], said.events[0].device)


@pytest.mark.parametrize("kind", ["card", "waypoint", "waypoints", "configuration", "cmd"])
def test_configuration_is_nobodys_state(kind: str) -> None:
    """Cards and waypoints are kept and are no fault (rule 12)."""
    assert say("owntracks", {"_type": kind}, "owntracks/wang/phone/info").events[0].noise


def test_a_will_has_no_time() -> None:
    """``tst`` of a will is the time of the connection, perhaps days ago (rule 8)."""
    reading = say("owntracks", {"_type": "lwt", "tst": 1706856298}, "owntracks/wang/phone").events[0]

    assert (None, "2024-02-02T06:44:58+00:00") == (reading.ts, reading.data["connected_at"])


def test_over_http_the_topic_is_inside() -> None:
    """An app that posts puts its topic into the payload."""
    said = say("owntracks", {"_type": "location", "topic": "owntracks/jane/phone", "lat": 31, "lon": 121})

    assert "jane/phone" == said.events[0].device


# -- Traccar ----------------------------------------------------------------------------------------


AT = "2026-11-20T14:03:08.000+00:00"


def traccar(
    alarm: str | None = None, event: str = "alarm", role: str | None = "wristband", **attributes: Any
) -> Translation:
    """A forwarded event with its position."""
    attributes |= {"alarm": alarm} if alarm else {}
    position = {"id": 8812, "deviceTime": AT, "latitude": 31.22, "longitude": 121.42,
                "accuracy": 0.0, "attributes": attributes}  # fmt: skip
    event_ = {"id": 401, "type": event, "attributes": {"alarm": alarm} if alarm else {}}
    return say("traccar", {"event": event_, "device": {"uniqueId": "8612"}, "position": position}, role="wristband")


@pytest.mark.parametrize(("alarm", "first"), [
    ("sos", "sos"), ("SOS", "sos"), ("sos,lowBattery", "sos"), ("lowBattery,sos", "sos"), ("fallDown", "fall"),
    ("vibration, fallDown", "fall"), ("geofenceExit", "geofence_exit"), ("geofenceEnter", "location"),
    ("tampering", "tamper"), ("removing", "tamper"), ("lowBattery", "battery_low"), ("powerOff", "offline"),
    ("movement", "activity"), ("overspeed", "location"), ("general", "location"), ("brandNewAlarm", "location"),
])  # fmt: skip
def test_alarms_joined_by_commas(alarm: str, first: str) -> None:
    """Equality with "sos" misses "sos,lowBattery"; an alarm nobody knows is there as ``unknown`` (rule 5)."""
    said = traccar(alarm)

    assert first == kinds(said)[0]
    assert (alarm in ("general", "brandNewAlarm")) == ("unknown" in kinds(said))
    assert {"8612"} == {reading.device for reading in said.events}


def test_a_press_is_one_press_in_both_topics() -> None:
    """The event and the position that carries the same alarm name the same press (rule 1)."""
    event = one(traccar("sos"), "sos")
    position = say("traccar", {"position": {"id": 8812, "attributes": {"alarm": "sos"}, "deviceTime": AT},
                               "device": {"uniqueId": "8612"}}, "traccar/positions")  # fmt: skip

    assert event.id == one(position, "sos").id


def test_a_buffered_record_is_late() -> None:
    """``archive`` is history; an alarm in it too (rule 8)."""
    said = traccar("sos", archive=True)

    assert {True} == {reading.late for reading in said.events}


@pytest.mark.parametrize(("event", "first"), [
    ("deviceOnline", "location"), ("deviceOffline", "offline"), ("deviceUnknown", "offline"),
    ("geofenceExit", "geofence_exit"), ("ignitionOn", "location"), ("commandResult", "location"),
])  # fmt: skip
def test_events_that_are_no_alarms(event: str, first: str) -> None:
    """Presence, fences, and what vehicles do."""
    assert first == kinds(traccar(None, event))[0]


def test_no_fix_is_no_position() -> None:
    """(0, 0) is not in the Gulf of Guinea."""
    said = say("traccar", {"position": {"id": 1, "latitude": 0.0, "longitude": 0.0, "attributes": {"batteryLevel": 50}},
                           "device": {"uniqueId": "8612"}})  # fmt: skip

    assert (["heartbeat"], 50) == (kinds(said), said.events[0].data["battery_pct"])


# -- ThingsBoard ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("payload", "first"), [
    ({"sos": True}, "sos"), ([{"ts": 1789200000000, "values": {"sos": 1}}, {"temperature": 20}], "sos"),
    ({"ts": 1789200000000, "values": {"smokeAlarm": "alarm", "battery": 9}}, "smoke"),
    ({"heartRate": 0, "spo2": 0, "wearing": False}, "tamper"), ({"temperature": 22.5}, "heartbeat"),
    ({"waterLeak": False}, "heartbeat"), ({"stringKey": "value1", "booleanKey": True}, "unknown"),
    ({"panicButton": "pressed"}, "sos"), ([], "unknown"),
])  # fmt: skip
def test_telemetry_in_all_its_shapes(payload: Any, first: str) -> None:
    """Flat, with a time, as a list; whoever speaks is the log-in, not in the message (rule 6)."""
    said = say("thingsboard", payload, "v1/devices/me/telemetry")

    assert (first, None) == (kinds(said)[0], said.events[0].device)


def test_a_gateway_speaks_for_many() -> None:
    """Each device of a gateway's message for itself (rule 7)."""
    said = say(
        "thingsboard", {"A": [{"ts": 1, "values": {"fall": True}}], "B": [{"door": "open"}]}, "v1/gateway/telemetry"
    )

    assert [("fall", "A"), ("activity", "B")] == [(str(r.kind), r.device) for r in said.events]


def test_attributes_are_no_events() -> None:
    """Facts about a device are a sign of life, whatever they are called (rule 12)."""
    said = say("thingsboard", {"attribute1": "value1", "attribute2": True}, "v1/devices/me/attributes")

    assert ["heartbeat"] == kinds(said)


@pytest.mark.parametrize(("leaf", "kind"), [("connect", "heartbeat"), ("disconnect", "offline")])
def test_a_gateway_tells_who_came_and_went(leaf: str, kind: str) -> None:
    """Connect and disconnect name the child."""
    said = say("thingsboard", {"device": "Pendant 42"}, f"v1/gateway/{leaf}")

    assert ([kind], "Pendant 42") == (kinds(said), said.events[0].device)


# -- CTWing -----------------------------------------------------------------------------------------


def ctwing(**fields: Any) -> Translation:
    """A push of CTWing."""
    return say("ctwing", {"timestamp": 1619523767263, "protocol": "lwm2m", "deviceId": "d013", "IMEI": "undefined",
                          **fields})  # fmt: skip


@pytest.mark.parametrize(("fields", "first"), [
    ({"messageType": "dataReport", "payload": {"smoke_state": 1, "battery_value": 80}}, "smoke"),
    ({"messageType": "dataReport", "payload": {"smoke_state": 0}}, "heartbeat"),
    ({"messageType": "dataReport", "payload": {"gas_sensor_state": 2}}, "gas"),
    ({"messageType": "dataReport", "payload": {"serviceData": {"sos_state": 1}}}, "sos"),
    ({"messageType": "dataReport", "payload": {"APPdata": base64.b64encode(b'{"sos":1}').decode()}}, "sos"),
    ({"messageType": "dataReport", "payload": {"APPdata": "@@@"}}, "unknown"),
    ({"messageType": "dataReport"}, "unknown"),
    ({"messageType": "eventReport", "eventType": 3, "eventContent": {"tamper_state": 1}}, "tamper"),
    ({"messageType": "eventReport", "eventType": 2, "eventContent": {"sos_alarm": 1, "battery_state": 1}}, "sos"),
    ({"messageType": "eventReport", "eventType": 2, "eventContent": {"xyz": 1}}, "unknown"),
    ({"messageType": "eventReport", "eventType": 2, "eventContent": {"battery_state": 0, "tamper_state": 0}},
     "heartbeat"),
    ({"messageType": "eventReport", "eventType": 2, "eventContent": {}}, "unknown"),
    ({"messageType": "eventReport", "eventType": 1, "eventContent": {"signal": -80}}, "heartbeat"),
    ({"messageType": "deviceOnlineOfflineReport", "eventType": 1}, "heartbeat"),
    ({"messageType": "deviceOnlineOfflineReport", "eventType": 0}, "offline"),
    ({"messageType": "commandResponse", "result": {"resultCode": "SUCCESSFUL"}}, "heartbeat"),
    ({"messageType": "dataReport", "payload": {"rsrp": -94, "sinr": 10, "ecl": 0, "cell_id": 5}}, "heartbeat"),
    ({"messageType": "neverHeard"}, "unknown"),
])  # fmt: skip
def test_ctwing(fields: dict[str, Any], first: str) -> None:
    """Data, events, presence, answers; transparent bytes need their product's codec."""
    said = ctwing(**fields)

    assert (first, "d013") == (kinds(said)[0], said.events[0].device)


def test_a_sleeping_device_is_called_offline() -> None:
    """Between two reports an NB-IoT device is offline, and that is no fault by itself (rule 13)."""
    reading = ctwing(messageType="deviceOnlineOfflineReport", eventType=0).events[0]

    assert "may_sleep" == reading.data["reason"]


# -- OneNET -----------------------------------------------------------------------------------------


def onenet(msg: Any, role: str | None = None) -> Translation:
    """A push of OneNET."""
    return say("onenet", {"msg": msg, "msg_signature": "x", "nonce": "y"}, role=role)


MODEL = {"productId": "C6", "deviceId": 1343759, "deviceName": "pendant-1"}


@pytest.mark.parametrize(("msg", "role", "first"), [
    ({"type": 1, "ds_id": "sos", "value": 1, "dev_id": 5}, None, "sos"),
    ({"type": 1, "ds_id": "sos", "value": 0, "dev_id": 5}, None, "heartbeat"),
    ({"type": 1, "ds_id": "3347_0_5501", "value": 0, "dev_id": 5}, "sos_button", "heartbeat"),
    ({"type": 1, "ds_id": "3347_0_5500", "value": True, "dev_id": 5}, "sos_button", "sos"),
    ({"type": 1, "ds_id": "3200_0_5500", "value": 1, "dev_id": 5}, "sos_button", "sos"),
    ({"type": 1, "ds_id": "3302_0_5500", "value": True, "dev_id": 5}, None, "activity"),
    ({"type": 1, "ds_id": "3_0_9", "value": 7, "dev_id": 5}, None, "battery_low"),
    ({"type": 1, "ds_id": "up", "value": {"smoke": "alarm"}, "dev_id": 5}, None, "smoke"),
    ({"type": 1, "ds_id": "up", "value": '{"fallAlarm":1}', "dev_id": 5}, None, "fall"),
    ({"type": 1, "ds_id": "10242_0_1", "value": 1, "dev_id": 5}, None, "unknown"),
    ({"type": 2, "status": 1, "dev_id": 5}, None, "heartbeat"),
    ({"type": 7, "cmd_type": 1, "dev_id": 5}, None, "heartbeat"),
    ({"type": 99, "dev_id": 5}, None, "unknown"),
    ([{"type": 1, "ds_id": "temperature", "value": 20}, {"type": 1, "ds_id": "sos", "value": 1}], None, "sos"),
    ({**MODEL, "messageType": "lifeCycle", "data": {"status": "offline", "time": 1631521919234}}, None, "offline"),
    ({**MODEL, "messageType": "notify", "notifyType": "property",
      "data": {"params": {"sos": {"time": 1631522002499, "value": True}}}}, None, "sos"),
    ({**MODEL, "messageType": "notify", "notifyType": "event",
      "data": {"params": {"fallAlarm": {"eventType": "alert", "time": 1, "value": {"level": 2}}}}}, None, "fall"),
    ({**MODEL, "messageType": "notify", "notifyType": "event",
      "data": {"params": {"event1": {"eventType": "error", "value": {"response": 12}}}}}, None, "unknown"),
])  # fmt: skip
def test_onenet_old_and_new(msg: Any, role: str | None, first: str) -> None:
    """Data points, presence, the thing's model; one object, a list, or JSON as text."""
    for shape in (msg, json.dumps(msg)):
        assert first == kinds(onenet(shape, role))[0]


def test_a_counter_names_its_press() -> None:
    """The count tells a repeat from the next press; after a new battery it counts from 1 again, and is believed."""
    day = 24 * 3600 * 1000
    first, again, next_, reborn = (
        onenet({"type": 1, "ds_id": "3347_0_5501", "value": n, "dev_id": 5, "at": at}, "sos_button").events[0].id
        for n, at in ((1, 1789200000000), (1, 1789200003000), (2, 1789200009000), (1, 1789200000000 + 90 * day))
    )

    assert first == again
    assert 3 == len({first, next_, reborn})


def test_encrypted_is_not_silence() -> None:
    """A push that we cannot decrypt may hold a press (rule 14)."""
    assert ["unknown"] == kinds(say("onenet", {"enc_msg": "abc", "nonce": "x"}))


# -- Huawei IoTDA -----------------------------------------------------------------------------------


def iotda(services: Any, resource: str = "device.property", outside: bool = False) -> Translation:
    """A push of IoTDA; the body inside ``notify_data`` or beside it."""
    body, header = {"services": services}, {"header": {"device_id": "p_1", "node_id": "n"}}
    data = {"notify_data": header, "body": body} if outside else {"notify_data": {**header, "body": body}}
    return say("iotda", {"resource": resource, "event": "report", "event_time": "20261120T140311Z", **data})


@pytest.mark.parametrize("outside", [True, False])
def test_the_alarm_need_not_be_first(outside: bool) -> None:
    """Services in any order, body inside or outside (rule 7)."""
    said = iotda([{"service_id": "Battery", "properties": {"batteryLevel": 80}},
                  {"service_id": "Button", "properties": {"sos": 1}, "event_time": "20261120T140310Z"}],
                 outside=outside)  # fmt: skip

    assert ("sos", "p_1", "2026-11-20 14:03:10+00:00") == (
        kinds(said)[0],
        said.events[0].device,
        str(said.events[0].ts),
    )


@pytest.mark.parametrize(("services", "first"), [
    ([{"service_id": "Smoke", "properties": {"status": 1}}], "smoke"),
    ([{"service_id": "SOS", "event_type": "sosAlarm", "paras": {}}], "sos"),
    ([{"service_id": "x", "event_type": "whatever", "paras": {"a": 1}}], "unknown"),
    ([{"service_id": "$sub_device_manager", "event_type": "sub_device_update_status",
       "paras": {"device_statuses": [{"device_id": "c1", "status": "OFFLINE"}]}}], "offline"),
    ([], "unknown"),
])  # fmt: skip
def test_services_and_events(services: Any, first: str) -> None:
    """The service's own name says what its ``status`` is about; children name themselves."""
    assert first == kinds(iotda(services))[0]


def test_a_devices_own_message() -> None:
    """A raw message is read when it is JSON."""
    push = {"resource": "device.message", "notify_data": {"header": {"device_id": "p_1"}, "body": {}}}
    push["notify_data"]["body"] = {"content": {"content": {"fall": True}}}

    assert ["fall"] == kinds(say("iotda", push))


def test_the_older_push() -> None:
    """OceanConnect's ``deviceDataChanged``."""
    push = {"notifyType": "deviceDataChanged", "deviceId": "d1",
            "service": {"serviceId": "Alarm", "data": {"smoke_alarm": 1}, "eventTime": "20261120T140310Z"}}  # fmt: skip

    assert [("smoke", "d1")] == [(str(r.kind), r.device) for r in say("iotda", push).events]
