"""What lies under the pins of the map: tiles and boundary as the operator gave them, and in which datum they stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from broker_bridge.datum import bd09, gcj02, to_wgs84
from domain.errors import ConfigurationError

#: points of a boundary beyond which a page would weigh too much
MOST_POINTS = 5000
_FORWARD = {"gcj02": gcj02, "bd09": bd09}
_SHAPES = frozenset({"LineString", "MultiLineString", "Polygon", "MultiPolygon"})
#: latitude and longitude in degrees
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ground:
    """The map's ground; without tiles and boundary it is plain paper. All its numbers are in ``datum``."""

    #: address of a tile with ``{z}`` ``{x}`` ``{y}``; empty: none
    tiles: str = ""
    datum: str = "wgs84"
    #: who made the tiles, as their licence and the map's review number want it said
    attribution: str = ""
    #: GeoJSON geometries
    boundary: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        """Where browsers must be allowed to fetch pictures from; empty for none or for our own address."""
        where = urlsplit(self.tiles)
        return f"{where.scheme}://{where.netloc}" if where.netloc else ""

    def spot(self, location: Mapping[str, Any] | None) -> Spot | None:
        """A place of the register on this ground, to 0.1 m; None for what is no place."""
        lat, lon = (location or {}).get("lat"), (location or {}).get("lon")
        if not _degrees(lat, 90) or not _degrees(lon, 180):
            return None
        return self.laid(float(lat), float(lon), str((location or {}).get("crs") or "WGS84"))  # type: ignore[arg-type]

    def laid(self, lat: float, lon: float, crs: str) -> Spot:
        """A place of the datum ``crs`` on this ground."""
        at = to_wgs84(lat, lon, crs)
        forward = _FORWARD.get(self.datum)
        north, east = forward(*at) if forward else at
        return round(north, 6), round(east, 6)

    def told(self) -> dict[str, Any]:
        """What the map's script needs to know."""
        return {"tiles": self.tiles, "attribution": self.attribution, "boundary": bool(self.boundary)}


#: no tiles, no boundary
PAPER = Ground()


def ground_of(tiles: str, datum: str, attribution: str, boundary: Path | None, boundary_datum: str) -> Ground:
    """The ground that the settings describe. Raises ``ConfigurationError`` with everything that is wrong."""
    bare = Ground(tiles, datum, attribution)
    problems = [*_tile_problems(tiles, attribution)]
    shapes: tuple[Mapping[str, Any], ...] = ()
    if boundary is not None:
        try:
            shapes = tuple(_moved(bare, shape, boundary_datum) for shape in read_boundary(boundary))
        except ConfigurationError as wrong:
            problems += wrong.problems
    if problems:
        raise ConfigurationError(problems)
    return Ground(tiles, datum, attribution, shapes)


def _tile_problems(tiles: str, attribution: str) -> Iterator[str]:
    if not tiles:
        return
    where = urlsplit(tiles)
    if where.scheme not in ("http", "https") and not (tiles.startswith("/") and not tiles.startswith("//")):
        yield "ANLING_MAP_TILES_URL: begin with https://, http:// or with / for tiles behind our own address"
    if not all(mark in tiles for mark in ("{z}", "{x}", "{y}")):
        yield "ANLING_MAP_TILES_URL: needs {z}, {x} and {y} where zoom, column and row go"
    if "{s}" in tiles or any(c in where.netloc for c in " ;,'{}"):
        yield "ANLING_MAP_TILES_URL: name one host ({s} is not filled in)"
    if not attribution:
        yield "ANLING_MAP_ATTRIBUTION: say whose tiles they are and the map's review number (审图号)"


def read_boundary(file: Path) -> list[Mapping[str, Any]]:
    """The lines and areas of a GeoJSON file. Raises ``ConfigurationError`` with what is wrong."""
    name = f"ANLING_MAP_BOUNDARY: {file}"
    try:
        read = orjson.loads(file.read_bytes())
    except OSError as error:
        raise ConfigurationError([f"{name}: cannot be read: {error.strerror}"]) from error
    except orjson.JSONDecodeError as error:
        raise ConfigurationError([f"{name}: is no JSON: {error}"]) from error
    shapes = list(_shapes(read))
    wrong = sorted({str(shape.get("type")) for shape in shapes if shape.get("type") not in _SHAPES})
    if wrong or not shapes:
        found = ", ".join(wrong) or "nothing"
        raise ConfigurationError([f"{name}: needs GeoJSON lines or areas ({', '.join(sorted(_SHAPES))}), has {found}"])
    try:
        points = sum(1 for shape in shapes for _ in _points(shape["coordinates"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError([f"{name}: coordinates must be [longitude, latitude] in degrees"]) from error
    if not 0 < points <= MOST_POINTS:
        raise ConfigurationError([f"{name}: has {points} points; simplify it to 1 to {MOST_POINTS}"])
    return shapes


def _shapes(read: Any) -> Iterator[Mapping[str, Any]]:
    """The geometries of whatever GeoJSON it is; what is none comes out as it is, to be refused by name."""
    if not isinstance(read, Mapping):
        return
    match read.get("type"):
        case "FeatureCollection":
            for one in read.get("features") or ():
                yield from _shapes(one)
        case "Feature":
            yield from _shapes(read.get("geometry"))
        case "GeometryCollection":
            for one in read.get("geometries") or ():
                yield from _shapes(one)
        case _:
            yield read


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and not isinstance(coordinates[0], list):
        east, north = coordinates[0], coordinates[1]
        if not _degrees(east, 180) or not _degrees(north, 90):
            raise ValueError(coordinates)
        yield east, north
        return
    for one in coordinates:
        yield from _points(one)


def _moved(ground: Ground, shape: Mapping[str, Any], datum: str) -> dict[str, Any]:
    return {"type": shape["type"], "coordinates": _laid_out(ground, shape["coordinates"], datum)}


def _laid_out(ground: Ground, coordinates: Any, datum: str) -> list[Any]:
    """The same nesting, each point on this ground; GeoJSON writes longitude first."""
    if coordinates and not isinstance(coordinates[0], list):
        north, east = ground.laid(coordinates[1], coordinates[0], datum)
        return [round(east, 5), round(north, 5)]
    return [_laid_out(ground, one, datum) for one in coordinates]


def _degrees(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most
