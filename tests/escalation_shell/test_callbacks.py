"""Call-backs: a provider's word never claims, a person's does, and both may come at any time and in any order."""

from itertools import permutations
from typing import Any

import pytest

from channels.wording import reply_code, words
from domain.alerts import Actor
from domain.contacts import Accepted, FailedForNow, Letter, Result
from domain.errors import NotFound, Refused
from escalation.lamps import Lamps
from tests.escalation_shell.stages import Sender
from tests.town import DESK, DISPATCHER, DOCTOR, OFFICE, Town, together

DOCTORS_PHONE = "+85230000001"
OFFICE_CHIEF = Actor("street-1", "街道值班一", role="supervisor", roles=frozenset({"supervisor"}))


def _rung(town: Town, **fields: Any) -> tuple[str, str]:
    """A press whose doctor has been called: the alert, and the token of the call."""
    alert = town.press(**fields)
    town.deliver()
    return alert, _token(town)


def _token(town: Town, channel: str = "voice") -> str:
    letter = town.phones[channel].letters[-1]
    return town.tokens.call(letter.key, letter.attempt)


def _say(key: str, language: str = "zh", **values: str) -> str:
    return words().say(f"reply.{key}", language, **values)


# -- the provider's word


@pytest.mark.parametrize("order", sorted(permutations(("queued", "ringing", "in-progress", "completed"))), ids="-".join)
def test_statuses_in_any_order_end_alike(town: Town, order: tuple[str, ...]) -> None:
    """Out of order, each twice: the same row, the same attempt, the next way tried once (P21)."""
    if town.ledger.sqlite is False and order != tuple(sorted(order)):
        pytest.skip("the order does not meet the database")
    _, token = _rung(town)

    for status in order:
        town.callbacks.status(token, status, "CA1")
        town.callbacks.status(token, status, "CA1")

    (attempt,) = town.rows("SELECT * FROM attempts")
    rows = [(r["channel"], r["status"]) for r in town.outbox(purpose="contact")]
    assert "completed" == attempt["status"]
    assert [("sms", "pending"), ("voice", "failed")] == sorted(rows)


def test_a_completed_call_without_a_key_is_no_answer(town: Town) -> None:
    """It may have been voicemail: the next way at once, the track still calls (P11, invariant 14)."""
    alert, token = _rung(town)

    town.callbacks.status(token, "completed", "CA1")
    town.deliver()

    assert ["doctor-1"] == town.phones["sms"].asked()
    assert "calling" == town.alert(alert).tracks[0].state


@pytest.mark.parametrize("status", ["delivered", "sent", "queued", "answered", "ringing", "something-new"])
def test_no_status_claims_or_closes(town: Town, status: str) -> None:
    """Delivered is not read, answered is not coming (invariant 14)."""
    alert, token = _rung(town)
    before = town.timeline(alert)

    town.callbacks.status(token, status, "CA1")

    assert before == town.timeline(alert)
    assert ["accepted"] == [r["status"] for r in town.outbox()]


def test_when_the_last_way_failed_the_plan_moves_on(town: Town) -> None:
    """An undelivered SMS is not sent (P15)."""
    town.phones["voice"].answer = lambda _: FailedForNow("busy")
    alert = town.press()
    town.deliver()

    town.callbacks.status(_token(town, "sms"), "undelivered", "SM1", "30003")
    town.deliver()

    assert "unreached" in town.timeline(alert)
    assert ["street-1"] == town.phones["webhook"].asked()


def test_a_call_back_before_our_commit_finds_its_row(town: Town) -> None:
    """The provider calls back before its own answer came: found by the token, and its word stays (P22)."""

    def quick(letter: Letter) -> Result:
        town.callbacks.status(town.tokens.call(letter.key, letter.attempt), "busy", "CA1")
        return Accepted("CA1", pending=True)

    town.phones["voice"].answer = quick
    town.press()
    town.deliver()

    voice = [r for r in town.outbox() if r["channel"] == "voice"]
    assert [("failed", "busy")] == [(r["status"], r["reason"]) for r in voice]
    assert ["busy"] == [r["status"] for r in town.rows("SELECT status FROM attempts WHERE reference = 'CA1'")]
    assert ["doctor-1"] == town.phones["sms"].asked()


def test_the_end_of_an_earlier_try_does_not_end_the_later_one(town: Town) -> None:
    """Attempt 1 timed out and was tried again; its late "busy" is not attempt 2's."""
    answers = iter([FailedForNow("time-out", unknown=True), Accepted("CA2", pending=True)])
    town.phones["voice"].answer = lambda _: next(answers)
    town.press("dev-0002")
    town.deliver()
    first = _token(town)
    town.clock.forward(1)
    town.deliver()

    town.callbacks.status(first, "busy", "CA1")

    assert ["accepted"] == [r["status"] for r in town.outbox(person="doctor-2")]
    assert ["busy", "accepted"] == [r["status"] for r in town.rows("SELECT status FROM attempts ORDER BY n")]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_a_token_that_is_not_ours_names_nothing(town: Town, token: str) -> None:
    """And changes nothing."""
    _rung(town)

    assert town.callbacks.letter(token) is None
    with pytest.raises(NotFound):
        town.callbacks.status(token, "completed", "CA1")
    with pytest.raises(NotFound):
        town.callbacks.answered(token, "claim")


def test_a_token_of_another_purpose_is_none(town: Town) -> None:
    """A page's token is no call's."""
    alert, _ = _rung(town)

    assert town.callbacks.letter(town.tokens.page(alert, "doctor-1", "main")) is None


# -- the telephone


def test_a_key_press_claims_after_the_commit(town: Town) -> None:
    """Recorded is said for what is in the ledger (P10)."""
    alert, token = _rung(town)

    assert "recorded" == town.callbacks.answered(token, "claim")
    assert "doctor-1" == town.alert(alert).tracks[0].claimant
    assert "key_press" == town.entry(alert, "claimed")["proof"]
    assert "answered" == town.outbox(purpose="contact")[0]["status"]


@pytest.mark.parametrize("meaning", ["claim", "decline"])
def test_a_call_that_was_answered_was_made_though_its_sender_died(town: Town, meaning: str) -> None:
    """A key is pressed while the sender waits for its provider, and then the sender is gone (P16, P22): the attempt
    does not stand as "sending" for ever."""
    town.press()
    sender = Sender(town, "a")
    sender.lease()
    ((leased, _),) = sender.hand

    answer = town.callbacks.answered(town.tokens.call(leased.item.key, leased.attempt), meaning, "1")
    sender.die()
    Sender(town, "b").take_over()

    assert {"claim": "recorded", "decline": "declined"}[meaning] == answer
    assert ["accepted"] == [r["status"] for r in town.rows("SELECT status FROM attempts")]
    assert ["answered"] == [r["status"] for r in town.outbox(person="doctor-1")]


def test_a_recorded_key_press_claims_nothing_later(town: Town) -> None:
    """The same request of the provider once more, after the person gave the alert back: nothing is claimed by it."""
    alert, token = _rung(town)
    first = town.callbacks.answered(token, "claim")
    retry = town.sibling().callbacks.answered(token, "claim")
    town.commands.release(alert, DOCTOR)

    replayed = town.sibling().callbacks.answered(token, "claim")

    assert ("recorded", "recorded", "nothing") == (first, retry, replayed)
    assert "calling" == town.alert(alert).tracks[0].state


def test_the_end_of_an_answered_call_changes_nothing(town: Town) -> None:
    """``completed`` after a key was pressed is the end of the talk, not a failure."""
    alert, token = _rung(town)
    town.callbacks.answered(token, "claim")

    town.callbacks.status(token, "completed", "CA1")

    assert "answered" == town.outbox(purpose="contact")[0]["status"]
    assert "claimed" == town.alert(alert).tracks[0].state
    assert 0 == town.count("outbox", "channel = 'sms' AND purpose = 'contact'")


def test_a_key_press_may_decline(town: Town) -> None:
    """The next tier at once."""
    alert, token = _rung(town)

    assert "declined" == town.callbacks.answered(token, "decline")
    town.deliver()

    assert "declined" in town.timeline(alert)
    assert ["street-1"] == town.phones["webhook"].asked()


def test_a_late_key_press_hears_who_has_it(town: Town) -> None:
    """Between dial and answer somebody was faster (P7)."""
    alert, token = _rung(town)
    town.forward(60)
    town.commands.claim(alert, OFFICE)

    letter = town.callbacks.letter(token)
    assert letter is not None
    assert "taken:街道值班一" == town.callbacks.moved_on(letter)
    assert "taken:街道值班一" == town.callbacks.answered(token, "claim")
    assert "street-1" == town.alert(alert).tracks[0].claimant


def test_a_key_press_after_the_end_hears_so(town: Town) -> None:
    """And changes nothing (invariant 4)."""
    alert, token = _rung(town)
    town.commands.close(alert, DISPATCHER, "accidental")

    letter = town.callbacks.letter(token)
    assert letter is not None
    assert "closed" == town.callbacks.moved_on(letter)
    assert "closed" == town.callbacks.answered(token, "claim")


def test_a_key_press_counts_though_the_alert_grew_graver_meanwhile(town: Town) -> None:
    """The call's track gave way to those of a fall: the doctor has the doctor's."""
    alert, token = _rung(town)
    town.press(type="fall")

    assert "recorded" == town.callbacks.answered(token, "claim")
    assert "doctor-1" == {t.name: t.claimant for t in town.alert(alert).tracks}["family_doctor"]


def test_twenty_equal_key_presses_are_one_claim(town: Town) -> None:
    """A provider that repeats its request twenty times at once hears twenty times yes (P23)."""
    alert, token = _rung(town)

    answers = together(*(lambda: town.callbacks.answered(token, "claim") for _ in range(20)))

    assert ["recorded"] * 20 == answers
    assert 1 == town.timeline(alert).count("claimed")


def test_the_letter_of_a_call_is_found_again_with_its_digit(town: Town) -> None:
    """What was spoken in the call is asked for in it (P11)."""
    _, token = _rung(town, type="fall")

    letter = town.callbacks.letter(token)

    assert letter is not None
    assert letter.digit == town.phones["voice"].letters[0].digit


# -- text messages


@pytest.mark.parametrize("text", ["1", "１", " 收到。", "1 {code}", "1，编号{code}"])
def test_a_reply_claims_the_one_open_alert(town: Town, text: str) -> None:
    """Full-width digits, words, with and without the code."""
    alert, _ = _rung(town)

    said = town.callbacks.sms_reply(DOCTORS_PHONE, text.format(code=reply_code(alert)))

    assert _say("recorded") == said
    assert "doctor-1" == town.alert(alert).tracks[0].claimant


@pytest.mark.parametrize("text", ["hello", "11", "", "3", "1 ZZZZ extra", "ok", "好的吗?"])
def test_a_reply_that_is_not_understood_does_nothing(town: Town, text: str) -> None:
    """A claim by mistake would silence the ladder."""
    alert, _ = _rung(town)

    said = town.callbacks.sms_reply(DOCTORS_PHONE, text)

    assert said == _say("not_understood")
    assert town.alert(alert).tracks[0].claimant is None


def test_a_bare_one_for_two_alerts_asks_which(town: Town) -> None:
    """It lists them; with a code it is that one and no other (P26)."""
    one, two = town.press("dev-0001"), town.press("dev-0003")
    town.deliver()

    assert _say("which", codes=f"{reply_code(two)}, {reply_code(one)}") == town.callbacks.sms_reply(DOCTORS_PHONE, "1")
    assert _say("recorded") == town.callbacks.sms_reply(DOCTORS_PHONE, f"1 {reply_code(one)}")
    assert ("doctor-1", None) == (town.alert(one).tracks[0].claimant, town.alert(two).tracks[0].claimant)


def test_the_code_of_a_closed_alert_touches_no_other(town: Town) -> None:
    """A stale code hears who closed it and what is open now (P26)."""
    old = town.press("dev-0001")
    open_one = town.press("dev-0003")
    town.commands.close(old, OFFICE_CHIEF, "accidental")

    said = town.callbacks.sms_reply(DOCTORS_PHONE, f"1 {reply_code(old)}")

    still = _say("open_now", codes=reply_code(open_one))
    assert _say("closed_by", code=reply_code(old), name="街道值班一", open=still) == said
    assert town.alert(open_one).tracks[0].claimant is None


def test_a_code_that_never_was_touches_nothing(town: Town) -> None:
    """A slip of the finger hears what is open (P26)."""
    alert, _ = _rung(town)
    wrong = "ZZZZ" if reply_code(alert) != "ZZZZ" else "YYYY"

    said = town.callbacks.sms_reply(DOCTORS_PHONE, f"1 {wrong}")

    assert _say("no_such_code", code=wrong, open=_say("open_now", codes=reply_code(alert))) == said
    assert town.alert(alert).tracks[0].claimant is None


def test_a_reply_in_the_persons_language(town: Town) -> None:
    """The second doctor reads English."""
    alert = town.press("dev-0002")

    assert _say("declined", "en") == town.callbacks.sms_reply("+852 3000 0002", "2")
    assert "declined" in town.timeline(alert)


def test_a_reply_to_what_another_has(town: Town) -> None:
    """Hears who has it."""
    alert, _ = _rung(town)
    town.commands.claim(alert, DISPATCHER)

    assert _say("taken", name="值班员") == town.callbacks.sms_reply(DOCTORS_PHONE, "1")


@pytest.mark.parametrize("number", ["+85239999999", "", "anonymous"])
def test_an_unknown_number_claims_nothing(town: Town, number: str) -> None:
    """And is told to ring 120 if it is urgent (P27)."""
    alert, _ = _rung(town)

    assert _say("unknown") == town.callbacks.sms_reply(number, "1")
    assert town.alert(alert).tracks[0].claimant is None


def test_twenty_equal_replies_are_one_claim(town: Town) -> None:
    """Twenty polite equal answers (P23)."""
    alert, _ = _rung(town)

    answers = together(*(lambda: town.callbacks.sms_reply(DOCTORS_PHONE, "1") for _ in range(20)))

    assert [_say("recorded")] * 20 == answers
    assert 1 == town.timeline(alert).count("claimed")


# -- the 120 desk


def _case(town: Town) -> str:
    """A fall whose case the desk has accepted."""
    town.phones["dispatch_120"].answer = lambda _: Accepted("case-7")
    alert = town.press(type="fall")
    town.deliver()
    return alert


def _desk_track(town: Town, alert: str) -> tuple[str, str | None]:
    track = next(t for t in town.alert(alert).tracks if t.name == "dispatch_120")
    return str(track.state), track.claimant


def test_an_accepted_case_is_not_a_claim(town: Town) -> None:
    """The desk's computer took it; nobody speaks yet (invariant 14)."""
    assert ("calling", None) == _desk_track(town, _case(town))


def test_a_clerk_claims_the_desks_track(town: Town) -> None:
    """A signed message with a name is a person speaking; the other tracks go on."""
    alert = _case(town)

    said = town.callbacks.desk_callback({"case": "case-7", "status": "taken", "by": "0042", "note": "一车出发"})

    assert {"result": "claimed", "alert": alert} == said
    assert ("claimed", "desk-120") == _desk_track(town, alert)
    assert {"calling"} == {t.state for t in town.alert(alert).tracks if t.name != "dispatch_120"}


def test_a_desks_repeat_is_known_to_every_process(town: Town) -> None:
    """Recorded and sent again after a restart, or to another process, within the signature's minutes: the same answer,
    and the track that was given back meanwhile is not claimed again."""
    alert, body = _case(town), {"case": "case-7", "status": "taken", "by": "0042"}
    first = town.callbacks.desk_callback(body, "17000\nabc")
    town.commands.release(alert, DESK)

    again = town.sibling().callbacks.desk_callback(body, "17000\nabc")
    anew = town.sibling().callbacks.desk_callback(body, "17100\nabc")

    assert first == again == anew == {"result": "claimed", "alert": alert}
    assert 2 == town.timeline(alert).count("claimed")


def test_later_words_of_the_desk_are_progress(town: Town) -> None:
    """They renew the claim and move the lamp at home."""
    alert = _case(town)
    stages = []
    for status in ("taken", "dispatched", "on_scene", "patient_on_board", "at_hospital", "handed_over"):
        town.callbacks.desk_callback({"case": "case-7", "status": status, "by": "0042"})
        stages.append(str(town.alert(alert).stage))

    assert ["claimed", "coming", "arrived", "arrived", "arrived", "arrived"] == stages
    steps = [r for r in town.timeline(alert) if r == "progress"]
    assert 5 == len(steps)


def test_a_repeated_word_of_the_desk_is_harmless(town: Town) -> None:
    """One claim, however often it is said."""
    alert = _case(town)
    for _ in range(3):
        town.callbacks.desk_callback({"case": "case-7", "status": "taken", "by": "0042"})

    assert 1 == town.timeline(alert).count("claimed")


def test_a_desk_without_a_name_only_notes(town: Town) -> None:
    """A machine does not claim."""
    alert = _case(town)

    assert "noted" == town.callbacks.desk_callback({"case": "case-7", "status": "dispatched"})["result"]
    assert ("calling", None) == _desk_track(town, alert)


def test_a_cancelled_case_releases(town: Town) -> None:
    """Calling resumes."""
    alert = _case(town)
    town.callbacks.desk_callback({"case": "case-7", "status": "taken", "by": "0042"})

    said = town.callbacks.desk_callback({"case": "case-7", "status": "cancelled", "by": "0042", "note": "no car"})

    assert "released" == said["result"]
    assert ("calling", None) == _desk_track(town, alert)


def test_cancelling_what_was_never_taken_is_noted(town: Town) -> None:
    """Not an error that the desk would repeat for ever."""
    alert = _case(town)

    assert "noted" == town.callbacks.desk_callback({"case": "case-7", "status": "cancelled", "by": "0042"})["result"]
    assert ("calling", None) == _desk_track(town, alert)


def test_a_word_about_a_closed_alert_says_so(town: Town) -> None:
    """The desk hears that it is over."""
    alert = _case(town)
    town.commands.close(alert, DISPATCHER, "accidental")

    said = town.callbacks.desk_callback({"case": "case-7", "status": "dispatched", "by": "1"})

    assert {"result": "closed", "alert": alert} == said


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"case": "case-8", "status": "taken", "by": "1"}, NotFound),
        ({"case": "case-7", "status": "eaten", "by": "1"}, Refused),
        ({"status": "taken", "by": "1"}, Refused),
        ({}, Refused),
    ],
    ids=["unknown case", "unknown status", "no case", "nothing"],
)
def test_a_word_that_names_nothing_is_refused(town: Town, body: dict[str, Any], error: type[Exception]) -> None:
    """With what to write instead."""
    _case(town)

    with pytest.raises(error):
        town.callbacks.desk_callback(body)


# -- the lamp at home


class _Home:
    """What was shown, and whether the broker took it."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.awake = True

    def show(self, device: str, stage: str, alert: str) -> bool:
        del alert
        self.shown.append((device, stage))
        return self.awake


def test_each_stage_is_shown_once(town: Town) -> None:
    """Recorded and calling, claimed, coming, closed; nothing twice."""
    home = _Home()
    lamps = Lamps(town.ledger, home.show)
    alert = town.press()
    for act in (
        lambda: None,
        lambda: town.commands.claim(alert, DISPATCHER),
        lambda: town.commands.progress(alert, DISPATCHER, "en_route"),
        lambda: town.commands.close(alert, DISPATCHER, "treated_home"),
    ):
        act()
        lamps.turn()
        lamps.turn()

    assert [("dev-0001", s) for s in ("recorded", "calling", "claimed", "coming", "closed")] == home.shown


def test_a_stage_that_could_not_be_published_is_shown_later(town: Town) -> None:
    """The broker was away."""
    home = _Home()
    lamps = Lamps(town.ledger, home.show)
    home.awake = False
    town.press()
    assert 0 == lamps.turn()
    home.awake = True

    assert (1, 0) == (lamps.turn(), lamps.turn())


def test_a_childs_lamp_is_its_gateways(town: Town) -> None:
    """It has no line of its own."""
    home = _Home()
    town.say(town.heard("anling/v1/up/gate-0003/sub/cord-0003/event", b'{"v":1,"type":"sos"}'))
    Lamps(town.ledger, home.show).turn()

    assert [("gate-0003", "recorded"), ("gate-0003", "calling")] == home.shown


def test_an_alert_without_a_lamp_is_not_waited_for(town: Town) -> None:
    """A device nobody registered, an alert raised by hand."""
    home = _Home()
    town.press("stranger-01")
    town.commands.raise_by_hand(DISPATCHER, home="home-2")
    lamps = Lamps(town.ledger, home.show)

    assert (2, 0, []) == (lamps.turn(), lamps.turn(), home.shown)
