"""FHIR R4B: the hand-over as a Bundle that a hospital's system takes in. Built and validated by fhir.resources."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from domain.cards import is_birth

_ROOT = "urn:anling:"
_REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_PRIORITY = {"critical": "stat", "urgent": "asap", "routine": "urgent"}
_GENDER = {"F": "female", "M": "male"}


def fhir_bundle(sheet: Mapping[str, Any]) -> str:
    """JSON of a Bundle (type ``collection``): patients, place, illnesses, allergies, medicines, the request.

    Raises ``ValueError`` when a card cannot be said in FHIR.
    """
    # a fifth of a second and 30 MB: only who hands over pays for it
    from fhir.resources.R4B.bundle import Bundle

    entries = [{"fullUrl": _url(sheet, r), "resource": r} for r in _resources(sheet)]
    bundle = Bundle.model_validate({
        "resourceType": "Bundle", "type": "collection", "timestamp": sheet["incident"]["raised_at"],
        "identifier": {"system": f"{_ROOT}alert", "value": sheet["alert"]}, "entry": entries,
        "meta": {"tag": [_tag(sheet)]},
    })  # fmt: skip
    return str(bundle.model_dump_json(exclude_none=True))


def _tag(sheet: Mapping[str, Any]) -> dict[str, str]:
    if sheet["status"] == "exercise":
        return {"system": _REASONS, "code": "HTEST", "display": "演练 drill"}
    return {"system": f"{_ROOT}status", "code": "actual"}


def _resources(sheet: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    cards = {card.get("resident"): card for card in sheet["medical"] or ()}
    for person in sheet["persons"]:
        yield _patient(sheet, person)
        yield from _medical(person["id"], cards.get(person["id"], {}))
    yield _location(sheet)
    yield _request(sheet)


def _patient(sheet: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, Any]:
    patient: dict[str, Any] = {
        "resourceType": "Patient", "id": _id(person["id"]),
        "identifier": [{"system": f"{_ROOT}resident", "value": person["id"]}],
        "gender": _GENDER.get(str(person.get("sex")), "unknown"),
        "address": [{"use": "home", "text": sheet["where"]["text"] or "-"}],
    }  # fmt: skip
    if person.get("name"):
        patient["name"] = [{"text": person["name"]}]
    if is_birth(person.get("birth")):
        patient["birthDate"] = person["birth"]
    if person.get("language"):
        patient["communication"] = [{"language": {"text": person["language"]}, "preferred": True}]
    return patient


def _medical(person: str, card: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    who = {"reference": f"Patient/{_id(person)}"}
    for n, text in enumerate(card.get("conditions") or ()):
        yield {"resourceType": "Condition", "id": _id(person, "c", n), "subject": who, "code": {"text": text}}
    for n, text in enumerate(card.get("allergies") or ()):
        yield {"resourceType": "AllergyIntolerance", "id": _id(person, "a", n), "patient": who, "code": {"text": text}}
    for n, text in enumerate(card.get("medicines") or ()):
        yield {
            "resourceType": "MedicationStatement", "id": _id(person, "m", n), "subject": who, "status": "active",
            "medicationCodeableConcept": {"text": text},
        }  # fmt: skip


def _location(sheet: Mapping[str, Any]) -> dict[str, Any]:
    where = sheet["where"]
    place: dict[str, Any] = {
        "resourceType": "Location", "id": _id(sheet["alert"], "place"), "address": {"text": where["text"] or "-"},
    }  # fmt: skip
    at = where["location"] or {}
    if at.get("crs", "WGS84") == "WGS84" and {"lat", "lon"} <= at.keys():
        place["position"] = {"latitude": at["lat"], "longitude": at["lon"]}
    return place


def _request(sheet: Mapping[str, Any]) -> dict[str, Any]:
    incident = sheet["incident"]
    persons = sheet["persons"]
    subject = f"Patient/{_id(persons[0]['id'])}" if persons else f"Location/{_id(sheet['alert'], 'place')}"
    request: dict[str, Any] = {
        "resourceType": "ServiceRequest", "id": _id(sheet["alert"]), "intent": "order",
        "status": "completed" if incident["state"] == "closed" else "active",
        "priority": _PRIORITY[incident["severity"]], "code": {"text": incident["kind"]},
        "subject": {"reference": subject}, "authoredOn": incident["raised_at"],
        "locationReference": [{"reference": f"Location/{_id(sheet['alert'], 'place')}"}],
    }  # fmt: skip
    if sheet["notes"]:
        request["note"] = [{"text": text} for text in sheet["notes"]]
    return request


def _id(*parts: object) -> str:
    """FHIR's ids know no Chinese: a name of the same parts is always the same id."""
    return str(uuid5(NAMESPACE_URL, _ROOT + "/".join(map(str, parts))))


def _url(sheet: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    return f"urn:uuid:{resource['id']}"
