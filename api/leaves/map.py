"""The map without tiles: every home where it lies, drawn here, red where an alert is open; works without scripts."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, show
from api.parts import App
from broker_bridge.datum import to_wgs84
from domain.people import Scope

router = APIRouter(include_in_schema=False)
_WIDE, _HIGH, _EDGE = 1000.0, 600.0, 20.0


@router.get("/map")
async def map_page(request: Request, visitor: Visitor) -> Response:
    """All homes that have a place."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        return {"pins": placed(app.desk.homes.pins(scope)), "wide": _WIDE, "high": _HIGH}

    return await show(request, visitor, Leaf("map", "map.html", read))


def placed(homes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Homes with ``x`` and ``y`` in the drawing, north up, one scale; open alerts last, so that they lie on top."""
    known = [(home, spot) for home in homes if (spot := _spot(home["location"])) is not None]
    if not known:
        return []
    west, east = (f(x for _, (x, _) in known) for f in (min, max))
    south, north = (f(y for _, (_, y) in known) for f in (min, max))
    scale = min((_WIDE - 2 * _EDGE) / max(east - west, 1e-6), (_HIGH - 2 * _EDGE) / max(north - south, 1e-6))
    pins = [
        {**home, "x": round(_EDGE + (x - west) * scale, 1), "y": round(_EDGE + (north - y) * scale, 1)}
        for home, (x, y) in known
    ]
    return sorted(pins, key=lambda pin: pin["alert"] is not None)


def _spot(location: Mapping[str, Any]) -> tuple[float, float] | None:
    """Degrees of one size in both directions, in WGS 84; None for what is no place."""
    lat, lon = location.get("lat"), location.get("lon")
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return None
    place = to_wgs84(lat, lon, str(location.get("crs") or "WGS84"))
    return place[1] * math.cos(math.radians(place[0])), place[0]
