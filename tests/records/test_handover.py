"""The hand-over: one alert on one sheet, as JSON, FHIR and CAP; a drill says so on each."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from domain.people import Scope
from records.cap import cap
from records.fhir_bundle import fhir_bundle
from records.handover import handover
from records.script import script
from store.views import Views
from tests.town import DOCTOR, NOON, Town

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


def sheet(town: Town, alert: str) -> dict[str, Any]:
    """The sheet as a dispatcher gets it."""
    views = Views(town.ledger, town.clock, lambda *_: (), lambda *_: None)
    return handover(views.alert(Scope("desk", "dispatcher"), alert))


def worked(town: Town, **press: Any) -> str:
    """An alert that somebody is working on."""
    id = town.press("dev-0001", **press)
    town.clock.forward(30)
    town.commands.claim(id, DOCTOR, "main")
    town.clock.forward(300)
    town.commands.progress(id, DOCTOR, "at_door", "门已反锁")
    return id


def test_the_sheet_says_who_where_what_and_when(town: Town) -> None:
    """Everything a crew asks on the way, with the times of the case."""
    made = sheet(town, worked(town))

    assert ("actual", "sos", "示例路1号 1楼") == (made["status"], made["incident"]["kind"], made["where"]["text"])
    assert (["老人1"], ["高血压"]) == ([p["name"] for p in made["persons"]], made["medical"][0]["conditions"])
    assert "2580#" == made["access"]["door_code"]
    assert ["raised", "acknowledged", "arrived"] == list(made["times"])
    assert ["门已反锁"] == made["notes"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"road": "示例路", "lane": "7弄", "building": "3号", "floor": 6, "room": "602"}, "示例路7弄3号602 6楼"),
        ({"text": "示例路7号", "floor": 6, "room": "602"}, "示例路7号 6楼602室"),
        ({"text": "示例路7号6楼602室", "floor": 6, "room": "602"}, "示例路7号6楼602室"),
        ({"text": "示例路7号"}, "示例路7号"),
    ],
)
def test_no_paper_leaves_the_address_out(town: Town, address: dict[str, Any], told: str) -> None:
    """Many lists hold the road, the lane and the room each by itself: every form of the sheet names the door."""
    town.change("UPDATE homes SET address = :a WHERE id = 'home-1'", a=json.dumps(address))

    made = sheet(town, worked(town))

    assert told == made["where"]["text"]
    assert told in fhir_bundle(made)
    assert told in cap(made, "anling", "2026-11-20T22:03:00+08:00").decode()
    assert told in script(made, NOON.date())["zh"]


def test_fhir_takes_it(town: Town) -> None:
    """A Bundle of R4B that its own library validates: patient, illness, place and request that point to each other."""
    bundle = json.loads(fhir_bundle(sheet(town, worked(town))))

    kinds = [e["resource"]["resourceType"] for e in bundle["entry"]]
    assert ["Patient", "Condition", "Location", "ServiceRequest"] == kinds
    patient, condition, place, request = (e["resource"] for e in bundle["entry"])
    assert {f"Patient/{patient['id']}"} == {condition["subject"]["reference"], request["subject"]["reference"]}
    assert f"Location/{place['id']}" == request["locationReference"][0]["reference"]
    assert ("asap", "active") == (request["priority"], request["status"])


def test_a_birthday_that_is_none_does_not_cost_the_hospital_its_bundle(town: Town) -> None:
    """What was kept long ago is left out; a year alone is a birthday too."""
    made = sheet(town, town.press())
    born = [
        json.loads(fhir_bundle({**made, "persons": [{**made["persons"][0], "birth": said}]}))["entry"][0]["resource"]
        for said in ("1936", "民国二十五年")
    ]

    assert ["1936", None] == [patient.get("birthDate") for patient in born]


def test_cap_takes_it(town: Town) -> None:
    """Both languages, restricted to those who help, onset at the press."""
    root = ET.fromstring(cap(sheet(town, worked(town)), "anling.example", "2026-11-20T12:05:30+08:00"))

    said = {name: root.findtext(f"{CAP}{name}") for name in ("status", "msgType", "scope", "sender")}
    assert {"status": "Actual", "msgType": "Alert", "scope": "Restricted", "sender": "anling.example"} == said
    assert ["呼救按钮", "help button"] == [e.text.lower() for e in root.iter(f"{CAP}event") if e.text]
    assert {NOON.isoformat()} == {e.text for e in root.iter(f"{CAP}onset")}


def test_a_drill_is_an_exercise_on_every_paper(town: Town) -> None:
    """Nobody takes a drill's sheet for a real one."""
    made = sheet(town, town.press("probe-001", drill=True))

    assert "exercise" == made["status"]
    assert "HTEST" == json.loads(fhir_bundle(made))["meta"]["tag"][0]["code"]
    assert "Exercise" == ET.fromstring(cap(made, "a", "b")).findtext(f"{CAP}status")


@pytest.mark.parametrize("format", ["fhir", "cap"])
def test_a_home_that_nobody_knows_has_a_sheet_too(town: Town, format: str) -> None:
    """An alert of an unknown device, without a card: a short sheet, and no error."""
    made = sheet(town, town.press("stranger-1"))

    written = fhir_bundle(made) if format == "fhir" else cap(made, "a", "b").decode()

    assert made["alert"] in written


def test_the_script_for_who_dials_by_hand(town: Town) -> None:
    """What 120 asks, in its order, in both languages; a drill says first that nobody may dial."""
    real = script(sheet(town, worked(town)), NOON.date())
    drill = script(sheet(town, town.press("probe-001", drill=True)), NOON.date())

    order = [real["zh"].index(part) for part in ("请求派救护车", "示例路1号", "90岁", "高血压", "从南门进", "工号")]
    assert sorted(order) == order
    assert "ambulance" in real["en"]
    assert drill["zh"].startswith("这是演练，不要拨打 120。")


def test_a_script_without_facts_says_so(town: Town) -> None:
    """A device that nobody registered: the address is being found out."""
    said = script(sheet(town, town.press("stranger-1")), NOON.date())

    assert "地址不明" in said["zh"]
    assert "not known yet" in said["en"]
