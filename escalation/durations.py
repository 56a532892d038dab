"""Durations as a plan writes them: ``"60s"``, ``"1m30s"``, ``"2h"``."""

import re
from datetime import timedelta

_DURATION = re.compile(r"(?P<n>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: object) -> float | None:
    """``"90s"``, ``"2m"``, ``"1m30s"`` in seconds; None when it is not a duration."""
    if not isinstance(text, str) or not text or _DURATION.sub("", text):
        return None
    return sum(float(m["n"]) * _UNITS[m["unit"]] for m in _DURATION.finditer(text))


def written(span: timedelta) -> str:
    """The inverse of ``seconds``, as short as it goes: ``1m30s``, ``0s``."""
    left, parts = round(span.total_seconds() * 1000), []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        n, left = divmod(left, size)
        parts += [f"{n}{unit}"] if n else []
    return "".join(parts) or "0s"
