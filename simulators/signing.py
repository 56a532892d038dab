"""Seals: proves to the product that a callback really comes from the phone network or the desk."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def twilio_signature(token: str, url: str, params: Mapping[str, str]) -> str:
    """Return ``X-Twilio-Signature``: base64 HMAC-SHA1 of the url followed by the sorted form fields.

    For GET the fields are already part of ``url`` and ``params`` is empty (Twilio, "Webhooks security").
    """
    signed = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def anling_signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return ``X-Anling-Signature``: ``v1=`` and the hex HMAC-SHA256 of timestamp, a dot and the body."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def anling_signature_holds(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """True when the two ``X-Anling`` headers fit the body; a missing header never holds."""
    given = headers.get("x-anling-signature", "")
    wanted = anling_signature(secret, headers.get("x-anling-timestamp", ""), body)
    return hmac.compare_digest(given.encode(), wanted.encode())
