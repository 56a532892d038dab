"""What a home's cards lack for the moment when somebody must get in, named before that night. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

#: cards are looked over once a year (R24)
_YEAR = timedelta(days=366)
#: the gravest first
LACKS = (
    "no_resident", "no_key", "no_way", "no_address", "no_phone", "no_kin", "no_doctor", "no_place", "no_medical",
    "no_birth", "way_old", "medical_old",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What a look into a home's cards found; it holds until they are written again."""

    #: what is missing whatever the day
    codes: frozenset[str]
    #: when the way in was last looked over: a date, empty for never; None: there is no way in to look over
    way_at: str | None
    #: the same of the medical card that was not looked over for longest
    medical_at: str | None


def look_over(home: Mapping[str, Any]) -> Look:
    """``home``: its place, ``access`` card and ``residents``' cards."""
    access, people = home.get("access") or {}, home["residents"]
    cards = [person["medical"] for person in people if person.get("medical")]
    way = _day(access.get("verified_at")) if access.get("gate") or access.get("door") else None
    found = frozenset((*_of_place(home), *_of_access(access), *_of_people(people)))
    return Look(found, way, min((_day(card.get("updated_at")) for card in cards), default=None))


def lacks_on(look: Look, today: date) -> list[str]:
    """Codes out of ``LACKS``, the gravest first; what was not looked over for a year is one."""
    old = {code for code, at in (("way_old", look.way_at), ("medical_old", look.medical_at)) if _old(at, today)}
    return [code for code in LACKS if code in look.codes or code in old]


def _of_place(home: Mapping[str, Any]) -> Iterator[str]:
    place, written = home.get("location") or {}, home.get("address") or {}
    if place.get("lat") is None or place.get("lon") is None:
        yield "no_place"
    if not any(written.get(name) for name in ("text", "road", "estate")):
        yield "no_address"
    if not home.get("family_doctor_team"):
        yield "no_doctor"


def _of_access(card: Mapping[str, Any]) -> Iterator[str]:
    if not any(card.get(name) for name in ("key_holders", "key_safe", "door_code")):
        yield "no_key"
    if not (card.get("gate") or card.get("door")):
        yield "no_way"


def _of_people(residents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not residents:
        yield "no_resident"
        return
    if not any(person.get("phones") for person in residents):
        yield "no_phone"
    if not any(person.get("contacts") for person in residents):
        yield "no_kin"
    for person in residents:
        if not (person.get("birth") or person.get("age")):
            yield "no_birth"
        if not person.get("medical"):
            yield "no_medical"


def _day(said: Any) -> str:
    """A date, or nothing where none can be read."""
    try:
        return date.fromisoformat(str(said)[:10]).isoformat()
    except ValueError:
        return ""


def _old(at: str | None, today: date) -> bool:
    """Never looked over counts as long ago."""
    return at is not None and (not at or today - date.fromisoformat(at) > _YEAR)
