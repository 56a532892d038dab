"""Proving: contact points work once somebody has answered there, and are none once their number is known to be dead."""

import pytest

from domain.contacts import Accepted, FailedForGood, Result
from domain.people import Scope
from escalation.rota import Rota
from tests.town import Town

BOSS = Scope("boss", "supervisor")


def unproved(town: Town) -> set[tuple[str, str]]:
    """Responder and channel of every contact point that nobody proved."""
    told = Rota(town.ledger, town.standing, town.clock, lambda point: True).coverage(BOSS)
    return {(u["responder"], u["channel"]) for u in told["unproved"]}


def token(town: Town, channel: str) -> str:
    """Of the last call or message."""
    letter = town.phones[channel].letters[-1]
    return town.tokens.call(letter.key, letter.attempt)


def test_being_called_proves_nothing(town: Town) -> None:
    """A provider that took the call is no person who answered."""
    town.press()
    town.deliver()

    assert ("doctor-1", "voice") in unproved(town)


def test_a_key_press_proves_the_number(town: Town) -> None:
    """The number called, and no other."""
    town.press()
    town.deliver()

    town.callbacks.answered(token(town, "voice"), "decline")

    assert ("doctor-1", "voice") not in unproved(town)
    assert ("doctor-1", "sms") in unproved(town)


def test_a_text_message_proves_its_number(town: Town) -> None:
    """Somebody read ours and answered."""
    town.press()
    town.deliver()

    town.callbacks.sms_reply("+85230000001", "1")

    assert ("doctor-1", "sms") not in unproved(town)


def test_a_clerks_word_proves_the_desks_line(town: Town) -> None:
    """The desk's machine accepting a case does not; a clerk does."""
    town.phones["dispatch_120"].answer = lambda letter: Accepted("case-7")
    town.press(type="fall")
    town.deliver()
    before = unproved(town)

    town.callbacks.desk_callback({"case": "case-7", "status": "taken", "by": "clerk 12"})

    assert ("desk-120", "dispatch_120") in before - unproved(town)


def test_a_webhook_that_claims_proves_itself(town: Town) -> None:
    """Answered in the same breath."""
    town.phones["webhook"].answer = lambda letter: Accepted("ref", claimed_by=letter.responder_id)
    town.press(type="fall")
    town.deliver()

    assert ("street-1", "webhook") not in unproved(town)


@pytest.mark.parametrize(
    ("result", "dead"),
    [
        (FailedForGood("not a phone number", code="21211"), True),
        (FailedForGood("our account is suspended", code="30002"), False),
        (FailedForGood("not configured", code="not_configured"), False),
        (FailedForGood("the channel broke"), False),
    ],
)
def test_a_dead_number_is_none_for_coverage(town: Town, result: Result, dead: bool) -> None:
    """P4: only what the provider says of the number itself counts; a fault of ours is not the doctor's."""
    town.phones["voice"].answer = lambda _: result
    town.press("dev-0002")
    town.deliver()

    told = Rota(town.ledger, town.standing, town.clock, lambda point: True).coverage(BOSS)

    assert ([("doctor-2", "refused")] if dead else []) == [
        (m["responder"], m["reason"]) for m in told["without_contact"]
    ]
    assert bool(dead) == bool(told["gaps"])
