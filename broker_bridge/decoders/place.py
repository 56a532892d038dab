"""A position as makers write it: names, order and datum differ, and (0, 0) is no position."""

from typing import Any

from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.value import number

Fields = dict[str, Any]


def place(lat: Any, lon: Any, crs: str, acc: Any = None, fix: Any = None) -> Fields | None:
    """``lat lon crs`` with ``acc_m`` and ``fix_ts`` where they are known; None when there is no fix."""
    north, east = number(lat, -90, 90), number(lon, -180, 180)
    if north is None or east is None or (north == 0 and east == 0):
        return None
    data: Fields = {"lat": north, "lon": east, "crs": crs}
    radius = number(acc, 0.001, 1e6)
    if radius is not None:
        data["acc_m"] = radius
    at = moment(fix)
    if at is not None:
        data["fix_ts"] = at.isoformat()
    return data


def pair(said: Any) -> tuple[str, str] | None:
    """The two halves of ``"113.49,22.22"``, in the order they stand."""
    halves = said.replace("，", ",").split(",") if isinstance(said, str) else []
    return (halves[0], halves[1]) if len(halves) == 2 else None
