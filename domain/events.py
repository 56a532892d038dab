"""What a home can say: the closed list of kinds, and a message before and after it was understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The closed list of wire.md; unknown types become ``unknown``, never a guess."""

    SOS = "sos"
    FALL = "fall"
    CANCEL = "cancel"
    SMOKE = "smoke"
    GAS = "gas"
    WATER_LEAK = "water_leak"
    TAMPER = "tamper"
    BATTERY_LOW = "battery_low"
    GEOFENCE_EXIT = "geofence_exit"
    INACTIVITY = "inactivity"
    CHECKIN_OK = "checkin_ok"
    HELP_ARRIVED = "help_arrived"
    VITALS = "vitals"
    LOCATION = "location"
    ACTIVITY = "activity"
    HEARTBEAT = "heartbeat"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    CHECKIN_MISSED = "checkin_missed"
    DEVICE_SILENT = "device_silent"
    MANUAL = "manual"


#: Always stored and raised, even with bad fields (wire.md, "Receipt").
EMERGENCIES = frozenset({Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS})

#: Raise an alert when they come from a home; the plan says how urgent each is.
RAISING = EMERGENCIES | {
    Kind.WATER_LEAK, Kind.GEOFENCE_EXIT, Kind.INACTIVITY, Kind.UNREADABLE,
    Kind.CHECKIN_MISSED, Kind.DEVICE_SILENT, Kind.MANUAL,
}  # fmt: skip

#: Come on the telemetry lane and never make anybody wait.
TELEMETRY = frozenset({Kind.HEARTBEAT, Kind.ACTIVITY, Kind.VITALS, Kind.LOCATION})

#: Raised by ourselves; a device that claims one of them is not believed.
OURS = frozenset({Kind.UNREADABLE, Kind.CHECKIN_MISSED, Kind.DEVICE_SILENT, Kind.MANUAL})

#: What a service button may ask for that is no emergency: company, shopping, advice … (wire.md)
REQUESTS = frozenset({"company", "shopping", "advice", "housework", "meal", "escort"})

#: From a device of such a role even an unreadable byte may be a cry for help.
EMERGENCY_ROLES = frozenset({"sos_button", "wristband", "fall_radar", "pull_cord"})


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came in, before anybody tried to understand it."""

    #: the full topic, or ``http:/{dialect}/{path}``
    topic: str
    payload: bytes
    #: our wall clock at arrival; deadlines count from here, never from the device's clock
    received_at: datetime
    qos: int = 1
    retain: bool = False
    dup: bool = False
    #: whose devices it may be about, where the topic does not say: the site of the hub that pushed it over HTTP
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One message, understood. ``id`` and ``device`` together are the natural key."""

    kind: Kind
    #: the device that speaks, from the topic (a gateway's child: the child)
    device: str
    #: made at the press; ``sha256:…`` of the payload where the device gave none
    id: str
    #: who relayed it, for a gateway's child
    gateway: str | None = None
    seq: int | None = None
    boot: int | None = None
    #: the device's own time, None when absent or unreadable
    ts: datetime | None = None
    #: ``ntp`` ``cell`` ``rtc`` ``unsynced``
    clock: str | None = None
    drill: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    #: what was wrong with it, in words for the technician; empty when all was well
    faults: tuple[str, ...] = ()
    #: the type as the device wrote it, when it is not in the list
    said: str | None = None
    #: a state that is sent again as long as it lasts (other makers' caches), not one moment
    level: bool = False
    #: the maker gave neither an id nor a moment: a repeat can only be told by what the device last said
    nameless: bool = False
    #: told from a device's memory, or read only after a decoder was mended
    late: bool = False
    #: from the broker's memory and not newer than what we know: shown, raises nothing
    stale: bool = False
    #: logs, configuration: kept for a while, shown to nobody who is busy
    noise: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What we answer a device once its message and its alert are in the ledger."""

    #: the device's own event id, as it sent it (or ``sha256:…``)
    id: str
    #: whom it is about
    device: str
    #: whom to send it to: the device, or the gateway of a child
    to: str
    #: ``stored`` or ``rejected``
    result: str
    alert: str | None = None
    reason: str | None = None
    #: seen before; the answer is the same
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A message and what the bridge made of it; the ledger keeps it either way."""

    message: Message
    #: the device that speaks, from the topic; None when even the topic is foreign
    device: str | None
    #: whom a receipt goes to (the gateway of a child); None when nobody waits for one
    to: str | None
    #: None when the bytes could not be read
    event: Event | None
    #: why they could not
    unreadable: str | None = None
    #: another maker's message: to be translated with what the register knows of the device
    dialect: str | None = None
