"""Trouble: what goes wrong with devices, and when. ``battery:dev-0003@60`` is a flat battery after a minute.

``battery`` runs down and dies · ``jam`` presses on and on · ``clock`` is days behind · ``resend`` repeats what has
its receipt · ``hub`` is gone for a while with all behind it · ``power`` is cut for the whole street for a while.
"""

import re
from dataclasses import dataclass

TROUBLES = ("battery", "jam", "clock", "resend", "hub", "power")
_FORM = re.compile(r"(\w+)(?::([a-z0-9-]+))?(?:@(\d+))?(?:\+(\d+))?")


class BadTrouble(ValueError):
    """The trouble asked for does not exist; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong."""

    sort: str
    #: "" only for ``power``
    device: str
    #: seconds after the start, and how long it lasts (0: for ever)
    at: float = 0.0
    lasts: float = 0.0


def parse_trouble(text: str) -> Trouble:
    """``SORT:DEVICE@SECONDS+LASTS``. Raises ``BadTrouble``."""
    found = _FORM.fullmatch(text)
    if found is None or found[1] not in TROUBLES or (not found[2] and found[1] != "power"):
        raise BadTrouble(
            f"{text!r} 不认识 / is unknown: write battery:DEVICE@60, power@60+30 …; one of {', '.join(TROUBLES)}"
        )
    return Trouble(found[1], found[2] or "", float(found[3] or 0), float(found[4] or 0))
