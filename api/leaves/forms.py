"""The forms of the register: which questions each noun asks, and what its answers mean together. Data."""

from collections.abc import Callable
from typing import Any

from api.leaves.fields import Field, Form, Section

_MADE = Field("id")
_STREET = Field("street", "choice", "streets", nothing="site.district")

_CONTACTS = (
    Field("channel", "choice", "channel"), Field("address", required=True), Field("secret", "secret"),
    Field("drill", "tick"),
)  # fmt: skip
_KIN = (
    Field("name", required=True), Field("relation"), Field("phone"), Field("has_key", "tick"),
)  # fmt: skip
_SHIFTS = (
    Field("responder", "choice", "people", required=True), Field("always", "tick"),
    Field("weekdays", "week", "weekday"), Field("from", "time"), Field("to", "time"), Field("dates", "dates"),
    Field("days", "choice", "days"), Field("deputy", "choice", "people"),
)  # fmt: skip

_HOMES = Form("homes", (
    Section("where", (
        _MADE, Field("street", "choice", "streets", required=True), Field("category", "choice", "category"),
        Field("address.text"), Field("address.road"), Field("address.lane"), Field("address.estate"),
        Field("address.building"), Field("address.unit"), Field("address.floor", "number"), Field("address.room"),
        Field("location.lat", "number"), Field("location.lon", "number"), Field("location.crs", "choice", "datum"),
        Field("family_doctor_team", "choice", "doctors"),
    )),
    Section("way_in", (
        Field("access.gate"), Field("access.parking"), Field("access.lift", "yes_no"),
        Field("access.lift_fits_stretcher", "yes_no"), Field("access.door"), Field("access.door_code", "secret"),
        Field("access.key_holders", "many", "key_holders"), Field("access.key_safe"), Field("access.police_station"),
        Field("access.verified_at", "date"),
    )),
    Section("checkin", (
        Field("checkin.window_opens", "time"), Field("checkin.by", "time"), Field("checkin.ways", "many", "way"),
    )),
))  # fmt: skip

_RESIDENTS = Form("residents", (
    Section("who", (
        _MADE, Field("home", required=True), Field("name", required=True), Field("sex", "choice", "sex"),
        Field("birth", "date"), Field("language", "choice", "tongue"), Field("hearing", "choice", "hearing"),
        Field("phones", "lines"),
    )),
    Section("medical", (
        Field("medical.conditions", "lines"), Field("medical.allergies", "lines"), Field("medical.medicines", "lines"),
        Field("medical.mobility"), Field("medical.updated_at", "date"),
    )),
    Section("consents", (Field("consents", "many", "consent"),)),
    Section("kin", (Field("contacts", "rows", parts=_KIN),)),
))  # fmt: skip

_DEVICES = Form("devices", (
    Section("device", (
        Field("id", required=True), Field("home", required=True), Field("role", "choice", "device", required=True),
        Field("dialect", "choice", "dialects", required=True), Field("gateway"), Field("site"), Field("external"),
        Field("secret", "secret"),
    )),
))  # fmt: skip

_HUBS = Form("hubs", (
    Section("device", (
        Field("id", required=True), Field("dialect", "choice", "dialects", required=True),
        Field("site", required=True), Field("secret", "secret"),
    )),
))  # fmt: skip

_RESPONDERS = Form("responders", (
    Section("who", (
        _MADE, Field("name", required=True), Field("role", "choice", "roles", required=True), _STREET,
        Field("language", "choice", "spoken"),
    )),
    Section("contacts", (Field("contacts", "rows", parts=_CONTACTS),)),
))  # fmt: skip

_TEAMS = Form("teams", (
    Section("team", (Field("id", required=True), Field("role", "choice", "roles", required=True), _STREET)),
    Section("shifts", (Field("shifts", "rows", parts=_SHIFTS),)),
))  # fmt: skip

_STREETS = Form("streets", (
    Section("street", (Field("code", required=True), Field("name", required=True))),
), key="code")  # fmt: skip

FORMS = {form.noun: form for form in (_HOMES, _RESIDENTS, _DEVICES, _HUBS, _RESPONDERS, _TEAMS, _STREETS)}
#: what a new row most often says
USUAL: dict[str, dict[str, list[str]]] = {
    "homes": {"category": ["lives_alone"], "location.crs": ["WGS84"], "checkin.ways": ["activity", "button", "voice"]},
    "residents": {"language": ["zh"]}, "responders": {"language": ["zh"]}, "devices": {"dialect": ["anling"]},
}  # fmt: skip
#: an id is made up for these when none is typed
MADE = {"homes": "home", "residents": "resident", "responders": "person"}


def tidied(noun: str, said: dict[str, Any]) -> dict[str, Any]:
    """Answers that mean something only together."""
    return _TIDY[noun](said) if noun in _TIDY else said


def _home(said: dict[str, Any]) -> dict[str, Any]:
    """Without a latitude and longitude there is no place; without hours nobody is asked."""
    place, asked = said.get("location") or {}, said.get("checkin") or {}
    if place.get("lat") is None and place.get("lon") is None:
        said = said | {"location": None}
    if asked.get("by") is None and asked.get("window_opens") is None:
        said = said | {"checkin": None}
    elif asked.get("ways") is None:
        said = said | {"checkin": asked | {"ways": []}}
    return {name: value for name, value in said.items() if value is not None or name in ("location", "checkin")
            or name == "family_doctor_team"}  # fmt: skip


def _team(said: dict[str, Any]) -> dict[str, Any]:
    """Hours that were left empty are the whole day."""
    whole = {"from": "00:00", "to": "24:00", "weekdays": [], "dates": []}
    shifts = [{**shift, **{k: v for k, v in whole.items() if shift.get(k) is None}} for shift in said["shifts"]]
    return said | {"shifts": shifts}


_TIDY: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"homes": _home, "teams": _team}
