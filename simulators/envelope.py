"""What a device writes on an event before it sends it: a name for the press, a number, a time and a kind."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A ULID: 26 characters, made once at the press and identical in every retry."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """The clock inside a device, which may be wrong. ``offset_s`` is added to the true time."""

    #: ``ntp``, ``cell``, ``rtc`` or ``unsynced``, as the device itself believes.
    source: str = "ntp"
    #: seconds ahead of the true time; negative is behind
    offset_s: float = 0.0

    def stamp(self) -> str:
        """The device's idea of now, RFC 3339 with milliseconds."""
        moment = datetime.fromtimestamp(max(0.0, time.time() + self.offset_s), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event in the words of ``anling/v1`` (wire contract, section 1)."""

    id: str
    seq: int
    boot: int
    kind: str
    drill: bool
    data: Mapping[str, Any]

    def encode(self, clock: DeviceClock) -> bytes:
        """The JSON bytes as they go over the air, stamped with the device's own clock."""
        body = {
            "v": 1,
            "id": self.id,
            "seq": self.seq,
            "boot": self.boot,
            "type": self.kind,
            "ts": clock.stamp(),
            "clock": clock.source,
            "drill": self.drill,
            "data": dict(self.data),
        }
        return to_json(body)


def to_json(body: Mapping[str, Any]) -> bytes:
    """Compact JSON with Chinese left readable."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
