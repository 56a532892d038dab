"""Secrets of devices and hubs as Mosquitto keeps them, so that the broker and we check the same words."""

import base64
import hashlib
import hmac
import os

_ROUNDS = 101


def hash_secret(secret: str) -> str:
    """Mosquitto's ``$7$``: PBKDF2 with SHA-512, salted anew each time."""
    return hash_with(secret, os.urandom(12), _ROUNDS)


def hash_with(secret: str, salt: bytes, rounds: int) -> str:
    """The same with a salt and a number of rounds that the caller has chosen."""
    made = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


def check_secret(secret: str, kept: str) -> bool:
    """Constant-time comparison with a hash made by ``hash_secret``. Raises ``ValueError`` for what is no such hash."""
    _, _, rounds, salt, digest = kept.split("$")
    made = hashlib.pbkdf2_hmac("sha512", secret.encode(), base64.b64decode(salt), int(rounds))
    return hmac.compare_digest(made, base64.b64decode(digest))
