"""Other makers' messages on their way to an alert: register, decoder, judge; repeats, caches, quarantine."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker_bridge import vendor
from domain.foreign import Inside, Outside
from store.ledger import Ledger
from tests.town import Town, site

_AT = "vendor/z2m/site-1/zigbee2mqtt"


def _device(id: str, external: str, role: str = "sos_button", dialect: str = "z2m", site: str = "site-1") -> Any:
    return {"id": id, "role": role, "dialect": dialect, "site": site, "external": external}


@pytest.fixture
def town(tmp_path: Path, migrated_file: Path, open_ledger: Callable[..., Ledger]) -> Town:
    """The town with hubs, on SQLite: rules that no database has a say in."""
    shutil.copy(migrated_file, tmp_path / "anling.db")
    return _settled(open_ledger(f"sqlite:///{tmp_path / 'anling.db'}"))


@pytest.fixture
def both(ledger: Ledger) -> Town:
    """The town with hubs, on each database."""
    return _settled(ledger)


def _settled(ledger: Ledger) -> Town:
    """Hubs of other makers in the first and second home."""
    raw = site()
    raw["hubs"] = [
        {"id": "hub-0001", "dialect": "z2m", "site": "site-1", "secret": "a hub's own secret"},
        {"id": "hub-0002", "dialect": "theengs", "site": "site-2"},
    ]
    raw["homes"][0]["devices"] += [
        _device("zsos-0001", "bedside sos"),
        _device("zsmoke-001", "kitchen", "smoke_detector"),
        _device("zpir-0001", "hall", "motion_sensor"),
    ]
    raw["homes"][1]["devices"] += [
        _device("blu-0002", "BC:02:6E:AA:BB:CC", dialect="theengs", site="site-2"),
        _device("esp-0002", "toilet-cord", "pull_cord", "esphome", "site-2"),
        _device("trac-0002", "861234050000017", "wristband", "traccar", "site-2"),
    ]
    here = Town(ledger)
    here.settle_in(raw)
    return here


def _say(town: Town, topic: str, payload: Any, retain: bool = False) -> None:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    town.say(town.heard(topic, body, retain))


def _alerts(town: Town) -> list[tuple[str, str]]:
    return [(r["subject"], r["kind"]) for r in town.rows("SELECT subject, kind FROM alerts ORDER BY id")]


def _close(town: Town) -> None:
    town.change("UPDATE tracks SET state='stood_down', next_at=NULL, due_at=NULL, claimant=NULL, claim_until=NULL")
    with town.ledger.transaction() as tx:
        from store.bulk import instant, run

        sql = "UPDATE alerts SET state='closed', closed_by='x', outcome='accidental', closed_at=? WHERE state='open'"
        run(tx, sql, [(instant(tx, town.clock.now()),)])


def test_a_press_of_another_maker_calls_the_doctor(town: Town) -> None:
    """Register, decoder and judge in one transaction: the first contact is there."""
    _say(town, f"{_AT}/bedside sos", {"action": "single", "battery": 80})

    assert [("home:home-1", "sos")] == _alerts(town)
    assert ["doctor-1"] == [r["person"] for r in town.outbox()]


def test_one_press_as_three_messages_is_one_signal(town: Town) -> None:
    """JSON, legacy text and release: one alert that has counted one press (rule 1)."""
    _say(town, f"{_AT}/bedside sos", {"action": "emergency", "battery": 80})
    _say(town, f"{_AT}/bedside sos/action", b"emergency")
    _say(town, f"{_AT}/bedside sos", {"action": "", "battery": 80})

    assert [1] == [r["signals"] for r in town.rows("SELECT signals FROM alerts")]


def test_a_later_press_is_another_signal(town: Town) -> None:
    """Pressed again after a minute: joins, counted."""
    _say(town, f"{_AT}/bedside sos", {"action": "emergency"})
    town.clock.forward(60)
    _say(town, f"{_AT}/bedside sos", {"action": "emergency"})

    assert [2] == [r["signals"] for r in town.rows("SELECT signals FROM alerts")]


def test_a_press_of_a_device_with_another_role_is_a_sign_of_life(town: Town) -> None:
    """The role decides: the same word from a motion sensor's button raises nothing."""
    _say(town, f"{_AT}/hall", {"action": "single"})

    assert [] == _alerts(town)
    assert 1 == town.count("telemetry", "kind = 'activity' AND device_id = 'zpir-0001'")


def test_another_site_cannot_speak_for_it(town: Town) -> None:
    """The hub of site 2 names a device of site 1: a stranger, kept, no alert for that home."""
    _say(town, "vendor/z2m/site-2/zigbee2mqtt/bedside sos", {"action": "single"})

    assert [] == _alerts(town)


def test_an_emergency_of_a_stranger_is_an_alert_about_the_device(town: Town) -> None:
    """Nobody registered it, but it cries for help in so many words."""
    _say(town, f"{_AT}/new button", {"action": "emergency"})

    assert [("device:z2m/site-1/new button", "sos")] == _alerts(town)


def test_a_state_that_lasts_opens_one_alert(town: Town) -> None:
    """Cached smoke comes again with every report: no second signal, no timeline full of repeats (rule 2)."""
    for _ in range(5):
        _say(town, f"{_AT}/kitchen", {"smoke": True, "battery": 90})
        town.clock.forward(30)

    assert [1] == [r["signals"] for r in town.rows("SELECT signals FROM alerts")]


def test_after_the_close_a_cached_state_is_quiet_and_then_loud(both: Town) -> None:
    """Within ten minutes of the close a repeat opens nothing; smoke that stays asks for a person again."""
    _say(both, f"{_AT}/kitchen", {"smoke": True})
    _close(both)
    both.clock.forward(120)
    _say(both, f"{_AT}/kitchen", {"smoke": True})
    quiet = len(_alerts(both))
    both.clock.forward(600)
    _say(both, f"{_AT}/kitchen", {"smoke": True})

    assert (1, 2) == (quiet, len(_alerts(both)))


def test_smoke_after_an_all_clear_is_new_smoke(both: Town) -> None:
    """The level went back: the next one is news, also right after the close."""
    _say(both, f"{_AT}/kitchen", {"smoke": True})
    _close(both)
    _say(both, f"{_AT}/kitchen", {"smoke": False})
    both.clock.forward(20)
    _say(both, f"{_AT}/kitchen", {"smoke": True})

    assert 2 == len(_alerts(both))


def test_smoke_joins_an_alert_of_another_cause(town: Town) -> None:
    """A state that this open alert has not heard of is a signal."""
    _say(town, f"{_AT}/bedside sos", {"action": "single"})
    _say(town, f"{_AT}/kitchen", {"smoke": True})

    assert [2] == [r["signals"] for r in town.rows("SELECT signals FROM alerts")]


def test_what_the_broker_remembers_is_shown_and_raises_nothing_old(both: Town) -> None:
    """A retained ON that we knew comes with every start of ours; after an OFF it is news (ESPHome, rule 2)."""
    topic = "vendor/esphome/site-2/toilet-cord/binary_sensor/sos_pull_cord/state"
    _say(both, topic, b"ON")
    _close(both)
    both.clock.forward(3600)
    _say(both, topic, b"ON", retain=True)
    known = len(_alerts(both))
    _say(both, topic, b"OFF")
    both.clock.forward(60)
    _say(both, topic, b"ON", retain=True)

    assert (1, 2) == (known, len(_alerts(both)))
    assert 1 == both.count("inbox", "outcome = 'noted' AND retain")


def test_a_retained_cry_of_a_device_never_heard_raises(town: Town) -> None:
    """It was pulled while we were away for the first time: newer than nothing is new."""
    _say(town, "vendor/esphome/site-2/toilet-cord/binary_sensor/sos_pull_cord/state", b"ON", retain=True)

    assert [("home:home-2", "sos")] == _alerts(town)
    assert [1] == [int(r["replayed"]) for r in town.rows("SELECT replayed FROM alerts")]


def test_the_same_packet_is_one_press(town: Town) -> None:
    """A Bluetooth button is heard for seconds; its counter names the press. Colons do not matter."""
    topic = "vendor/theengs/site-2/home/gw/BTtoMQTT/BC026EAABBCC"
    for _ in range(4):
        _say(town, topic, {"button": 1, "packet": 29})
        town.clock.forward(4)
    _say(town, topic, {"button": 1, "packet": 30})

    assert [2] == [r["signals"] for r in town.rows("SELECT signals FROM alerts")]


def test_what_an_emergency_button_says_and_nobody_reads_is_loud(town: Town) -> None:
    """Undecoded bytes and an empty action of a registered button: somebody may be pressing (rule 14)."""
    _say(town, f"{_AT}/bedside sos", b"\x00\x01\xff")
    _say(town, f"{_AT}/bedside sos", {"action": None})

    assert [("home:home-1", "unreadable")] == _alerts(town)


def test_the_same_bytes_of_a_motion_sensor_are_only_shown(town: Town) -> None:
    """Kept in the inbox with the reason; nobody is called."""
    _say(town, f"{_AT}/hall", b"\x00\x01\xff")

    assert [] == _alerts(town)
    assert ["unreadable"] == [r["outcome"] for r in town.rows("SELECT outcome FROM inbox")]


def test_bytes_that_name_nobody_are_a_task_where_a_button_stands(both: Town) -> None:
    """Nobody can be called for a home, but somebody looks (P35)."""
    _say(both, "vendor/rtl433/site-1/rtl_433/home/events", b"\xff\xfe broken")

    assert ["unreadable/site-1/2026-11-20"] == [r["key"] for r in both.rows("SELECT key FROM tasks")]


def test_logs_and_configuration_disturb_nobody(town: Town) -> None:
    """Kept for some days, not in the inbox, not a fault (rule 12)."""
    _say(town, f"{_AT}/bridge/logging", {"level": "info", "message": "zigbee: sos pressed"})

    assert (0, 1) == (town.count("inbox"), town.count("telemetry"))


def test_a_hub_that_is_offline_takes_its_devices_along(both: Town) -> None:
    """The bridge's will holds for every device behind it, of this site and dialect (rule 13)."""
    _say(both, f"{_AT}/hall", {"occupancy": True})
    _say(both, f"{_AT}/bridge/state", {"state": "offline"})

    gone = [
        r["device_id"] for r in both.rows("SELECT device_id FROM device_states WHERE NOT online ORDER BY device_id")
    ]
    assert ["hub-0001", "zpir-0001", "zsmoke-001", "zsos-0001"] == gone


def test_a_message_for_two_homes_is_two_alerts(town: Town) -> None:
    """Two children of one gateway, each with its own role and home (rule 7)."""
    town.change("UPDATE devices SET dialect = 'tasmota', site = 'site-1', external = 'A' WHERE id = 'zsos-0001'")
    town.change("UPDATE devices SET dialect = 'tasmota', site = 'site-1', external = 'B' WHERE id = 'blu-0002'")
    _say(town, "vendor/tasmota/site-1/tele/z/SENSOR", {"ZbReceived": {"A": {"Click": "single"}, "B": {"Click": "x"}}})

    assert [("home:home-1", "sos"), ("home:home-2", "sos")] == sorted(_alerts(town))


def test_a_repeat_of_the_same_bytes_changes_nothing(town: Town) -> None:
    """QoS 1 delivers twice."""
    heard = town.heard(f"{_AT}/bedside sos", b'{"action":"emergency"}')

    town.say(heard, heard)
    town.say(heard)

    assert (1, 1) == (town.count("inbox"), town.count("alerts", "signals = 1"))


# -- quarantine


def test_a_mended_decoder_raises_late_and_once(both: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lay for an hour is read, raised, marked late; reading again finds nothing more to do."""
    with monkeypatch.context() as broken:
        broken.setattr(vendor, "decode", lambda *said: vendor.Translation((vendor.Reading(vendor.Kind.UNKNOWN),), "?"))
        _say(both, f"{_AT}/kitchen", {"smoke": True})
    both.change("DELETE FROM tasks")
    both.clock.forward(3600)

    first, again = both.reread(), both.reread()

    assert [("home:home-1", "smoke")] == _alerts(both)
    assert [1] == [int(r["late"]) for r in both.rows("SELECT late FROM alerts")]
    assert ((1, 1), 0) == ((first.tried, first.understood), again.tried)


def test_what_nobody_understands_stays(town: Town) -> None:
    """The row, its bytes and its reason are as before."""
    _say(town, f"{_AT}/hall", b"\x00\x01\xff")

    found = town.reread()

    assert (1, 0) == (found.tried, found.understood)
    assert ["unreadable"] == [r["outcome"] for r in town.rows("SELECT outcome FROM inbox")]


def test_what_could_not_be_judged_is_judged_again_as_itself(both: Town) -> None:
    """A pending row of another maker is translated again with the register of now."""
    heard = both.heard(f"{_AT}/bedside sos", b'{"action":"emergency"}')
    both.say(heard)
    both.change("DELETE FROM outbox")
    both.change("DELETE FROM timeline")
    both.change("DELETE FROM tracks")
    both.change("DELETE FROM alerts")
    both.change("UPDATE inbox SET outcome = 'pending', alert_id = NULL")

    judged = both.intake.rejudge()

    assert (1, [("home:home-1", "sos")]) == (judged, _alerts(both))


# -- pure


def test_names_and_their_spellings() -> None:
    """An address is known with and without colons, large and small; a part of a device before the device."""
    message = _message("vendor/theengs/s/home/g/BTtoMQTT/a1b2c3d4e5f6", b'{"batt":3}')

    (outside,) = vendor.names(message)

    assert {"A1B2C3D4E5F6", "a1b2c3d4e5f6", "A1:B2:C3:D4:E5:F6"} <= set(outside.names)


def test_coordinates_and_ids_do_not_break_translation() -> None:
    """Numbers over 64 bits, odd keys: one reading with an id, never an exception."""
    message = _message(
        "vendor/z2m/s/zigbee2mqtt/x", b'{"action":"emergency","battery":1e400,"z":99999999999999999999999}'
    )

    (heard, *_) = vendor.translate(message, {Outside("z2m", "s", ("x",)): Inside("d", None)})

    assert heard.event is not None
    assert heard.event.id.startswith("sos-h")


def _message(topic: str, payload: bytes) -> Any:
    from domain.events import Message
    from tests.town import NOON

    return Message(topic, payload, NOON)
