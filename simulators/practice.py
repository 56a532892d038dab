"""Practice homes of a drill: made for one run, under fresh names, with nothing but probes in them.

Rules that look at a home (the daily check-in, supervision) raise in such a home what is a drill from the
beginning; in anybody else's home they would be real, whatever window is open.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.scenario import Drill, Expectation, ExpectContact, ExpectReceipt, ExpectSeen
from simulators.sitefile import Site, SiteDevice

#: wall time of check-in windows, as in the product's own settings
ZONE = ZoneInfo("Asia/Shanghai")
#: a window that opens sooner than this may be open before the home is registered, seconds
_SOON_S = 4.0
_NAMED = ("home", "device")
#: along a meridian
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Window:
    """The check-in window of a practice home: whole minutes of one local day."""

    opens: datetime
    by: datetime

    def rule(self, ways: Iterable[str]) -> dict[str, Any]:
        """As a site file writes it."""
        end = self.by.strftime("%H:%M") if self.by.time() != time() else "24:00"
        return {"window_opens": self.opens.strftime("%H:%M"), "by": end, "ways": list(ways)}


def next_window(now: datetime, minutes: int) -> Window:
    """The next full minute, and so many minutes more. Raises ValueError where it would not end on the same day."""
    local = now.astimezone(ZONE) + timedelta(seconds=_SOON_S)
    opens = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    by = opens + timedelta(minutes=minutes)
    if (by - timedelta(minutes=1)).date() != opens.date():
        raise ValueError("离午夜太近 / too close to midnight for a check-in window: run it again after 00:00")
    return Window(opens, by)


def fresh(drill: Drill, site: Site) -> tuple[Drill, Site]:
    """The drill and the site with this run's own practice homes and devices in them."""
    if not drill.practice:
        return drill, site
    mark = secrets.token_hex(3)
    names = {name: f"{name}-{mark}" for home in drill.practice for name in (home.id, *home.devices)}
    homes = tuple(
        replace(home, id=names[home.id], devices=tuple(names[d] for d in home.devices)) for home in drill.practice
    )
    rows = {
        device: SiteDevice(device, home.id, "probe", secrets.token_hex(12), None)
        for home in homes for device in home.devices
    }  # fmt: skip
    renamed = replace(
        drill, practice=homes, homes=tuple(names.get(home, home) for home in drill.homes),
        acts=tuple(replace(act, target=names.get(act.target, act.target)) for act in drill.acts),
        expects=tuple(_named(expectation, names) for expectation in drill.expects),
    )  # fmt: skip
    known = replace(site, homes=(*site.homes, *(home.id for home in homes)), devices={**site.devices, **rows})
    return renamed, known


def _named(expectation: Expectation, names: Mapping[str, str]) -> Expectation:
    if isinstance(expectation, ExpectReceipt):
        return replace(expectation, device=names.get(expectation.device, expectation.device))
    if isinstance(expectation, ExpectSeen):
        fields = {k: names.get(v, v) if k in _NAMED else v for k, v in expectation.fields.items()}
        return replace(expectation, fields=fields)
    assert not isinstance(expectation, ExpectContact) or expectation.who
    return expectation


def card(drill: Drill, site: Site, home: str, place: Mapping[str, Any], window: Window | None) -> dict[str, Any]:
    """One practice home as the register takes it, beside the home at ``place``."""
    own = next(one for one in drill.practice if one.id == home)
    devices = [{"id": d, "role": "probe", "dialect": "anling", "secret": site.devices[d].secret} for d in own.devices]
    wait = own.ask_first_s
    resident = {"id": f"{home}-resident", "name": "演练住户", "language": "zh", "phones": list(own.phones)}
    return {
        "id": home, "street": place["street"], "family_doctor_team": place.get("family_doctor_team"),
        "location": place.get("location"), "address": {"text": f"演练用房 practice home {home}"},
        "access": {"key_holders": list(own.key_holders)},
        "residents": [resident | {"dementia": True} if own.dementia else resident],
        "devices": devices, "checkin": window.rule(own.ways) if window else None,
        "choices": None if wait is None else {"fall": {"ask_first_s": wait, "agreed_by": "resident"}},
    }  # fmt: skip


def beside(location: Mapping[str, Any] | None, metres: float) -> dict[str, Any]:
    """A position so many metres north of a home, in the home's own datum. Raises ValueError for a home without one."""
    if not location or location.get("lat") is None:
        raise ValueError("住户没有坐标 / the home has no location: give it one, metres are counted from it")
    lat = round(float(location["lat"]) + metres / _METRES_PER_DEGREE, 7)
    return {"lat": lat, "lon": location["lon"], "crs": location.get("crs", "WGS84")}
