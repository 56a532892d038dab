"""The map's ground: what the settings say is checked whole, places lie where the tiles put them."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.ground import MOST_POINTS, PAPER, Ground, ground_of
from api.language import Speech, load
from api.leaves.map import drawing
from api.near import near
from api.pages import csp
from domain.errors import ConfigurationError

TILES = "https://tiles.example/{z}/{x}/{y}.png"
#: the same corner of a square in Shanghai, as three surveys write it
WGS84, GCJ02, BD09 = (31.2204, 121.4237), (31.21855, 121.42834), (31.22485, 121.43478)
HOME = {"location": {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"}}
SAY = Speech(load(), "en")


def _refused(tmp_path: Path, content: str) -> str:
    file = tmp_path / "edge.geojson"
    file.write_text(content)
    with pytest.raises(ConfigurationError) as wrong:
        ground_of("", "wgs84", "", file, "wgs84")
    return str(wrong.value)


@pytest.mark.parametrize(("datum", "there"), [("wgs84", WGS84), ("gcj02", GCJ02), ("bd09", BD09)])
def test_a_pin_lies_where_the_tiles_have_it(datum: str, there: tuple[float, float]) -> None:
    """A place of the ledger (WGS 84) is shifted into the datum of the tiles, to some metres."""
    spot = Ground(TILES, datum, "x").spot(HOME["location"])

    assert there == pytest.approx(spot, abs=1e-4)


_NOWHERE = [None, {}, {"lat": "31", "lon": 121}, {"lat": 91, "lon": 0}, {"lat": True, "lon": 1}]


@pytest.mark.parametrize("location", _NOWHERE)
def test_what_is_no_place_has_no_pin(location: Any) -> None:
    """Nothing is drawn at nought degrees because a place was missing."""
    assert PAPER.spot(location) is None


def test_the_boundary_is_laid_on_the_tiles(tmp_path: Path) -> None:
    """Lines and areas of any GeoJSON, shifted from their own datum to that of the tiles; names are left behind."""
    ring = [[GCJ02[1], GCJ02[0]], [121.43, 31.22], [GCJ02[1], GCJ02[0]]]
    file = tmp_path / "edge.geojson"
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))

    shapes = ground_of("", "wgs84", "", file, "gcj02").boundary

    assert {"type", "coordinates"} == set(shapes[0])
    assert [WGS84[1], WGS84[0]] == pytest.approx(shapes[0]["coordinates"][0][0], abs=1e-4)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Tiles without places to fill in, on several hosts, unsigned, and a boundary that is not there: four sentences."""
    with pytest.raises(ConfigurationError) as wrong:
        ground_of("ftp://{s}.example/a.png", "wgs84", "", tmp_path / "none.geojson", "wgs84")

    assert 5 == len(wrong.value.problems)
    assert all(problem.startswith("ANLING_MAP_") for problem in wrong.value.problems)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[]", "has nothing"),
        ('{"type": "Point", "coordinates": [121, 31]}', "has Point"),
        ('{"type": "LineString", "coordinates": [[31, 121], [32, 122]]}', "longitude, latitude"),
        ('{"type": "LineString", "coordinates": [[], []]}', "has 0 points"),
        ('{"type": "LineString"}', "longitude, latitude"),
        (json.dumps({"type": "LineString", "coordinates": [[121, 31]] * (MOST_POINTS + 1)}), "simplify"),
    ],
)
def test_a_boundary_that_is_none_is_named(tmp_path: Path, content: str, said: str) -> None:
    """The file, what is wrong with it and what it should be."""
    assert said in _refused(tmp_path, content)


def test_only_the_tiles_host_is_let_in() -> None:
    """Pictures come from us; from the host of the tiles when there are tiles, and from nowhere else."""
    assert "img-src 'self';" in csp(PAPER)
    assert "img-src 'self' data:;" in csp(Ground("/tiles/{z}/{x}/{y}.png"))
    assert "img-src 'self' data: https://tiles.example;" in csp(Ground(TILES))


def test_the_nearest_gate_is_told_first() -> None:
    """The home, then its gates by distance; a gate without a place is left to the way in."""
    gates = [
        {"name": "North", "lat": 31.2250, "lon": 121.4237}, {"name": "South", "lat": 31.2195, "lon": 121.4237},
        {"name": "Nowhere"},
    ]  # fmt: skip

    told = near({"home": HOME, "access": {"gates": gates}}, PAPER, SAY)

    assert ["Home", "South", "North"] == [pin["word"] for pin in told["pins"]]
    assert "Nearest gate: South, about 100 m" == told["nearest"]
    assert {"pins": [], "nearest": None} == near({"home": None}, PAPER, SAY)


def test_one_home_alone_lies_in_the_middle() -> None:
    """The drawing is not blown up around a single place."""
    assert [(100.0, 50.0)] == drawing([WGS84], (200, 100), 10)
