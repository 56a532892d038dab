"""The daily check-in on a real ledger: asked once, settled by any sign, and never silent at the end of the day."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.checkins import Way
from domain.errors import Forbidden, NotFound, Refused
from domain.people import Scope
from homes.callers import CareCaller, Errands
from homes.care_line import CareLine
from homes.checkins import Checkins
from homes.steps import TEMPLATE, read_steps
from homes.sweep import Sweep
from tests.town import Town, site, together

SHANGHAI = ZoneInfo("Asia/Shanghai")
STEPS = read_steps(TEMPLATE.read_text("utf-8"))
DESK = Scope("desk", "dispatcher")
#: 04:30 in Shanghai, before anybody's window
DAWN = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
TODAY = "2026-11-21"


def go_to(town: Town, at: datetime) -> None:
    """Set the town's clock."""
    town.clock.forward((at - town.clock.now()).total_seconds())


class Day:
    """A town with four homes that are asked by 09:30, from 05:00 on."""

    def __init__(self, town: Town, ways: list[str] | None = None) -> None:
        raw = site()
        for home in raw["homes"]:
            home["checkin"] = {"by": "09:30", "window_opens": "05:00", "ways": ways or ["activity", "button", "voice"]}
        raw["responders"].append({
            "id": "neighbour-1", "name": "邻居一", "role": "neighbour", "street": "north",
            "contacts": [{"channel": "voice", "address": "+85230000009"}],
        })  # fmt: skip
        town.settle_in(raw)
        town.change("UPDATE homes SET checkin_since = '2026-01-01T00:00:00.000000+00:00'")
        self.town = town
        go_to(town, DAWN)
        self.checkins = Checkins(town.ledger, town.clock, SHANGHAI)
        self.line = CareLine(town.ledger, town.standing, town.clock, town.tokens)

    def sweep(self) -> Any:
        """One sweep of a process that has just started."""
        return Sweep(self.town.ledger, self.town.standing, self.town.clock, STEPS, SHANGHAI).turn()

    def until(self, hour: int, minute: int, every: float = 900) -> None:
        """Let the morning pass: one sweep early, then one every quarter of an hour, and one at the end."""
        ends = datetime(2026, 11, 21, hour, minute, tzinfo=SHANGHAI)
        if self.town.clock.now() == DAWN:
            self.town.clock.forward(35 * 60)
            self.sweep()
            rest = datetime(2026, 11, 21, 8, 46, tzinfo=SHANGHAI)
            go_to(self.town, min(rest, ends))
        while self.town.clock.now() < ends:
            step = min(every, (ends - self.town.clock.now()).total_seconds())
            self.town.clock.forward(step)
            self.sweep()

    def call(self) -> int:
        """Make the calls that were ordered."""
        return CareCaller(self.town.ledger, self.town.clock, self.town.phones, self.line).turn()

    def state(self, home: str = "home-1") -> tuple[str, str | None]:
        """How a home's question of today stands."""
        found = [i for i in self.checkins.page(DESK, TODAY)["items"] if i["home"] == home]
        return (found[0]["state"], found[0]["way"]) if found else ("-", None)

    def missed(self) -> list[str]:
        """Homes with an alert of a missed check-in."""
        return [r["home_id"] for r in self.town.rows("SELECT home_id FROM alerts WHERE kind = 'checkin_missed'")]


@pytest.fixture
def day(town: Town) -> Day:
    """A day that has not begun."""
    return Day(town)


def test_a_home_is_asked_once_a_day(day: Day) -> None:
    """Before the window nobody is asked; then each home once, however many sweeps and processes there are."""
    nothing = day.sweep().opened
    day.town.clock.forward(3600)
    opened = [day.sweep().opened for _ in range(3)]

    assert (0, [4, 0, 0]) == (nothing, opened)
    assert {"open": 4, "ok": 0, "excused": 0, "missed": 0} == day.checkins.page(DESK, TODAY)["counts"]


def test_any_sign_of_life_settles_it(day: Day) -> None:
    """A door that moved, a button pressed for "I am well"; a heartbeat of the device is no sign of a person."""
    day.town.clock.forward(3600)
    day.sweep()
    day.town.intake.telemetry([day.town.event("door-0001", "activity", leaf="telemetry")])
    day.town.intake.telemetry([day.town.event("dev-0002", "heartbeat", leaf="telemetry")])
    at_rest = {"kind": "motion", "state": "off"}
    day.town.intake.telemetry([day.town.event("cord-0003", "activity", leaf="telemetry", data=at_rest)])
    day.town.say(day.town.event("dev-0004", "checkin_ok"))

    day.sweep()

    assert [("ok", "activity"), ("open", None), ("open", None), ("ok", "button")] == [
        day.state(f"home-{n}") for n in (1, 2, 3, 4)
    ]


def test_where_movement_does_not_count_a_word_does(town: Town) -> None:
    """A home with a dog: only the button or a voice settle it."""
    day = Day(town, ways=["button", "voice"])
    town.clock.forward(3600)
    day.sweep()
    town.intake.telemetry([town.event("door-0001", "activity", leaf="telemetry")])
    day.sweep()
    moved = day.state()
    town.say(town.event("dev-0001", "checkin_ok"))
    day.sweep()

    assert (("open", None), ("ok", "button")) == (moved, day.state())


def test_a_sign_of_yesterday_does_not_count(day: Day) -> None:
    """What moved before the window opened says nothing of this morning."""
    day.town.intake.telemetry([day.town.event("door-0001", "activity", leaf="telemetry")])
    day.town.clock.forward(3600)

    day.sweep()

    assert ("open", None) == day.state()


def test_silence_is_asked_on_until_the_plan_calls(day: Day) -> None:
    """Device at 09:00, calls at 09:30 and 09:40, the neighbour at 09:50, an alert at 10:15; each once."""
    said: list[tuple[str, str]] = []
    day.until(9, 1)
    Errands(day.town.ledger, day.town.clock.now, lambda d, c, _: bool(said.append((d, c))) or True).turn()
    day.until(9, 31)
    first = day.call()
    day.until(9, 51)
    second = day.call()
    before = day.missed()
    day.until(10, 16)

    assert {"dev-0001", "dev-0002", "gate-0003", "dev-0004"} <= {device for device, _ in said}
    assert {"ask_checkin"} == {command for _, command in said}
    # four residents; then four again, and the neighbour of the two homes in the north
    assert (4, 6) == (first, second)
    assert [] == before
    assert ["home-1", "home-2", "home-3", "home-4"] == sorted(day.missed())
    assert ("missed", None) == day.state()
    assert 4 == day.town.count("tasks", "kind = 'visit'")


def test_the_alert_is_one_like_any_other(day: Day) -> None:
    """It calls by the plan, only a person closes it, and the check-in names it."""
    day.until(10, 16)

    (item,) = [i for i in day.checkins.page(DESK, TODAY)["items"] if i["home"] == "home-1"]
    assert day.town.alert(item["alert"]).open
    assert "called" in day.town.timeline(item["alert"])
    with pytest.raises(Refused, match="close alert"):
        day.checkins.ok(DESK, f"home-1:{TODAY}")


def test_a_key_on_the_care_call_settles_it(day: Day) -> None:
    """1: all is well. 2: help, at once. Voicemail presses nothing and settles nothing (P11)."""
    day.until(9, 31)
    day.call()
    letters = {letter.home["id"]: letter for letter in day.town.phones["voice"].letters if letter.home}
    token = {home: day.town.tokens.call(letter.key, 1) for home, letter in letters.items()}

    words = [day.line.answered(token["home-1"], "claim"), day.line.answered(token["home-2"], "decline")]
    day.line.ended(token["home-3"], "no-answer")

    assert ["well", "help"] == words
    assert [("ok", "voice"), ("missed", "voice"), ("open", None)] == [day.state(f"home-{n}") for n in (1, 2, 3)]
    assert ["sos"] == [r["kind"] for r in day.town.rows("SELECT kind FROM alerts")]


def test_a_damaged_number_costs_no_other_home_its_call(day: Day) -> None:
    """The call that nobody can dial has failed; all others are made, now and later (P6)."""
    day.until(9, 31)
    day.town.change("UPDATE care_calls SET address = :x WHERE home_id = 'home-1'", x=b"\x01" + b"damaged" * 8)

    tried = day.call()

    assert 3 == tried == len(day.town.phones["voice"].letters)
    assert 1 == day.town.count("care_calls", "status = 'failed' AND home_id = 'home-1'")
    assert 0 == day.call()


def test_a_neighbours_promise_settles_nothing(day: Day) -> None:
    """"I will go" is not "all is well"; "I cannot" brings the next step forward."""
    day.until(9, 51)
    day.town.phones["voice"].letters.clear()
    day.call()
    north = [x for x in day.town.phones["voice"].letters if x.role == "neighbour"]
    tokens = {x.home["id"]: day.town.tokens.call(x.key, 1) for x in north if x.home}

    going = day.line.answered(tokens["home-1"], "claim")
    cannot = day.line.answered(tokens["home-3"], "decline")
    day.sweep()

    assert ("going", "cannot") == (going, cannot)
    assert (("open", None), ["home-3"]) == (day.state("home-1"), day.missed())


def test_a_visit_counts_as_a_check_in(day: Day) -> None:
    """Whoever was there says so; the visit's task is done with it (R21)."""
    day.until(9, 51)

    day.checkins.ok(DESK, f"home-1:{TODAY}", Way.VISIT, "在家，没听到电话")

    assert ("ok", "visit") == day.state()
    assert 3 == day.town.count("tasks", "kind = 'visit' AND done_at IS NULL")


def test_who_is_away_is_not_asked(day: Day) -> None:
    """In one step, until somebody is back or the time is over; hospital says so."""
    day.checkins.away(DESK, "home-1")
    day.checkins.away(DESK, "home-2", "hospital", DAWN + timedelta(days=3))
    day.checkins.away(DESK, "home-3", "away", DAWN + timedelta(minutes=10))
    day.until(10, 20)

    assert [("excused", "away"), ("excused", "hospital"), ("missed", None)] == [
        day.state(f"home-{n}") for n in (1, 2, 3)
    ]
    assert {"home": "home-1", "away": None} == day.checkins.back(DESK, "home-1")
    with pytest.raises(NotFound):
        day.checkins.back(DESK, "home-1")
    with pytest.raises(Refused, match="past"):
        day.checkins.away(DESK, "home-1", "away", DAWN)


def test_a_sweep_that_was_away_all_morning_still_asks(day: Day) -> None:
    """Nobody swept until noon: the day is asked all the same, marked late, and ends with an alert (P17, P20)."""
    go_to(day.town, datetime(2026, 11, 21, 12, 0, tzinfo=SHANGHAI).astimezone(UTC))
    day.sweep()
    late = {i["late"] for i in day.checkins.page(DESK, TODAY)["items"]}
    day.until(12, 20, every=300)

    assert {True} == late
    assert 4 == len(day.missed())


def test_a_night_without_us_is_made_up_for(day: Day) -> None:
    """Down from the evening before until after midnight of the next day: yesterday's question is still asked."""
    day.sweep()
    go_to(day.town, datetime(2026, 11, 22, 0, 30, tzinfo=SHANGHAI).astimezone(UTC))

    day.sweep()

    assert {"open": 4, "ok": 0, "excused": 0, "missed": 0} == day.checkins.page(DESK, TODAY)["counts"]


def test_a_home_is_not_asked_about_the_morning_before_it_came(town: Town) -> None:
    """Imported at noon: the first question is tomorrow's."""
    day = Day(town)
    town.change("UPDATE homes SET checkin_since = '2026-11-21T03:00:00.000000+00:00'")
    go_to(town, datetime(2026, 11, 21, 12, 0, tzinfo=SHANGHAI).astimezone(UTC))

    assert 0 == day.sweep().opened


def test_two_sweeps_at_once_are_one(day: Day) -> None:
    """Two processes sweep together all morning: one question, one call, one alert for each home (P19)."""
    for _ in range(14):
        day.town.clock.forward(30 * 60)
        results = together(day.sweep, day.sweep)
        assert not [r for r in results if isinstance(r, Exception)]

    assert 4 == len(day.missed())
    assert 4 == day.town.count("checkins", "state = 'missed'")


def test_a_sweep_killed_in_the_middle_goes_on(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after the first home's step: the others are asked by the next sweep, the first not again."""
    day.until(9, 29)
    day.town.clock.forward(120)
    monkeypatch.setattr("homes.sweep._DUE", 1)
    taken: list[str] = []

    class Dying(Sweep):
        def _one(self, tx: Any, checkin: Any) -> bool:
            if taken:
                raise KeyboardInterrupt
            taken.append(checkin.home)
            return super()._one(tx, checkin)

    with pytest.raises(KeyboardInterrupt):
        Dying(day.town.ledger, day.town.standing, day.town.clock, STEPS, SHANGHAI).turn()
    day.sweep()

    assert 4 == day.town.count("care_calls")


def test_one_bad_home_costs_no_other_its_question(day: Day) -> None:
    """A card that cannot be read: that home is shown and tried again, all others are asked (P6)."""
    day.until(9, 29)
    day.town.change("UPDATE homes SET checkin = '\"nonsense\"' WHERE id = 'home-2'")
    day.until(9, 31)

    assert 3 == day.town.count("care_calls")
    assert 1 == day.town.count("tasks", "kind = 'operator' AND home_id = 'home-2'")
    assert ("open", None) == day.state("home-2")


def test_lists_keep_to_streets_and_roles(day: Day) -> None:
    """A street sees its own homes; an auditor reads and does nothing; a doctor's word counts."""
    day.until(5, 10)

    north = day.checkins.page(Scope("a", "street_office", ("north",)))["items"]
    assert ["home-1", "home-3"] == [i["home"] for i in north]
    with pytest.raises(Forbidden):
        day.checkins.ok(Scope("b", "auditor"), f"home-1:{TODAY}")
    with pytest.raises(NotFound):
        day.checkins.away(Scope("c", "dispatcher", ("south",)), "home-1")
