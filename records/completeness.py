"""What a home's cards lack for the moment when somebody must get in, named before that night. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

#: cards are looked over once a year (R24)
_YEAR = timedelta(days=366)
#: the gravest first
LACKS = (
    "no_resident", "no_key", "no_way", "no_address", "no_phone", "no_kin", "no_doctor", "no_place", "no_medical",
    "no_birth", "way_old", "medical_old",
)  # fmt: skip


def lacks_of(home: Mapping[str, Any], today: date) -> list[str]:
    """Codes out of ``LACKS``, the gravest first. ``home``: its place, ``access`` card and ``residents``' cards."""
    found = {*_of_place(home), *_of_access(home.get("access") or {}, today), *_of_people(home["residents"], today)}
    return [code for code in LACKS if code in found]


def _of_place(home: Mapping[str, Any]) -> Iterator[str]:
    place, written = home.get("location") or {}, home.get("address") or {}
    if place.get("lat") is None or place.get("lon") is None:
        yield "no_place"
    if not any(written.get(name) for name in ("text", "road", "estate")):
        yield "no_address"
    if not home.get("family_doctor_team"):
        yield "no_doctor"


def _of_access(card: Mapping[str, Any], today: date) -> Iterator[str]:
    if not any(card.get(name) for name in ("key_holders", "key_safe", "door_code")):
        yield "no_key"
    if not (card.get("gate") or card.get("door")):
        yield "no_way"
    elif _old(card.get("verified_at"), today):
        yield "way_old"


def _of_people(residents: Sequence[Mapping[str, Any]], today: date) -> Iterator[str]:
    if not residents:
        yield "no_resident"
        return
    if not any(person.get("phones") for person in residents):
        yield "no_phone"
    if not any(person.get("contacts") for person in residents):
        yield "no_kin"
    for person in residents:
        card = person.get("medical") or {}
        if not (person.get("birth") or person.get("age")):
            yield "no_birth"
        if not card:
            yield "no_medical"
        elif _old(card.get("updated_at"), today):
            yield "medical_old"


def _old(said: Any, today: date) -> bool:
    """Never looked over counts as long ago."""
    try:
        return today - date.fromisoformat(str(said)[:10]) > _YEAR
    except ValueError:
        return True
