"""Sealing: personal data is AES-256-GCM ciphertext at rest, bound to the row it belongs to.

A sealer has one key that seals and, after a change of keys, earlier ones that still open.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import Unreadable

_NONCE = 12
#: the first byte: plain text inside, or (timelines, after a change of keys) what an earlier key had sealed
_PLAIN, _WRAPPED = b"\x01", b"\x02"


class _Key:
    """What is derived from one secret."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._aes = AESGCM(HKDF(SHA256(), 32, salt=b"anling", info=b"ledger-1").derive(secret.encode()))
        self._marker = HKDF(SHA256(), 32, salt=b"anling", info=b"mark-1").derive(secret.encode())

    def seal(self, form: bytes, plain: bytes, place: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return form + nonce + self._aes.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes | None:
        """None when it is not this key's, not of this place, or changed."""
        try:
            return self._aes.decrypt(bytes(sealed[1 : 1 + _NONCE]), bytes(sealed[1 + _NONCE :]), place.encode())
        except (InvalidTag, ValueError, TypeError):
            return None

    def mark(self, plain: str) -> str:
        return hmac.digest(self._marker, plain.encode(), hashlib.sha256).hex()[:32]


class Sealer:
    """Seals and opens bytes. ``place`` (table.column|row) is authenticated: a swapped value does not open."""

    def __init__(self, secret: str) -> None:
        #: the secret that this process was started with
        self.secret = secret
        #: the one that seals first; replaced whole, so that no thread ever sees half a change
        self._keys: tuple[_Key, ...] = (_Key(secret),)
        #: asked when nothing opens: the keys may have been changed meanwhile
        self.refresh: Callable[[], object] = lambda: None
        #: keys that links and call-backs may have been signed with, the present one first; empty: ``secret`` alone
        self.links: tuple[str, ...] = ()

    def know(self, secrets: Sequence[str]) -> None:
        """These are the keys, the one that seals first."""
        if self.secrets != tuple(secrets):
            known = {key.secret: key for key in self._keys}
            self._keys = tuple(known.get(secret) or _Key(secret) for secret in secrets)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All keys, the one that seals first."""
        return tuple(key.secret for key in self._keys)

    def seal(self, plain: bytes, place: str) -> bytes:
        """Form (1 byte), nonce (12), ciphertext with tag."""
        return self._keys[0].seal(_PLAIN, plain, place)

    def open(self, sealed: bytes, place: str) -> bytes:
        """The inverse. Raises ``Unreadable`` for a wrong key, a wrong place or a changed byte."""
        opened = self._opened(self.bare(sealed, place), place)
        if opened is None:
            raise Unreadable(f"{place} cannot be opened; is ANLING_SECRET_KEY the one it was written with?")
        return opened

    def peek(self, sealed: bytes, place: str) -> bytes | None:
        """As ``open``; None for what does not open, where one damaged value must not hide its neighbours (P6)."""
        try:
            return self.open(sealed, place)
        except Unreadable:
            return None

    def bare(self, sealed: bytes, place: str) -> bytes:
        """What was sealed first, without what a change of keys has put around it; a timeline's hash covers this."""
        try:
            kept = bytes(sealed)
        except TypeError as error:  # SQLite keeps a text where bytes should be
            raise Unreadable(f"{place} holds no bytes") from error
        if kept[:1] != _WRAPPED:
            return kept
        opened = self._opened(kept, _around(place))
        if opened is None:
            raise Unreadable(f"{place} cannot be opened; is ANLING_SECRET_KEY the one it was written with?")
        return opened

    def anew(self, sealed: bytes, place: str) -> bytes | None:
        """The same sealed with the present key; None when it is already. Raises ``Unreadable``."""
        if self._keys[0].open(sealed, place) is not None:
            return None
        return self.seal(self.open(sealed, place), place)

    def around_anew(self, sealed: bytes, place: str) -> bytes | None:
        """As ``anew``, but what was sealed first stays inside as it is, byte for byte."""
        present = self._keys[0]
        wrapped = bytes(sealed[:1]) == _WRAPPED
        if present.open(sealed, _around(place) if wrapped else place) is not None:
            return None
        self.open(sealed, place)
        return present.seal(_WRAPPED, self.bare(sealed, place), _around(place))

    def seal_json(self, value: Any, place: str) -> bytes:
        """Seal a JSON value."""
        return self.seal(orjson.dumps(value), place)

    def open_json(self, sealed: bytes | None, place: str) -> Any:
        """Open a JSON value; None stays None."""
        return None if sealed is None else orjson.loads(self.open(sealed, place))

    def peek_json(self, sealed: bytes | None, place: str) -> Any:
        """As ``open_json``; None also for what does not open, or is no JSON."""
        try:
            return self.open_json(sealed, place)
        except (Unreadable, ValueError):
            return None

    def mark(self, plain: str) -> str:
        """The same text always gives the same mark, from which nobody without the key finds the text."""
        return self._keys[0].mark(plain)

    def marks(self, plain: str) -> list[str]:
        """The marks that a text may have in the ledger, the present key's first."""
        return [key.mark(plain) for key in self._keys]

    def _opened(self, sealed: bytes, place: str) -> bytes | None:
        tried = self._keys
        opened = _by_any(tried, sealed, place)
        if opened is None:
            self.refresh()
            if self._keys is not tried:
                opened = _by_any(self._keys, sealed, place)
        return opened


def key_name(secret: str) -> str:
    """Tells which key it is, and nothing about the key."""
    return Sealer(secret).mark("which key")


def _by_any(keys: Sequence[_Key], sealed: bytes, place: str) -> bytes | None:
    opened = (key.open(sealed, place) for key in keys)
    return next((plain for plain in opened if plain is not None), None)


def _around(place: str) -> str:
    return f"around {place}"
