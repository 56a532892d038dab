"""The last look before the dial: a claim stops a call that waits its turn; a number's share is the ledger's to know."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from channels.aliyun import VOICE_BUDGET, AliyunVoice, Budget
from channels.aliyun_line import AliyunLine
from channels.aliyun_templates import read_templates
from domain.contacts import Accepted, Letter, Result, Unwanted
from escalation.looking import Looking
from store.ledger import Ledger
from tests.town import DOCTOR, SUPERVISOR, Phone, Town, site

EXAMPLE = Path(__file__).parents[2] / "docs/aliyun.example.toml"


class Line:
    """A line to Aliyun that takes every call."""

    def __init__(self) -> None:
        self.account = SimpleNamespace(templates=read_templates(EXAMPLE, []))
        self.made = 0

    def request(self, ask: Callable[[Any], Any]) -> Any:
        """Taken."""
        self.made += 1
        return SimpleNamespace(call_id=f"call-{self.made}")


@pytest.fixture
def town(ledger: Ledger) -> Town:
    """Doctor-1 has one telephone, a mainland one; a neighbour of the house has the same number."""
    raw = site()
    raw["responders"][0]["contacts"] = [{"channel": "voice", "address": "+86 138 0000 0001"}]
    made = Town(ledger)
    made.settle_in(raw)
    return made


def _mainland(town: Town) -> tuple[AliyunVoice, Line]:
    """A sender of its own: what it remembers is its own, what the ledger knows is everybody's."""
    line = Line()
    look = Looking(town.ledger, town.standing, town.clock).look()
    return AliyunVoice(cast(AliyunLine, line), Budget(VOICE_BUDGET, lambda: 0.0), look=look), line


def test_a_spent_number_is_never_silence(town: Town) -> None:
    """The doctor's number has had its call of this minute: the next tier is asked at once, the doctor again later."""
    voice, line = _mainland(town)
    town.phones["voice"].answer = voice.send
    town.press("dev-0001")
    town.deliver()
    town.callbacks.status(town.tokens.call(town.phones["voice"].letters[0].key, 1), "no-answer", "call-1")
    town.clock.forward(5)
    town.phones["voice"].answer = _mainland(town)[0].send  # after a restart: nothing is remembered but by the ledger

    second = town.press("dev-0003")
    town.deliver()

    assert 1 == line.made
    rows = [r for r in town.outbox() if r["alert_id"] == second]
    assert [("doctor-1", "voice", "pending"), ("street-1", "webhook", "accepted")] == sorted(
        (r["person"], r["channel"], r["status"]) for r in rows
    )
    assert "budget" in [r["code"] for r in town.rows("SELECT code FROM attempts")]


def test_of_two_senders_one_dials(town: Town) -> None:
    """Both rows stand in the ledger before either dials: the earlier one goes, and nobody waits for nobody."""
    town.press("dev-0001")
    town.deliver()
    first = town.phones["voice"].letters[0]
    town.change("UPDATE attempts SET line = NULL, status = 'sending'")
    town.clock.forward(1)
    town.change(
        "INSERT INTO attempts (key, n, started_at, status) SELECT key, 2, :at, 'sending' FROM attempts",
        at=town.clock.now(),
    )
    looking = Looking(town.ledger, town.standing, town.clock)

    def at(n: int) -> list[float]:
        return list(looking.spent(replace(first, attempt=n)))

    assert ([], [1.0]) == (at(1), at(2))


def test_a_claim_while_the_call_waits_its_turn_stops_it(town: Town) -> None:
    """P7: leased, held up by the pace, claimed meanwhile: no telephone rings, no other way is tried."""
    looking = Looking(town.ledger, town.standing, town.clock)

    def slow(letter: Letter) -> Result:
        town.commands.claim(letter.alert_id, DOCTOR)
        return Accepted("rang") if looking.wanted(letter) else Unwanted()

    town.phones["voice"].answer = slow
    town.press("dev-0001")
    town.deliver()

    rows = town.outbox(person="doctor-1")
    assert [("superseded", "the alert moved on")] == [(r["status"], r["reason"]) for r in rows]
    assert ["superseded"] == [r["status"] for r in town.rows("SELECT status FROM attempts")]
    assert [] == town.phones["sms"].letters


def test_what_no_row_ordered_is_wanted(town: Town) -> None:
    """A test of one's own telephone, a care call, the watch's announcement: they have no alert that could move on."""
    town.press("dev-0001")
    town.deliver()

    letter = replace(town.phones["voice"].letters[0], key="test/1")
    assert Looking(town.ledger, town.standing, town.clock).wanted(letter)


@pytest.mark.parametrize(
    ("channel", "address"),
    [("sms", "+8613800000077"), ("webhook", "https://chat.example/hook"), ("wecom", "https://chat.example/robot")],
)
def test_who_was_asked_hears_who_has_it_and_how_it_ended(ledger: Ledger, channel: str, address: str) -> None:
    """By a way that rings nobody up: "already taken by …" at the claim, "it is over" at the close; once each."""
    raw = site()
    raw["responders"][0]["contacts"][1:] = [{"channel": channel, "address": address}]
    town = Town(ledger)
    town.settle_in(raw)
    town.phones[channel] = Phone(channel)
    alert = town.press()
    town.deliver()

    town.commands.claim(alert, SUPERVISOR)
    town.commands.close(alert, SUPERVISOR, "accidental")
    town.deliver()

    heard = [x for x in town.phones[channel].letters if x.responder_id == "doctor-1" and x.purpose != "contact"]
    assert [("inform", "claimed", SUPERVISOR.name), ("stand_down", "closed", SUPERVISOR.name)] == [
        (x.purpose, x.about["event"], x.about["name"]) for x in heard
    ]
    assert 1 == len([x for x in town.phones["voice"].letters if x.responder_id == "doctor-1"])
