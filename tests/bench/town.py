"""The made-up town of the bench: homes, doctors, streets, and the plan they are called by.

Home ``i`` has one button ``dev-00000i`` and belongs to doctor ``i % DOCTORS``; nobody has a check-in rule,
so that the daily sweep never starts in the middle of a measurement.
"""

import json
from pathlib import Path

DOCTORS = 200
STREETS = 10
PLAN = """\
version = "bench-1"
[kinds]
default = "urgent"
sos = "urgent"
"""
SEVERITY = """\
[severity.{name}]
claim_for = "15m"
offer_for = "2m"
repeat_every = "5m"
retry_after = "60s"
min_gap = "15s"
"""
STEP = """\
[[track.step]]
role = "{role}"
after = "{after}"
channels = ["webhook"]
"""
LADDER = (("family_doctor", "0s"), ("street_office", "60s"), ("dispatch_120", "120s"))


def device(number: int) -> str:
    """The button of home ``number``."""
    return f"dev-{number:06d}"


def home(number: int) -> str:
    """The id of home ``number``."""
    return f"home-{number:06d}"


def write_plan(path: Path) -> None:
    """Doctor at once, street office at 60 s, 120 at 120 s; everybody by webhook."""
    parts = [PLAN, *(SEVERITY.format(name=name) for name in ("routine", "urgent", "critical"))]
    parts.append('[[track]]\nname = "main"\nfor = ["routine", "urgent"]\n')
    parts += [STEP.format(role=role, after=after) for role, after in LADDER]
    for role, _ in LADDER:
        parts.append(f'[[track]]\nname = "{role}"\nfor = ["critical"]\n')
        parts.append(STEP.format(role=role, after="0s"))
    path.write_text("".join(parts), encoding="utf-8")


def write_site(path: Path, homes: int, sink_port: int) -> None:
    """The site file for ``anling import``."""
    people = [_doctor(number, sink_port) for number in range(DOCTORS)]
    people += [
        _responder(f"street-{number}", "street_office", _street(number), sink_port)
        for number in range(STREETS)
    ]
    people.append(_responder("desk", "dispatch_120", None, sink_port))
    site = {
        "streets": [{"code": _street(number), "name": f"测试街道{number}"} for number in range(STREETS)],
        "responders": people,
        "teams": [_team(person) for person in people],
        "homes": [_home(number) for number in range(homes)],
    }
    path.write_text(json.dumps(site, ensure_ascii=False), encoding="utf-8")


def _street(number: int) -> str:
    return f"3101050{number % STREETS:02d}"


def _responder(name: str, role: str, street: str | None, sink_port: int) -> dict[str, object]:
    contact = {"channel": "webhook", "address": f"http://127.0.0.1:{sink_port}/{name}"}
    return {"id": name, "name": name, "role": role, "street": street, "contacts": [contact]}


def _doctor(number: int, sink_port: int) -> dict[str, object]:
    return _responder(f"doctor-{number:03d}", "family_doctor", _street(number), sink_port)


def _team(person: dict[str, object]) -> dict[str, object]:
    shift = {"responder": person["id"], "always": True}
    return {
        "id": f"team-{person['id']}",
        "role": person["role"],
        "street": person["street"],
        "shifts": [shift],
    }


def _home(number: int) -> dict[str, object]:
    room = f"{number % 30 + 1:02d}01"
    text = f"测试路{number}弄1号{room}室"
    address = {"road": "测试路", "lane": f"{number}弄", "building": "1号", "room": room, "text": text}
    return {
        "id": home(number),
        "street": _street(number),
        "category": "lives_alone",
        "address": address,
        "location": {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"},
        "family_doctor_team": f"team-doctor-{number % DOCTORS:03d}",
        "residents": [{"id": f"resident-{number:06d}", "name": f"测试老人{number}", "birth": "1936-05-01"}],
        "devices": [
            {
                "id": device(number),
                "dialect": "anling",
                "role": "sos_button",
                "secret": f"bench-secret-{number:06d}",
            }
        ],
    }
