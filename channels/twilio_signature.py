"""Whether a callback really comes from Twilio; and such a signature, for trying our own doors."""

from collections.abc import Mapping
from typing import Any


def verify_twilio(token: str, url: str, params: Mapping[str, Any], signature: str | None) -> bool:
    """True when ``X-Twilio-Signature`` fits. Never raises.

    ``url`` is the address that Twilio asked: public URL, path and query, not what a proxy
    made of it (P24). ``params``: the form, repeated keys by ``getlist``/``getall``. A signed
    request can be repeated by anybody who saw it: handle each (SID, event) once.
    """
    if not signature or not token:
        return False
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped, unused-ignore]

    try:
        return bool(RequestValidator(token).validate(url, params, signature))
    except (TypeError, ValueError, UnicodeError):
        return False


def sign_twilio(token: str, url: str, params: Mapping[str, Any]) -> str:
    """``X-Twilio-Signature`` as the provider makes it, for calling our own doors."""
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped, unused-ignore]

    return str(RequestValidator(token).compute_signature(url, params))
