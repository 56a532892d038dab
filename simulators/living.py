"""Living: what happens in the homes is told by their devices, at the pace of the wall or many times faster."""

import heapq
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.rhythm import DAY, Happening, day
from simulators.sitefile import Foreign, SiteDevice

#: telling: (device, kind, data)
Tell = Callable[[SiteDevice, str, Mapping[str, Any]], None]
#: another maker's payload: (hub, topic, payload)
Push = Callable[[str, str, bytes], None]


@dataclass(slots=True)
class Living:
    """The days of some homes. ``turn`` tells what has happened until ``now``, and nothing twice."""

    homes: Mapping[str, tuple[SiteDevice | Foreign, ...]]
    tell: Tell
    push: Push
    seed: int = 1
    #: virtual seconds per real second
    pace: float = 1.0
    #: seconds into day 0 at the start
    start_at: float = 6 * 3600.0
    #: (virtual seconds, a number, home, what)
    _due: list[tuple[float, int, str, Happening]] = field(default_factory=list)
    _day: int = -1
    _count: int = 0

    def moment(self, elapsed: float) -> float:
        """Virtual seconds since midnight of day 0, so many real seconds after the start."""
        return self.start_at + elapsed * self.pace

    def turn(self, elapsed: float) -> int:
        """Tell everything that has happened by now. Returns how much it was."""
        now = self.moment(elapsed)
        while self._day < int(now // DAY):
            self._day += 1
            self._begin(self._day)
        told = 0
        while self._due and self._due[0][0] <= now:
            _, _, home, happening = heapq.heappop(self._due)
            told += self._tell(home, happening)
        return told

    def _begin(self, number: int) -> None:
        """A new day; of the first one what lies before the start has happened already."""
        for home in self.homes:
            for happening in day(self.seed, home, number):
                at = number * DAY + happening.at
                if at > self.start_at:
                    self._count += 1
                    heapq.heappush(self._due, (at, self._count, home, happening))

    def _tell(self, home: str, happening: Happening) -> int:
        told = 0
        for device in self.homes[home]:
            if device.role == happening.role:
                self._speak(device, happening)
                told += 1
        return told

    def _speak(self, device: SiteDevice | Foreign, happening: Happening) -> None:
        if isinstance(device, SiteDevice):
            self.tell(device, happening.kind, happening.data)
            return
        payload = z2m(happening)
        if payload is not None:
            topic = f"vendor/{device.dialect}/{device.site}/zigbee2mqtt/{device.external}"
            self.push(device.hub, topic, json.dumps(payload).encode())


def z2m(happening: Happening) -> dict[str, Any] | None:
    """The same in the words of Zigbee2MQTT; None for what its sensors do not know."""
    what = happening.data.get("kind")
    battery = random.randint(60, 95)
    if what == "motion":
        return {"battery": battery, "linkquality": 92, "occupancy": True, "voltage": 2995}
    if what == "door":
        closed = happening.data.get("state") == "closed"
        return {"battery": battery, "contact": closed, "linkquality": 87, "voltage": 2985}
    return None


def by_home(devices: Iterator[SiteDevice | Foreign]) -> dict[str, tuple[SiteDevice | Foreign, ...]]:
    """Home -> its devices."""
    found: dict[str, tuple[SiteDevice | Foreign, ...]] = {}
    for device in devices:
        found[device.home] = (*found.get(device.home, ()), device)
    return found
