"""A responder tries the own telephone: by the way that real calls go, marked as a rehearsal; the answer proves it."""

import pytest

from channels.wording import words
from domain.contacts import Accepted, FailedForGood
from domain.errors import NotFound, Refused
from tests.town import SUPERVISOR, Town

DOCTORS_PHONE = "+85230000001"


def _tried(town: Town, channel: str = "voice") -> str:
    """A test that was sent; its token."""
    town.callbacks.own_phone.order("doctor-1", channel, "wang")
    assert town.callbacks.own_phone.send(dict(town.phones))
    letter = town.phones[channel].letters[-1]
    return town.tokens.call(letter.key, 1)


def test_a_test_call_says_that_it_is_one(town: Town) -> None:
    """A drill, without anybody's name or address, asking for a digit that only a listener knows."""
    token = _tried(town)

    (letter,) = town.phones["voice"].letters
    assert (True, (), DOCTORS_PHONE) == (letter.drill, letter.residents, letter.address)
    assert letter.digit in set("456789")
    assert None is town.callbacks.moved_on(letter)
    assert [letter.key] == [x.key for _, x in town.callbacks.agenda(token)]


def test_the_digit_proves_the_contact(town: Town) -> None:
    """A person heard it: the contact point counts as proved."""
    token = _tried(town)

    said = town.callbacks.answered(token, "claim")

    way = next(w for w in town.callbacks.own_phone.ways("doctor-1") if w["channel"] == "voice")
    assert "recorded" == said
    assert town.clock.now() == way["proved_at"]
    assert "…0001" == way["ends"]


def test_an_answered_test_without_a_key_proves_nothing(town: Town) -> None:
    """P11: it may have been voicemail."""
    token = _tried(town)

    town.callbacks.status(token, "completed", "CA1")

    (row,) = town.callbacks.own_phone.latest("doctor-1")
    assert ("accepted", "completed", None) == (row["status"], row["word"], row["proved_at"])


def test_a_one_answers_a_test_message_when_nothing_is_open(town: Town) -> None:
    """With an open alert the "1" is that alert's (P26)."""
    _tried(town, "sms")
    alert = town.press()
    town.deliver()
    first = town.callbacks.sms_reply(DOCTORS_PHONE, "1")
    town.commands.close(alert, SUPERVISOR, "accidental")

    second = town.callbacks.sms_reply(DOCTORS_PHONE, "1")

    assert words().say("reply.recorded", "zh") == first
    assert words().say("test.texted", "zh") == second
    assert "proved" == town.callbacks.own_phone.latest("doctor-1")[0]["status"]


def test_a_test_that_cannot_be_sent_says_why(town: Town) -> None:
    """The provider's own word stands in the list."""
    town.phones["voice"].answer = lambda _: FailedForGood("not a phone number", "21211")
    _tried(town)

    (row,) = town.callbacks.own_phone.latest("doctor-1")
    assert ("failed", "21211", "not a phone number") == (row["status"], row["word"], row["reason"])


def test_a_test_claims_nothing_and_keeps_nobody_waiting(town: Town) -> None:
    """An alert that comes meanwhile is called as ever."""
    _tried(town)
    town.phones["voice"].answer = lambda _: Accepted("CA2")
    alert = town.press()
    town.deliver()

    assert [alert] == [x.alert_id for x in town.phones["voice"].letters if not x.about]
    assert town.alert(alert).tracks[0].claimant is None


def test_one_test_in_a_minute(town: Town) -> None:
    """Nobody rings somebody else's telephone all night."""
    _tried(town)

    with pytest.raises(Refused, match="a moment ago"):
        town.callbacks.own_phone.order("doctor-1", "voice", "wang")
    town.clock.forward(61)
    assert town.callbacks.own_phone.order("doctor-1", "voice", "wang")


@pytest.mark.parametrize(
    ("who", "channel", "error"),
    [("nobody", "voice", NotFound), ("doctor-2", "sms", Refused), ("doctor-1", "pigeon", Refused)],
)
def test_what_cannot_be_tried_is_refused(town: Town, who: str, channel: str, error: type[Exception]) -> None:
    """With what to do."""
    with pytest.raises(error):
        town.callbacks.own_phone.order(who, channel, "wang")
