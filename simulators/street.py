"""A made-up street: nobody in it exists, but everything a street needs is there.

``python -m simulators.street --homes 12 --out site.json --world http://127.0.0.1:9000 --seed 1`` writes
the site file and, beside it, ``people.json`` for the simulated world and ``boundary.geojson`` for the map.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_STREET = "310105001"
_NUMERALS = "零一二三四五六七八九"
_CONDITIONS: tuple[list[str], ...] = (
    ["高血压 hypertension"], ["高血压 hypertension", "心房颤动 atrial fibrillation"],
    ["2型糖尿病 type 2 diabetes"], ["慢阻肺 COPD"],
    ["冠心病 coronary heart disease"], ["骨质疏松 osteoporosis"], ["轻度记忆减退 mild memory loss"], [],
)
_MEDICINES: tuple[list[str], ...] = (
    ["氨氯地平 amlodipine"], ["华法林 warfarin"], ["二甲双胍 metformin"], ["噻托溴铵 tiotropium"],
    ["阿司匹林 aspirin"], [],
)
_MOBILITY = (
    "拄拐行走 walks with a stick", "能自行走动 walks alone", "坐轮椅 wheelchair", "用助行架 walks with a frame",
)  # fmt: skip
_DOORS = (
    "内开，夜里挂链 opens inward, chain at night", "内开 opens inward", "外开，两道锁 opens outward, two locks",
    "先移门，后内开门 sliding gate, then opens inward",
)  # fmt: skip

#: what may hang on a gateway of ours, in this order
_CHILDREN = (
    "motion_sensor", "pull_cord", "door_sensor", "water_meter", "bed_sensor", "smoke_detector", "gas_detector",
    "fall_radar",
)  # fmt: skip
#: one home in so many has a hub of another maker
_HUB = 6
_ZONE = ZoneInfo("Asia/Shanghai")

#: gates of the made-up estate: name, latitude, longitude
_GATES = (
    ("示例路南门", 31.2168, 121.4237), ("示例路北门", 31.2240, 121.4240),
    ("示例路东门", 31.2203, 121.4273), ("示例路西门", 31.2205, 121.4201),
)  # fmt: skip

#: the estate's edge on the map: longitude, latitude
_EDGE = (
    (121.4190, 31.2160), (121.4285, 31.2158), (121.4290, 31.2250), (121.4235, 31.2256), (121.4188, 31.2247),
    (121.4190, 31.2160),
)  # fmt: skip

#: Everybody outside. Numbers are in a range that nobody owns.
_DOCTORS = ("doctor-1", "doctor-2")
_OFFICE = ("street-1", "street-2")
_PHONES = {
    "doctor-1": "+85230000001", "street-1": "+85230000002", "desk-120": "+85230000003",
    "keyholder-1": "+85230000004", "doctor-2": "+85230000005", "street-2": "+85230000006",
    "desk-120-drill": "+85230000007", "police-1": "+85230000008",
}


@dataclass(frozen=True, slots=True)
class Street:
    """A site file and the people of the world outside, ready to be written."""

    site: dict[str, Any]
    people: dict[str, Any]
    #: GeoJSON, WGS-84
    boundary: dict[str, Any]


def make_street(homes: int, world: str, seed: int, now: datetime | None = None) -> Street:
    """A street of ``homes`` homes whose responders are reached at ``world``. Same seed, same street.

    With ``now`` everybody is asked soon after it whether all is well, else by half past nine in the morning; and the
    doctor answers late (a demonstration).
    """
    chance = random.Random(seed)
    site = {
        "streets": [{"code": _STREET, "name": "示例街道一"}],
        "responders": _responders(world.rstrip("/")),
        "teams": _teams(),
        "hubs": [_hub(number, seed) for number in range(1, homes + 1) if number % _HUB == 2],
        "homes": [_home(number, homes, chance) for number in range(1, homes + 1)],
    }
    for number, home in enumerate(site["homes"], 1):
        home["devices"] += _sensors(number, seed)
        home["checkin"] |= _soon(number, now) if now else {}
    edge = {"type": "Polygon", "coordinates": [[list(point) for point in _EDGE]]}
    return Street(site, _people(watched=now is not None), edge)


def _responders(world: str) -> list[dict[str, Any]]:
    people = [_doctor(world, number) for number in (1, 2)]
    people += [_office(world, number) for number in (1, 2)]
    return [*people, _desk(world), _key_holder(), _police()]


def _doctor(world: str, number: int) -> dict[str, Any]:
    name, phone = f"doctor-{number}", _PHONES[f"doctor-{number}"]
    contacts = [_contact("webhook", f"{world}/{name}"), _contact("voice", phone), _contact("sms", phone)]
    return _responder(name, f"家庭医生{chinese(number)}", "family_doctor", contacts)


def _office(world: str, number: int) -> dict[str, Any]:
    name, phone = f"street-{number}", _PHONES[f"street-{number}"]
    contacts = [_contact("webhook", f"{world}/{name}"), _contact("voice", phone)]
    return _responder(name, f"街道值班{chinese(number)}", "street_office", contacts)


def _desk(world: str) -> dict[str, Any]:
    contacts = [
        _contact("dispatch_120", f"{world}/desk-120"),
        _contact("voice", _PHONES["desk-120"]),
        {**_contact("dispatch_120", f"{world}/desk-120-drill"), "drill": True},
        {**_contact("voice", _PHONES["desk-120-drill"]), "drill": True},
    ]
    return {**_responder("desk-120", "120 调度席", "dispatch_120", contacts), "street": None}


def _key_holder() -> dict[str, Any]:
    return _responder("keyholder-1", "楼组长一", "key_holder", [_contact("voice", _PHONES["keyholder-1"])])


def _police() -> dict[str, Any]:
    return _responder("police-1", "示例派出所", "police", [_contact("voice", _PHONES["police-1"])])


def _responder(name: str, title: str, role: str, contacts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, "name": title, "role": role, "street": _STREET, "contacts": contacts}


def _contact(channel: str, address: str) -> dict[str, Any]:
    return {"channel": channel, "address": address}


def _teams() -> list[dict[str, Any]]:
    week = [1, 2, 3, 4, 5, 6, 7]
    return [
        {"id": "doctors-1", "role": "family_doctor", "street": _STREET, "shifts": [_always("doctor-1")]},
        {"id": "doctors-2", "role": "family_doctor", "street": _STREET, "shifts": [_always("doctor-2")]},
        {"id": "office-1", "role": "street_office", "street": _STREET, "shifts": [
            {"responder": "street-1", "weekdays": week, "from": "00:00", "to": "12:00"},
            {"responder": "street-2", "weekdays": week, "from": "12:00", "to": "24:00"},
        ]},
        {"id": "police-1", "role": "police", "street": _STREET, "shifts": [_always("police-1")]},
        {"id": "desk", "role": "dispatch_120", "street": None, "shifts": [_always("desk-120")]},
    ]


def _always(responder: str) -> dict[str, Any]:
    return {"responder": responder, "always": True}


def _nearest(lat: float, lon: float) -> str:
    return min(_GATES, key=lambda gate: (gate[1] - lat) ** 2 + (gate[2] - lon) ** 2)[0]


def _home(number: int, homes: int, chance: random.Random) -> dict[str, Any]:
    floor, lane, building = chance.randint(1, 18), 100 + 20 * ((number - 1) // 6), (number - 1) % 6 + 1
    room = f"{floor}{chance.randint(1, 4):02d}"
    couple = number % 5 == 0
    lat, lon = round(31.2204 + chance.uniform(-0.004, 0.004), 5), round(121.4237 + chance.uniform(-0.004, 0.004), 5)
    return {
        "id": f"home-{number:04d}",
        "street": _STREET,
        "category": "all_elderly" if couple else "lives_alone",
        "address": {
            "road": "示例路", "lane": f"{lane}弄", "estate": "示例小区", "building": f"{building}号",
            "unit": None, "floor": floor, "room": room, "text": f"示例路{lane}弄{building}号{room}室",
        },
        "location": {"lat": lat, "lon": lon, "crs": "WGS84"},
        # Half of the street belongs to each doctor; the first home always to the first one.
        "family_doctor_team": "doctors-1" if number <= (homes + 1) // 2 else "doctors-2",
        "access": _access(building, _nearest(lat, lon), chance),
        "residents": [_resident(number, second, chance) for second in range(2 if couple else 1)],
        "devices": _devices(number, chance),
        "checkin": {"by": "09:30", "window_opens": "05:00", "ways": ["activity", "button", "voice"]},
    }


def _access(building: int, gate: str, chance: random.Random) -> dict[str, Any]:
    lift = chance.random() < 0.6
    return {
        "gate": gate, "gates": [{"name": name, "lat": lat, "lon": lon, "crs": "WGS84"} for name, lat, lon in _GATES],
        "parking": f"{building}号楼前", "lift": lift,
        "lift_fits_stretcher": lift and chance.random() < 0.5, "door": chance.choice(_DOORS),
        "door_code": f"{chance.randint(1000, 9999)}#", "key_holders": ["keyholder-1"], "key_safe": None,
        "police_station": "示例派出所", "verified_at": f"2026-{chance.randint(1, 10):02d}-01",
    }


def _resident(number: int, second: int, chance: random.Random) -> dict[str, Any]:
    which = number + 5000 * second
    suffix = "老伴" if second else ""
    return {
        "id": f"resident-{which:04d}",
        "name": f"示例老人{chinese(number)}{suffix}",
        "sex": chance.choice("FM"),
        "birth": f"{chance.randint(1928, 1944)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
        "language": chance.choice(("zh", "zh", "zh", "zh", "en")),
        "phones": [_phone(1000, number)],
        "medical": {
            "conditions": chance.choice(_CONDITIONS), "allergies": chance.choice((["青霉素 penicillin"], [], [])),
            "medicines": chance.choice(_MEDICINES), "mobility": chance.choice(_MOBILITY),
            "updated_at": "2026-09-15",
        },
        "contacts": [{
            "name": chance.choice(("女儿", "儿子", "侄女")), "relation": "family",
            "phone": _phone(5000, number), "has_key": chance.random() < 0.5,
        }],
    }


def _phone(base: int, number: int) -> str:
    return f"+8523000{base + (number - 1) % 4000:04d}"


def _devices(number: int, chance: random.Random) -> list[dict[str, Any]]:
    devices = [_device(2 * number - 1, "sos_button", chance)]
    if number == 1 or chance.random() < 0.4:
        devices.append(_device(2 * number, "wristband", chance))
    return devices


def _sensors(number: int, seed: int) -> list[dict[str, Any]]:
    """Every second home has a gateway with sensors of ours, every sixth one another maker's."""
    chance = random.Random(f"{seed}/sensors/{number}")
    if number % _HUB == 2:
        foreign = {"dialect": "z2m", "site": f"site-{number:04d}"}
        return [
            {"id": f"z2m-{number:04d}-{name}", "role": f"{name}_sensor", "external": f"{name}_{number}", **foreign}
            for name in ("motion", "door")
        ]
    if number % 2 == 0:
        return []
    gateway = f"gw-{number:04d}"
    secret = f"{chance.getrandbits(96):024x}"
    children = [role for role in _CHILDREN if role in ("motion_sensor", "pull_cord") or chance.random() < 0.5]
    return [
        {"id": gateway, "dialect": "anling", "role": "gateway", "secret": secret},
        *({"id": f"{gateway}-{n}", "dialect": "anling", "role": role, "gateway": gateway}
          for n, role in enumerate(children, 1)),
    ]  # fmt: skip


def _hub(number: int, seed: int) -> dict[str, Any]:
    secret = f"{random.Random(f'{seed}/hub/{number}').getrandbits(96):024x}"
    return {"id": f"hub-{number:04d}", "secret": secret, "dialect": "z2m", "site": f"site-{number:04d}"}


def _soon(number: int, now: datetime) -> dict[str, str]:
    """A window of some minutes that opens in the next ones; none of them passes midnight."""
    local = now.astimezone(_ZONE)
    opens = local.hour * 60 + local.minute + 2 + number % 2
    by = opens + 2 + number % 4
    if by > 24 * 60:
        return {}
    return {"window_opens": f"{opens // 60:02d}:{opens % 60:02d}", "by": f"{by // 60:02d}:{by % 60:02d}"}


def _device(number: int, role: str, chance: random.Random) -> dict[str, Any]:
    secret = f"{chance.getrandbits(96):024x}"
    return {"id": f"dev-{number:04d}", "dialect": "anling", "role": role, "secret": secret}


def _people(watched: bool) -> dict[str, Any]:
    """Some answer and press, one is slow, some never answer: enough for a demonstration to be honest.

    ``watched``: the doctor lets it ring, so that whoever looks at the console has half a minute to take it.
    """
    press = {"answers": "press", "after": 24 if watched else 6, "think": 3, "webhook": "accept"}
    slow = {"answers": "press", "after": 15, "think": 5, "webhook": "accept"}
    ignore = {"answers": "ignore", "webhook": "accept"}
    desk = {"answers": "ignore", "desk": "accept"}
    behaviours = {
        "doctor-1": press, "doctor-2": ignore, "street-1": slow, "street-2": slow, "keyholder-1": ignore,
        "police-1": slow, "desk-120": desk, "desk-120-drill": desk,
    }
    people = {who: {"phone": _PHONES[who], "behaviour": how} for who, how in behaviours.items()}
    # where no device is answered, this one answers the telephone
    people["resident-0003"] = {"phone": _phone(1000, 3), "behaviour": {"answers": "press", "after": 4, "think": 4}}
    return {"people": people}


def chinese(number: int) -> str:
    """A number from 0 to 999 as it is read: 12 → 十二, 105 → 一百零五; larger ones stay digits."""
    if number > 999:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    if not hundreds and tens == 1:
        return "十" + (_NUMERALS[ones] if ones else "")
    head = f"{_NUMERALS[hundreds]}百" if hundreds else ""
    middle = f"{_NUMERALS[tens]}十" if tens else ("零" if hundreds and ones else "")
    return head + middle + (_NUMERALS[ones] if ones or not (head or middle) else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Exit status 0 is success."""
    parser = argparse.ArgumentParser("simulators.street", description="虚构街道 / a made-up street")
    parser.add_argument("--homes", type=int, default=12)
    parser.add_argument("--out", type=Path, required=True, help="站点文件 / site file; people.json beside it")
    parser.add_argument("--world", default="http://127.0.0.1:9000", help="where the simulated world listens")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--soon", action="store_true", help="报平安时段就在几分钟后 / check-in windows open in minutes")
    options = parser.parse_args(arguments)
    now = datetime.now(UTC) if options.soon else None
    street = make_street(options.homes, options.world, options.seed, now)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    people = options.out.with_name("people.json")
    edge = options.out.with_name("boundary.geojson")
    for file, content in ((options.out, street.site), (people, street.people), (edge, street.boundary)):
        file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{options.out}  {options.homes} 户 homes\n{people}  {len(street.people)} 人 people", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
