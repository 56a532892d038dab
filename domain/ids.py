"""Names for rows: sortable by time, unguessable, made without asking anybody (ULID)."""

import os
import time
from itertools import product

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: two digits for each ten bits
_PAIRS = tuple("".join(pair) for pair in product(_CROCKFORD, repeat=2))


def new_id() -> str:
    """26 characters: 48 bits of milliseconds, 80 bits of chance. Later ids sort after earlier ones."""
    n = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join([_PAIRS[n >> shift & 1023] for shift in _SHIFTS])


_SHIFTS = tuple(range(120, -10, -10))
