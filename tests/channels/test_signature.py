"""Signatures: ours are checked by others, theirs by us."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from channels.signature import sign, verify

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = '{"case":"演练"}'.encode()


def test_it_is_the_hmac_of_time_dot_body() -> None:
    """``v1=HMAC-SHA256(secret, timestamp + "." + body)``, computed here a second way."""
    signature = sign("s3cret", "1763640000", b'{"a":1}')

    plain = hmac.new(b"s3cret", b'1763640000.{"a":1}', hashlib.sha256)
    assert f"v1={plain.hexdigest()}" == signature


def test_a_fixed_vector() -> None:
    """The same bytes for ever (``openssl dgst -sha256 -hmac change-me``): receivers are built on them."""
    signature = sign("change-me", 1763640000, b"{}")

    assert "v1=5ed754b4bc36d8c66d44c47721cc2b36f32c69d150e60a4194f98666a8d45267" == signature


def test_ours_is_accepted() -> None:
    """What ``sign`` makes, ``verify`` takes."""
    assert verify(["s3cret"], STAMP, sign("s3cret", STAMP, BODY), BODY, NOW)


@pytest.mark.parametrize("secrets", [["old", "new"], ["new", "old"], ["", "new"], "new"])
def test_each_known_secret_counts_while_it_is_rotated(secrets: list[str] | str) -> None:
    """The old and the new secret are both good until the old one is taken away."""
    assert verify(secrets, STAMP, sign("new", STAMP, BODY), BODY, NOW)


def test_a_signer_may_send_several() -> None:
    """One of the comma-separated values is enough."""
    several = f"v1={'0' * 64}, {sign('new', STAMP, BODY)}"

    assert verify(["new"], STAMP, several, BODY, NOW)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_an_old_or_future_one_is_refused(seconds: int) -> None:
    """Five minutes either way; a recorded message is worthless tomorrow."""
    stamp = str(int((NOW + timedelta(seconds=seconds)).timestamp()))

    assert not verify(["s"], stamp, sign("s", stamp, BODY), BODY, NOW)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_a_little_off_is_fine(seconds: int) -> None:
    """Up to five minutes."""
    stamp = str(int((NOW + timedelta(seconds=seconds)).timestamp()))

    assert verify(["s"], stamp, sign("s", stamp, BODY), BODY, NOW)


@pytest.mark.parametrize(
    ("stamp", "signature"),
    [
        (None, sign("s", STAMP, BODY)),
        (STAMP, None),
        (STAMP, ""),
        ("", sign("s", "", BODY)),
        (STAMP, sign("other", STAMP, BODY)),
        (STAMP, sign("s", STAMP, BODY + b" ")),
        (STAMP, sign("s", STAMP, BODY).removeprefix("v1=")),
        (STAMP, sign("s", STAMP, BODY).upper()),
        (STAMP, "v1=演练"),
        ("１７６３６４００００", sign("s", "１７６３６４００００", BODY)),
        ("-5", sign("s", "-5", BODY)),
        ("1e9", sign("s", "1e9", BODY)),
        ("9" * 5000, sign("s", "9" * 5000, BODY)),
    ],
)
def test_everything_else_is_refused_without_an_error(stamp: str | None, signature: str | None) -> None:
    """Missing, foreign, changed, unreadable: False, never an exception."""
    assert not verify(["s"], stamp, signature, BODY, NOW)


def test_without_a_secret_nothing_is_ours() -> None:
    """An empty secret signs nothing, or everybody could."""
    assert not verify(["", ""], STAMP, sign("", STAMP, BODY), BODY, NOW)
