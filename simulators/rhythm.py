"""The rhythm of a day: when somebody gets up, fetches water, eats, goes out, and goes to bed. Pure, and seeded.

The same seed gives every home the same person, and every day of that person its own small differences.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody lives; hours of the day."""

    wakes: float
    sleeps: float
    #: the midday rest, hours; 0: none
    rest: float
    #: times up in an ordinary night
    nights: int
    #: goes out on this share of days
    goes_out: float
    #: pulse at rest, per minute
    pulse: int
    #: 0 slow … 1 lively: how often a room is changed
    lively: float


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a device of this role can tell of."""

    #: seconds into the day
    at: float
    role: str
    kind: str
    data: dict[str, Any]


def person(seed: int, home: str) -> Person:
    """Who lives there."""
    chance = random.Random(f"{seed}/{home}")
    return Person(
        wakes=chance.gauss(5.7, 0.7), sleeps=chance.gauss(20.8, 0.8), rest=chance.choice((0.0, 1.0, 1.5)),
        nights=chance.choice((0, 1, 1, 2, 3)), goes_out=chance.choice((0.1, 0.5, 0.9)), pulse=chance.randint(58, 82),
        lively=chance.uniform(0.2, 1.0),
    )  # fmt: skip


def day(seed: int, home: str, number: int) -> list[Happening]:
    """What happens in a home on day ``number``, in order of time."""
    chance = random.Random(f"{seed}/{home}/{number}")
    found = sorted(_day(person(seed, home), chance), key=lambda one: one.at)
    return [one for one in found if 0 <= one.at < DAY]


def _day(who: Person, chance: random.Random) -> Iterator[Happening]:
    up = (who.wakes + chance.gauss(0, 0.3)) * HOUR
    down = (who.sleeps + chance.gauss(0, 0.4)) * HOUR
    yield from _night(who, chance, up)
    yield _bed(up, "off")
    yield from _bathroom(up + 300, chance)
    for meal in (up + 0.8 * HOUR, 11.3 * HOUR, 17.5 * HOUR):
        yield from _meal(meal + chance.gauss(0, 900), chance)
    yield from _rooms(who, chance, up, down)
    if chance.random() < who.goes_out:
        yield from _walk(chance.uniform(8.5, 9.8) * HOUR, chance)
    yield from _bathroom(down - 900, chance)
    yield _bed(down, "on")
    for hour in (9, 15, 20):
        yield _vitals(hour * HOUR + chance.uniform(0, HOUR), who, chance)


def _night(who: Person, chance: random.Random, up: float) -> Iterator[Happening]:
    for _ in range(who.nights):
        at = chance.uniform(0.5 * HOUR, max(HOUR, up - HOUR))
        yield _bed(at, "off")
        yield from _bathroom(at + 60, chance)
        yield _bed(at + chance.uniform(300, 700), "on")


def _bathroom(at: float, chance: random.Random) -> Iterator[Happening]:
    yield _motion(at, "bathroom")
    yield Happening(at + chance.uniform(60, 240), "water_meter", "activity", {"kind": "water", "state": "flow"})


def _meal(at: float, chance: random.Random) -> Iterator[Happening]:
    yield _motion(at, "kitchen")
    for n in range(chance.randint(1, 3)):
        yield Happening(at + 300 * n, "water_meter", "activity", {"kind": "water", "state": "flow"})
    yield _motion(at + chance.uniform(1200, 2400), "kitchen")


def _rooms(who: Person, chance: random.Random, up: float, down: float) -> Iterator[Happening]:
    at = up
    while at < down:
        at += chance.expovariate(1 / (HOUR * (1.6 - who.lively)))
        if not (who.rest and 12.5 * HOUR < at < (12.5 + who.rest) * HOUR):
            yield _motion(at, chance.choice(("living", "kitchen", "bedroom")))


def _walk(at: float, chance: random.Random) -> Iterator[Happening]:
    back = at + chance.uniform(0.5, 1.5) * HOUR
    for moment in (at, back):
        yield Happening(moment, "door_sensor", "activity", {"kind": "door", "state": "open"})
        yield Happening(moment + 20, "door_sensor", "activity", {"kind": "door", "state": "closed"})
    steps = chance.randint(600, 4000)
    yield Happening(back + 60, "wristband", "activity", {"kind": "steps", "state": str(steps)})


def _motion(at: float, room: str) -> Happening:
    return Happening(at, "motion_sensor", "activity", {"kind": "motion", "state": "on", "zone": room})


def _bed(at: float, state: str) -> Happening:
    return Happening(at, "bed_sensor", "activity", {"kind": "bed", "state": state})


def _vitals(at: float, who: Person, chance: random.Random) -> Happening:
    data = {
        "hr_bpm": who.pulse + chance.randint(-4, 12), "spo2_pct": chance.randint(94, 99),
        "temp_c": round(chance.gauss(36.4, 0.2), 1), "resp_rpm": None, "sys": None, "dia": None,
    }  # fmt: skip
    return Happening(at, "wristband", "vitals", data)
