"""What goes into a webhook and to the 120 desk, as plain data (wire.md section 5). Pure."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from domain.contacts import Letter, Purpose

#: UTC as ``…Z``; a time without a zone is UTC
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS

_HOME = ("id", "street", "address", "category", "location")


def encode(body: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8. What JSON does not know is written as text: an odd field must not stop a letter."""
    try:
        return orjson.dumps(body, default=_plain, option=_OPTIONS)
    except orjson.JSONEncodeError:  # half a character pair in a name, an integer beyond 64 bits
        return json.dumps(body, default=_plain, skipkeys=True).encode("ascii")


def decode(body: bytes) -> Mapping[str, Any]:
    """The JSON object in ``body``; empty when it is anything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def envelope(letter: Letter, type: str) -> dict[str, Any]:
    """The body that every receiver gets."""
    body: dict[str, Any] = {
        "type": type,
        "key": letter.key,
        "alert": _alert(letter),
        "responder": {"id": letter.responder_id, "name": letter.responder_name},
        "role": letter.role,
        "attempt": letter.attempt,
        "drill": letter.drill,
        "ack_url": letter.ack_url,
        "sent_at": letter.sent_at,
    }
    if letter.about:
        body["about"] = letter.about
    return body


def incident(letter: Letter, call_back: tuple[str, ...]) -> dict[str, Any]:
    """The body for the 120 desk: the envelope, and all that a crew needs to find and treat the person."""
    home = letter.home or {}
    address: Mapping[str, Any] = home.get("address") or ({"text": letter.said.place} if letter.said else {})
    return envelope(letter, _desk_type(letter)) | {
        "case": letter.case,
        "status": "Exercise" if letter.drill else "Actual",
        "incident": {
            "kind": letter.kind,
            "severity": letter.severity,
            "raised_at": letter.raised_at,
            "call_back_numbers": [*call_back, *_phones(letter)],
        },
        "person": letter.residents[0] if letter.residents else None,
        "persons": letter.residents,
        "address": address or None,
        "access": {"floor": address.get("floor"), "room": address.get("room")} | dict(letter.access),
        "location": _located(home.get("location")),
        "medical": letter.medical,
        "timeline": letter.timeline,
    }


def _alert(letter: Letter) -> dict[str, Any]:
    home = letter.home
    alert: dict[str, Any] = {
        "id": letter.alert_id,
        "home": {key: home.get(key) for key in _HOME} if home else None,
        "kind": letter.kind,
        "severity": letter.severity,
        "track": letter.track,
        "raised_at": letter.raised_at,
    }
    if letter.device:
        alert["device"] = {"id": letter.device}
    if letter.residents:
        alert["residents"] = letter.residents
    if letter.access:
        alert["access"] = letter.access
    if letter.medical:
        alert["medical"] = letter.medical
    return alert


def _desk_type(letter: Letter) -> str:
    """Repeats to an open case are updates of it; an update without a case is a first report."""
    if letter.purpose in (Purpose.CONTACT, Purpose.UPDATE):
        return Purpose.UPDATE if letter.case else Purpose.CONTACT
    return letter.purpose


def _phones(letter: Letter) -> list[str]:
    phones = [phone for resident in letter.residents for phone in resident.get("phones") or ()]
    beside = [letter.said.phone] if letter.said and letter.said.phone else []
    return list(dict.fromkeys([*beside, *map(str, phones)]))


def _located(location: object) -> dict[str, Any] | None:
    """With its datum said aloud: 500 m lie between WGS-84 and what a Chinese map shows."""
    if not isinstance(location, Mapping):
        return None
    return {**location, "datum": location.get("crs") or "WGS84"}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
