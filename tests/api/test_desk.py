"""The desk as a browser without scripts meets it: tasks, door code, 120, raising by hand."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.alert_page import next_act, next_step, tracks_for
from api.language import Speech, load
from api.story import plainly
from api.way_in import way_in

COOKIE = {"Cookie": "anling_session=t-desk"}
OURS = COOKIE | {"Origin": "https://anling.example"}


def task(kind: str, **more: Any) -> dict[str, Any]:
    """An open task as the desk shows it."""
    plain = {
        "key": f"{kind}:1", "kind": kind, "street": None, "alert_id": None, "home_id": None, "device_id": None,
        "opened_at": "2026-11-21T19:10:42+00:00", "due_at": None, "data": {}, "home": None,
    }  # fmt: skip
    return plain | more


def _press(client: TestClient, path: str, **form: str) -> Any:
    return client.post(path, data=form, headers=OURS, follow_redirects=False)


def test_tasks_stand_beside_the_alerts(client: TestClient, house: Any) -> None:
    """What is to do, in words, with a way to the alert and a button to say that it is done."""
    house.tasks = [task("dial_120", alert_id="A1", data={"reason": "unreachable"}), task("coverage")]
    page = client.get("/", headers=COOKIE).text

    assert "请人工拨打 120" in page
    assert "120 系统没有应答" in page
    assert 'href="/alerts/A1#1"' in page
    assert '<b class="num" id="count-gaps">1</b>' in page
    assert '<b class="num" id="count-waiting">2</b>' in page


def test_a_task_is_done_without_scripts(client: TestClient, house: Any) -> None:
    """One form, back to the board."""
    house.tasks = [task("visit")]
    answer = _press(client, "/tasks/done", key="visit:1")

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert [("finish", "visit:1", "done")] == house.done
    assert "没有待办" in client.get("/board/aside", headers=COOKIE).text


def test_what_waits_about_an_alert_stands_on_its_page(client: TestClient, house: Any, make_alert: Any) -> None:
    """A critical alert closed as accidental says that a review waits; once done it says that nothing is left."""
    house.put(make_alert(state="closed", outcome="accidental", cause="accidental"))
    house.tasks = [task("review", alert_id="A1"), task("visit", alert_id="A2")]
    before = client.get("/alerts/A1", headers=COOKIE).text
    answer = _press(client, "/tasks/done", key="review:1", alert="A1")
    after = client.get("/alerts/A1", headers=COOKIE).text

    assert "复核：危急警情按误按关闭" in before
    assert (">此警情已关闭，无需处置。<" in before, ">此警情已关闭，无需处置。<" in after) == (False, True)
    assert "上门探视" not in before
    assert (303, "/alerts/A1") == (answer.status_code, answer.headers["location"])


def test_the_shift_begins_with_a_sound_that_is_heard(client: TestClient, house: Any) -> None:
    """P37: asked once a shift; what was answered is kept."""
    house.sound_known = False
    before = client.get("/", headers=COOKIE).text
    _press(client, "/sound-test", heard="no")
    after = client.get("/", headers=COOKIE).text

    assert ('id="sound-test"' in before, 'id="sound-test"' in after) == (True, False)
    assert [("sound", "desk", False)] == house.done


def test_the_door_code_is_asked_for(client: TestClient, house: Any, make_alert: Any) -> None:
    """It is not in the page before; a press shows it, to a script alone, to a browser without one in the page."""
    house.put(make_alert())
    before = client.get("/alerts/A1", headers=COOKIE).text
    script = client.post("/alerts/A1/reveal", headers=OURS | {"Accept": "text/plain"})
    plain = client.post("/alerts/A1/reveal", headers=OURS | {"Accept": "text/html"})

    assert "2580#" not in before
    assert ("2580#", "no-store") == (script.text, script.headers["cache-control"])
    assert "2580#" in plain.text
    assert [("reveal", "A1", "desk")] * 2 == house.done


def test_the_way_in_is_numbered_as_it_is_walked(house: Any) -> None:
    """Gate, car, lift, floor, door, keys; never the code."""
    card = {
        "gate": "南门", "parking": "5号楼前", "lift": False, "door": "两道锁", "door_code": "2580#",
        "key_holders": ["keyholder-1"], "police_station": "示例派出所",
    }  # fmt: skip
    alert = {"access": card, "home": {"address": {"floor": 6, "room": "602"}}}
    steps = way_in(alert, {"keyholder-1": "楼组长一"}, Speech(load(), "zh"))

    assert [
        "从南门进", "车停5号楼前", "没有电梯，走楼梯到 6 楼", "6 楼 602 室", "房门：两道锁", "钥匙：楼组长一",
        "进不去时找示例派出所",
    ] == steps  # fmt: skip


def test_the_page_has_the_words_to_read_to_120(client: TestClient, house: Any, make_alert: Any) -> None:
    """Address, age, cause, illnesses and the way in; in a drill no number to dial stands there."""
    house.put(make_alert())
    real = client.get("/alerts/A1", headers=COOKIE).text
    house.put(make_alert(drill=True))
    drill = client.get("/alerts/A1", headers=COOKIE).text

    assert "为 示例路100弄5号602室 叫 120？" in real
    assert "请求派救护车" in real
    assert "hypertension" in real
    assert ('href="tel:120"' in real, 'href="tel:120"' in drill) == (True, False)
    assert "这是演练，不要拨打 120" in drill


def test_of_two_old_people_each_has_a_card_with_a_name(client: TestClient, house: Any, make_alert: Any) -> None:
    """Whose allergy it is must not be guessed; one alone needs no name above the card."""
    cards = [{"resident": "r1", "allergies": ["penicillin"]}, {"resident": "r2", "medicines": ["warfarin"]}]
    two = [{"id": "r1", "name": "示例老人一"}, {"id": "r2", "name": "示例老人二"}]
    house.put(make_alert())
    one = client.get("/alerts/A1", headers=COOKIE).text
    house.more = {"residents": two, "medical": cards}
    both = client.get("/alerts/A1", headers=COOKIE).text

    assert "class=\"whose\"" not in one
    places = [both.index(x) for x in (">示例老人一</p>", "penicillin", ">示例老人二</p>", "warfarin")]
    assert sorted(places) == places


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("[dispatched] clerk 6021", "120：已派车（接线员 6021）"),
        ("[on_scene] 两人到场", "120：到现场、两人到场"),
        ("[teleported] clerk 1", "[teleported] clerk 1"),
        ("老人说没事", "老人说没事"),
    ],
)
def test_the_desks_reports_are_read_in_words(note: str, told: str) -> None:
    """No codes of another program in the story; what a person wrote stays as it is."""
    assert told == plainly(note, Speech(load(), "zh"))


BUTTONS = [
    ("summon", {"role": "dispatch_120"}, [("summon", "A1", "desk", "dispatch_120")]),
    ("called-120", {}, [("progress", "A1", "desk", "called_120"), ("finish", "dial_120:A1", "dialled")]),
    ("service", {"note": "n"}, [("close", "A1", "desk", "welfare_only", "lonely", "n")]),
    ("reopen", {"note": "n"}, [("reopen", "A1", "desk", "n")]),
]


@pytest.mark.parametrize(("button", "form", "done"), BUTTONS)
def test_each_button_is_a_form(
    client: TestClient, house: Any, make_alert: Any, button: str, form: dict[str, str], done: list[Any]
) -> None:
    """120 by hand settles its task; a lonely call is closed as such; a closed one is raised again."""
    house.put(make_alert())
    answer = _press(client, f"/alerts/A1/{button}", **form)

    assert (303, done) == (answer.status_code, house.done)


def test_a_caller_is_found_by_the_number(client: TestClient, house: Any) -> None:
    """The number is in the form, never in an address; an alert is one press away."""
    found = _press(client, "/raise/search", said="021 5000 0001")
    raised = _press(client, "/raise", home="home-1", kind="fall", caller_phone="02150000001")
    nowhere = _press(client, "/raise", kind="fall")

    assert "示例路100弄5号602室" in found.text
    assert 'value="021 5000 0001"' in found.text
    assert (303, "/alerts/H0") == (raised.status_code, raised.headers["location"])
    assert "home-1" == house.done[1][3]["home"]
    assert nowhere.status_code in {200, 303, 422}


@pytest.mark.parametrize("path", ["/tasks/done", "/sound-test", "/raise", "/raise/search", "/alerts/A1/reveal"])
def test_no_other_site_presses_our_buttons(client: TestClient, house: Any, path: str) -> None:
    """403, and nothing done."""
    answer = client.post(path, data={"key": "k"}, headers=COOKIE | {"Origin": "https://evil.example"})

    assert (403, []) == (answer.status_code, house.done)


def test_ones_own_line_is_the_first_to_be_claimed() -> None:
    """Key A of a street's officer takes the line of the street, not the doctor's; a dispatcher takes the first."""
    lines = [{"name": name, "state": "calling"} for name in ("family_doctor", "street_office", "dispatch_120")]

    def first(role: str) -> str:
        return str(tracks_for({"tracks": lines}, "me", role).calling[0]["name"])

    assert ["street_office", "dispatch_120"] == [first("street_office"), first("dispatch_120")]
    assert "family_doctor" == first("dispatcher")


def test_the_next_step_is_offered() -> None:
    """After "on the way" the door; the last one stays."""
    def told(*steps: str) -> dict[str, Any]:
        return {"timeline": [{"type": "progress", "data": {"step": step}} for step in steps]}

    assert ["en_route", "at_door", "at_hospital"] == [
        next_step(told()), next_step(told("en_route")), next_step(told("inside", "at_hospital")),
    ]  # fmt: skip


@pytest.mark.parametrize(("told", "phones", "act"), [
    ((), True, "call"),
    ((), False, "step"),  # nobody to ring
    (("no_answer",), True, "step"),
    (("ok",), True, "close"),
    (("ok", "needs_help"), True, "step"),  # the last word counts
    (("ok", "en_route"), True, "step"),  # somebody is on the way all the same
    (("en_route", "with_resident"), True, "close"),
])  # fmt: skip
def test_one_button_stands_out(told: tuple[str, ...], phones: bool, act: str) -> None:
    """Whoever holds it calls the home first, then reports steps, then closes."""
    entries = [
        {"type": "voice_check", "data": {"result": one}} if one in ("ok", "needs_help", "no_answer")
        else {"type": "progress", "data": {"step": one}}
        for one in told
    ]  # fmt: skip

    assert act == next_act({"timeline": entries}, phones)


def test_a_button_s_address_leads_back(client: TestClient) -> None:
    """Who reloads the answer to a button, or asks for it in another language, meets the alert: GET does nothing."""
    answer = client.get("/alerts/A1/close?lang=en", headers=COOKIE, follow_redirects=False)

    assert (303, "/alerts/A1") == (answer.status_code, answer.headers["location"])
    assert "en" in answer.headers["set-cookie"]


def test_the_list_without_scripts_is_in_the_order_of_need(client: TestClient, house: Any, make_alert: Any) -> None:
    """Unclaimed before claimed, real before drill, worse before milder; and the counts say how many of each."""
    held = make_alert("A2", severity="critical", age_s=900)
    held["tracks"][0] |= {"state": "claimed", "claimant": {"id": "d", "name": "n"}}
    drill, worst = make_alert("A3", drill=True, severity="critical"), make_alert("A4", severity="critical")
    house.put(held, drill, worst, make_alert("A1"))
    page = client.get("/", headers=COOKIE).text

    assert ["A4", "A1", "A3", "A2"] == re.findall(r'<li><a href="/alerts/(A\d)">', page)
    assert ('id="count-calling">3<' in page, 'id="count-claimed">1<' in page) == (True, True)
