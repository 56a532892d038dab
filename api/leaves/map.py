"""The map: every home where it lies, red where an alert is open; drawn here, and by Leaflet where scripts run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
#: homes drawn with a name; when there are more, those that are well become dots without one
_NAMED = 200
#: dots of a sort
_DOTS = 1500


@router.get("/map")
async def map_page(request: Request, visitor: Visitor, street: str = "") -> Response:
    """All homes that have a place, or those of one street; however many there are, the page stays light."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        ground = app.settings.ground
        homes = app.desk.homes.pins(scope)
        pins = placed([home for home in homes if street in ("", home["street"])], ground)
        sheet = sheet_of(pins)
        dots = {state: [pin["spot"] for pin in found] for state, found in sheet.dots.items()}
        return {"sheet": sheet, "street": street, "wide": _WIDE, "high": _HIGH,
                "setup": {"map": ground.told(), "dots": dots}}  # fmt: skip

    return await show(request, visitor, Leaf("map", "map.html", read))


@router.get("/map/boundary")
async def boundary(request: Request, visitor: Visitor) -> Response:
    """The boundary as GeoJSON, in the datum of the tiles."""
    if await scope_of(visitor) is None:
        return Response(status_code=401)
    shapes = doors(request).app.settings.ground.boundary
    body = orjson.dumps({"type": "GeometryCollection", "geometries": shapes})
    return Response(body, headers={"Cache-Control": "private, max-age=3600"}, media_type="application/geo+json")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the map draws."""

    #: of all homes, drawn by themselves or not: ``calls``, ``protected``, ``unprotected``, ``away`` (paused or ended)
    counts: Mapping[str, int]
    #: with a name and a link, those that call last: they lie on top
    pins: Sequence[Mapping[str, Any]]
    #: ``good``, ``warn`` and ``away`` -> places without a name; of many in one spot one
    dots: Mapping[str, Sequence[Mapping[str, Any]]]
    #: homes somebody must come by that are only dots
    unnamed: int


def sheet_of(pins: Sequence[Mapping[str, Any]]) -> Sheet:
    """Every alert is a pin; of the others as many as a page can carry, the unprotected first."""
    sorts: dict[str, list[Mapping[str, Any]]] = {name: [] for name in ("calls", "unprotected", "away", "protected")}
    for pin in pins:
        sorts[_sort(pin)].append(pin)
    counts = {name: len(found) for name, found in sorts.items()}
    if len(pins) <= _NAMED:
        return Sheet(counts, pins, {}, 0)
    room = max(0, _NAMED - counts["calls"])
    named, rest = sorts["unprotected"][:room], sorts["unprotected"][room:]
    dots = {"good": _thinned(sorts["protected"]), "away": _thinned(sorts["away"]), "warn": _thinned(rest)}
    return Sheet(counts, [*named, *sorts["calls"]], {name: found for name, found in dots.items() if found}, len(rest))


def _sort(pin: Mapping[str, Any]) -> str:
    if pin["alert"] is not None:
        return "calls"
    if pin["state"] == "protected":
        return "protected"
    return "away" if pin["state"] in ("suspended", "ended") else "unprotected"


def _thinned(pins: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """At most ``_DOTS``: of those that would lie on top of each other one."""
    step = 1.0
    while True:
        cells = {(pin["x"] // step, pin["y"] // step): pin for pin in pins}
        if len(cells) <= _DOTS:
            return list(cells.values())
        step *= 1.5


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
