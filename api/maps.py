"""Links that open a home's place in a map: each says its datum, because 500 m lie between two of them. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

#: what the map's own address calls a datum
_DATUMS = {"WGS84": "wgs84", "GCJ02": "gaode"}


def map_links(location: object) -> dict[str, str]:
    """``device``: the telephone's own map (WGS84 only); ``amap``: a web map. Empty without a usable place."""
    if not isinstance(location, Mapping):
        return {}
    lat, lon = _number(location, "lat", 90), _number(location, "lon", 180)
    datum = str(location.get("crs") or "WGS84").upper().replace("-", "")
    if lat is None or lon is None or datum not in _DATUMS:
        return {}
    asked = urlencode({"position": f"{lon},{lat}", "coordinate": _DATUMS[datum], "callnative": 1})
    links = {"amap": f"https://uri.amap.com/marker?{asked}"}
    return {"device": f"geo:{lat},{lon}?q={lat},{lon}"} | links if datum == "WGS84" else links


def _number(location: Mapping[str, Any], name: str, most: float) -> float | None:
    value = location.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -most <= value <= most else None
