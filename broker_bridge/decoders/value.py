"""Makers' numbers and yes-or-no, cleaned: a missing value is never a zero and ``"FALSE"`` is not true."""

import math
import re
from typing import Any

_TRUE = frozenset({"true", "on", "yes", "y", "1", "active", "detected", "alarm", "triggered"})
_FALSE = frozenset({"false", "off", "no", "n", "0", "none", "inactive", "clear", "cleared", "normal", "idle", "ok"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
#: per cent; at or below it a battery is low, whether or not the maker says so
LOW = 10.0


def number(said: Any, low: float = -math.inf, high: float = math.inf) -> float | None:
    """A finite number from ``low`` to ``high``, also one written as text; everything else is no value.

    ``null``, ``nan``, ``-1`` for "unknown" and a sensor's largest value are no measurements: give the bounds.
    """
    if isinstance(said, str) and _NUMBER.fullmatch(said.strip()):
        said = float(said.strip())
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        return None
    return float(said) if low <= said <= high else None


def count(said: Any, high: int = 2**53) -> int | None:
    """A whole number from 0 to ``high``, also one written as text."""
    found = number(said, 0, high)
    return int(found) if found is not None and found == int(found) else None


def truth(said: Any) -> bool | None:
    """Yes or no in the makers' spellings; None when it is neither (an empty text, ``null``, a number over 1)."""
    if isinstance(said, bool):
        return said
    if isinstance(said, int | float):
        return bool(said) if said in (0, 1) else None
    if isinstance(said, str):
        word = said.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def word(said: Any) -> str:
    """Text as makers mean it: lower case, one underscore for blanks and dashes; empty for what is no text."""
    return re.sub(r"[\s\-.]+", "_", said.strip()[:200].lower()) if isinstance(said, str) else ""


def name(said: Any) -> str | None:
    """A device's name or number as text; None when there is none."""
    if isinstance(said, bool) or not isinstance(said, str | int):
        return None
    return str(said).strip()[:200] or None


def percent(said: Any) -> float | None:
    """A battery in per cent, also ``"80%"``; -1, 101 and 255 are no value."""
    return number(said[:-1] if isinstance(said, str) and said.endswith("%") else said, 0, 100)


def vitals(found: dict[str, Any]) -> dict[str, float]:
    """Measured vitals of ``{hr_bpm: …}``; what a living person cannot have (0 bpm: not worn) is not measured."""
    measured = {key: number(found.get(key), low, high) for key, (low, high) in _LIVING.items()}
    return {key: kept for key, kept in measured.items() if kept is not None}


#: what can be measured on a living person; outside of it the sensor speaks, not the body
_LIVING = {
    "hr_bpm": (15, 250),
    "spo2_pct": (30, 100),
    "temp_c": (25, 45),
    "resp_rpm": (2, 80),
    "sys": (40, 300),
    "dia": (20, 200),
}
