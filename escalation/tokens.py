"""Tokens in links and call-back addresses: they name one person and one alert, are signed, and expire."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from itsdangerous import BadData, TimestampSigner

_DAY = 86_400
_PAGE, _CALL, _FAMILY = "anling-responder-page", "anling-call-back", "anling-family-page"
#: never part of an id
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class ResponderToken:
    """This responder, for this alert, on this track; good for nothing else."""

    alert_id: str
    responder_id: str
    track: str


class Tokens:
    """Makes and reads tokens with the installation's secret key."""

    def __init__(self, secret: str, accepted: Callable[[], Sequence[str]] = tuple) -> None:
        """``accepted``: the keys that count while and after keys are changed; empty: ``secret`` alone does."""
        self._secret = secret
        self._accepted = accepted

    def page(self, alert_id: str, responder_id: str, track: str) -> str:
        """A token for the responder's page."""
        return _sign(self._signer(_PAGE), alert_id, responder_id, track)

    def read_page(self, token: str, max_age: int = 7 * _DAY) -> ResponderToken | None:
        """What a page token names; None when it is not ours or has expired."""
        words = _read(self._signer(_PAGE), token, max_age)
        return ResponderToken(*words) if len(words) == 3 else None

    def call(self, key: str, attempt: int) -> str:
        """A token that names one attempt, for a provider's call-backs."""
        return _sign(self._signer(_CALL), key, str(attempt))

    def read_call(self, token: str, max_age: int = _DAY) -> tuple[str, int] | None:
        """The outbox key and the attempt; None when it is not ours or has expired."""
        words = _read(self._signer(_CALL), token, max_age)
        return (words[0], int(words[1])) if len(words) == 2 and words[1].isdigit() else None

    def family(self, home: str) -> str:
        """A token for the family's page of a home."""
        return _sign(self._signer(_FAMILY), home)

    def read_family(self, token: str, max_age: int = 180 * _DAY) -> str | None:
        """Whose family's page it is; None when it is not ours or has expired."""
        words = _read(self._signer(_FAMILY), token, max_age)
        return words[0] if len(words) == 1 else None

    def _signer(self, salt: str) -> TimestampSigner:
        """Signs with the key that this process was started with while that counts: then every other one knows it."""
        keys = tuple(self._accepted()) or (self._secret,)
        own = self._secret if self._secret in keys else keys[0]
        return _made((*(key for key in keys if key != own), own), salt)


@lru_cache(maxsize=16)
def _made(keys: tuple[str, ...], salt: str) -> TimestampSigner:
    """The last key signs."""
    return TimestampSigner(list(keys), salt=salt, digest_method=hashlib.sha256)


def _sign(signer: TimestampSigner, *words: str) -> str:
    """Letters, digits, ``-``, ``_`` and ``.`` only: a token stands in addresses as it is."""
    return signer.sign(urlsafe_b64encode(_BETWEEN.join(words).encode()).rstrip(b"=")).decode()


def _read(signer: TimestampSigner, token: str, max_age: int) -> list[str]:
    try:
        packed = signer.unsign(token, max_age=max_age)
        return urlsafe_b64decode(packed + b"=" * (-len(packed) % 4)).decode().split(_BETWEEN)
    except (BadData, ValueError):
        return []
