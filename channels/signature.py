"""How we sign what we send, and how we know that a 120 desk's answer is really theirs.

``v1=HMAC-SHA256(secret, timestamp + "." + body)`` (wire.md section 5). The timestamp is
Unix seconds of the wall clock at the moment of sending: it is signed, so an old message
cannot be sent again tomorrow.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime

TIMESTAMP_HEADER = "X-Anling-Timestamp"
SIGNATURE_HEADER = "X-Anling-Signature"

#: seconds that a signature's time may differ from ours, either way
WINDOW = 300


def sign(secret: str, timestamp: str | int, body: bytes) -> str:
    """The value of ``X-Anling-Signature``: ``v1=`` and 64 hex digits."""
    return "v1=" + hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def verify(
    secrets: str | Sequence[str], timestamp: str | None, signature: str | None, body: bytes, now: datetime
) -> bool:
    """True when one of ``secrets`` made it within five minutes of ``now``; never raises.

    While a secret is rotated both are given here; the signer may send several values,
    separated by commas. All are compared in constant time.
    """
    if not timestamp or not signature or not _fresh(timestamp, now):
        return False
    given = [part.strip().encode() for part in signature.split(",")[:8]]
    known = [secrets] if isinstance(secrets, str) else secrets
    matches = [
        hmac.compare_digest(sign(secret, timestamp, body).encode(), one)
        for secret in known if secret for one in given
    ]  # fmt: skip
    return any(matches)


def _fresh(timestamp: str, now: datetime) -> bool:
    """Ten ASCII digits or so, near enough to now."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= WINDOW
