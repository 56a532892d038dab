"""Faults of devices are told quietly: to the street's people, by day, a word now and then."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from channels import wording
from domain.tasks import Task, TaskKind
from homes.callers import CareCaller
from homes.care_line import CareLine
from homes.rounds import Rounds
from homes.rules_devices import TEMPLATE, read_supervision, round_of
from store.tasks import reopen_tasks, settle_tasks
from tests.town import Town, site

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = read_supervision(TEMPLATE.read_text("utf-8"))


class Street:
    """A town whose street worker reads text messages; 08:00 on the next day."""

    def __init__(self, town: Town) -> None:
        raw = site()
        office = next(r for r in raw["responders"] if r["id"] == "street-1")
        office["contacts"].append({"channel": "sms", "address": "+85230000077"})
        town.settle_in(raw)
        self.town = town
        self.at(8, 0)
        self.line = CareLine(town.ledger, town.standing, town.clock, town.tokens)

    def at(self, hour: int, minute: int, days: int = 0) -> None:
        """This time of the next day, or of a later one."""
        when = datetime(2026, 11, 21, hour, minute, tzinfo=SHANGHAI) + timedelta(days=days)
        self.town.clock.forward((when - self.town.clock.now()).total_seconds())

    def fault(self, device: str) -> None:
        """A device's fault has become a task."""
        with self.town.ledger.transaction() as tx:
            now = self.town.clock.now()
            task = Task(f"fault:silent:{device}", TaskKind.DEVICE_FAULT, now, now, "north", "home-1", device, data={})
            reopen_tasks(tx, [task])

    def turn(self) -> list[Any]:
        """One look, one round of calls: the letters that went out."""
        before = len(self.sent)
        Rounds(self.town.ledger, self.town.standing, self.town.clock, RULES, SHANGHAI).turn()
        CareCaller(self.town.ledger, self.town.clock, self.town.phones, self.line).turn()
        return self.sent[before:]

    @property
    def sent(self) -> list[Any]:
        return self.town.phones["sms"].letters


@pytest.fixture
def street(town: Town) -> Street:
    """With its day before it."""
    return Street(town)


def test_a_street_worker_hears_of_faults_by_day_and_seldom(street: Street) -> None:
    """At once when something waits, again in the next span only when something new does, and every morning."""
    nothing = street.turn()
    street.fault("dev-0001")
    first, again = street.turn(), street.turn()
    street.at(11, 59)
    street.fault("dev-0002")
    soon = street.turn()
    street.at(12, 0)
    noon = street.turn()
    street.at(16, 0)
    quiet = street.turn()
    street.at(23, 0)
    street.fault("dev-0003")
    night = street.turn()
    street.at(8, 0, days=1)
    morning = street.turn()

    told = [[letter.about["count"] for letter in heard] for heard in (nothing, first, again, soon, noon, quiet, night)]
    assert [[], [1], [], [], [2], [], []] == told
    assert [3] == [letter.about["count"] for letter in morning]


def test_the_words_of_a_round_in_both_languages(street: Street) -> None:
    """No name, no address, no alarm: how many, and that nobody is in danger."""
    street.fault("dev-0001")
    (letter,) = street.turn()
    now = street.town.clock.now()

    assert ("street-1", "+85230000077", False) == (letter.responder_id, letter.address, letter.drill)
    assert "1 台设备" in wording.sms(letter, now)
    assert "and the like): 1." in wording.sms(replace(letter, language="en"), now)


def test_what_was_mended_meanwhile_is_not_told(street: Street) -> None:
    """Ordered, then well again before the message went out."""
    street.fault("dev-0001")
    Rounds(street.town.ledger, street.town.standing, street.town.clock, RULES, SHANGHAI).turn()
    with street.town.ledger.transaction() as tx:
        settle_tasks(tx, ["fault:silent:dev-0001"], street.town.clock.now(), "well again")

    assert [] == street.turn()
    assert [{"status": "failed", "reason": "nothing to say any more"}] == street.town.rows(
        "SELECT status, reason FROM care_calls"
    )


@pytest.mark.parametrize(
    ("hour", "minute", "begun"),
    [(7, 59, None), (8, 0, 8), (11, 59, 8), (12, 0, 12), (21, 59, 20), (22, 0, None)],
)
def test_the_spans_of_a_day(hour: int, minute: int, begun: int | None) -> None:
    """From eight to ten in the evening, four hours each."""
    now = datetime(2026, 11, 21, hour, minute, tzinfo=SHANGHAI)
    found = round_of(RULES, now, SHANGHAI)

    assert begun == (found and found.hour)
