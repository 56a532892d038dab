"""Watching over devices on a real ledger: silence is noticed, told in the right way, and settled by a word."""

import time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from homes.devices import DeviceWatch, Watched
from homes.rules_devices import TEMPLATE, read_supervision
from store import pulses
from store.ledger import Ledger
from tests.town import Town, site, together

RULES = read_supervision(TEMPLATE.read_text("utf-8"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = 24 * 3600.0
#: 37.5 minutes, and a little
LONG = 2300.0


class Guarded:
    """A town whose devices are looked after."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._watch = self.watch()

    def watch(self) -> DeviceWatch:
        """A process of its own."""
        return DeviceWatch(self.town.ledger, self.town.standing, self.town.clock, RULES, SHANGHAI)

    def look(self) -> Watched:
        """One turn of a process that has looked all along."""
        return self._watch.turn()

    def beat(self, *devices: str, **data: Any) -> None:
        """Heartbeats."""
        self.town.intake.telemetry([
            self.town.event(d, "heartbeat", leaf="telemetry", data=data) for d in devices
        ])  # fmt: skip

    def will(self, *devices: str) -> None:
        """Their connection broke."""
        self.town.say(*(
            self.town.heard(f"anling/v1/status/{d}", b'{"v":1,"state":"offline","boot":1,"reason":"lwt"}')
            for d in devices
        ))  # fmt: skip

    def wait(self, seconds: float, *alive: str) -> Watched:
        """Time passes with a look every two minutes; those ``alive`` go on speaking. All looks together."""
        found = []
        while seconds > 0:
            step = min(120.0, seconds)
            self.town.clock.forward(step)
            seconds -= step
            self.beat(*alive)
            found.append(self.look())
        return Watched(*(sum(getattr(w, name) for w in found) for name in Watched.__slots__))

    def sleep(self, seconds: float, *alive: str) -> None:
        """Time in which everybody spoke: the listening is kept up without a look at each minute."""
        self.town.clock.forward(seconds)
        self.beat(*alive)
        self.town.change("DELETE FROM meta WHERE key = 'listening'")
        self.look()

    def tasks(self, kind: str = "device_fault", state: str = "open") -> list[str]:
        """Keys of tasks."""
        null = "IS NULL" if state == "open" else "IS NOT NULL"
        rows = self.town.rows(f"SELECT key FROM tasks WHERE kind = '{kind}' AND done_at {null} ORDER BY key")
        return [r["key"] for r in rows]

    def alerts(self) -> list[str]:
        """Homes with an alert about silent devices."""
        rows = self.town.rows("SELECT home_id FROM alerts WHERE kind = 'device_silent' ORDER BY home_id")
        return [r["home_id"] for r in rows]


@pytest.fixture
def guarded(town: Town) -> Guarded:
    """The town, looked after; nothing has spoken yet."""
    return Guarded(town)


def test_a_home_that_was_only_imported_raises_nothing(guarded: Guarded) -> None:
    """What never spoke is not supervised: a week after the import nobody was called and nothing is to do."""
    guarded.look()
    guarded.sleep(7 * DAY)
    guarded.wait(600)

    assert ([], []) == (guarded.alerts(), guarded.tasks())


def test_a_silent_device_is_a_task_for_the_day(guarded: Guarded) -> None:
    """Heard once, then quiet for two and a half intervals: a task, due in the street worker's day; one only."""
    guarded.beat("dev-0001", "band-0001")
    early = guarded.wait(2200, "band-0001")
    late = guarded.wait(600, "band-0001")

    assert (0, 1) == (early.silent, late.silent)
    assert ["fault:silent:dev-0001"] == guarded.tasks()
    (row,) = guarded.town.rows("SELECT street, home_id, due_at FROM tasks WHERE kind = 'device_fault'")
    assert ("north", "home-1") == (row["street"], row["home_id"])


def test_a_device_that_comes_back_settles_its_task(guarded: Guarded) -> None:
    """Nobody is sent for a device that speaks again."""
    guarded.beat("dev-0001")
    guarded.wait(LONG + 600)
    guarded.beat("dev-0001")

    back = guarded.look().back

    assert (1, [], ["fault:silent:dev-0001"]) == (back, guarded.tasks(), guarded.tasks(state="done"))


def test_a_home_left_with_no_working_button_is_called_about(guarded: Guarded) -> None:
    """Known for a day, its only button silent: at once an alert by the plan, one, that a person must close."""
    guarded.beat("dev-0002")
    guarded.look()
    guarded.sleep(DAY, "dev-0002")
    guarded.wait(LONG + 300)
    guarded.wait(900)

    assert ["home-2"] == guarded.alerts()
    assert ["unprotected:home-2"] == guarded.tasks("unprotected")
    assert guarded.town.alert(guarded.town.rows("SELECT id FROM alerts")[0]["id"]).open


def test_a_second_button_keeps_a_home_protected(guarded: Guarded) -> None:
    """The button is silent, the wristband speaks: a task for the day, no alert."""
    guarded.beat("dev-0001", "band-0001")
    guarded.look()
    guarded.sleep(DAY, "dev-0001", "band-0001")
    guarded.wait(LONG + 300, "band-0001")

    assert (["fault:silent:dev-0001"], []) == (guarded.tasks(), guarded.alerts())


def test_a_silent_hub_takes_its_cord_with_it(guarded: Guarded) -> None:
    """The hub of the only other button is gone: what it relays cannot arrive either."""
    guarded.beat("dev-0003", "gate-0003", "cord-0003")
    guarded.look()
    guarded.sleep(DAY, "dev-0003", "gate-0003", "cord-0003")
    guarded.wait(LONG + 300, "cord-0003")

    assert ["home-3"] == guarded.alerts()


def test_a_will_counts_after_minutes(guarded: Guarded) -> None:
    """A broken connection is silence after five minutes; one that comes back before is nothing."""
    guarded.beat("dev-0001", "dev-0002")
    guarded.will("dev-0001", "dev-0002")
    guarded.wait(240)
    guarded.beat("dev-0002")
    guarded.wait(300)

    assert ["fault:silent:dev-0001"] == guarded.tasks()


def test_a_home_on_its_first_day_is_a_task_only(guarded: Guarded) -> None:
    """An installer's unplugged device calls nobody out of bed; who signed for a home is believed at once."""
    for device in ("dev-0002", "dev-0004"):
        guarded.beat(device)
    guarded.town.change(
        "INSERT INTO commissionings (home_id, opened_at, opened_by, proved, signed_at, signed_by) VALUES"
        " ('home-4', '2026-11-20T04:00:00.000000+00:00', 'x', '{}', '2026-11-20T04:00:00.000000+00:00', 'x')"
    )
    guarded.wait(LONG + 300)

    assert ["home-4"] == guarded.alerts()
    assert 2 == len(guarded.tasks())


def test_nobody_is_called_about_a_home_that_is_away(guarded: Guarded) -> None:
    """With the family, the hub unplugged: told when they are back and it is still silent."""
    guarded.beat("dev-0002")
    guarded.look()
    guarded.sleep(DAY, "dev-0002")
    guarded.town.change(
        "INSERT INTO aways (id, home_id, kind, from_at, by) VALUES"
        " ('a', 'home-2', 'away', '2026-11-20T04:00:00.000000+00:00', 'x')"
    )
    guarded.wait(LONG + 300)
    quiet = (guarded.tasks(), guarded.alerts())
    guarded.town.change("UPDATE aways SET ended_at = '2026-11-21T04:00:00.000000+00:00', ended_by = 'x'")
    guarded.wait(240)

    assert ([], []) == quiet
    assert (["fault:silent:dev-0002"], ["home-2"]) == (guarded.tasks(), guarded.alerts())


def test_our_own_outage_silences_nobody(guarded: Guarded) -> None:
    """Two hours down, or two hours without the broker: no device is to blame; each has its whole time again."""
    guarded.beat("dev-0001")
    guarded.look()
    guarded.town.clock.forward(7200)
    after_sleep = guarded.look().silent
    with guarded.town.ledger.transaction() as tx:
        tx.execute(pulses.PULSES.insert().values(
            part="broker", instance="x", at=guarded.town.clock.now(), ok=False, detail="not connected"))
    without_broker = guarded.wait(7200).silent
    guarded.town.change("UPDATE pulses SET ok = :ok, at = '2026-11-20T09:59:59.000000+00:00'", ok=True)
    guarded.town.change("DELETE FROM pulses")
    after = guarded.wait(LONG + 300).silent

    assert (0, 0, 1) == (after_sleep, without_broker, after)


def test_two_processes_are_one(guarded: Guarded) -> None:
    """Both look at the same moment: one task, one alert with one signal (P19)."""
    guarded.beat("dev-0002")
    guarded.look()
    guarded.sleep(DAY, "dev-0002")
    guarded.wait(LONG - 60)
    for _ in range(4):
        guarded.town.clock.forward(100)
        results = together(guarded.watch().turn, guarded.watch().turn)
        assert not [r for r in results if isinstance(r, Exception)]

    assert (["fault:silent:dev-0002"], ["home-2"]) == (guarded.tasks(), guarded.alerts())
    assert [1] == [r["signals"] for r in guarded.town.rows("SELECT signals FROM alerts")]


def test_a_low_battery_is_a_task_until_it_is_charged(guarded: Guarded) -> None:
    """Told by a heartbeat; between low and well nothing changes, so that a task does not come and go."""
    guarded.beat("dev-0001", battery_pct=12)
    guarded.look()
    first = guarded.tasks()
    guarded.sleep(1200)
    guarded.beat("dev-0001", battery_pct=25)
    guarded.sleep(1200)
    second = guarded.tasks()
    guarded.beat("dev-0001", battery_pct=95)
    guarded.sleep(1200)

    assert [["fault:battery_low:dev-0001"]] * 2 == [first, second]
    assert [] == [t for t in guarded.tasks() if "battery" in t]


def test_taken_off_or_opened_is_a_task(guarded: Guarded) -> None:
    """A wristband that is not worn and an opened case are told apart; "clear" settles them."""
    guarded.town.say(
        guarded.town.event("band-0001", "tamper", data={"kind": "not_worn"}),
        guarded.town.event("dev-0002", "tamper", data={"kind": "case_open"}),
        guarded.town.event("dev-0004", "battery_low"),
    )
    guarded.look()
    before = guarded.tasks()
    guarded.town.say(guarded.town.event("band-0001", "tamper", data={"kind": "not_worn", "state": "clear"}))

    assert ["fault:battery_low:dev-0004", "fault:not_worn:band-0001", "fault:tamper:dev-0002"] == before
    assert 2 == guarded.town.count("device_faults")
    assert 2 == len(guarded.tasks())


def test_a_monthly_test_falls_due(guarded: Guarded) -> None:
    """Nobody has pressed for 35 days: a task; a press settles it. A wristband in a drawer is told after a week."""
    guarded.beat("dev-0001", "band-0001")
    guarded.look()
    guarded.sleep(8 * DAY, "dev-0001", "band-0001")
    week = guarded.tasks()
    guarded.sleep(28 * DAY, "dev-0001", "band-0001")
    month = guarded.tasks()
    guarded.town.press("dev-0001")
    guarded.sleep(1200, "dev-0001", "band-0001")

    assert ["fault:unused:band-0001"] == week
    assert ["fault:test_due:band-0001", "fault:test_due:dev-0001", "fault:unused:band-0001"] == month
    assert ["fault:test_due:band-0001", "fault:unused:band-0001"] == guarded.tasks()


def test_what_was_called_done_and_is_still_so_is_told_again(guarded: Guarded) -> None:
    """A task that somebody closed without mending anything comes back after a day."""
    guarded.beat("dev-0001", "band-0001")
    guarded.wait(LONG + 300, "band-0001")
    guarded.town.change(
        "UPDATE tasks SET done_at = '2026-11-20T04:30:00.000000+00:00', done_by = 'x', result = 'done'"
    )
    guarded.wait(600, "band-0001")
    soon = guarded.tasks()
    guarded.sleep(DAY, "band-0001")
    guarded.wait(300, "band-0001")

    assert ([], ["fault:silent:dev-0001"]) == (soon, guarded.tasks())


def test_a_device_out_of_use_leaves_no_task(guarded: Guarded) -> None:
    """Revoked, or its home ended: what was open about it is settled."""
    guarded.beat("dev-0001", "dev-0002")
    guarded.wait(LONG + 300)
    guarded.town.change("UPDATE devices SET revoked_at = '2026-11-20T05:00:00.000000+00:00' WHERE id = 'dev-0001'")
    guarded.town.change("UPDATE homes SET ended_at = '2026-11-20T05:00:00.000000+00:00' WHERE id = 'home-2'")
    guarded.wait(720)

    assert [] == guarded.tasks()


def settle_street(town: Town, homes: int, streets: int = 1) -> list[str]:
    """A town with many homes in few streets, each known for days; their buttons."""
    raw = site()
    raw["streets"] += [{"code": f"s{n}", "name": f"s{n}"} for n in range(streets)]
    raw["homes"] += [
        {"id": f"h{n:05}", "street": f"s{n % streets}", "devices": [{"id": f"b{n:05}", "role": "sos_button"}]}
        for n in range(homes)
    ]
    town.settle_in(raw)
    return [f"b{n:05}" for n in range(homes)]


def test_a_power_cut_of_a_street_is_one_incident(ledger: Ledger) -> None:
    """Twelve homes fall silent together: one task, no alert; the home next door on its own is still called about."""
    town = Town(ledger)
    buttons = settle_street(town, 12)
    guarded = Guarded(town)
    guarded.beat(*buttons, "dev-0002")
    guarded.look()
    guarded.sleep(DAY, *buttons, "dev-0002")
    guarded.will(*buttons, "dev-0002")
    guarded.wait(900)
    during = (guarded.tasks("network_incident"), guarded.tasks(), guarded.alerts())
    guarded.beat(*buttons)
    guarded.look()

    assert (1, ["fault:silent:dev-0002"], ["home-2"]) == (len(during[0]), during[1], during[2])
    assert ([], 1) == (guarded.tasks("network_incident"), len(guarded.tasks("network_incident", "done")))


def test_who_stays_silent_after_the_incident_is_a_case_again(ledger: Ledger) -> None:
    """Power is back, somebody closed the incident, one home does not come back: it is called about."""
    town = Town(ledger)
    buttons = settle_street(town, 12)
    guarded = Guarded(town)
    guarded.beat(*buttons)
    guarded.look()
    guarded.sleep(DAY, *buttons)
    guarded.will(*buttons)
    guarded.wait(600)
    guarded.beat(*buttons[1:])
    guarded.look()
    town.change(
        "UPDATE tasks SET done_at = '2026-11-21T05:00:00.000000+00:00', done_by = 'x', result = 'power is back'"
        " WHERE kind = 'network_incident'"
    )
    guarded.wait(600, *buttons[1:])

    assert ["h00000"] == guarded.alerts()


@pytest.mark.finer
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_thousand_wills_are_one_incident(ledger: Ledger) -> None:
    """The broker restarts, 30,000 wills arrive: one task, no alert, no 30,000 contacts; a turn of seconds."""
    town = Town(ledger)
    buttons = settle_street(town, 30_000, 10)
    guarded = Guarded(town)
    pieces = [buttons[n : n + 500] for n in range(0, len(buttons), 500)]
    for piece in pieces:
        guarded.beat(*piece)
    guarded.look()
    guarded.sleep(DAY)
    for piece in pieces:
        guarded.beat(*piece)
    begun = time.monotonic()
    for piece in pieces:
        guarded.will(*piece)
    took_in = time.monotonic() - begun
    town.clock.forward(150)
    guarded.look()
    town.clock.forward(170)
    begun = time.monotonic()
    found = guarded.look()
    took = time.monotonic() - begun
    guarded.wait(240)

    print(f"30,000 wills: taken in {took_in:.1f} s, looked over in {took:.1f} s")
    assert (30_000, 1) == (found.silent, found.incidents)
    assert (1, [], []) == (len(guarded.tasks("network_incident")), guarded.tasks(), guarded.alerts())
    assert timedelta(seconds=took) < timedelta(seconds=60)
