"""Delivery: lease, commit, call, settle; nobody is called in vain, and nobody's failure is another's delay."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result
from escalation import owners
from store import outbox
from tests.town import DISPATCHER, DOCTOR, NOON, OFFICE, Phone, Town
from tests.waiting import eventually


def _rows(town: Town) -> list[tuple[str, str, str]]:
    return [(r["person"], r["channel"], r["status"]) for r in town.outbox()]


def test_a_contact_is_said_once_and_settled(town: Town) -> None:
    """Row, attempt, letter and reference agree."""
    alert = town.press()
    town.deliver()

    (letter,) = town.phones["voice"].letters
    (attempt,) = town.rows("SELECT * FROM attempts")
    assert (alert, "doctor-1", 1) == (letter.alert_id, letter.responder_id, letter.attempt)
    assert [("doctor-1", "voice", "accepted")] == _rows(town)
    assert ("accepted", f"ref-{letter.key}-1") == (attempt["status"], attempt["reference"])


def test_the_attempt_is_in_the_ledger_before_the_dial(town: Town) -> None:
    """A crash while it rings leaves a trace of the call (P16); and no transaction is open meanwhile."""
    seen: list[Any] = []

    def look(letter: Letter) -> Result:
        town.change("UPDATE meta SET value = value")
        seen.extend(town.rows("SELECT a.status, o.status AS row FROM attempts a JOIN outbox o ON o.key = a.key"))
        return Accepted()

    town.phones["voice"].answer = look
    town.press()
    town.deliver()

    assert [{"status": "sending", "row": "leased"}] == seen


def test_a_way_that_fails_is_followed_by_the_next_at_once(town: Town) -> None:
    """The same person by SMS, under a key of its own; the plan still waits for the person."""
    town.phones["voice"].answer = lambda _: FailedForGood("no such number", "13224")
    alert = town.press()
    town.deliver()

    assert [("doctor-1", "sms", "accepted"), ("doctor-1", "voice", "failed")] == sorted(_rows(town))
    assert "unreached" not in town.timeline(alert)


def test_when_every_way_fails_the_plan_moves_on_at_once(town: Town) -> None:
    """The next tier does not wait for its minute (design, "all attempts of the step failed")."""
    for way in ("voice", "sms"):
        town.phones[way].answer = lambda _: FailedForGood("no such number")
    alert = town.press()
    town.deliver()

    assert "unreached" in town.timeline(alert)
    assert ["street-1"] == town.phones["webhook"].asked()
    assert NOON == town.clock.now()


def test_a_person_who_left_the_register_is_passed_over(town: Town) -> None:
    """No contact point any more: the next tier at once, not a silence."""
    town.press()
    town.change("DELETE FROM responders WHERE id = 'doctor-1'")
    town.change("UPDATE meta SET value = 'changed' WHERE key = 'register'")
    town.deliver()

    assert [] == town.phones["voice"].letters
    assert ["street-1"] == town.phones["webhook"].asked()


def test_a_channel_that_nobody_configured_is_passed_over(town: Town) -> None:
    """No telephone provider: SMS; none of these either: the next tier."""
    town.press()
    with town.sending([town.phones["webhook"]]):
        eventually(lambda: town.phones["webhook"].asked() == ["street-1"])

    assert {"failed"} == {r["status"] for r in town.outbox(person="doctor-1")}


def test_failed_for_now_is_tried_again_soon(town: Town) -> None:
    """A blip is forgiven: the same row, the next attempt number, the same key (P12, P15)."""
    answers = iter([FailedForNow("busy"), FailedForNow("busy"), Accepted("ok")])
    town.press("dev-0002")
    town.phones["voice"].answer = lambda _: next(answers)
    for seconds in (0, 1, 2):
        town.clock.forward(seconds)
        town.deliver()

    assert [1, 2, 3] == [letter.attempt for letter in town.phones["voice"].letters]
    assert 1 == len({letter.key for letter in town.phones["voice"].letters})
    assert [("doctor-2", "voice", "accepted")] == [r for r in _rows(town) if r[0] == "doctor-2"]


def test_the_second_failure_moves_the_plan_while_we_keep_trying(town: Town) -> None:
    """Nobody waits for a dead line, and a line that comes back is still used."""
    town.press("dev-0002")
    town.phones["voice"].answer = lambda _: FailedForNow("unreachable")
    town.deliver()
    assert [] == town.phones["webhook"].asked()
    town.clock.forward(1)
    town.deliver()

    assert ["street-1"] == town.phones["webhook"].asked()
    assert "pending" == town.outbox(person="doctor-2")[0]["status"]


def test_a_provider_that_asks_to_wait_is_obeyed_within_reason(town: Town) -> None:
    """``retry_after``, a minute at most."""
    town.press("dev-0002")
    town.phones["voice"].answer = lambda _: FailedForNow("throttled", retry_after=3600)
    town.deliver()

    with town.ledger.reading() as tx:
        assert town.clock.now() + timedelta(seconds=60) == outbox.next_ready(tx)


def test_an_attempt_whose_end_is_not_known_says_so(town: Town) -> None:
    """It may have rung: the word is ``unknown``."""
    town.press("dev-0002")
    town.phones["voice"].answer = lambda _: FailedForNow("time-out", unknown=True)
    town.deliver()

    assert ["unknown"] == [r["status"] for r in town.rows("SELECT status FROM attempts")]


def test_a_claim_before_the_dial_suppresses_it(town: Town) -> None:
    """The call that would wake somebody in vain is not made, and its row says why (P7, invariant 11)."""
    alert = town.press()
    town.commands.claim(alert, DISPATCHER)
    town.deliver()

    assert [] == town.phones["voice"].letters
    assert {("superseded", "the alert moved on")} == {
        (r["status"], r["reason"]) for r in town.outbox(purpose="contact")
    }
    assert 0 == town.count("attempts", "key LIKE '%/voice/%'")


def _slow(free: threading.Event, but: str = "") -> Callable[[Letter], Result]:
    """A line that rings until ``free`` is set, except for one person."""

    def answer(letter: Letter) -> Result:
        if letter.responder_id != but:
            free.wait(20)
        return Accepted("ok")

    return answer


def test_a_claim_between_two_tries_suppresses_the_second(town: Town) -> None:
    """Also a retry asks first."""
    alert = town.press("dev-0002")
    town.phones["voice"].answer = lambda _: FailedForNow("busy")
    town.deliver()
    town.commands.claim(alert, DISPATCHER)
    town.clock.forward(5)
    town.deliver()

    assert 1 == len(town.phones["voice"].letters)
    assert "superseded" == town.outbox(person="doctor-2", purpose="contact")[0]["status"]


def test_a_claim_while_it_rings_stops_the_next_way(town: Town) -> None:
    """The call fails, but somebody has it by now: no SMS."""
    town.phones["voice"].answer = lambda letter: (
        town.commands.claim(letter.alert_id, DISPATCHER) and FailedForGood("busy")
    )
    town.press()
    town.deliver()

    assert [] == [r for r in town.phones["sms"].letters if r.purpose == "contact"]


def test_a_call_of_a_generation_before_is_not_made(town: Town) -> None:
    """Claimed and given back while it waited: the track calls again, but not by the order of before (P9)."""
    town.press()
    alert = town.outbox()[0]["alert_id"]
    town.commands.claim(alert, DISPATCHER)
    town.commands.release(alert, DISPATCHER)
    town.deliver()

    first = town.outbox(purpose="contact")[0]
    assert ("superseded", "calling") == (first["status"], town.alert(alert).tracks[0].state)
    assert [] == town.phones["voice"].letters


def test_a_restored_row_of_long_ago_wakes_nobody(town: Town) -> None:
    """An old backup, an old queue: a stale generation is suppressed (P9)."""
    alert = town.press()
    town.deliver()
    town.commands.close(alert, DISPATCHER, "accidental")
    town.clock.forward(60 * 86_400)
    town.change("UPDATE outbox SET status = 'pending', finished_at = NULL, attempts = 0 WHERE purpose = 'contact'")
    town.deliver()

    assert 1 == len(town.phones["voice"].letters)
    assert "superseded" == town.outbox(purpose="contact")[0]["status"]


@pytest.mark.parametrize("error", [ValueError, KeyError, OSError, MemoryError, AssertionError, RuntimeError])
def test_a_channel_that_raises_delays_nobody(town: Town, error: type[Exception]) -> None:
    """Any exception: its row is settled, the next way is tried, the others are called (P5)."""

    def answer(letter: Letter) -> Result:
        if letter.responder_id == "doctor-1":
            raise error("a number: +85230000001")
        return Accepted()

    town.phones["voice"].answer = answer
    town.press("dev-0001")
    town.press("dev-0002")
    town.deliver()

    assert ["doctor-1", "doctor-2"] == sorted(town.phones["voice"].asked())
    assert ["doctor-1"] == town.phones["sms"].asked()
    reasons = [str(r["reason"]) for r in town.rows("SELECT reason FROM attempts")]
    assert [] == [r for r in reasons if "+852" in r]


def test_a_channel_that_hangs_delays_nobody(town: Town) -> None:
    """One line that does not come back holds one thread (P5)."""
    free = threading.Event()
    town.phones["voice"].answer = _slow(free, but="doctor-2")
    town.press("dev-0001")
    with town.sending():
        eventually(lambda: len(town.phones["voice"].letters) == 1)
        town.press("dev-0002")
        eventually(lambda: ("doctor-2", "voice", "accepted") in _rows(town))
        free.set()
        town.quiet()

    assert {"accepted"} == {r["status"] for r in town.outbox()}


def test_many_that_wait_for_a_busy_person_delay_no_new_call(town: Town) -> None:
    """Rows of people who are being dialed stand in the queue; a new alert's first call passes them (P5, P13)."""
    free = threading.Event()
    town.phones["voice"].answer = _slow(free, but="doctor-2")
    alert = town.press("dev-0001")
    with town.sending(size=4):
        eventually(lambda: len(town.phones["voice"].letters) == 1)
        for n in range(12):
            town.change(
                "INSERT INTO outbox (key, alert_id, track, gen, purpose, person, role, channel, point, fallbacks,"
                " drill, repeats, created_at, not_before, status, attempts)"
                " SELECT :k, alert_id, track, gen, 'inform', person,"
                " role, 'sms', 1, fallbacks, drill, 0, created_at, created_at, 'pending', 0 FROM outbox"
                " WHERE alert_id = :a AND purpose = 'contact'",
                k=f"{alert}/main/0/inform.{n}/doctor-1/sms/1", a=alert,
            )  # fmt: skip
        town.press("dev-0002")
        try:
            eventually(lambda: "doctor-2" in town.phones["voice"].asked(), 3)
        finally:
            free.set()
        town.quiet()


def test_one_person_is_dialed_once_at_a_time_for_one_alert(town: Town) -> None:
    """What comes after a call waits for its end, so that a stand-down never overtakes it."""
    free = threading.Event()
    town.phones["voice"].answer = _slow(free)
    alert = town.press()
    with town.sending():
        eventually(lambda: len(town.phones["voice"].letters) == 1)
        town.commands.close(alert, DISPATCHER, "accidental")
        assert not threading.Event().wait(0.3)
        before = list(town.phones["sms"].letters)
        free.set()
        town.quiet()

    assert [] == before
    assert ["stand_down"] == [letter.purpose for letter in town.phones["sms"].letters]


def test_first_contacts_go_before_repeats(town: Town) -> None:
    """A free sender takes first attempts first, however long repeats have waited (invariant 21)."""
    first = town.press("dev-0001")
    town.deliver()
    town.forward(300)
    later = town.press("dev-0003")

    with town.ledger.transaction() as tx:
        now = town.clock.now()
        leased = outbox.lease(tx, "me", now, now + timedelta(seconds=30), 100)

    assert [0] == sorted({x.item.repeats for x in leased if x.item.alert_id == later})
    order = [x.item.repeats > 0 for x in leased]
    assert sorted(order) == order
    assert {first, later} == {x.item.alert_id for x in leased}


def test_first_contacts_go_before_news(town: Town) -> None:
    """However many are still to hear that something is over, whoever must come now is asked first (P5, P13)."""
    over = town.press("dev-0001")
    town.deliver()
    town.commands.close(over, DISPATCHER, "accidental")
    town.clock.forward(60)
    new = town.press("dev-0002")

    with town.ledger.transaction() as tx:
        now = town.clock.now()
        leased = outbox.lease(tx, "me", now, now + timedelta(seconds=30), 1)

    assert [(new, "contact")] == [(x.item.alert_id, x.item.purpose) for x in leased]


def test_a_lease_of_a_dead_sender_is_taken_over_at_once(town: Town) -> None:
    """This machine knows that the process is gone; nobody waits for the lease to run out (P16)."""
    host, boot, _, _ = owners.me().rsplit("/", 3)
    town.press()
    _lease(town, f"{host}/{boot}/999999999/1")
    town.deliver()

    assert [2] == [letter.attempt for letter in town.phones["voice"].letters]
    assert ["unknown", "accepted"] == [r["status"] for r in town.rows("SELECT status FROM attempts ORDER BY n")]


def test_a_lease_of_a_living_sender_is_left_alone(town: Town) -> None:
    """Until it runs out."""
    town.press()
    _lease(town, "elsewhere/boot/1/1")
    with town.sending():
        assert not threading.Event().wait(0.5)
        untouched = list(town.phones["voice"].letters)
        town.clock.forward(31)
        eventually(lambda: len(town.phones["voice"].letters) == 1)

    assert [] == untouched


def _lease(town: Town, owner: str) -> None:
    """Another sender takes everything, writes its attempts, and is heard of no more."""
    with town.ledger.transaction() as tx:
        now = town.clock.now()
        taken = outbox.lease(tx, owner, now, now + timedelta(seconds=30), 100)
        outbox.start(tx, [{"key": x.item.key, "n": x.attempt, "started_at": now, "digit": None} for x in taken])


def test_whether_an_owner_is_dead() -> None:
    """Only what is certain counts: this process lives, another boot is gone, another machine may live."""
    host, boot, pid, started = owners.me().rsplit("/", 3)

    assert not owners.dead(owners.me())
    assert owners.dead(f"{host}/other/{pid}/{started}")
    assert owners.dead(f"{host}/{boot}/{pid}/1")
    assert owners.dead(f"{host}/{boot}/999999999/1")
    assert not owners.dead(f"elsewhere/{boot}/{pid}/{started}")
    assert not owners.dead("nonsense")


def test_a_process_that_waits_to_be_counted_is_dead() -> None:
    """Killed, but its parent has not looked yet."""
    import subprocess
    import time

    host, boot, _, _ = owners.me().rsplit("/", 3)
    child = subprocess.Popen(["sleep", "60"])
    owner = f"{host}/{boot}/{child.pid}/{owners._started(child.pid)}"
    assert not owners.dead(owner)
    child.kill()
    time.sleep(0.2)

    assert owners.dead(owner)
    child.wait()


def test_a_webhook_that_claims_in_its_answer_claims(town: Town) -> None:
    """A person answered in the same breath."""
    town.phones["webhook"].answer = lambda letter: Accepted(claimed_by=letter.responder_id)
    alert = town.press()
    town.deliver()
    town.forward(60)
    town.deliver()

    eventually(lambda: town.alert(alert).tracks[0].claimant == "street-1")
    assert "webhook" == town.entry(alert, "claimed")["proof"]


def test_an_answer_in_somebody_elses_name_claims_nothing(town: Town) -> None:
    """Only the person who was asked."""
    town.phones["webhook"].answer = lambda _: Accepted(claimed_by="doctor-1")
    alert = town.press()
    town.forward(60)
    town.deliver()

    assert "calling" == town.alert(alert).tracks[0].state


def test_accepted_is_not_an_answer(town: Town) -> None:
    """Delivery never changes a track (invariant 14)."""
    alert = town.press()
    town.deliver()

    assert "calling" == town.alert(alert).tracks[0].state


def test_a_letter_carries_what_its_listener_needs(town: Town) -> None:
    """The desk all of it, a webhook neither names nor cards."""
    town.press()
    town.forward(60)
    town.forward(60)
    town.deliver()
    voice, webhook, desk = (town.phones[c].letters[0] for c in ("voice", "webhook", "dispatch_120"))

    assert ("老人1", ()) == (voice.residents[0]["name"], voice.medical)
    assert ((), {}, ()) == (webhook.residents, webhook.access, webhook.medical)
    assert ("2580#", ["高血压"]) == (desk.access["door_code"], desk.medical[0]["conditions"])
    assert "raised" == desk.timeline[0]["type"]
    assert webhook.home is not None
    assert "home-1" == webhook.home["id"]


def test_a_repeat_to_the_desk_names_its_case(town: Town) -> None:
    """The desk keeps one case for one alert."""
    town.phones["dispatch_120"].answer = lambda _: Accepted("case-7")
    town.press()
    town.forward(120)
    town.deliver()
    town.forward(300)
    town.deliver()

    assert [None, "case-7"] == [letter.case for letter in town.phones["dispatch_120"].letters]


def test_a_drill_reaches_only_a_drill_line_of_120(town: Town) -> None:
    """And every letter of it says so (invariant 15)."""
    town.press("probe-001", drill=True)
    town.forward(120)
    town.deliver()

    assert ["http://127.0.0.1:9/desk-drill"] == [x.address for x in town.phones["dispatch_120"].letters]
    assert {True} == {x.drill for phone in town.phones.values() for x in phone.letters}


def test_a_card_that_cannot_be_opened_costs_details_not_the_call(town: Town) -> None:
    """Its own call is made without a name; the neighbours' calls as ever (P6)."""
    town.change("UPDATE residents SET card = :x WHERE id = 'resident-1'", x=b"\x01" + b"damaged" * 8)
    town.press("dev-0001")
    town.press("dev-0002")
    town.deliver()

    found = {x.responder_id: x.residents for x in town.phones["voice"].letters}
    assert ([{"id": "resident-1"}], "老人2") == (list(found["doctor-1"]), found["doctor-2"][0]["name"])


def test_a_person_whose_numbers_cannot_be_opened_counts_as_nobody(town: Town) -> None:
    """The next tier is asked at once; the others are called as ever (P4, P6)."""
    town.change("UPDATE responders SET contacts = :x WHERE id = 'doctor-1'", x=b"\x01" + b"damaged" * 8)
    town.change("UPDATE meta SET value = 'changed' WHERE key = 'register'")
    alert = town.press("dev-0001")
    town.press("dev-0002")
    town.deliver()

    assert (["doctor-2"], ["street-1"]) == (town.phones["voice"].asked(), town.phones["webhook"].asked())
    assert "gap" in town.timeline(alert)


def test_a_result_that_cannot_be_decided_holds_up_no_other(town: Town) -> None:
    """The alert is corrupt: its row is settled all the same, and so are all others (P6)."""
    for way in ("voice", "sms"):
        town.phones[way].answer = lambda _: FailedForGood("gone")
    bad, good = town.press("dev-0001"), town.press("dev-0003")
    town.change("UPDATE alerts SET outcome = NULL, facts = :x WHERE id = :a", x="7", a=bad)
    with town.sending():
        eventually(lambda: "unreached" in town.timeline(good))
        eventually(lambda: {"failed"} == {r["status"] for r in town.outbox(alert_id=bad)})


def test_settling_waits_for_the_ledger(town: Town) -> None:
    """A result is not lost while the database is away, or the call would be made again."""
    called = threading.Event()
    town.phones["voice"].answer = _slow(called)
    town.press()
    with town.sending():
        eventually(lambda: len(town.phones["voice"].letters) == 1)
        town.change("ALTER TABLE attempts RENAME TO elsewhere")
        called.set()
        assert not threading.Event().wait(0.4)
        town.change("ALTER TABLE elsewhere RENAME TO attempts")
        town.quiet()

    assert ["accepted"] == [r["status"] for r in town.outbox()]
    assert 1 == len(town.phones["voice"].letters)


def test_a_critical_call_asks_for_a_digit_of_its_own(town: Town) -> None:
    """Spoken in the call and kept with the attempt, so that no pocket presses it (P11)."""
    town.press(type="fall")
    town.deliver()

    (letter,) = town.phones["voice"].letters
    (attempt,) = town.rows("SELECT digit FROM attempts WHERE key = :k", k=letter.key)
    assert letter.digit is not None
    assert letter.digit == attempt["digit"]


def test_a_newer_contact_replaces_one_that_was_never_sent(town: Town) -> None:
    """After a long pause one call, not five."""
    town.press()
    for _ in range(5):
        town.forward(300)
    town.deliver()

    assert ["doctor-1"] == town.phones["voice"].asked()
    assert {"a newer contact replaces it"} == {r["reason"] for r in town.outbox(person="doctor-1", status="superseded")}


def test_every_row_ends_with_a_reason_and_none_is_deleted(town: Town) -> None:
    """Invariant 10."""
    town.phones["voice"].answer = lambda _: FailedForNow("busy")
    alert = town.press()
    town.forward(120)
    town.deliver()
    decided = {r["key"] for r in town.outbox()}
    town.commands.claim(alert, OFFICE)
    town.commands.close(alert, OFFICE, "treated_home")
    town.clock.forward(60)
    town.deliver()

    rows = town.outbox()
    assert decided <= {r["key"] for r in rows}
    assert {"accepted", "failed", "superseded"} >= {r["status"] for r in rows}
    assert [] == [r["key"] for r in rows if r["status"] in ("failed", "superseded") and not r["reason"]]


def test_a_sender_that_never_started_stops(town: Town) -> None:
    """A process that fails while it starts still shuts down."""
    town.delivery().stop()


def test_phones_are_asked_in_the_end_what_the_outbox_says(town: Town) -> None:
    """Every accepted row was said exactly once (invariant 12 without crashes)."""
    for device in ("dev-0001", "dev-0002", "dev-0003", "dev-0004"):
        town.press(device, type="fall")
    town.deliver()

    said = sorted(x.key for phone in town.phones.values() for x in phone.letters)
    assert sorted(r["key"] for r in town.outbox(status="accepted")) == said
    assert said == sorted(set(said))


def test_a_doctor_of_two_alerts_is_called_once_for_both(town: Town) -> None:
    """P13, P29: one telephone rings once; neither alert hides the other, the call reads out both."""
    one, two = town.press("dev-0001"), town.press("dev-0003")
    town.deliver()

    (letter,) = town.phones["voice"].letters
    token = town.tokens.call(letter.key, letter.attempt)
    assert DOCTOR.id == letter.responder_id
    assert {one, two} == {x.alert_id for _, x in town.callbacks.agenda(token)}


def test_a_fake_phone_is_a_channel() -> None:
    """The fake keeps the contract of the real ones."""
    from domain.contacts import Channel

    phone: Channel = Phone("voice")

    assert "voice" == phone.name
