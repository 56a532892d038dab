"""A push that nobody signed is not believed; one that was signed is, however its body is written."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker_bridge.decoders import signatures

NOW = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
TOKEN = "a token of the integration"


def md5(text: str) -> str:
    """Base64 of the MD5, as OneNET writes it."""
    return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize("msg", [
    '{"at":1555904805407,"imei":"86","type":1,"ds_id":"3347_0_5501","value":12}',
    '{ "value" : "a } in a \\"text\\" {", "type": 1 }',
    '[{"type":1},{"type":2}]',
])  # fmt: skip
def test_onenet_signs_the_message_as_it_was_sent(msg: str) -> None:
    """Blanks, order and braces inside texts stay as they came; another token does not hold."""
    body = f'{{"nonce":"C1z3?giR","msg":{msg},"msg_signature":"{md5(TOKEN + "C1z3?giR" + msg)}"}}'.encode()

    assert signatures.onenet(body, TOKEN)
    assert not signatures.onenet(body, "another")
    assert not signatures.onenet(body.replace(b'"type"', b'"tyqe"'), TOKEN)


def test_onenet_signs_text_too() -> None:
    """The new platform puts the message as text."""
    body = f'{{"msg":"abc","nonce":"n","signature":"{md5(TOKEN + "n" + "abc")}"}}'.encode()

    assert signatures.onenet(body, TOKEN)


def test_the_check_of_an_address_is_answered_only_if_it_holds() -> None:
    """OneNET asks with GET before it pushes: the answer is its own message."""
    query = {"msg": "hello", "nonce": "abc", "signature": md5(TOKEN + "abc" + "hello")}

    assert "hello" == signatures.onenet_address(query, TOKEN)
    assert signatures.onenet_address({**query, "signature": "x"}, TOKEN) is None
    assert signatures.onenet_address({"msg": "hello"}, TOKEN) is None


@pytest.mark.parametrize(("age", "holds"), [(0, True), (500, True), (-500, True), (3600, False)])
def test_iotda_refuses_what_is_old(age: int, holds: bool) -> None:
    """Its signature does not cover the body, so its time must be near."""
    stamp = str(int((NOW - timedelta(seconds=age)).timestamp() * 1000))
    signed = hashlib.sha256("".join(sorted((TOKEN, stamp, "n0nce"))).encode()).hexdigest()

    assert holds == signatures.iotda({"Timestamp": stamp, "Nonce": "n0nce", "Signature": signed}, TOKEN, NOW)


@pytest.mark.parametrize("form", ["hex", "sha256=hex", "base64"])
def test_the_usual_signature(form: str) -> None:
    """HMAC-SHA256 of the body in its common spellings."""
    digest = hmac.new(TOKEN.encode(), b"body", hashlib.sha256).digest()
    said = {"hex": digest.hex(), "sha256=hex": f"sha256={digest.hex()}", "base64": base64.b64encode(digest).decode()}[
        form
    ]

    assert signatures.hmac_sha256(b"body", said, TOKEN)
    assert not signatures.hmac_sha256(b"other", said, TOKEN)


@pytest.mark.parametrize("said", [None, "", "a token of the integratioN"])
def test_a_secret_must_be_the_same(said: str | None) -> None:
    """And an integration without a secret lets nobody in."""
    assert not signatures.secret(said, TOKEN)
    assert not signatures.secret("", "")
    assert signatures.secret(TOKEN, TOKEN)


@given(payload=st.binary(max_size=200), text=st.text(max_size=40))
def test_nothing_breaks_a_check(payload: bytes, text: str) -> None:
    """Whatever comes, the answer is no."""
    assert not signatures.onenet(payload, TOKEN)
    assert not signatures.hmac_sha256(payload, text, TOKEN)
    assert not signatures.iotda({"timestamp": text, "nonce": text, "signature": text}, TOKEN, NOW)
