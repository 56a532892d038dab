"""CAP 1.2: the alert as other warning systems read it. A drill is an Exercise, never Actual."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from channels.wording import name_of

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
#: CAP's own words: category, certainty
_KINDS = {
    "smoke": ("Fire", "Likely"), "gas": ("Safety", "Likely"), "water_leak": ("Safety", "Likely"),
    "fall": ("Health", "Likely"), "sos": ("Health", "Observed"), "manual": ("Health", "Observed"),
    "geofence_exit": ("Rescue", "Likely"), "inactivity": ("Health", "Possible"),
}  # fmt: skip
_SEVERITY = {"critical": "Extreme", "urgent": "Severe", "routine": "Moderate"}
_URGENCY = {"critical": "Immediate", "urgent": "Immediate", "routine": "Expected"}
_LANGUAGES = {"zh": "zh-CN", "en": "en-US"}


def cap(sheet: Mapping[str, Any], sender: str, sent: str) -> bytes:
    """One CAP message in UTF-8; ``sent`` ISO 8601 with its zone. Restricted: it names where a person lives."""
    alert = ET.Element("alert", xmlns=_NAMESPACE)
    closed = sheet["incident"]["state"] == "closed"
    _put(
        alert,
        identifier=f"anling-{sheet['alert']}",
        sender=sender,
        sent=sent,
        status="Exercise" if sheet["status"] == "exercise" else "Actual",
        msgType="Cancel" if closed else "Alert",
        scope="Restricted",
        restriction="emergency services and the responders of this alert",
    )
    for language in _LANGUAGES:
        alert.append(_info(sheet, language))
    return bytes(ET.tostring(alert, encoding="utf-8", xml_declaration=True))


def _info(sheet: Mapping[str, Any], language: str) -> ET.Element:
    incident, info = sheet["incident"], ET.Element("info")
    category, certainty = _KINDS.get(incident["kind"], ("Health", "Unknown"))
    event = name_of("kind", incident["kind"], language)
    _put(
        info,
        language=_LANGUAGES[language],
        category=category,
        event=event,
        responseType="AllClear" if incident["state"] == "closed" else "Assess",
        urgency="Past" if incident["state"] == "closed" else _URGENCY[incident["severity"]],
        severity=_SEVERITY[incident["severity"]],
        certainty=certainty,
        onset=incident["raised_at"],
        headline=f"{event} · {name_of('severity', incident['severity'], language)}",
    )
    info.append(_area(sheet["where"]))
    return info


def _area(where: Mapping[str, Any]) -> ET.Element:
    area, location = ET.Element("area"), where["location"] or {}
    _put(area, areaDesc=where["text"] or where["home"] or "unknown")
    if location.get("crs", "WGS84") == "WGS84" and {"lat", "lon"} <= location.keys():
        _put(area, circle=f"{location['lat']},{location['lon']} 0.05")
    return area


def _put(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = text
