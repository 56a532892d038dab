"""The home and its gates on the small map of an alert, and which gate is nearest. Pure."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from api.ground import Ground, Spot
from api.language import Speech

#: metres of one degree of latitude
_DEGREE_M = 111_195.0


def near(alert: Mapping[str, Any], ground: Ground, say: Speech) -> dict[str, Any]:
    """``pins`` with the home first, and ``nearest`` as a sentence; no pins without a place of the home.

    ``below``: on paper its word stands under it, so that the words of the home and its gate do not meet.

    Gates with a place stand in the access card: ``gates``, a list of ``{name, lat, lon, crs}``.
    """
    home = alert.get("home") or {}
    at = ground.spot(home.get("location"))
    if at is None:
        return {"pins": [], "nearest": None}
    gates = sorted(_gates(alert.get("access") or {}, ground, say), key=lambda gate: metres(at, gate["at"]))
    for gate in gates:
        gate["below"] = gate["at"][0] < at[0]
    word, above = say("map.home"), bool(gates) and gates[0]["below"]
    pins = [{"id": "home", "at": at, "state": "home", "word": word, "name": word, "below": not above}, *gates]
    nearest = say("map.nearest", gate=gates[0]["name"], metres=_round(metres(at, gates[0]["at"]))) if gates else None
    return {"pins": pins, "nearest": nearest}


def _gates(card: Mapping[str, Any], ground: Ground, say: Speech) -> Iterator[dict[str, Any]]:
    listed = card.get("gates")
    for number, gate in enumerate(listed if isinstance(listed, list) else ()):
        at = ground.spot(gate) if isinstance(gate, Mapping) else None
        if at is not None:
            name = str(gate.get("name") or say("map.gate"))
            yield {"id": f"gate-{number}", "at": at, "state": "gate", "word": name, "name": name}


def metres(one: Spot, other: Spot) -> float:
    """How far apart two places of a town are."""
    east = (one[1] - other[1]) * math.cos(math.radians(one[0]))
    return math.hypot(one[0] - other[0], east) * _DEGREE_M


def _round(far: float) -> int:
    return max(10, round(far / 10) * 10)
