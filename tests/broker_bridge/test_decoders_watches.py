"""Watches and detectors of Chinese platforms, a pager, a bed mat: beyond the samples, from the makers' documents."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from broker_bridge.decoders import Translation, translate


def say(dialect: str, payload: Any, topic: str = "", role: str | None = None) -> Translation:
    """One message as JSON."""
    return translate(dialect, topic or f"http:/{dialect}/push", json.dumps(payload, ensure_ascii=False).encode(), role)


def post(path: str, **fields: Any) -> Translation:
    """A form of Aiqiangua."""
    form = {"imei": "860000000000001", "time_begin": "2026-11-20 22:03:11.000000", **fields}
    return translate("aiqiangua", f"http:/aiqiangua/{path}", urlencode(form).encode())


def kinds(said: Translation) -> list[str]:
    """All kinds, the most urgent first."""
    return [str(reading.kind) for reading in said.events]


# -- 爱牵挂 ------------------------------------------------------------------------------------------

PLACE = {"city": "上海", "address": "", "lon": "121.4237", "lat": "31.2204", "type": "0"}


@pytest.mark.parametrize(("path", "fields", "expected"), [
    ("sos", PLACE, ["sos", "location"]),
    ("push/aiqiangua/x8/SOS", {**PLACE, "heartrate": "0"}, ["sos", "location"]),
    ("location", {**PLACE, "is_track": "true"}, ["location"]),
    ("location", {**PLACE, "lon": "0", "lat": "0"}, ["heartbeat"]),
    ("heartrate", {"heartrate": "88", "theshold_heartrate_h": "120"}, ["vitals"]),
    ("heartrate", {"heartrate": "0"}, ["heartbeat"]),
    ("exercise_heartrate", {"average_heartrate": "95", "max_heartrate": "120"}, ["vitals"]),
    ("bloodpressure", {"sbp": "122", "dbp": "83"}, ["vitals"]),
    ("bloodoxygen", {"bloodoxygen": "97"}, ["vitals"]),
    ("fall", {**PLACE, "awake_time": "1"}, ["fall", "location"]),
    ("step", {"value": "1618"}, ["activity"]),
    ("power", {"remaining_power": "64"}, ["heartbeat"]),
    ("power", {"remaining_power": "8"}, ["battery_low"]),
    ("sleep", {"deep_sleep": "120"}, ["heartbeat"]),
    ("x8", {"event": "sos", **PLACE}, ["sos", "location"]),
    ("brandnew", PLACE, ["unknown"]),
    ("home", {"data_type": "devicestatus", "device_type": "HA03", "door_statu": "1", "power_type": "1"}, ["activity"]),
    ("home", {"data_type": "devicestatus", "device_type": "HA06", "water_immersion_statu": "0", "power_type": "1"},
     ["heartbeat"]),
    ("home", {"data_type": "devicestatus", "device_type": "HA02", "people_in_area_statu": "1", "power_type": "0"},
     ["battery_low", "activity"]),
    ("home", {"data_type": "devicealarm", "device_type": "HA05", "smoke_statu": "1"}, ["smoke"]),
    ("home", {"data_type": "devicealarm", "device_type": "HA02", "alarm_type": "fall"}, ["fall"]),
    ("home", {"data_type": "devicealarm", "device_type": "HA07", "alarm_type": "17"}, ["unknown"]),
])  # fmt: skip
def test_the_path_says_what_a_form_is(path: str, fields: dict[str, Any], expected: list[str]) -> None:
    """The bodies look alike; the path (or the body's own ``data_type``, ``event``) decides (rule 6)."""
    said = post(path, **fields)

    assert expected == kinds(said)
    assert "860000000000001" == said.events[0].device


def test_a_time_without_a_zone_is_local() -> None:
    """``2026-11-20 22:03:11`` is Shanghai's evening (rule 11)."""
    assert "2026-11-20 14:03:11+00:00" == str(post("sos", **PLACE).events[0].ts)


# -- G616 -------------------------------------------------------------------------------------------


def g616(**fields: Any) -> Translation:
    """A status of the watch: everything is text."""
    status = {"imei": "3588", "heartRate": "96", "battery": "36", "sos": False, "isWearing": True, "isOnline": True}
    return say("g616", {**status, **fields}, "atom/g616/status/3588")


@pytest.mark.parametrize(("fields", "expected"), [
    ({}, ["vitals"]), ({"sos": True}, ["sos", "vitals"]), ({"sos": "true"}, ["sos", "vitals"]),
    ({"sos": "1"}, ["sos", "vitals"]), ({"isWearing": False}, ["tamper"]), ({"isWearing": "false"}, ["tamper"]),
    ({"heartRate": "0"}, ["heartbeat"]), ({"battery": "5"}, ["battery_low", "vitals"]),
    ({"isOnline": False}, ["offline", "vitals"]), ({"location": "0,0"}, ["vitals"]),
    ({"location": "121.4237,31.2204"}, ["vitals", "location"]),
    ({"location": "broken"}, ["vitals"]), ({"sos": "perhaps"}, ["vitals", "unknown"]),
])  # fmt: skip
def test_one_status_holds_everything(fields: dict[str, Any], expected: list[str]) -> None:
    """A press, vitals, position, wearing in one message; what lies on the table is not measured (rules 4 and 7)."""
    assert expected == kinds(g616(**fields))


def test_amaps_order_and_datum() -> None:
    """``"lng,lat"`` in GCJ-02 (rule 10); the fix has local date and time (rule 11)."""
    said = g616(location="121.4237,31.2204", locationDate="261120", locationTime="220311")

    data = said.events[-1].data
    assert (31.2204, 121.4237, "GCJ02") == (data["lat"], data["lon"], data["crs"])
    assert "2026-11-20T14:03:11+00:00" == data["fix_ts"]


# -- JJT --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fields", "expected"), [
    ({"type": "location", "lng": 121.43, "lat": 31.22, "isWear": True, "battery": 60}, ["location"]),
    ({"type": "location", "lng": 121.43, "lat": 31.22, "isWear": False, "battery": 60}, ["tamper", "location"]),
    ({"type": "wear", "isWear": True}, ["heartbeat"]),
    ({"type": "online"}, ["heartbeat"]), ({"type": "offline"}, ["offline"]),
    ({"type": "lowBattery", "battery": 9}, ["battery_low"]),
    ({"type": "heart", "heartRate": 72, "step": 900}, ["vitals", "activity"]),
    ({"type": "heartAlarm", "heart": 140}, ["vitals"]),
    ({"type": "bloodPressure", "high": 122, "low": 83}, ["vitals"]),
    ({"type": "oxygen", "oxygen": 0}, ["heartbeat"]), ({"type": "temperature", "temperature": 36.5}, ["vitals"]),
    ({"type": "alarm", "alarmType": "SOS", "lng": 121.43, "lat": 31.22}, ["sos", "location"]),
    ({"type": "alarm", "content": "跌倒报警"}, ["fall"]), ({"type": "alarm", "alarmType": 99}, ["unknown"]),
    ({"type": "sos"}, ["sos"]), ({"type": "kinSuccess"}, ["unknown"]), ({"type": "whatever"}, ["unknown"]),
])  # fmt: skip
def test_jjt(fields: dict[str, Any], expected: list[str]) -> None:
    """Each type of the push; Baidu's datum; a setting that was accepted is nobody's state."""
    said = say("jjt", {"deviceNum": "8600", "createTime": 1722924181779, **fields}, "http:/pushData/kqPushData")

    assert expected == kinds(said)
    assert {"BD09"} >= {reading.data["crs"] for reading in said.events if "crs" in reading.data}
    assert (fields["type"] == "kinSuccess") == said.events[0].noise


# -- the eldercare push -----------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "fields", "role", "kind"), [
    (5, {}, None, "geofence_exit"), (6, {}, None, "heartbeat"), (7, {}, None, "sos"), ("7", {}, None, "sos"),
    (10, {}, None, "tamper"), (11, {}, None, "fall"), (50, {}, None, "sos"), (51, {}, None, "tamper"),
    (63, {}, None, "activity"), (118, {}, None, "fall"), (127, {}, None, "fall"), (123, {}, None, "gas"),
    (124, {}, None, "smoke"), (125, {}, None, "water_leak"), (129, {}, None, "gas"), (131, {}, None, "sos"),
    (452, {}, None, "smoke"), (455, {}, None, "gas"), (45, {"DevType": "6"}, None, "sos"),
    (114, {"DevType": "烟感"}, None, "smoke"), (114, {"DevType": "气感"}, None, "gas"),
    (114, {"DevType": "门磁"}, None, "activity"), (61, {}, "smoke_detector", "smoke"), (61, {}, "pull_cord", "sos"),
    (61, {}, None, "unknown"), (-1, {"OL": 1}, None, "heartbeat"), (-1, {"OL": "0"}, None, "offline"),
    (999, {}, "sos_button", "unknown"),
])  # fmt: skip
def test_actions(action: Any, fields: dict[str, Any], role: str | None, kind: str) -> None:
    """The table of the push; a number nobody knows is ``unknown``, which is loud from a button."""
    said = say("eldercare", {"imei": "8600", "pushType": 4, "Action": action, **fields}, role=role)

    assert kind == kinds(said)[0]


def test_a_tested_detector_is_a_drill() -> None:
    """Action 67 is a test (rule 17)."""
    reading = say("eldercare", {"imei": "8600", "pushType": 4, "Action": 67, "DevType": "烟感"}).events[0]

    assert ("smoke", "test", True) == (str(reading.kind), reading.data["state"], reading.drill)


def test_a_press_with_its_place() -> None:
    """Position and battery come along."""
    said = say("eldercare", {"MID": "8600", "pushType": 1, "Lon": 121.42, "Lat": 31.22, "B": 7})

    assert ["sos", "battery_low", "location"] == kinds(said)


# -- DEXA and Withings ------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "kind"), [
    ("08", "sos"), (8, "sos"), ("8", "sos"), ("0A", "fall"), ("0a", "fall"), ("10", "heartbeat"), ("80", "heartbeat"),
    ("lwt", "offline"), ("0C", "unknown"), ("ff", "unknown"), (None, "heartbeat"),
])  # fmt: skip
def test_a_cry_on_the_keep_alive_topic(code: Any, kind: str) -> None:
    """A hexadecimal type, in any spelling, makes the difference; one nobody knows is loud."""
    said = say("dexa", {"type": code, "uid": "247", "bat": 78, "ts": 1700124000}, "p/u/24702004551000/ka")

    assert (kind, "24702004551000") == (kinds(said)[0], said.events[0].device)


@pytest.mark.parametrize(("appli", "kind", "noise"), [
    (50, "activity", False), (51, "activity", False), (44, "heartbeat", False), (16, "activity", False),
    (4, "heartbeat", False), (46, "unknown", True), (999, "unknown", False),
])  # fmt: skip
def test_withings(appli: int, kind: str, noise: bool) -> None:
    """Bed in and out are signs of life; other news is, too; the account is nobody's state."""
    form = f"userid=12345&appli={appli}&startdate=1530576000&enddate=1530576000&deviceid=0123abcd"

    said = translate("withings", "http:/withings/notify", form.encode())

    assert ([kind], noise) == (kinds(said), said.events[0].noise)
