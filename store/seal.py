"""Sealing: personal data is AES-256-GCM ciphertext at rest, bound to the row it belongs to."""

import hashlib
import hmac
import os
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import Unreadable

_NONCE = 12


class Sealer:
    """Seals and opens bytes. ``place`` (table.column|row) is authenticated: a swapped value does not open."""

    def __init__(self, secret: str) -> None:
        key = HKDF(SHA256(), 32, salt=b"anling", info=b"ledger-1").derive(secret.encode())
        self._aes = AESGCM(key)
        self._marker = HKDF(SHA256(), 32, salt=b"anling", info=b"mark-1").derive(secret.encode())

    def seal(self, plain: bytes, place: str) -> bytes:
        """Key number (1 byte), nonce (12), ciphertext with tag."""
        nonce = os.urandom(_NONCE)
        return b"\x01" + nonce + self._aes.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The inverse. Raises ``Unreadable`` for a wrong key, a wrong place or a changed byte."""
        try:
            return self._aes.decrypt(bytes(sealed[1 : 1 + _NONCE]), bytes(sealed[1 + _NONCE :]), place.encode())
        except (InvalidTag, ValueError, TypeError) as error:
            raise Unreadable(f"{place} cannot be opened; is ANLING_SECRET_KEY the one it was written with?") from error

    def seal_json(self, value: Any, place: str) -> bytes:
        """Seal a JSON value."""
        return self.seal(orjson.dumps(value), place)

    def open_json(self, sealed: bytes | None, place: str) -> Any:
        """Open a JSON value; None stays None."""
        return None if sealed is None else orjson.loads(self.open(sealed, place))

    def mark(self, plain: str) -> str:
        """The same text always gives the same mark, from which nobody without the key finds the text."""
        return self.marks(plain)[0]

    def marks(self, plain: str) -> list[str]:
        """The marks that a text may have in the ledger, the present key's first."""
        return [hmac.digest(self._marker, plain.encode(), hashlib.sha256).hex()[:32]]
