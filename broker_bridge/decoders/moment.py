"""Makers' clocks: seconds, milliseconds, no zone, two-digit years; what cannot be true is no time."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

#: a time without a zone is local time of the homes
HOME = ZoneInfo("Asia/Shanghai")
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_DIGITS = {14: "%Y%m%d%H%M%S", 12: "%y%m%d%H%M%S"}
#: a number over this counts thousandths of what the smaller one counts
_STEP = 10**11


def moment(said: Any) -> datetime | None:
    """The instant in UTC; None for null, 1970, the far future and everything that is no time.

    Numbers are seconds, milliseconds, micro- or nanoseconds since 1970, by their size; text may be ISO 8601,
    ``2025-08-18 20:44:34``, ``20250818204434`` or ``250818204434``. Without a zone: Asia/Shanghai.
    """
    try:
        at = _read(said)
    except (ValueError, OverflowError, OSError):
        return None
    if at is None:
        return None
    at = (at if at.tzinfo else at.replace(tzinfo=HOME)).astimezone(UTC)
    return at if _EARLIEST <= at < _LATEST else None


def _read(said: Any) -> datetime | None:
    if isinstance(said, bool) or said is None:
        return None
    if isinstance(said, int | float):
        return _since_1970(float(said)) if math.isfinite(said) else None
    if not isinstance(said, str):
        return None
    plain = said.strip()[:64]
    if plain.isascii() and plain.isdigit():
        return datetime.strptime(plain, _DIGITS[len(plain)]) if len(plain) in _DIGITS else _since_1970(float(plain))
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", plain.replace("/", "-")))


def _since_1970(seconds: float) -> datetime:
    while seconds > _STEP:
        seconds /= 1000
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
