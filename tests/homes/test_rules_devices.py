"""How long a device may be quiet: pure rules, out of ``supervision.toml``."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import ConfigurationError
from homes.rules_devices import (
    TEMPLATE,
    Outage,
    due_at,
    listening_since,
    read_supervision,
    streets_of,
    together,
)

RULES = read_supervision(TEMPLATE.read_text("utf-8"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("role", "dialect", "name", "quiet"),
    [
        ("gateway", "anling", "hub", timedelta(minutes=12.5)),
        ("sos_button", "anling", "own_button", timedelta(minutes=37.5)),
        ("sos_button", "z2m", "radio_button", timedelta(hours=60)),
        ("wristband", "g616", "platform_watch", timedelta(hours=30)),
        ("smoke_detector", "anling", "detector", timedelta(hours=60)),
        ("something_new", "another_maker", "sensor", timedelta(hours=60)),
    ],
)
def test_every_device_has_a_class(role: str, dialect: str, name: str, quiet: timedelta) -> None:
    """Two and a half intervals of its class; what nobody thought of has a class too."""
    found = RULES.class_of(role, dialect)

    assert (name, quiet) == (found.name, found.quiet)


def test_a_grace_of_its_own_holds() -> None:
    """Where a class says how long it may be quiet, the factor is left out."""
    text = TEMPLATE.read_text("utf-8").replace('interval = "5m"', 'interval = "5m"\ngrace = "6m"', 1)

    assert timedelta(minutes=6) == read_supervision(text).class_of("gateway", "anling").quiet


def test_all_that_is_wrong_is_said_at_once() -> None:
    """A missing interval, an unknown word, a last class that does not fit all, a clock that is none."""
    text = """
        [[class]]
        name = "x"
        roles = ["gateway"]
        speed = 3
        [battery]
        low = 40
        well = "high"
        [hours]
        from = "early"
    """

    with pytest.raises(ConfigurationError) as error:
        read_supervision(text)

    said = str(error.value)
    for word in ("unknown speed", "interval is missing", "must fit every device", "well", "'early'", "hold"):
        assert word in said


def test_our_own_outage_is_no_devices_silence() -> None:
    """Of the time that we could not hear anybody nothing counts; what overlaps counts once."""
    outages = [Outage(NOON - 3 * HOUR, NOON - 2 * HOUR), Outage(NOON - HOUR / 2, NOON - HOUR / 4)]

    assert NOON - HOUR == listening_since(NOON, HOUR, [])
    assert NOON - HOUR * 1.25 == listening_since(NOON, HOUR, outages)
    assert NOON - HOUR * 3.25 == listening_since(NOON, 2 * HOUR, outages)
    assert NOON - 2 * HOUR == listening_since(NOON, HOUR, [Outage(NOON - HOUR, NOON)])


@pytest.mark.parametrize(
    ("came", "due"),
    [("12:00", "20 16:00"), ("03:00", "20 12:00"), ("21:00", "21 11:00"), ("23:30", "21 12:00")],
)
def test_a_fault_waits_for_a_street_workers_day(came: str, due: str) -> None:
    """Within four hours of the day from 08 to 22; at night nobody is sent for a battery."""
    at = datetime.fromisoformat(f"2026-11-20T{came}").replace(tzinfo=SHANGHAI)

    assert due == due_at(RULES, at.astimezone(UTC), SHANGHAI).astimezone(SHANGHAI).strftime("%d %H:%M")


def test_what_falls_silent_together_is_one_incident() -> None:
    """Ten homes of a street are ten cases; eleven are one; a district of many streets is one too."""
    ten, eleven = [f"a{n}" for n in range(10)], [f"b{n}" for n in range(11)]
    streets = {f"s{n}": [f"{n}-{k}" for k in range(7)] for n in range(5)}

    assert {} == together(RULES, {"a": ten}, ())
    assert {"b": tuple(eleven)} == together(RULES, {"a": ten, "b": eleven}, ())
    assert {""} == together(RULES, streets, ()).keys()


def test_what_falls_silent_later_joins_the_incident_of_its_street() -> None:
    """The last homes of a power cut are no cases of their own."""
    assert {"a": ("a1",)} == together(RULES, {"a": ["a1"], "b": ["b1"]}, streets_of(["network:a:20261120T040000"]))
    assert {"": ("a1", "b1")} == together(RULES, {"a": ["a1"], "b": ["b1"]}, streets_of(["network::20261120T040000"]))
