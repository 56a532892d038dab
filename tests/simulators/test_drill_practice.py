"""Practice homes of a drill: fresh in each run, nothing but probes, a window of the next full minute."""

from datetime import UTC, datetime
from typing import Any

import pytest

from homes.rules import metres
from simulators.drillfile import BadDrill, parse_drill
from simulators.judge import Record, Seen, Sort, Tolerance, judge
from simulators.practice import beside, card, fresh, next_window
from simulators.scenario import Drill, ExpectSeen
from simulators.sitefile import parse_site

SITE = parse_site({"homes": [{"id": "home-0001", "devices": []}]}, "site")
EXACT = Tolerance(0.0, 0.0)


def drill(*expects: dict[str, Any], **more: Any) -> Drill:
    """A drill in a practice home of its own."""
    raw = {
        "title": {"zh": "练", "en": "Practice"}, "deadline": "100s", "pace": "wall",
        "practice": [{"id": "p", "devices": ["b"], "phones": ["+85230001900"], "checkin": {"minutes": 1}}],
        "act": [{"at": "0s", "press": "b"}],
        "expect": list(expects) or [{"receipt": "b", "within": ["0s", "5s"]}], **more,
    }  # fmt: skip
    return parse_drill(raw, "x.toml")


def test_each_run_has_homes_of_its_own() -> None:
    """Under fresh names, everywhere in the drill: a question is asked once a day, and a drill may run twice."""
    first, site = fresh(drill({"task": {"kind": "visit", "home": "p"}, "within": ["0s", "9s"]}), SITE)
    second, _ = fresh(drill(), SITE)

    home = first.practice[0]
    assert first.homes == (home.id,) != second.homes
    assert (home.devices[0],) == (first.acts[0].target,)
    assert isinstance(first.expects[0], ExpectSeen)
    assert {"kind": "visit", "home": home.id} == first.expects[0].fields
    assert ("probe", home.id) == (site.devices[home.devices[0]].role, site.devices[home.devices[0]].home)
    assert "home-0001" in site.homes


def test_all_that_speaks_in_a_practice_home_is_a_probe() -> None:
    """So what rules raise there is a drill; its card says what it is, to whoever reads it."""
    ours, site = fresh(drill(), SITE)
    window = next_window(datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC), 1)

    written = card(ours, site, ours.homes[0], {"street": "s", "family_doctor_team": "t"}, window)

    assert {"probe"} == {device["role"] for device in written["devices"]}
    assert {"window_opens": "12:01", "by": "12:02", "ways": ["button", "voice"]} == written["checkin"]
    assert ("s", "t") == (written["street"], written["family_doctor_team"])
    assert "演练" in written["address"]["text"]


@pytest.mark.parametrize(
    ("at", "opens", "by"),
    [
        ("03:00:30", "11:01", "11:03"),
        # too soon to be registered in time: the minute after
        ("03:00:58", "11:02", "11:04"),
        # the end of the day is 24:00 of the same day
        ("15:57:10", "23:58", "24:00"),
    ],
)
def test_the_window_is_the_next_full_minute(at: str, opens: str, by: str) -> None:
    """In Shanghai's wall time."""
    window = next_window(datetime.fromisoformat(f"2026-11-20T{at}+00:00"), 2)

    assert {"window_opens": opens, "by": by, "ways": ["button"]} == window.rule(["button"])


def test_a_window_across_midnight_is_refused() -> None:
    """A check-in belongs to one day."""
    with pytest.raises(ValueError, match="midnight"):
        next_window(datetime(2026, 11, 20, 15, 58, 30, tzinfo=UTC), 2)


def test_copies_are_homes_of_their_own() -> None:
    """An act on the device is an act on each copy of it."""
    row = {"id": "p", "devices": ["b"], "copies": 3}
    made = drill({"task": {"kind": "visit"}, "within": ["0s", "9s"]}, practice=[row], act=[{"at": "1s", "cut": "b"}])

    assert ["p-01", "p-02", "p-03"] == list(made.homes)
    assert [("cut", "b-01"), ("cut", "b-02"), ("cut", "b-03")] == [(act.verb, act.target) for act in made.acts]


VISIT = {"task": {"kind": "visit"}, "within": ["10s", "20s"]}


def look(at: float, *rows: dict[str, Any], what: str = "task") -> Seen:
    return Seen(at, what, rows)


@pytest.mark.parametrize(
    ("expect", "seen", "why"),
    [
        (VISIT, [look(15, {"kind": "visit", "home": "p"})], ""),
        # another one, too early, not looked at
        (VISIT, [look(15, {"kind": "coverage"})], "没有出现 never seen"),
        (VISIT, [look(5, {"kind": "visit"})], "没有出现 never seen"),
        (VISIT, [], "没有出现 never seen"),
        (VISIT | {"never": True}, [look(15)], ""),
        (VISIT | {"never": True}, [look(15, {"kind": "visit"})], "出现了 was seen"),
        # who has not looked has not seen that there is nothing
        (VISIT | {"never": True}, [], "没有看到 not looked at"),
        ({"command": {"device": "b", "cmd": "ping"}, "within": ["0s", "9s"]},
         [look(3, {"device": "b", "cmd": "ping"}, what="command")], ""),
        ({"command": {"cmd": "ping"}, "within": ["0s", "9s"], "never": True}, [], ""),
        ({"checkin": {"home": "p", "state": "ok"}, "within": ["0s", "9s"]},
         [look(3, {"home": "p", "state": "open", "way": None}, what="checkin")], "没有出现 never seen"),
    ],
)  # fmt: skip
def test_lists_are_judged(expect: dict[str, Any], seen: list[Seen], why: str) -> None:
    """A task, a check-in, a command: seen inside its window, or never."""
    findings = judge(drill(expect), Record(seen=tuple(seen)), EXACT)

    assert [why] == [finding.why for finding in findings if finding.sort is Sort.EXPECTED]


def test_all_faults_of_a_practice_home_are_named() -> None:
    """A wrong word, a way that does not exist, a home without a device."""
    with pytest.raises(BadDrill) as caught:
        drill(practice=[{"id": "p", "rooms": 3, "checkin": {"minutes": 1, "ways": ["telepathy"]}}])

    assert 3 <= len(caught.value.errors)


def test_metres_are_counted_from_the_home() -> None:
    """In the home's own datum, so that a drill of wandering plays wherever the street lies."""
    place = beside({"lat": 31.22, "lon": 121.42, "crs": "GCJ02"}, 450)

    assert ("GCJ02", 121.42) == (place["crs"], place["lon"])
    assert 450 == pytest.approx(metres(31.22, 121.42, place["lat"], place["lon"]), abs=1)


def test_who_may_get_lost_is_said_on_the_card() -> None:
    """Only there: the neighbour's card says nothing of it."""
    rows = [{"id": "lost", "devices": ["a"], "dementia": True}, {"id": "out", "devices": ["b"]}]
    made, site = fresh(drill(practice=rows, act=[{"at": "1s", "tell": "a", "metres": 400}],
                             expect=[{"alert": {"open": 1}, "within": ["0s", "9s"]}]), SITE)

    cards = [card(made, site, home, {"street": "s"}, None)["residents"][0] for home in made.homes]

    assert [True, None] == [one.get("dementia") for one in cards]
