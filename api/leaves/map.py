"""The map: every home where it lies, red where an alert is open; drawn here, and by Leaflet where scripts run."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor, scope_of
from api.doors import doors
from api.ground import Ground, Spot
from api.leaves.leaf import Leaf, show
from api.parts import App
from domain.people import Scope

router = APIRouter(include_in_schema=False)
_WIDE, _HIGH, _EDGE = 1000.0, 600.0, 20.0
#: more homes than this: those that are well become dots without a name
_NAMED = 200


@router.get("/map")
async def map_page(request: Request, visitor: Visitor) -> Response:
    """All homes that have a place."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        ground = app.settings.ground
        pins = placed(app.desk.homes.pins(scope), ground)
        dots = [pin for pin in pins if quiet(pin)] if len(pins) > _NAMED else []
        named = [pin for pin in pins if not (dots and quiet(pin))]
        setup = {"map": ground.told(), "dots": [pin["spot"] for pin in dots]}
        return {"pins": named, "dots": dots, "wide": _WIDE, "high": _HIGH, "setup": setup}

    return await show(request, visitor, Leaf("map", "map.html", read))


@router.get("/map/boundary")
async def boundary(request: Request, visitor: Visitor) -> Response:
    """The boundary as GeoJSON, in the datum of the tiles."""
    if await scope_of(visitor) is None:
        return Response(status_code=401)
    shapes = doors(request).app.settings.ground.boundary
    body = orjson.dumps({"type": "GeometryCollection", "geometries": shapes})
    return Response(body, headers={"Cache-Control": "private, max-age=3600"}, media_type="application/geo+json")


def quiet(pin: Mapping[str, Any]) -> bool:
    """Nobody must act on this home."""
    return pin["alert"] is None and pin["state"] == "protected"


def placed(homes: Sequence[Mapping[str, Any]], ground: Ground) -> list[dict[str, Any]]:
    """Homes with their ``spot`` on the ground and ``x``, ``y`` in the drawing; open alerts last: they lie on top."""
    known = [(home, spot) for home in homes if (spot := ground.spot(home["location"])) is not None]
    drawn = drawing([spot for _, spot in known], (_WIDE, _HIGH), _EDGE)
    pins = [{**home, "spot": spot, "x": x, "y": y} for (home, spot), (x, y) in zip(known, drawn, strict=True)]
    return sorted(pins, key=lambda pin: pin["alert"] is not None)


def drawing(spots: Sequence[Spot], size: tuple[float, float], edge: float) -> list[tuple[float, float]]:
    """Where each place comes to lie on paper of this size: north up, one scale in both directions."""
    if not spots:
        return []
    flat = [(east * math.cos(math.radians(spots[0][0])), north) for north, east in spots]
    west, east = (f(x for x, _ in flat) for f in (min, max))
    south, north = (f(y for _, y in flat) for f in (min, max))
    room = size[0] - 2 * edge, size[1] - 2 * edge
    # a thousandth of a degree at the least: one home alone lies in the middle, not blown up
    scale = min(room[0] / max(east - west, 1e-3), room[1] / max(north - south, 1e-3))
    left, top = ((size[0] - (east - west) * scale) / 2, (size[1] - (north - south) * scale) / 2)
    return [(round(left + (x - west) * scale, 1), round(top + (north - y) * scale, 1)) for x, y in flat]
