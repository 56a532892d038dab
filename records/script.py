"""The script: what a person says who dials 120 by hand, in the order in which 120 asks."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from channels.wording import words
from domain.ages import years
from domain.words import LANGUAGES


def script(sheet: Mapping[str, Any], today: date) -> dict[str, str]:
    """The words to read aloud, in both languages; a fact that is missing leaves its sentence out."""
    return {code: "".join(_sentences(sheet, today, code)) for code in LANGUAGES}


def _sentences(sheet: Mapping[str, Any], today: date, code: str) -> list[str]:
    where, incident = sheet["where"], sheet["incident"]
    said = [_say("drill", code)] if sheet["status"] == "exercise" else []
    said.append(_say("opening", code, what=words().say(f"what.{incident['kind']}", code)))
    said.append(_say("where", code, text=where["text"]) if where["text"] else _say("where_unknown", code))
    said += [_say("who", code, **_person(person, today, code)) for person in sheet["persons"]]
    for card in sheet["medical"] or ():
        for field in ("conditions", "allergies", "medicines"):
            if card.get(field):
                said.append(_say(field, code, list=_say("between", code).join(map(str, card[field]))))
    access = sheet["access"] or {}
    said += [_say(field, code, text=access[field]) for field in ("gate", "door") if access.get(field)]
    if access.get("lift") is not None:
        said.append(_say("lift" if access["lift"] else "no_lift", code))
    return [*said, _say("closing", code)]


def _person(person: Mapping[str, Any], today: date, code: str) -> dict[str, str]:
    known = years(person.get("birth"), today)
    age = _say("age_unknown", code) if known is None else str(known)
    sex = _say(f"sex_{person['sex']}", code) if person.get("sex") in ("F", "M") else ""
    return {"age": age, "sex": sex}


def _say(key: str, code: str, /, **values: object) -> str:
    return words().say(f"script.{key}", code, **values)
