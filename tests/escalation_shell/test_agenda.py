"""One person, several alerts: one call tells all, none waits long, none is hidden; who rings us hears them too."""


import pytest

from channels.wording import reply_code, words
from domain.contacts import Accepted, FailedForGood, FailedForNow
from escalation.strangers import Guesses, keypad
from store import pins
from tests.town import DISPATCHER, Town

DOCTORS_PHONE = "+85230000001"
STRANGE = "+85239990000"
PIN = "481973"


def _token(town: Town, n: int = -1) -> str:
    letter = town.phones["voice"].letters[n]
    return town.tokens.call(letter.key, letter.attempt)


def _two(town: Town) -> tuple[str, str]:
    """Two alerts of the same doctor, and one call."""
    one, two = town.press("dev-0001"), town.press("dev-0003")
    town.deliver()
    assert 1 == len(town.phones["voice"].letters)
    return one, two


def test_one_call_lists_all_that_wait_for_the_person(town: Town) -> None:
    """P13: the call's own alert first, then the others, each with a token of its own."""
    one, two = _two(town)

    agenda = town.callbacks.agenda(_token(town))

    assert [one, two] == [letter.alert_id for _, letter in agenda]
    assert ["老人1", "老人3"] == [letter.residents[0]["name"] for _, letter in agenda]


def test_an_alert_that_comes_while_it_rings_is_told_too(town: Town) -> None:
    """P13: what is read out is what is true when the telephone is answered."""
    one = town.press("dev-0001")
    town.deliver()
    two = town.press("dev-0003")
    town.deliver()

    assert [one, two] == [letter.alert_id for _, letter in town.callbacks.agenda(_token(town))]
    assert 1 == len(town.phones["voice"].letters)


def test_each_alert_of_a_call_is_answered_for_itself(town: Town) -> None:
    """P13, P29: a key claims what was just said, and nothing else."""
    one, two = _two(town)
    (first, _), (second, _) = town.callbacks.agenda(_token(town))

    said = [town.callbacks.answered(first, "claim"), town.callbacks.answered(second, "decline")]

    assert ["recorded", "declined"] == said
    assert ("doctor-1", None) == (town.alert(one).tracks[0].claimant, town.alert(two).tracks[0].claimant)
    assert [] == [x for _, x in town.callbacks.agenda(first) if x.alert_id == two]


def test_a_critical_alert_in_anothers_call_has_its_own_digit(town: Town) -> None:
    """P11: the digit is spoken for each alert; a habit presses none."""
    town.press("dev-0001")
    town.deliver()
    town.press("dev-0003", type="fall")
    town.deliver()

    digits = [letter.digit for _, letter in town.callbacks.agenda(_token(town))]

    assert digits[0] is None
    assert digits[1] in set("456789")


def test_no_answer_is_no_answer_for_all(town: Town) -> None:
    """P11, P13: nobody picked up: every alert of that call goes the next way at once."""
    one, two = _two(town)

    town.callbacks.status(_token(town), "no-answer", "CA1")
    town.deliver()

    assert {one, two} == {letter.alert_id for letter in town.phones["sms"].letters}


def test_nobody_waits_for_a_call_longer_than_a_minute(town: Town) -> None:
    """P13: no word ever comes of the first call: the second alert's own call is made within 60 s."""
    _, two = _two(town)
    town.clock.forward(50)
    town.deliver()

    assert [two] == [letter.alert_id for letter in town.phones["voice"].letters[1:]]


def test_five_residents_of_one_doctor_are_told_within_a_minute(town: Town) -> None:
    """P13: five alerts, one telephone that nobody answers: each is told or written about within 60 s."""
    ids = [town.press("dev-0001"), town.press("dev-0003")]
    town.change("UPDATE homes SET street = 'north'")
    ids += [town.press("dev-0002"), town.press("dev-0004")]
    town.deliver()
    town.clock.forward(31)
    town.callbacks.status(_token(town), "no-answer", "CA1")
    town.deliver()

    assert 1 == len(town.phones["voice"].letters)
    assert set(ids) == {letter.alert_id for letter in town.phones["sms"].letters}


def test_a_call_that_cannot_be_made_keeps_nobody_waiting(town: Town) -> None:
    """The number is refused: what waited for that call is tried at once."""
    town.phones["voice"].answer = lambda _: FailedForGood("not a phone number", "21211")
    one, two = town.press("dev-0001"), town.press("dev-0003")
    town.deliver()

    assert {one, two} == {letter.alert_id for letter in town.phones["sms"].letters}


def test_a_call_that_was_stopped_lets_the_others_dial(town: Town) -> None:
    """Stopped because the first was taken: the second rings for itself, now."""
    one, two = _two(town)
    town.commands.claim(one, DISPATCHER)

    town.callbacks.status(_token(town), "canceled", "CA1")
    town.deliver()

    assert [one, two] == [letter.alert_id for letter in town.phones["voice"].letters]


def test_repeats_to_one_telephone_keep_their_distance(town: Town) -> None:
    """From the second contact on, whatever alerts they are about; first contacts have none (invariant 18)."""
    town.phones["voice"].answer = lambda _: FailedForNow("busy")
    town.press("dev-0001")
    town.deliver()
    town.clock.forward(5)
    town.change("UPDATE outbox SET repeats = 1, status = 'pending', finished_at = NULL, not_before = created_at"
                " WHERE channel = 'sms'")  # fmt: skip
    sent = len(town.phones["sms"].letters)
    town.deliver()
    early = len(town.phones["sms"].letters) - sent
    town.clock.forward(11)
    town.deliver()

    assert (0, 1) == (early, len(town.phones["sms"].letters) - sent)


def test_the_alerts_of_different_people_ring_at_once(town: Town) -> None:
    """Only one's own telephone keeps one waiting."""
    town.press("dev-0001")
    town.press("dev-0002")
    town.deliver()

    assert ["doctor-1", "doctor-2"] == sorted(town.phones["voice"].asked())


# -- who rings us


def test_a_known_number_hears_its_open_alerts(town: Town) -> None:
    """P27: called back, before the call or after it; a key claims."""
    one, two = town.press("dev-0001"), town.press("dev-0003")

    caller = town.callbacks.caller("+852 3000 0001")
    assert caller is not None
    token, letter = caller.agenda[0]
    answer = town.callbacks.answered(token, "claim", "call_back")

    assert [one, two] == [x.alert_id for _, x in caller.agenda]
    assert ("recorded", one) == (answer, letter.alert_id)
    assert "call_back" == town.entry(one, "claimed")["proof"]


def test_a_known_number_without_alerts_hears_so(town: Town) -> None:
    """P27: nothing waits, nothing is asked."""
    caller = town.callbacks.caller(DOCTORS_PHONE)

    assert caller is not None
    assert ("doctor-1", []) == (caller.person.id, list(caller.agenda))


def test_a_strange_number_is_nobody(town: Town) -> None:
    """P27: not even with an open alert."""
    town.press()

    assert town.callbacks.caller(STRANGE) is None


@pytest.fixture
def coded(town: Town) -> Town:
    """The doctor has a code of her own."""
    with town.ledger.transaction() as tx:
        pins.set_pin(tx, "doctor-1", PIN, town.clock.now())
    return town


def test_both_codes_open_a_strange_telephone(coded: Town) -> None:
    """P27: typed on the keys; the claim counts and is flagged."""
    alert = coded.press()
    coded.deliver()

    token = coded.callbacks.by_code(STRANGE, keypad(reply_code(alert)) + PIN)
    assert token is not None
    said = coded.callbacks.answered(token, "claim", "pin")

    assert ("recorded", "doctor-1") == (said, coded.alert(alert).tracks[0].claimant)
    assert "pin" == coded.entry(alert, "claimed")["proof"]
    assert "note" in coded.timeline(alert)


def test_both_codes_count_in_a_text_message(coded: Town) -> None:
    """P27: "1 CODE PIN" from another telephone."""
    alert = coded.press()
    coded.deliver()

    said = coded.callbacks.sms_reply(STRANGE, f"1 {reply_code(alert)} {PIN}")

    assert words().say("reply.recorded", "zh") == said
    assert "doctor-1" == coded.alert(alert).tracks[0].claimant
    assert "note" in coded.timeline(alert)


@pytest.mark.parametrize("keys", ["", "1", "0000", "0000481974", "48197", "0000000000"])
def test_wrong_codes_claim_nothing(coded: Town, keys: str) -> None:
    """P27: the right code without the right person, or the other way round."""
    alert = coded.press()

    assert coded.callbacks.by_code(STRANGE, keys.replace("0000", keypad(reply_code(alert)), 1)) is None
    assert coded.alert(alert).tracks[0].claimant is None


def test_a_persons_code_opens_only_what_that_person_was_asked(coded: Town) -> None:
    """P27: the alert of the south street's doctor stays shut."""
    other = coded.press("dev-0002")
    coded.deliver()

    assert coded.callbacks.by_code(STRANGE, keypad(reply_code(other)) + PIN) is None


def test_guessing_gets_slow() -> None:
    """P27: five tries of one telephone, fifty of all, then a quarter of an hour."""
    now = 0.0
    guesses = Guesses(lambda: now)
    for _ in range(5):
        guesses.failed(STRANGE)
    shut = [guesses.allowed(STRANGE), guesses.allowed("+85239990001")]
    for n in range(45):
        guesses.failed(f"+8523999{n:04}")
    all_shut = guesses.allowed("+85230009999")
    now = 901.0

    assert ([False, True], False, True) == (shut, all_shut, guesses.allowed(STRANGE))


def test_a_late_press_moves_on_to_the_next(town: Town) -> None:
    """P7, P13: the first was taken while it rang: the call is about the second."""
    one, two = _two(town)
    token = _token(town)
    town.commands.claim(one, DISPATCHER)

    assert [two] == [letter.alert_id for _, letter in town.callbacks.agenda(token)]


def test_a_message_that_was_accepted_is_no_call_under_way(town: Town) -> None:
    """An SMS keeps no call waiting."""
    town.phones["voice"].answer = lambda _: FailedForGood("gone")
    town.phones["sms"].answer = lambda _: Accepted("SM1", pending=True)
    town.press("dev-0001")
    town.deliver()
    town.phones["voice"].answer = lambda _: Accepted("CA1")
    town.press("dev-0003")
    town.deliver()

    assert 2 == len(town.phones["voice"].letters)
