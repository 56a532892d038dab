"""What a maker's message says, in our words: one reading for each thing it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.events import Kind


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that one device of a maker lets us know; ``data`` has the names of wire.md section 1."""

    kind: Kind
    data: Mapping[str, Any] = field(default_factory=dict)
    #: the maker's own name of the device; None when neither topic nor payload names one
    device: str | None = None
    #: the input, endpoint or child of it that speaks; the register may name ``device/part`` or the device alone
    part: str | None = None
    #: the device's own time, aware; None when it gives none that can be believed. No deadline runs on it
    ts: datetime | None = None
    #: the maker says that it is a test (R-rule 17 of the makers: simulated, test alarm)
    drill: bool = False
    #: the same in every repeat of one press, other in the next (devEui+fCnt, mac+packet); None: the maker gives none
    id: str | None = None
    #: told from the device's memory (history, archive, data log), not as it happened
    late: bool = False
    #: a state that lasts and is sent again, from a cache or on every report; not one moment
    level: bool = False
    #: about the hub itself: what it says holds for every device behind it
    hub: bool = False
    #: belongs to nobody (logs, configuration, a deleted topic): shown, never a fault, never loud
    noise: bool = False
    #: the maker's own word for what we do not know, short, for people to read
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """Everything one message says, the most urgent first; never empty."""

    events: tuple[Reading, ...]
    #: why the bytes could not be read; ``events`` then holds one ``unknown`` with the device, if the topic names it
    unreadable: str | None = None


#: (the maker's own topic or ``http:/{dialect}/{path}``, payload, role of the device in the register) -> what it says.
#: Pure and total. With several devices in one message the caller asks again with the role of each.
Decoder = Callable[[str, bytes, str | None], Translation]


def unknown(device: str | None = None, said: str | None = None) -> Translation:
    """It can be read, but says nothing that we know. From a device of an emergency role this is loud."""
    return Translation((Reading(Kind.UNKNOWN, device=device, said=said[:64] if said else None),))


def noise(device: str | None = None, said: str | None = None) -> Translation:
    """Logs, configuration, a topic that was deleted: not about anybody's state, and so never loud."""
    return Translation((Reading(Kind.UNKNOWN, device=device, noise=True, said=said[:64] if said else None),))


def unreadable(why: str, device: str | None = None) -> Translation:
    """The bytes mean nothing to us; from a device of an emergency role this is loud."""
    return Translation((Reading(Kind.UNKNOWN, device=device),), why)


def sort(readings: list[Reading]) -> Translation:
    """The most urgent first; what comes twice once. Nothing at all is ``unknown``."""
    once: list[Reading] = []
    for reading in readings:
        if reading not in once:
            once.append(reading)
    return Translation(tuple(sorted(once, key=_rank))) if once else unknown()


def _rank(reading: Reading) -> int:
    """Steps that come along with a pulse say less than the pulse does."""
    if reading.kind is Kind.ACTIVITY and reading.data.get("kind") == "steps":
        return _ORDER[Kind.HEARTBEAT]
    return _ORDER.get(reading.kind, len(_ORDER))


_ORDER = {kind: n for n, kind in enumerate((
    Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK, Kind.GEOFENCE_EXIT, Kind.INACTIVITY, Kind.CANCEL,
    Kind.HELP_ARRIVED, Kind.CHECKIN_OK, Kind.TAMPER, Kind.BATTERY_LOW, Kind.OFFLINE, Kind.ACTIVITY, Kind.VITALS,
    Kind.LOCATION, Kind.HEARTBEAT, Kind.UNKNOWN,
))}  # fmt: skip
