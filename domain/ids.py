"""Names for rows: sortable by time, unguessable, made without asking anybody (ULID)."""

import os
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """26 characters: 48 bits of milliseconds, 80 bits of chance. Later ids sort after earlier ones."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))
