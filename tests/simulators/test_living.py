"""Homes that live: seeded days, told once, at any pace; and what goes wrong with devices."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from simulators.living import Living, by_home
from simulators.rhythm import DAY, HOUR, day, person
from simulators.sitefile import Site, parse_site
from simulators.street import make_street
from simulators.trouble import BadTrouble, Trouble, parse_trouble


@pytest.fixture
def site() -> Site:
    """Twelve homes; two of them with another maker's hub."""
    return parse_site(make_street(12, "http://w", 1).site, "site")


class Ear:
    """Notes what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.pushed: list[tuple[str, str, Any]] = []

    def tell(self, device: Any, kind: str, data: Mapping[str, Any]) -> None:
        self.told.append((device.id, kind))

    def push(self, hub: str, topic: str, payload: bytes) -> None:
        self.pushed.append((hub, topic, json.loads(payload)))


def living(site: Site, ear: Ear, pace: float) -> Living:
    return Living(by_home(chain(site.devices.values(), site.foreign)), ear.tell, ear.push, 1, pace, 5.5 * HOUR)


def test_the_same_seed_lives_the_same_days() -> None:
    """And no two homes, and no two days, are alike."""
    assert day(1, "home-1", 0) == day(1, "home-1", 0)
    assert day(1, "home-1", 0) != day(1, "home-2", 0)
    assert day(1, "home-1", 0) != day(1, "home-1", 1)
    assert person(1, "home-1") != person(1, "home-2")


def test_a_day_has_a_shape() -> None:
    """In a hundred homes: up in the morning, water in all of them, hardly a sound in the small hours."""
    for number in range(100):
        happened = day(3, f"home-{number}", 0)
        by_kind = Counter(str(one.data.get("kind", one.kind)) for one in happened)
        night = [one for one in happened if HOUR < one.at < 3 * HOUR and one.role == "motion_sensor"]

        assert all(0 <= one.at < DAY for one in happened)
        assert sorted(happened, key=lambda one: one.at) == happened
        assert by_kind["water"] >= 4
        assert by_kind["motion"] >= 8
        assert by_kind["bed"] >= 2
        assert len(night) <= 3


def test_what_happened_is_told_once(site: Site) -> None:
    """However often it is looked at; a day in minutes tells what a day at its own pace tells."""
    quick, slow, often = Ear(), Ear(), Ear()
    living(site, quick, 96.0).turn(DAY / 96)
    living(site, slow, 1.0).turn(DAY)
    many = living(site, often, 96.0)
    for second in range(0, 901):
        many.turn(float(second))

    assert len(quick.told) > 200
    assert sorted(quick.told) == sorted(slow.told) == sorted(often.told)


def test_other_makers_hubs_speak_their_own_words(site: Site) -> None:
    """Motion and doors of Zigbee2MQTT, on the hub's topic, with the maker's properties."""
    ear = Ear()
    living(site, ear, 96.0).turn(600)

    hubs = {hub for hub, _, _ in ear.pushed}
    assert {"hub-0002", "hub-0008"} == hubs
    assert all(topic.startswith(f"vendor/z2m/site-{hub[-4:]}/zigbee2mqtt/") for hub, topic, _ in ear.pushed)
    assert all({"occupancy", "contact"} & payload.keys() for _, _, payload in ear.pushed)


def test_the_check_in_may_be_soon() -> None:
    """For a demonstration everybody is asked within minutes; before midnight there is not enough of the day left."""
    soon = make_street(6, "http://w", 1, datetime(2026, 11, 20, 4, 0, tzinfo=UTC)).site["homes"]
    late = make_street(6, "http://w", 1, datetime(2026, 11, 20, 15, 58, tzinfo=UTC)).site["homes"]

    assert {"12:02", "12:03"} == {home["checkin"]["window_opens"] for home in soon}
    assert all("12:04" <= home["checkin"]["by"] <= "12:08" for home in soon)
    assert {"05:00"} == {home["checkin"]["window_opens"] for home in late}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("battery:dev-0003@60", Trouble("battery", "dev-0003", 60.0, 0.0)),
        ("power@60+30", Trouble("power", "", 60.0, 30.0)),
        ("jam:dev-0001", Trouble("jam", "dev-0001")),
    ],
)
def test_trouble_is_read(text: str, expected: Trouble) -> None:
    """What, whose, when, how long."""
    assert expected == parse_trouble(text)


@pytest.mark.parametrize("text", ["flood:dev-0001", "jam", "power@soon", ""])
def test_unknown_trouble_is_refused(text: str) -> None:
    """With what may be written instead."""
    with pytest.raises(BadTrouble, match="battery:DEVICE@60"):
        parse_trouble(text)
