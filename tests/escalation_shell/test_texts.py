"""Text messages that come back: STOP, stale codes, noise; and the provider's words in every order."""

import os
import random
from datetime import timedelta
from itertools import permutations

import pytest

from channels.replies import reply
from channels.wording import reply_code, words
from domain.contacts import Accepted, FailedForGood
from store.ledger import Ledger
from tests.town import SUPERVISOR, Town, site

DOCTORS_PHONE = "+85230000001"
#: of the ten thousand noisy texts so many meet a ledger, unless everything is to be proved
NOISE = 10_000 if os.environ.get("ANLING_PROVE") else 300


def _say(key: str, **values: str) -> str:
    return words().say(f"reply.{key}", "zh", **values)


# -- STOP (P25)


@pytest.mark.parametrize("word", ["STOP", "退订", "ＳＴＯＰ"])
def test_stop_ends_text_messages_and_is_told(town: Town, word: str) -> None:
    """P25: the contact counts as none, and whoever keeps the roster has a task."""
    said = town.callbacks.sms_reply(DOCTORS_PHONE, word)
    town.phones["voice"].answer = lambda _: FailedForGood("busy")
    town.press()
    town.deliver()

    (task,) = town.rows("SELECT * FROM tasks WHERE kind = 'coverage'")
    assert "" == said
    assert [] == town.phones["sms"].letters
    assert ["street-1"] == town.phones["webhook"].asked()
    assert ("coverage/stopped/doctor-1/sms", "north", None) == (task["key"], task["street"], task["done_at"])


def test_a_provider_that_says_stop_counts_alike(town: Town) -> None:
    """P25: code 21610 at sending; the next tier is asked at once, and the number is not tried again."""
    town.phones["voice"].answer = lambda _: FailedForGood("busy")
    town.phones["sms"].answer = lambda _: FailedForGood("the person unsubscribed (STOP)", "21610")
    town.press("dev-0001")
    town.deliver()
    town.press("dev-0003")
    town.deliver()

    assert 1 == len(town.phones["sms"].letters)
    assert 1 == town.count("tasks", "key = 'coverage/stopped/doctor-1/sms'")


@pytest.mark.parametrize("code", ["21610", "30630", "MOBILE_IN_BLACK", "USER_REJECT"])
def test_a_late_word_of_the_carrier_counts_alike(town: Town, code: str) -> None:
    """P25: whichever of the providers' codes says it, by call-back."""
    town.phones["voice"].answer = lambda _: FailedForGood("busy")
    town.phones["sms"].answer = lambda _: Accepted("SM1", pending=True)
    town.press()
    town.deliver()
    letter = town.phones["sms"].letters[0]

    town.callbacks.status(town.tokens.call(letter.key, 1), "undelivered", "SM1", code)

    assert 1 == town.count("stopped_contacts")


def test_a_tier_that_loses_its_last_way_is_named(town: Town) -> None:
    """P25: coverage is worked out again; what has become empty stands in the task."""
    town.change("DELETE FROM responders WHERE id = 'doctor-2'")
    raw = town.rows("SELECT contacts FROM responders WHERE id = 'doctor-1'")[0]["contacts"]
    with town.ledger.transaction() as tx:
        points = tx.sealer.open_json(raw, "responders.contacts|doctor-1")
        sealed = tx.sealer.seal_json(points[1:], "responders.contacts|doctor-1")
    town.change("UPDATE responders SET contacts = :c WHERE id = 'doctor-1'", c=sealed)
    town.change("UPDATE meta SET value = 'changed' WHERE key = 'register'")

    town.callbacks.sms_reply(DOCTORS_PHONE, "stop")
    alert = town.press()

    data = str(town.rows("SELECT data FROM tasks WHERE kind = 'coverage'")[0]["data"])
    assert "family_doctor" in data
    assert "gap" in town.timeline(alert)


def test_start_takes_stop_back(town: Town) -> None:
    """P25: the contact counts again, and the task is done by that."""
    town.callbacks.sms_reply(DOCTORS_PHONE, "STOP")
    said = town.callbacks.sms_reply(DOCTORS_PHONE, "START")
    town.phones["voice"].answer = lambda _: FailedForGood("busy")
    town.press()
    town.deliver()

    assert _say("started") == said
    assert ["doctor-1"] == town.phones["sms"].asked()
    assert 0 == town.count("tasks", "done_at IS NULL")


def test_a_new_number_is_not_stopped(town: Town) -> None:
    """P25: it was that address; the register's next one is another telephone."""
    town.callbacks.sms_reply(DOCTORS_PHONE, "STOP")
    with town.ledger.transaction() as tx:
        points = [{"channel": "sms", "address": "+85230000777", "secret": None, "drill": False}]
        sealed = tx.sealer.seal_json(points, "responders.contacts|doctor-1")
    town.change("UPDATE responders SET contacts = :c WHERE id = 'doctor-1'", c=sealed)
    town.change("UPDATE meta SET value = 'changed' WHERE key = 'register'")
    town.press()
    town.deliver()

    assert ["+85230000777"] == [letter.address for letter in town.phones["sms"].letters]


def test_the_stopped_number_stands_sealed(town: Town) -> None:
    """No telephone number is readable at rest."""
    town.callbacks.sms_reply(DOCTORS_PHONE, "STOP")

    (row,) = town.rows("SELECT address FROM stopped_contacts")

    assert b"30000001" not in bytes(row["address"])


# -- codes (P26)


def test_ten_thousand_texts_touch_nothing_they_do_not_name(town: Town) -> None:
    """P26: noise with full-width digits, spaces, codes of closed alerts: no text claims what it does not name."""
    chance = random.Random(11)
    old = town.press("dev-0001")
    one = town.press("dev-0003")
    town.deliver()
    town.commands.close(old, SUPERVISOR, "accidental")
    two = town.press("dev-0001")
    town.deliver()
    codes = {reply_code(id): id for id in (one, two)}
    texts = [_noise(chance, [reply_code(old), *codes]) for _ in range(10_000)]
    meant = [text for text in texts if reply(text).meaning == "claim" and reply(text).code in codes]

    for text in [t for t in texts if t not in set(meant)][:NOISE]:
        town.callbacks.sms_reply(DOCTORS_PHONE, text)

    assert meant
    assert {None} == {town.alert(id).tracks[0].claimant for id in (one, two)}
    assert _say("recorded") == town.callbacks.sms_reply(DOCTORS_PHONE, f"１　{reply_code(two).lower()}")
    assert (None, "doctor-1") == tuple(town.alert(id).tracks[0].claimant for id in (one, two))


def _noise(chance: random.Random, codes: list[str]) -> str:
    pieces = ["1", "１", "收到", " ", "　", "2", "9", "不", "去", "?", "ok", "编号", "，", "\u200b", *codes]
    text = "".join(chance.choices(pieces, k=chance.randint(0, 5)))
    # A decline or STOP is an answer too, and is tried elsewhere.
    return "" if reply(text).meaning in ("decline", "stop", "start") else text


@pytest.mark.parametrize(
    "written", ["＋８５２３００００００１", "00852 3000-0001", "tel:+85230000001", " +852(3000)0001 "]
)
def test_a_number_is_known_however_it_is_written(ledger: Ledger, written: str) -> None:
    """P26, P27: full-width digits in the register, and the person's "1" still counts."""
    raw = site()
    for contact in raw["responders"][0]["contacts"]:
        contact["address"] = written
    town = Town(ledger)
    town.settle_in(raw)
    alert = town.press()
    town.deliver()

    town.callbacks.sms_reply("+85230000001", "1")

    assert "doctor-1" == town.alert(alert).tracks[0].claimant


def test_two_people_of_one_telephone(town: Town) -> None:
    """A duty telephone that two people share: the alert that one of them was asked for is meant."""
    raw = town.rows("SELECT contacts FROM responders WHERE id = 'doctor-1'")[0]["contacts"]
    with town.ledger.transaction() as tx:
        points = tx.sealer.open_json(raw, "responders.contacts|doctor-1")
        sealed = tx.sealer.seal_json(points, "responders.contacts|doctor-2")
    town.change("UPDATE responders SET contacts = :c WHERE id = 'doctor-2'", c=sealed)
    town.change("UPDATE meta SET value = 'changed' WHERE key = 'register'")
    alert = town.press("dev-0002")
    town.deliver()

    town.callbacks.sms_reply(DOCTORS_PHONE, "1")

    assert "doctor-2" == town.alert(alert).tracks[0].claimant


# -- statuses (P21)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_all_orders_of_five_statuses_end_alike(town: Town) -> None:
    """P21: every permutation of queued, ringing, answered, completed, failed, each told twice: the same rows."""
    town.phones["voice"].answer = lambda _: Accepted("CA1", pending=True)
    town.press()
    town.deliver()
    (letter,) = town.phones["voice"].letters
    token = town.tokens.call(letter.key, 1)
    ends = set()
    for order in permutations(("queued", "ringing", "in-progress", "completed", "failed")):
        town.change("DELETE FROM outbox WHERE channel = 'sms'")
        town.change("UPDATE outbox SET status = 'accepted', reason = NULL WHERE channel = 'voice'")
        town.change("UPDATE attempts SET status = 'accepted', code = NULL, reason = NULL")
        for status in order:
            town.callbacks.status(token, status, "CA1")
            town.callbacks.status(token, status, "CA1")
        rows = town.rows("SELECT channel, status FROM outbox WHERE purpose = 'contact' ORDER BY channel")
        words_said = town.rows("SELECT status, reference FROM attempts")
        ends.add((str(rows), str(words_said)))

    assert 1 == len(ends)
    assert "'completed'" in ends.pop()[1]


def test_a_recorded_text_claims_nothing_later(town: Town) -> None:
    """The provider's signature never ages: the same message once more is answered alike and touches no later alert."""
    first = town.press("dev-0001")
    town.deliver()
    said = town.callbacks.sms_reply("+85230000001", "1", "sms\nSM1")
    town.commands.close(first, SUPERVISOR, "accidental")
    later = town.press("dev-0001")
    town.deliver()

    again = town.sibling().callbacks.sms_reply("+85230000001", "1", "sms\nSM1")

    assert said == again
    assert "calling" == town.alert(later).tracks[0].state


def test_a_code_is_forgotten_after_a_month(town: Town) -> None:
    """P26: then it never was; still nothing is touched."""
    old = town.press()
    town.deliver()
    town.commands.close(old, SUPERVISOR, "accidental")
    town.clock.forward(timedelta(days=31).total_seconds())

    said = town.callbacks.sms_reply(DOCTORS_PHONE, f"1 {reply_code(old)}")

    assert _say("no_such_code", code=reply_code(old), open=_say("nothing_open")) == said
