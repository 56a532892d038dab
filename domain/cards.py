"""What a card says of a birthday and of a place, looked at before it is kept."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

DATUMS = ("WGS84", "GCJ02", "BD09")
_PART = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?", re.ASCII)


def is_birth(said: object) -> bool:
    """A day, a month or a year, as in 1936-05-01, 1936-05, 1936: of the very old often no more is known."""
    if not isinstance(said, str):
        return False
    if _PART.fullmatch(said):
        return True
    try:
        return date.fromisoformat(said).isoformat() == said
    except ValueError:
        return False


def read_location(said: Mapping[str, Any] | None, problems: list[str]) -> None:
    """Degrees within the globe and a datum that is known; an empty one says that nobody knows."""
    if not said:
        return
    for name, most in (("lat", 90), ("lon", 180)):
        value = said.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            problems.append(f"{name}: give degrees from -{most} to {most}")
    if str(said.get("crs") or DATUMS[0]).upper() not in DATUMS:
        problems.append(f"crs: {said['crs']!r} is no datum; write one of {', '.join(DATUMS)}")
