"""A drill file is read strictly: a misspelt word is an error, never a drill that passes by accident."""

from typing import Any

import pytest

from simulators.behaviour import parse_behaviour
from simulators.drill import DRILLS, find_drill, load_drill
from simulators.drillfile import BadDrill, parse_drill, seconds
from simulators.scenario import ExpectAlert, ExpectContact, ExpectReceipt

GOOD: dict[str, Any] = {
    "title": {"zh": "按", "en": "Press"},
    "homes": ["home-0001"],
    "deadline": "60s",
    "act": [{"at": "0s", "press": "dev-0001"}],
    "expect": [{"contact": "doctor-1", "within": ["0s", "3s"]}],
}


def with_act(**act: Any) -> dict[str, Any]:
    return {**GOOD, "act": [act]}


def with_expect(**expect: Any) -> dict[str, Any]:
    return {**GOOD, "expect": [expect]}


@pytest.mark.parametrize("name", sorted(file.stem for file in DRILLS.glob("*.toml")))
def test_every_drill_of_the_house_can_be_read(name: str) -> None:
    """What ships must parse, carry both titles, be a drill, and close what it pressed; practice goes by the wall."""
    drill = load_drill(name)

    assert name == drill.name
    assert drill.drill
    assert drill.strict
    assert drill.zh
    assert drill.en
    verbs = [act.verb for act in drill.acts]
    assert "close_as" in verbs or "press" not in verbs
    assert drill.wall or not drill.practice


@pytest.mark.parametrize("name", sorted(file.stem for file in DRILLS.glob("*.toml")))
def test_the_world_understands_every_behaviour(name: str) -> None:
    """A behaviour that the simulated world would refuse is found here and not in the middle of a drill."""
    drill = load_drill(name)
    changes = [act.detail for act in drill.acts if act.verb == "behave"]

    for behaviour in (*drill.behaviour.values(), *changes):
        parse_behaviour(behaviour)


def test_a_drill_says_what_it_means() -> None:
    """Everything in the file arrives in the values; presses carry the drill flag unless told otherwise."""
    drill = parse_drill(GOOD, "drills/press.toml")

    assert ("press", ("home-0001",), True, True, 60.0) == (
        drill.name, drill.homes, drill.drill, drill.strict, drill.deadline,
    )
    assert (0.0, "press", "dev-0001", {}) == (
        drill.acts[0].at, drill.acts[0].verb, drill.acts[0].target, drill.acts[0].detail,
    )
    expected = ExpectContact(("doctor-1",), (), ("contact", "update"), (0.0, 3.0), 1, None, 0.0)
    assert (expected,) == drill.expects


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"contact": ["a", "b"], "channel": "voice", "count": 2},
         ExpectContact(("a", "b"), ("voice",), ("contact", "update"), (0.0, 9.0), 2, 2, 0.0)),
        ({"contact": "a", "at_least": 0, "apart": "15s", "type": "stand_down"},
         ExpectContact(("a",), (), ("stand_down",), (0.0, 9.0), 0, None, 15.0)),
        ({"contact": "a", "count": 0},
         ExpectContact(("a",), (), ("contact", "update"), (0.0, 9.0), 0, 0, 0.0)),
        ({"alert": {"state": "open"}, "always": True}, ExpectAlert({"state": "open"}, (0.0, 9.0), True)),
        ({"receipt": "dev-0001"}, ExpectReceipt("dev-0001", (0.0, 9.0))),
    ],
)
def test_expectations(row: dict[str, Any], expected: object) -> None:
    """Each way to expect something."""
    drill = parse_drill(with_expect(within=["0s", "9s"], **row), "x.toml")

    assert (expected,) == drill.expects


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0s", 0.0), ("90s", 90.0), ("2m", 120.0), ("1m30s", 90.0), ("1h", 3600.0), ("250ms", 0.25), (7, 7.0),
     (1.5, 1.5)],
)
def test_durations(text: object, expected: float) -> None:
    """Plan time is written as people write it."""
    assert expected == seconds(text)


@pytest.mark.parametrize("text", ["", "5", "s", "-3s", "3 s", "1d", True, -1, None])
def test_what_is_no_duration(text: object) -> None:
    """Anything else is refused, with an example of what to write."""
    with pytest.raises(ValueError, match="90s"):
        seconds(text)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({**GOOD, "title": {"zh": "按"}}, "title"),
        ({**GOOD, "homes": []}, "homes"),
        ({**GOOD, "deadline": "soon"}, "deadline"),
        ({**GOOD, "drill": "yes"}, "drill"),
        ({**GOOD, "unexpected": "ignore"}, "unexpected"),
        ({**GOOD, "expects": []}, "top.expects"),
        ({**GOOD, "act": []}, "act"),
        ({**GOOD, "expect": []}, "expect"),
        ({**GOOD, "people": {"doctor-1": 7}}, "people.doctor-1"),
        ({**GOOD, "behaviour": {"doctor-1": "press"}}, "behaviour.doctor-1"),
        (with_act(at="0s"), "act[1]"),
        (with_act(at="0s", press="d", cancel="d"), "act[1]"),
        (with_act(at="0s", press="d", knd="sos"), "act[1].knd"),
        (with_act(at="61s", press="d"), "act[1].at"),
        (with_act(press="d"), "act[1].at"),
        (with_act(at="1s", behave="doctor-1"), "act[1]"),
        (with_expect(within=["0s", "1s"]), "expect[1]"),
        (with_expect(contact="a"), "expect[1].within"),
        (with_expect(contact="a", within=["3s", "1s"]), "expect[1].within"),
        (with_expect(contact="a", within=["0s", "61s"]), "expect[1].within"),
        (with_expect(contact="a", within=["0s", "1s"], channel="fax"), "expect[1].channel"),
        (with_expect(contact="a", within=["0s", "1s"], count=-1), "expect[1].count"),
        (with_expect(contact="a", within=["0s", "1s"], atleast=1), "expect[1].atleast"),
        (with_expect(alert={}, within=["0s", "1s"]), "expect[1].alert"),
        (with_expect(alert={"status": "open"}, within=["0s", "1s"]), "expect[1].alert.status"),
    ],
)
def test_faults_name_their_place(raw: dict[str, Any], place: str) -> None:
    """A fault says file, place and what to do."""
    with pytest.raises(BadDrill) as caught:
        parse_drill(raw, "drills/x.toml")

    assert any(place in error and error.startswith("drills/x.toml: ") for error in caught.value.errors)


def test_all_faults_at_once() -> None:
    """Whoever mends a file mends it once."""
    raw = {"homes": [], "deadline": "x", "act": [{}], "expect": [{}]}

    with pytest.raises(BadDrill) as caught:
        parse_drill(raw, "x.toml")

    assert len(caught.value.errors) >= 5


def test_an_unknown_drill_lists_those_there_are() -> None:
    """A mistyped name is answered with the names."""
    with pytest.raises(BadDrill, match="button"):
        find_drill("buton")
