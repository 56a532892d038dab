"""Chinese coordinates come back to WGS-84 within a metre, everywhere they can come from."""

from math import cos, hypot, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker_bridge.datum import bd09, gcj02, to_wgs84

CHANGNING = (31.2204, 121.4237)

#: WGS-84 with its GCJ-02 and BD-09, as published with the open converters (Tian'anmen, Shanghai, Guangzhou)
KNOWN = [
    ((39.907500, 116.391350), (39.908903, 116.397592), (39.915247, 116.403963)),
    ((31.230400, 121.473700), (31.228489, 121.478219), (31.234220, 121.484773)),
]


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two near places."""
    return hypot(a[0] - b[0], (a[1] - b[1]) * cos(radians(a[0]))) * 111_195


@pytest.mark.parametrize("crs", ["GCJ02", "BD09"])
@given(lat=st.floats(18.0, 53.5), lon=st.floats(73.5, 135.0))
def test_there_and_back_is_less_than_a_metre(crs: str, lat: float, lon: float) -> None:
    """Any place of China that was shifted comes back to where it was (mqtt.md section 2, rule 10)."""
    shifted = {"GCJ02": gcj02, "BD09": bd09}[crs](lat, lon)

    back = to_wgs84(*shifted, crs)

    assert metres((lat, lon), back) < 0.5


def test_changning_moves_by_half_a_kilometre() -> None:
    """An ambulance sent to raw GCJ-02 in Changning stands 486 m away."""
    moved = metres(CHANGNING, to_wgs84(*CHANGNING, "GCJ02"))

    assert 480 < moved < 492


@pytest.mark.parametrize("place", [(48.85833, 2.29513), (-33.86, 151.21), (40.7, -74.0), (-86.0, -174.0)])
@pytest.mark.parametrize("crs", ["GCJ02", "BD09", "WGS84"])
def test_outside_china_nothing_moves(place: tuple[float, float], crs: str) -> None:
    """Chinese maps shift China alone."""
    assert place == to_wgs84(*place, crs)


@pytest.mark.parametrize("crs", ["WGS84", "wgs-84", "", "CGCS2000"])
def test_what_is_not_shifted_stays(crs: str) -> None:
    """WGS-84 (and a name nobody knows) is left as it is."""
    assert CHANGNING == to_wgs84(*CHANGNING, crs)


@pytest.mark.parametrize("name", ["GCJ02", "gcj-02", "gcj_02"])
def test_the_spelling_of_the_datum_does_not_matter(name: str) -> None:
    """Makers write the name in many ways."""
    assert to_wgs84(*CHANGNING, "GCJ02") == to_wgs84(*CHANGNING, name)
