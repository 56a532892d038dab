"""A fall that is asked about first: a bounded wait, ended by a person's word or by the plan, exactly once."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.choices import read_choices
from domain.contacts import Letter
from homes.callers import CareCaller
from homes.care_line import CareLine
from homes.falls import FallWatch
from store.register import Register
from store.site import parse_site
from tests.town import Town, site, together

SHANGHAI = ZoneInfo("Asia/Shanghai")
ASKED = {"ask_first_s": 30, "agreed_by": "resident"}


def choose(town: Town, **fall: Any) -> Town:
    """Home 1 wants to be asked first."""
    raw = site()
    raw["homes"][0]["choices"] = {"fall": ASKED | fall}
    Register(town.ledger).load(parse_site(json.dumps(raw).encode()))
    return town


def fall(town: Town, device: str = "band-0001", **fields: Any) -> str | None:
    """A fall is told; the id of its alert."""
    stamp = {"ts": town.clock.now().isoformat(), "clock": "ntp"}
    (receipt,) = town.say(town.event(device, "fall", **stamp | fields))
    assert receipt is not None
    assert "stored" == receipt.result
    return receipt.alert


def word(town: Town, kind: str = "checkin_ok", device: str = "band-0001", **fields: Any) -> None:
    """The home says something, now."""
    stamp = {"ts": town.clock.now().isoformat(), "clock": "ntp"}
    town.say(town.event(device, kind, **stamp | fields))


def watch(town: Town, forward: float = 0) -> int:
    """A process that has just started looks, so many seconds later."""
    town.clock.forward(forward)
    return FallWatch(town.ledger, town.standing, town.clock, town.intake, SHANGHAI).turn()


def outcome(town: Town) -> tuple[str, str | None]:
    """What the inbox says of the newest fall."""
    row = town.rows("SELECT outcome, reason FROM inbox WHERE kind = 'fall' ORDER BY id DESC")[0]
    return row["outcome"], row["reason"]


def test_without_a_choice_a_fall_is_raised_at_once(town: Town) -> None:
    """The default of every home; and of the neighbours of one that chose."""
    choose(town)

    assert fall(town, "dev-0002")


def test_silence_raises_it(town: Town) -> None:
    """The device asks at once; after the home's own seconds the plan calls, once, however often it is looked at."""
    choose(town)
    assert fall(town) is None
    assert 1 == town.count("errands", "command = 'ask_checkin' AND device_id = 'band-0001'")

    early, late, again = watch(town, 29), watch(town, 2), watch(town, 60)

    assert (0, 1, 0) == (early, late, again)
    (alert,) = town.rows("SELECT id, kind, severity FROM alerts")
    assert ("fall", "critical") == (alert["kind"], alert["severity"])
    assert 31 == town.entry(alert["id"], "raised")["asked_first_s"]
    assert ("raised", 0) == (outcome(town)[0], town.count("rule_states"))


@pytest.mark.parametrize("kind", ["checkin_ok", "cancel"])
def test_a_word_in_time_is_no_alert_and_stays_visible(town: Town, kind: str) -> None:
    """By the button, or by taking it back by hand: nobody is called, and the inbox says what came and how it ended."""
    choose(town)
    fall(town)
    town.clock.forward(12)
    word(town, kind, data={"by": "resident_button"})

    assert 0 == watch(town, 60)
    assert 0 == town.count("alerts")
    assert "noted" == outcome(town)[0]
    assert "asked first for 30 s: well after 12 s" in str(outcome(town)[1])
    assert town.alert(town.press()).cancel_requested is False


@pytest.mark.parametrize(
    "said",
    [
        # lay in the device's memory since the morning
        {"ts": "2026-11-20T01:00:00Z"},
        # a clock that nobody set
        {"clock": "unsynced"}, {"ts": None, "clock": None},
        {"retain": True},
        # the machine itself, another press, a drill
        {"type": "cancel", "data": {"by": "device"}}, {"type": "cancel", "data": {"by": "resident", "ref": "0" * 26}},
        {"drill": True},
        # the neighbour
        {"device": "dev-0002"},
    ],
)
def test_what_may_be_no_answer_is_none(town: Town, said: dict[str, Any]) -> None:
    """At any doubt the plan calls."""
    choose(town)
    fall(town)
    said = dict(said)
    word(town, said.pop("type", "checkin_ok"), said.pop("device", "band-0001"), **said)

    assert 1 == watch(town, 31)


@pytest.mark.parametrize(
    "fields",
    [
        {"retain": True}, {"data": {"confidence": 0.9, "state": "alarm"}}, {"id": "short"},
        {"ts": "2026-11-20T03:00:00Z"}, {"clock": "unsynced"},
    ],
)
def test_a_fall_that_is_odd_does_not_wait(town: Town, fields: dict[str, Any]) -> None:
    """Replayed, with a state, without a usable id, an hour late, from a clock that cannot be asked: raised at once."""
    choose(town)

    assert fall(town, **fields)


def test_a_second_fall_does_not_wait_and_ends_the_wait_of_the_first(town: Town) -> None:
    """One may be a slip of the sensor; two are not asked about."""
    choose(town)
    first, second = fall(town), fall(town, id="second-fall-0001")

    assert (1, 0) == (watch(town, 1), watch(town, 60))
    assert (None, 1) == (first, town.count("alerts"))
    assert 2 == town.alert(str(second)).signals


def test_a_press_during_the_wait_calls_at_once(town: Town) -> None:
    """And the fall joins it: whoever comes must know."""
    choose(town)
    fall(town)
    alert = town.press("dev-0001")

    watch(town, 1)

    assert ("critical", 2) == (str(town.alert(alert).severity), town.alert(alert).signals)


@pytest.mark.parametrize(("roles", "waits"), [(["fall_radar"], False), (["wristband"], True)])
def test_a_home_may_choose_by_the_sort_of_device(town: Town, roles: list[str], waits: bool) -> None:
    """A radar errs where a wristband does not."""
    choose(town, roles=roles)

    assert waits is (fall(town) is None)


def test_a_choice_that_cannot_be_read_is_none(town: Town) -> None:
    """Somebody wrote nonsense into the ledger: the plan calls at once."""
    choose(town)
    town.change("""UPDATE homes SET choices = '{"fall": {"ask_first_s": 9000, "agreed_by": "resident"}}'""")

    assert fall(town)


def test_nobody_there_who_can_ask_is_no_reason_to_wait(town: Town) -> None:
    """Devices that cannot be spoken to, and no telephone agreed to."""
    choose(town)
    town.change("UPDATE devices SET dialect = 'z2m' WHERE home_id = 'home-1'")

    assert fall(town)


def test_a_message_that_can_no_longer_be_opened_is_raised_without_its_words(town: Town) -> None:
    """The kept bytes are damaged while the home is asked: rather a bare alert than none (P6)."""
    choose(town)
    fall(town)
    town.change("UPDATE inbox SET payload = :junk WHERE kind = 'fall'", junk=b"junk")

    assert (1, 0) == (watch(town, 31), watch(town, 31))
    assert 1 == town.count("alerts", "kind = 'fall' AND state = 'open'")


def test_two_processes_raise_it_once(town: Town) -> None:
    """Both engines look in the same moment; a third has just been started after a crash."""
    choose(town)
    fall(town)
    town.clock.forward(31)

    together(lambda: watch(town), lambda: watch(town.sibling()))

    assert (1, 1) == (town.count("alerts"), town.count("timeline", "type = 'raised'"))
    assert 0 == watch(town.sibling())


def test_the_telephone_asks_too(town: Town) -> None:
    """Where the home agreed to it: it hears of the fall; 1 is a word that all is well, and what 2 is, is a cry."""
    choose(town, ways=["voice"], ask_first_s=60)
    fall(town)
    watch(town, 1)
    line = CareLine(town.ledger, town.standing, town.clock, town.tokens)
    CareCaller(town.ledger, town.clock, town.phones, line).turn()
    (letter,) = town.phones["voice"].letters
    assert isinstance(letter, Letter)
    assert "fall" == letter.about["asks"]

    line.answered(town.tokens.call(letter.key, 1), "claim")

    assert (0, 0) == (watch(town, 60), town.count("alerts"))
    assert "voice" in str(outcome(town)[1])


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"fall": ASKED}, ""),
        ({"fall": {"ask_first_s": 0, "agreed_by": "family"}}, ""),
        ({"fall": ASKED | {"ask_first_s": 61}}, "ask_first_s"),
        ({"fall": ASKED | {"ask_first_s": True}}, "ask_first_s"),
        ({"fall": {"ask_first_s": 30}}, "agreed_by"),
        ({"fall": ASKED | {"ways": []}}, "ways"),
        ({"fall": ASKED | {"ways": ["pigeon"], "roles": "all"}}, "roles"),
        ({"fall": ASKED | {"confidence": 0.5}}, "confidence"),
        ({"fall": 30}, "fall"), ({"sos": {}}, "sos"), ({}, ""),
    ],
)  # fmt: skip
def test_choices_are_bounded_and_somebody_agreed(said: dict[str, Any], wrong: str) -> None:
    """A minute at most, by the word of somebody who may; all that is wrong is named."""
    problems: list[str] = []

    read = read_choices(said, problems)

    assert (wrong in " ".join(problems)) if wrong else problems == []
    assert read is None or (read.wait <= timedelta(seconds=60) and not wrong)
