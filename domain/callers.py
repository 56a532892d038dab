"""Somebody telephones for a place that no register knows: what such an alert hangs on, and what was said of it."""

import re
from dataclasses import dataclass

#: an alert of such a call has a subject of its own, ``call-`` and an id
BY_TELEPHONE = "call-"
_BETWEEN = "; "
_NUMBER = re.compile(r"\+?\d[\d -]{4,}")


@dataclass(frozen=True, slots=True)
class Said:
    """Where help is needed, and the number of who stands beside the person; None when it was not taken down."""

    place: str
    phone: str | None


def told(address: str | None, note: str | None, phone: str | None) -> str | None:
    """What was said, in one line as the timeline keeps it: the address first, by itself, the number last."""
    place = " ".join((address or "").replace(_BETWEEN, ", ").split())
    return _BETWEEN.join(t for t in (place, note, phone) if t) or None


def heard(line: str) -> Said:
    """The line of a place without a home, taken apart again."""
    place, *more = line.split(_BETWEEN)
    return Said(place, more[-1] if more and _NUMBER.fullmatch(more[-1]) else None)
