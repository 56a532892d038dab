"""The hand-over: what the 120 crew and the hospital must know, on one sheet, from one alert (R13, R23)."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.addresses import whole

Sheet = dict[str, Any]

#: timeline entry -> the stamp of the case it gives (domain model "case time line")
_STAMPS = {
    "raised": "raised", "claimed": "acknowledged", "closed": "closed",
}  # fmt: skip
_STEPS = {
    "en_route": "en_route", "at_door": "arrived", "access_failed": "access_failed", "inside": "entered",
    "with_resident": "with_resident", "called_120": "called_120", "at_hospital": "at_hospital",
}  # fmt: skip


def handover(alert: Mapping[str, Any]) -> Sheet:
    """The sheet, from an alert as ``Views.alert`` shows it. Cards that the reader may not see are None."""
    home = alert["home"] or {}
    address = home.get("address") or {}
    return {
        "alert": alert["id"],
        #: a drill says so on every paper (CAP: Exercise)
        "status": "exercise" if alert["drill"] else "actual",
        "incident": {
            "kind": alert["kind"], "severity": alert["severity"], "raised_at": alert["raised_at"],
            "late": alert["late"], "signals": alert["signals"], "cancel_requested": alert["cancel_requested"],
            "state": alert["state"], "outcome": alert["outcome"], "cause": alert["cause"],
        },
        "persons": [dict(person) for person in alert["residents"]],
        "where": {
            "home": home.get("id"), "street": home.get("street"), "address": dict(address),
            "text": whole(address) or alert.get("place") or "", "location": home.get("location"),
        },
        "access": alert.get("access"),
        "medical": alert.get("medical"),
        "times": _times(alert.get("timeline") or ()),
        "contacts": _contacts(alert.get("contacts") or ()),
        "notes": [e["data"]["note"] for e in alert.get("timeline") or () if e["data"].get("note")],
    }  # fmt: skip


def _times(timeline: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Stamp -> first moment (ISO 8601, UTC)."""
    found: dict[str, str] = {}
    for entry in timeline:
        stamp = _STAMPS.get(entry["type"]) or _STEPS.get(str(entry["data"].get("step")))
        if stamp:
            found.setdefault(stamp, entry["at"])
    return found


def _contacts(contacts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who was asked by which way, and what came of it; numbers are not repeated here."""
    told = ("role", "responder", "channel", "at", "status", "reason")
    return [{name: c.get(name) for name in told} for c in contacts]
