"""The digest on a real ledger: what stored telemetry means for homes; each message counted once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.checkins import Way
from domain.errors import NotFound
from domain.people import Scope
from homes.devices import DeviceWatch
from homes.digest import Digest
from homes.live_state import LiveState
from homes.quiet import QuietWatch
from homes.rules import TEMPLATE, read_rules
from homes.rules_devices import TEMPLATE as DEVICES
from homes.rules_devices import read_supervision
from homes.rules_quiet import read_quiet
from store import aways, listening, signs, telemetry
from store.protection import Protection
from store.views import Views
from tests.town import Town, site, together

TEXT = TEMPLATE.read_text("utf-8")
RULES, QUIET = read_rules(TEXT), read_quiet(TEXT)
SHANGHAI = ZoneInfo("Asia/Shanghai")
DESK = Scope("desk", "dispatcher")


class Homes:
    """A town whose telemetry is read."""

    def __init__(self, town: Town) -> None:
        raw = site()
        raw["homes"][0]["location"] = {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"}
        raw["homes"][0]["residents"][0]["medical"]["conditions"] = ["认知障碍"]
        raw["homes"][0]["residents"][0]["consents"] = ["remote_view"]
        raw["homes"][1]["location"] = {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"}
        raw["homes"][1]["devices"].append({"id": "band-0002", "role": "wristband"})
        for home in raw["homes"][:2]:
            home["checkin"] = {"by": "09:30", "window_opens": "05:00", "ways": [Way.VOICE, Way.ACTIVITY]}
        town.settle_in(raw)
        self.town = town
        self.digest = Digest(town.ledger, town.standing, town.clock, RULES, SHANGHAI)

    def hear(self, device: str, type: str, read: bool = True, **data: Any) -> None:
        """One telemetry message, read at once."""
        self.town.intake.telemetry([self.town.event(device, type, leaf="telemetry", data=data)])
        if read:
            self.read()

    def read(self) -> int:
        """Twice: on PostgreSQL a turn reads only what was there at the turn before."""
        return self.digest.turn() + self.digest.turn()

    def alerts(self) -> list[tuple[str, str]]:
        """Homes and kinds of the open alerts."""
        rows = self.town.rows("SELECT home_id, kind FROM alerts WHERE state = 'open' ORDER BY id")
        return [(r["home_id"], r["kind"]) for r in rows]

    def live(self) -> LiveState:
        """The view of one home."""
        views = Views(self.town.ledger, self.town.clock, lambda *_: [], lambda *_: None)
        protection = Protection(self.town.ledger, self.town.clock)
        return LiveState(self.town.ledger, self.town.clock, SHANGHAI, protection, views)

    def quiet(self) -> QuietWatch:
        """The watch for inactivity."""
        return QuietWatch(self.town.ledger, self.town.standing, self.town.clock, QUIET, SHANGHAI)


@pytest.fixture
def homes(town: Town) -> Homes:
    """The town; nothing was heard yet."""
    return Homes(town)


def hours(homes: Homes, home: str = "home-1") -> dict[str, list[int]]:
    """Kind -> counts of the hours in order."""
    with homes.town.ledger.reading() as tx:
        found = signs.hours_of(tx, [home], homes.town.clock.now() - timedelta(days=30)).get(home, {})
    return {kind: [n for _, n in sorted(counts.items())] for kind, counts in found.items()}


def test_signs_are_counted_by_the_hour(homes: Homes) -> None:
    """Each kind of activity for itself; a heartbeat is no sign; the raw bytes may go, the hours stay."""
    for kind in ("door", "motion", "motion", "water"):
        homes.hear("door-0001", "activity", kind=kind)
    homes.hear("door-0001", "heartbeat", battery_pct=80)
    homes.town.clock.forward(3600)
    homes.hear("door-0001", "activity", kind="motion")
    with homes.town.ledger.transaction() as tx:
        telemetry.prune(tx, homes.town.clock.now() + timedelta(days=1))

    assert {"door": [1], "motion": [2, 1], "water": [1]} == hours(homes)


def test_a_door_that_closes_and_a_sensor_that_calms_down_count_no_second_time(homes: Homes) -> None:
    """Open and closed is once through the door; "off" is said by the sensor, not by a person."""
    for kind, state in (("door", "open"), ("door", "closed"), ("motion", "on"), ("motion", "off"), ("bed", "out")):
        homes.hear("door-0001", "activity", kind=kind, state=state)

    assert {"door": [1], "motion": [1], "bed": [1]} == hours(homes)


def test_a_message_is_counted_once_however_many_read(homes: Homes) -> None:
    """Two processes at the same moment, a restart, a piece at a time (P19)."""
    for _ in range(40):
        homes.hear("door-0001", "activity", read=False, kind="motion")
    others = [Digest(homes.town.ledger, homes.town.standing, homes.town.clock, RULES, SHANGHAI) for _ in range(2)]
    for _ in range(3):
        results = together(*(other.turn for other in others))
        assert not [r for r in results if isinstance(r, Exception)]
    homes.read()

    assert {"motion": [40]} == hours(homes)


def test_after_everything_was_pruned_it_reads_on(homes: Homes) -> None:
    """The numbers of an emptied table may begin again: the mark follows."""
    for _ in range(5):
        homes.hear("door-0001", "activity", kind="motion")
    homes.town.change("DELETE FROM telemetry")
    homes.hear("door-0001", "activity", kind="motion")
    homes.read()

    assert {"motion": [6]} == hours(homes)


def test_another_makers_sensor_counts_too(homes: Homes) -> None:
    """What a hub's bytes mean is kept beside them, sealed; nobody behind the bridge reads a maker's format."""
    homes.town.change(
        "INSERT INTO devices (id, home_id, role, dialect, site, external) VALUES"
        " ('motion-1', 'home-1', 'motion', 'z2m', 'site-1', 'hall')"
    )
    homes.town.say(homes.town.heard("vendor/z2m/site-1/zigbee2mqtt/hall", json.dumps({"occupancy": True}).encode()))
    homes.read()

    assert {"motion": [1]} == hours(homes)
    assert b"motion" not in homes.town.rows("SELECT reading FROM telemetry")[0]["reading"]


def test_red_vital_signs_raise_an_alert(homes: Homes) -> None:
    """Two readings in a row; the alert joins the home's story like any other, and names no value."""
    homes.hear("band-0001", "vitals", hr_bpm=72, spo2_pct=96)
    homes.hear("band-0001", "vitals", hr_bpm=140, spo2_pct=95)
    once = homes.alerts()
    homes.hear("band-0001", "vitals", hr_bpm=141, spo2_pct=95)

    assert ([], [("home-1", "vitals")]) == (once, homes.alerts())
    assert "140" not in json.dumps([dict(r) for r in homes.town.rows("SELECT data FROM timeline")], default=str)


def test_one_red_reading_that_nothing_contradicts_is_believed(homes: Homes) -> None:
    """The wristband falls silent after it: after ten minutes the plan calls all the same."""
    homes.hear("band-0001", "vitals", hr_bpm=140)
    homes.town.clock.forward(601)
    homes.read()

    assert [("home-1", "vitals")] == homes.alerts()


def test_a_wristband_that_is_not_worn_alarms_nobody(homes: Homes) -> None:
    """It says so itself; its odd values count for nothing until it is worn again."""
    homes.town.say(homes.town.event("band-0001", "tamper", data={"kind": "not_worn"}))
    for _ in range(3):
        homes.hear("band-0001", "vitals", hr_bpm=20)

    assert [] == homes.alerts()


def test_wandering_is_only_for_who_may_get_lost(homes: Homes) -> None:
    """700 m from home: the resident with dementia is looked for, the neighbour is out shopping."""
    away = {"lat": 31.2267, "lon": 121.4237, "crs": "WGS84", "acc_m": 10}
    homes.hear("band-0002", "location", **away)
    homes.hear("band-0001", "location", **away)

    assert [("home-1", "geofence_exit")] == homes.alerts()


def test_a_position_of_a_chinese_map_is_put_right(homes: Homes) -> None:
    """At home, told in GCJ-02: half a kilometre beside the truth is not outside."""
    homes.hear("band-0001", "location", lat=31.21838, lon=121.42818, crs="GCJ02", acc_m=10)
    homes.hear("band-0001", "location", lat=31.21838, lon=121.42818, crs="GCJ02", acc_m=10)

    assert [] == homes.alerts()


def test_who_is_with_the_family_does_not_wander(homes: Homes) -> None:
    """Away at the daughter's: the fence around home means nothing."""
    with homes.town.ledger.transaction() as tx:
        aways.begin(tx, "home-1", "away", homes.town.clock.now(), None, "daughter")
    homes.hear("band-0001", "location", lat=31.3, lon=121.5)

    assert [] == homes.alerts()


def test_clock_gaps_and_configuration_are_faults_of_the_device(homes: Homes) -> None:
    """A clock of 1970, a tenth of the messages lost, a configuration nobody ordered: tasks, no alert; they end."""
    town = homes.town
    watch = DeviceWatch(
        town.ledger, town.standing, town.clock, read_supervision(DEVICES.read_text("utf-8")), SHANGHAI
    )

    def beat(numbers: range, config: str, clock: str) -> None:
        ts = "1970-01-01T00:00:00Z" if clock == "unsynced" else town.clock.now().isoformat()
        town.intake.telemetry([
            town.event("dev-0001", "heartbeat", leaf="telemetry", seq=n, boot=1, clock=clock, ts=ts,
                       data={"config_hash": config}) for n in numbers
        ])  # fmt: skip
        town.clock.forward(600)
        watch.turn()

    def wrong() -> list[str]:
        return [r["fault"] for r in town.rows("SELECT fault FROM device_faults ORDER BY fault")]

    beat(range(0, 4), "aaaa", "ntp")
    fine = wrong()
    beat(range(4, 1000, 6), "bbbb", "unsynced")
    bad = wrong()
    beat(range(1000, 1001), "aaaa", "ntp")

    assert ([], ["clock", "config", "sequence_gap"], ["sequence_gap"]) == (fine, bad, wrong())
    assert [] == homes.alerts()


def test_the_remote_view_opens_with_an_alert_and_consent(homes: Homes) -> None:
    """Before: signs without position or values. During an alert: with them, if the card says so. Each look is kept."""
    homes.hear("band-0001", "vitals", hr_bpm=72, spo2_pct=96)
    homes.hear("band-0001", "location", lat=31.2204, lon=121.4237)
    homes.hear("band-0002", "vitals", hr_bpm=70)
    before = homes.live().of(DESK, "home-1")
    homes.town.press("dev-0001")
    homes.town.press("dev-0002")
    during, without = homes.live().of(DESK, "home-1"), homes.live().of(DESK, "home-2")

    assert ("value" not in before["signs"]["vitals"], "location" in before["signs"]) == (True, False)
    assert {"hr_bpm": 72, "spo2_pct": 96} == during["signs"]["vitals"]["value"]
    assert 31.2204 == during["signs"]["location"]["value"]["lat"]
    assert (False, False) == ("value" in without["signs"]["vitals"], without["remote_view"]["open"])
    assert 3 == homes.town.count("read_audit", "what LIKE 'live state%'")
    with pytest.raises(NotFound):
        homes.live().of(Scope("x", "dispatcher", ("south",)), "home-1")


def live_as_usual(homes: Homes, device: str = "door-0001") -> None:
    """A fortnight of mornings: water at seven and at eight, then the last evening's at 21:40."""
    with homes.town.ledger.transaction() as tx:
        counted = {}
        for day in range(1, 21):
            for hour, n in ((7, 3), (8, 1), (21, 1)):
                at = datetime(2026, 11, day, hour, 40, tzinfo=SHANGHAI).astimezone(UTC)
                counted["home-1", "water", at.replace(minute=0)] = (n, at)
        signs.count(tx, counted)
    evening = datetime(2026, 11, 20, 21, 40, tzinfo=SHANGHAI).astimezone(UTC)
    homes.town.clock.forward((evening - homes.town.clock.now()).total_seconds())
    homes.hear(device, "activity", kind="water")


def go_to(homes: Homes, hour: int, minute: int) -> None:
    """A time on the 21st."""
    at = datetime(2026, 11, 21, hour, minute, tzinfo=SHANGHAI)
    homes.town.clock.forward((at - homes.town.clock.now()).total_seconds())


def test_a_home_that_is_too_quiet_is_asked_and_then_the_plan_calls(homes: Homes) -> None:
    """09:05 the device asks, 09:10 a call, 09:25 an alert that says why; once."""
    live_as_usual(homes)
    go_to(homes, 6, 30)
    early = homes.quiet().turn()
    go_to(homes, 9, 5)
    begun = homes.quiet().turn()
    asked = homes.town.count("errands", "command = 'ask_checkin'")
    go_to(homes, 9, 11)
    homes.quiet().turn()
    calls = homes.town.count("care_calls")
    before = homes.alerts()
    for minute in (26, 40, 55):
        go_to(homes, 9, minute)
        homes.quiet().turn()

    assert (0, 1) == (early, begun)
    assert asked > 0
    assert (1, [], [("home-1", "inactivity")]) == (calls, before, homes.alerts())
    assert "自21:40起没有用水，平时到09:05约4次" == homes.live().of(DESK, "home-1")["uneasy"]["zh"]


def _moves(homes: Homes) -> None:
    homes.hear("door-0001", "activity", kind="door")


def _answers(homes: Homes) -> None:
    homes.town.change(
        "UPDATE care_calls SET status = 'answered', answer = 'well', settled_at = '2026-11-21T01:12:00.000000+00:00'"
    )


def _leaves(homes: Homes) -> None:
    with homes.town.ledger.transaction() as tx:
        aways.begin(tx, "home-1", "away", homes.town.clock.now(), None, "daughter")


@pytest.mark.parametrize("end", [_moves, _answers, _leaves])
def test_any_sign_ends_the_asking(homes: Homes, end: Callable[[Homes], None]) -> None:
    """A door that moves, a key on the call, a word that they are away: nobody is sent."""
    live_as_usual(homes)
    go_to(homes, 9, 5)
    homes.quiet().turn()
    go_to(homes, 9, 11)
    homes.quiet().turn()
    end(homes)
    go_to(homes, 9, 26)
    homes.quiet().turn()

    assert [] == homes.alerts()


def test_a_sensor_out_of_order_says_nothing_about_a_person(homes: Homes) -> None:
    """The water meter itself is silent: a fault of the device, and nobody is woken."""
    live_as_usual(homes)
    go_to(homes, 9, 5)
    homes.town.change(
        "INSERT INTO device_faults (device_id, fault, since, data) VALUES"
        " ('door-0001', 'silent', '2026-11-21T00:00:00.000000+00:00', '{}')"
    )

    assert 0 == homes.quiet().turn()


def test_a_home_whose_alarm_fails_costs_no_other_its_own(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is wrong with one home: an operator is told, the next home is called about, reading goes on (P6)."""
    from escalation import alarms

    real = alarms.home_subject
    monkeypatch.setattr(alarms, "home_subject", lambda tx, home: 1 / 0 if home == "home-1" else real(tx, home))
    for device in ("band-0001", "band-0002", "band-0001", "band-0002"):
        homes.hear(device, "vitals", read=False, hr_bpm=150)
    homes.read()

    assert [("home-2", "vitals")] == homes.alerts()
    assert 1 == homes.town.count("tasks", "kind = 'operator' AND home_id = 'home-1'")
    assert 0 == homes.read()


def test_while_we_were_deaf_nobody_was_quiet(homes: Homes) -> None:
    """The bridge was away from midnight to one: who moved then we do not know, so nobody is asked for it."""
    live_as_usual(homes)
    go_to(homes, 9, 5)
    with homes.town.ledger.transaction() as tx:
        deaf = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
        listening.keep(tx, homes.town.clock.now(), [(deaf, deaf + timedelta(hours=1))])

    assert 0 == homes.quiet().turn()


def test_when_everybody_is_too_quiet_it_is_our_fault(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of homes at one look: the operator is told, nobody is woken."""
    monkeypatch.setattr("homes.quiet._ANYWAY", 0)
    live_as_usual(homes)
    go_to(homes, 9, 5)

    assert 0 == homes.quiet().turn()
    assert 1 == homes.town.count("tasks", "kind = 'operator' AND key = 'operator/inactivity'")
    assert 0 == homes.town.count("errands")
