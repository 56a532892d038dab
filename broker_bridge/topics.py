"""Who speaks, read from the topic: the broker checked that, the payload may claim anything.

Pure. The grammar is wire.md section 1.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "anling/v1"

_DEV = r"[a-z0-9][a-z0-9-]{2,63}"
_DEVICE = re.compile(_DEV)
_LEVEL = re.compile(r"[^\s\x00-\x1f\x7f/+#$%]{1,128}")
_OURS = re.compile(
    rf"{ROOT}/(?:up/({_DEV})/(?:sub/({_DEV})/)?(event|telemetry)"
    rf"|up/({_DEV})/(cmdres)"
    rf"|(status)/({_DEV})"
    r"|(svc)/([^/+#]+)/([^/+#]+))"
)
_HTTP = re.compile(rf"http:/anling/({_DEV})/event")
_PUSHED = re.compile(r"http:/([a-z0-9]+)(?:/.*)?", re.DOTALL)
_VENDOR = re.compile(r"vendor/([^/]+)/([^/]+)/(.+)", re.DOTALL)


class Leaf(StrEnum):
    """What sort of message a topic carries."""

    EVENT = "event"
    TELEMETRY = "telemetry"
    STATUS = "status"
    CMDRES = "cmdres"
    SVC = "svc"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Address:
    """A topic, understood."""

    leaf: Leaf
    #: the device that speaks; a gateway's child: the child. None for services and vendors
    device: str | None = None
    #: the gateway that relays for a child
    gateway: str | None = None
    #: dialect of a vendor topic, or the service's name
    name: str | None = None
    #: site of a vendor topic, or the service's instance
    site: str | None = None
    #: the maker's own topic
    rest: str | None = None

    @property
    def to(self) -> str | None:
        """Whom receipts go to: the gateway of a child, else the device."""
        return self.gateway or self.device


def is_device(name: str) -> bool:
    """The name may be a device id (and so a part of a topic of ours)."""
    return _DEVICE.fullmatch(name) is not None


def is_level(name: str) -> bool:
    """One level of a topic that stands for itself: no wildcard, nothing that ends a line of the broker's files."""
    return _LEVEL.fullmatch(name) is not None


def parse(topic: str) -> Address | None:
    """The address of a topic of ours, of a vendor or of the HTTP door; None for anything else."""
    match = _OURS.fullmatch(topic)
    if match is None:
        return _foreign(topic)
    first, child, leaf, dev, cmdres, status, who, svc, name, instance = match.groups()
    if leaf:
        kind = Leaf.EVENT if leaf == "event" else Leaf.TELEMETRY
        return Address(kind, child, first) if child else Address(kind, first)
    if cmdres:
        return Address(Leaf.CMDRES, dev)
    if status:
        return Address(Leaf.STATUS, who)
    return Address(Leaf.SVC, name=name, site=instance) if svc else None


def _foreign(topic: str) -> Address | None:
    if match := _VENDOR.fullmatch(topic):
        dialect, site, rest = match.groups()
        return Address(Leaf.VENDOR, name=dialect, site=site, rest=rest)
    if match := _HTTP.fullmatch(topic):
        return Address(Leaf.EVENT, match.group(1))
    if (match := _PUSHED.fullmatch(topic)) and match.group(1) != "anling":
        return Address(Leaf.VENDOR, name=match.group(1), rest=topic)
    return None


def ack_topic(to: str) -> str:
    """Where a receipt for ``to`` goes."""
    return f"{ROOT}/down/{to}/ack"


def state_topic(device: str) -> str:
    """Where the lamp or the voice at home hears the stage."""
    return f"{ROOT}/down/{device}/state"


def command_topic(device: str) -> str:
    """Where a device takes commands."""
    return f"{ROOT}/down/{device}/cmd"


def service_topic(service: str, instance: str) -> str:
    """Where a service of ours says that it lives."""
    return f"{ROOT}/svc/{service}/{instance}"
