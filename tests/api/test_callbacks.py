"""What the telephone network and the 120 desk tell us: signed, committed, then answered."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.signature import sign
from domain.errors import LedgerUnavailable

PUBLIC = "https://anling.example"


def twilio(client: TestClient, path: str, form: dict[str, str], token: str = "twilio-token") -> Any:
    """POST as Twilio does: signed for the public address, sent to whatever the proxy calls us."""
    signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return client.post(path, content=urlencode(form), headers=headers)


def desk(client: TestClient, body: dict[str, Any], secret: str = "desk-secret", age: int = 0) -> Any:
    """POST as the 120 desk does."""
    raw, at = json.dumps(body).encode(), str(int(time.time()) - age)
    headers = {"X-Anling-Timestamp": at, "X-Anling-Signature": sign(secret, at, raw)}
    return client.post("/callbacks/dispatch-120", content=raw, headers=headers)


@pytest.mark.parametrize("door", ["voice", "gather", "sms", "status"])
def test_an_unsigned_callback_is_403(client: TestClient, house: Any, door: str) -> None:
    """No signature, a wrong token, another address (P24): 403 and nothing happens."""
    path = f"/callbacks/twilio/{door}?token=call-1"
    unsigned = client.post(path, data={"Digits": "1"})
    forged = twilio(client, path, {"Digits": "1"}, token="another")
    elsewhere = RequestValidator("twilio-token").compute_signature(
        "http://testserver" + path, {"Digits": "1"}
    )
    spoofed = client.post(path, data={"Digits": "1"}, headers={"X-Twilio-Signature": elsewhere})

    assert [403, 403, 403] == [unsigned.status_code, forged.status_code, spoofed.status_code]
    assert "application/problem+json" == unsigned.headers["content-type"]
    assert [] == house.done


def test_an_answered_call_hears_the_message_and_claims_nothing(client: TestClient, house: Any) -> None:
    """Voice is words and a wait for a key; answering is not an acknowledgement (P11)."""
    answer = twilio(client, "/callbacks/twilio/voice?token=call-1", {"CallSid": "CA1"})

    assert 200 == answer.status_code
    assert f'action="{PUBLIC}/callbacks/twilio/gather?token=call-1"' in answer.text
    assert [] == house.done


@pytest.mark.parametrize(("moved", "word"), [("taken:家庭医生二", "家庭医生二"), ("closed", "结束")])
def test_whoever_answers_late_hears_that_it_is_over(client: TestClient, house: Any, moved: str, word: str) -> None:
    """Claimed or closed while it rang: the call says so and asks for no key (P7)."""
    house.moved = moved

    answer = twilio(client, "/callbacks/twilio/voice?token=call-1", {"CallSid": "CA1"})

    assert word in answer.text
    assert "<Gather" not in answer.text


def test_key_one_is_recorded_then_said(client: TestClient, house: Any) -> None:
    """The commit comes first, then the words."""
    answer = twilio(client, "/callbacks/twilio/gather?token=call-1", {"Digits": "1"})

    assert (200, [("answered", "call-1", "claim")]) == (answer.status_code, house.done)
    assert "已登记" in answer.text


@pytest.mark.parametrize("digits", ["", "3", "9"])
def test_other_keys_claim_nothing(client: TestClient, house: Any, digits: str) -> None:
    """Silence, repeat and a wrong digit ask again (P11)."""
    answer = twilio(client, "/callbacks/twilio/gather?token=call-1", {"Digits": digits})

    assert (200, []) == (answer.status_code, house.done)
    assert "<Gather" in answer.text


@pytest.mark.parametrize("error", [LedgerUnavailable("gone"), RuntimeError("disk")])
def test_a_dead_ledger_never_says_recorded(client: TestClient, house: Any, error: Exception) -> None:
    """P10: kill the database inside the handler; the caller hears "not recorded", HTTP is never 2xx."""
    house.broken = error
    answer = twilio(client, "/callbacks/twilio/gather?token=call-1", {"Digits": "1"})

    assert 503 == answer.status_code
    assert "未登记" in answer.text
    assert "已登记" not in answer.text


def test_statuses_are_passed_on_and_never_lost(client: TestClient, house: Any) -> None:
    """2xx only after the commit; a dead ledger is a 5xx, so Twilio or the reconciler asks again."""
    form = {"CallSid": "CA1", "CallStatus": "busy", "ErrorCode": "486"}
    first = twilio(client, "/callbacks/twilio/status?token=call-1", form)
    house.broken = LedgerUnavailable("gone")
    second = twilio(client, "/callbacks/twilio/status?token=call-1", form)

    assert [("status", "call-1", "busy", "CA1", "486")] == house.done
    assert [204, 503] == [first.status_code, second.status_code]


def test_a_text_message_is_answered_with_what_was_recorded(client: TestClient, house: Any) -> None:
    """SMS replies go to the engine; its words come back as a message."""
    answer = twilio(client, "/callbacks/twilio/sms", {"From": "+85230000001", "Body": "1 收到"})
    house.broken = LedgerUnavailable("gone")
    dead = twilio(client, "/callbacks/twilio/sms", {"From": "+85230000001", "Body": "1"})

    assert "<Message>已登记</Message>" in answer.text
    assert ([("sms", "+85230000001", "1 收到")], 503) == (house.done, dead.status_code)


def test_the_desk_is_heard_when_it_signs(client: TestClient, house: Any) -> None:
    """A signed message reaches the engine; forged, old or unsigned ones are 403."""
    body = {"case": "C1", "status": "taken", "by": "clerk 7"}
    good, forged, old = desk(client, body), desk(client, body, secret="x"), desk(client, body, age=600)
    unsigned = client.post("/callbacks/dispatch-120", json=body)

    assert [200, 403, 403, 403] == [a.status_code for a in (good, forged, old, unsigned)]
    assert [("desk", body)] == house.done


def test_a_desk_signs_with_the_secret_that_we_sign_to_it_with(client: TestClient, house: Any) -> None:
    """A contact's own secret counts for its cases, and for nobody else's."""
    own = desk(client, {"case": "C9", "status": "taken", "by": "7"}, secret="own-secret")
    other = desk(client, {"case": "C1", "status": "taken", "by": "7"}, secret="own-secret")

    assert ([200, 403], 1) == ([own.status_code, other.status_code], len(house.done))


def test_a_recorded_desk_message_is_not_obeyed_again(client: TestClient, house: Any) -> None:
    """The very same bytes once more (a retry, or somebody who listened): the same answer, and nothing is done."""
    raw, at = json.dumps({"case": "C1", "status": "taken", "by": "clerk 7"}).encode(), str(int(time.time()))
    signed = sign("desk-secret", at, raw)

    answers = [
        client.post("/callbacks/dispatch-120", content=raw, headers={
            "X-Anling-Timestamp": at, "X-Anling-Signature": signature})
        for signature in (signed, signed, f"{signed}, v1=00")
    ]  # fmt: skip

    assert ([200, 200, 200], 1) == ([a.status_code for a in answers], len(house.done))


def test_the_desk_hears_no_success_from_a_dead_ledger(client: TestClient, house: Any) -> None:
    """P10 for machines."""
    house.broken = LedgerUnavailable("gone")

    assert 503 == desk(client, {"case": "C1", "status": "taken"}).status_code
