"""The made-up neighbourhood of these tests: two hundred homes, one doctor, one street office, one 120 desk."""

from typing import Any

HOMES = 200
WEBHOOK_SECRET = "a webhook secret of thirty-two characters"

#: seconds instead of minutes; ``{street}`` and ``{desk}`` are when those tiers join
_PLAN = """
version = "fast-1"
[severity.urgent]
claim_for = "{claim}s"
offer_for = "{offer}s"
repeat_every = "{repeat}s"
retry_after = "{retry}s"
min_gap = "0.5s"
[kinds]
default = "urgent"
fall = "critical"
[[track]]
name = "main"
for = ["routine", "urgent"]
[[track.step]]
role = "family_doctor"
after = "0s"
channels = ["webhook"]
[[track.step]]
role = "street_office"
after = "{street}s"
channels = ["webhook"]
[[track.step]]
role = "dispatch_120"
after = "{desk}s"
channels = ["webhook"]
"""
_CRITICAL = """
[[track]]
name = "{role}"
for = ["critical"]
[[track.step]]
role = "{role}"
after = "0s"
channels = ["webhook"]
"""
_ROLES = {"doctor-1": "family_doctor", "street-1": "street_office", "desk-1": "dispatch_120"}


def plan(
    street: float = 3, desk: float = 6, repeat: float = 30, retry: float = 30, claim: float = 60, offer: float = 30
) -> str:
    """A plan file in the form of wire.md section 7, that runs in seconds."""
    main = _PLAN.format(street=street, desk=desk, repeat=repeat, retry=retry, claim=claim, offer=offer)
    return main + "".join(_CRITICAL.format(role=role) for role in _ROLES.values())


def site(sink: str) -> dict[str, Any]:
    """The site file; everybody is reached by webhook at ``sink``, drills at an address of their own."""
    return {
        "streets": [{"code": "north", "name": "北街道"}],
        "responders": [_responder(name, role, sink) for name, role in _ROLES.items()],
        "teams": [
            {"id": f"team-{name}", "role": role, "street": None if role == "dispatch_120" else "north",
             "shifts": [{"responder": name, "always": True}]}
            for name, role in _ROLES.items()
        ],
        "homes": [_home(number) for number in range(1, HOMES + 1)],
    }  # fmt: skip


def device(number: int) -> str:
    """The button of home ``number``."""
    return f"dev-{number:04d}"


def home(number: int) -> str:
    """The id of home ``number``."""
    return f"home-{number:04d}"


def _responder(name: str, role: str, sink: str) -> dict[str, Any]:
    contacts: list[dict[str, Any]] = [{"channel": "webhook", "address": f"{sink}/{name}"}]
    if role == "dispatch_120":
        contacts.append({"channel": "webhook", "address": f"{sink}/{name}-drill", "drill": True})
    street = None if role == "dispatch_120" else "north"
    return {"id": name, "name": name, "role": role, "street": street, "contacts": contacts}


def _home(number: int) -> dict[str, Any]:
    return {
        "id": home(number), "street": "north", "family_doctor_team": "team-doctor-1",
        "address": {"text": f"示例路{number}号"},
        "residents": [{"id": f"resident-{number:04d}", "name": f"示例老人{number}", "birth": "1936-05-01"}],
        "devices": [{"id": device(number), "role": "sos_button", "secret": f"secret-{number:04d}"}],
    }  # fmt: skip
