"""Names for rows: sortable by time, unguessable, made without asking anybody (ULID)."""

import os
import time
from base64 import b32encode

_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: from the alphabet that the standard library writes, digit for digit
_READABLE = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _CROCKFORD)


def new_id() -> str:
    """26 characters: 48 bits of milliseconds, 80 bits of chance. Later ids sort after earlier ones."""
    # 80 bits of milliseconds write 16 digits, of which the first six are always zero.
    stamp = b32encode((time.time_ns() // 1_000_000).to_bytes(10))[6:]
    return (stamp + b32encode(os.urandom(10))).translate(_READABLE).decode()
