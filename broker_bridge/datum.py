"""Where the ambulance must go: Chinese map coordinates back to WGS-84, on which the ledger stands.

Pure. Watches and maps in China report GCJ-02 (Amap, Tencent) or BD-09 (Baidu), 300 to 900 m beside
the truth. The forward formulas are public; they have no closed inverse, so it is found by steps.
"""

from collections.abc import Callable, Mapping
from math import atan2, cos, hypot, pi, sin, sqrt
from typing import Any

#: of a position in a message: what it is called there
_LAT, _LON, _CRS = "lat", "lon", "crs"
#: latitude and longitude in degrees
Place = tuple[float, float]

#: Krasovsky 1940, on which GCJ-02 is defined: half axis in metres, eccentricity squared
_AXIS = 6378245.0
_ECC2 = 0.00669342162296594323
_TURN = pi * 3000.0 / 180.0

#: the box outside which GCJ-02 and BD-09 are WGS-84
_SOUTH, _NORTH = 0.8293, 55.8271
_WEST, _EAST = 72.004, 137.8347

#: steps of the inverse; four reach a centimetre anywhere in the box
_STEPS = 6


def at_the_edge(data: Mapping[str, Any]) -> dict[str, Any]:
    """A reading's data with its position in WGS-84; ``crs_was`` says what the device reported."""
    lat, lon, crs = data.get(_LAT), data.get(_LON), data.get(_CRS)
    if not isinstance(crs, str) or crs.upper() in ("WGS84", "WGS-84") or not _is_place(lat, lon):
        return dict(data)
    north, east = to_wgs84(float(lat), float(lon), crs)  # type: ignore[arg-type]
    return {**data, _LAT: round(north, 7), _LON: round(east, 7), _CRS: "WGS84", "crs_was": crs[:16]}


def _is_place(lat: Any, lon: Any) -> bool:
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in (lat, lon))
    return numbers and -90 <= lat <= 90 and -180 <= lon <= 180


def to_wgs84(lat: float, lon: float, crs: str) -> Place:
    """The same place in WGS-84, to better than 1 m; ``crs`` is ``WGS84`` ``GCJ02`` or ``BD09``.

    A datum that is not one of these and a place outside China come back unchanged.
    """
    forward = _FORWARD.get(crs.upper().replace("-", "").replace("_", ""))
    if forward is None or not in_china(lat, lon):
        return lat, lon
    return _undo(forward, lat, lon)


def in_china(lat: float, lon: float) -> bool:
    """Inside the box in which Chinese maps are shifted."""
    return _SOUTH <= lat <= _NORTH and _WEST <= lon <= _EAST


def _undo(forward: Callable[[float, float], Place], lat: float, lon: float) -> Place:
    """The place that ``forward`` sends to (lat, lon): the shift hardly changes over its own length."""
    at = lat, lon
    for _ in range(_STEPS):
        there = forward(*at)
        at = at[0] + lat - there[0], at[1] + lon - there[1]
    return at


def gcj02(lat: float, lon: float) -> Place:
    """WGS-84 to GCJ-02."""
    radians = lat * pi / 180.0
    root = sqrt(1 - _ECC2 * sin(radians) ** 2)
    north = _north(lon - 105.0, lat - 35.0) * 180.0 / (_AXIS * (1 - _ECC2) / root**3 * pi)
    east = _east(lon - 105.0, lat - 35.0) * 180.0 / (_AXIS / root * cos(radians) * pi)
    return lat + north, lon + east


def bd09(lat: float, lon: float) -> Place:
    """WGS-84 to BD-09: Baidu shifts GCJ-02 once more."""
    y, x = gcj02(lat, lon)
    radius = hypot(x, y) + 0.00002 * sin(y * _TURN)
    angle = atan2(y, x) + 0.000003 * cos(x * _TURN)
    return radius * sin(angle) + 0.006, radius * cos(angle) + 0.0065


_FORWARD: dict[str, Callable[[float, float], Place]] = {"GCJ02": gcj02, "BD09": bd09}


def _north(x: float, y: float) -> float:
    """Metres to the north."""
    shift = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    waves = 20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi) + 160.0 * sin(y / 12.0 * pi) + 320 * sin(y * pi / 30.0)
    return shift + (_ripple(x) + waves) * 2.0 / 3.0


def _east(x: float, y: float) -> float:
    """Metres to the east."""
    shift = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    waves = 20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi) + 150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)
    return shift + (_ripple(x) + waves) * 2.0 / 3.0


def _ripple(x: float) -> float:
    return 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
