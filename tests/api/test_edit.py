"""The register's forms, on a real ledger, as a browser without scripts meets them."""

import json
import re
import time
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from anling.house import House
from api.app import build
from api.leaves.fields import Field, Form, Section, filled, read
from domain.clock import wall_now
from domain.completeness import LACKS, lacks_on, look_over
from domain.events import Message
from domain.people import Scope
from records.editor import Edit, Editor
from store import numbers, register
from store.accounts import Accounts
from store.register_rows import row_of
from tests.api.wired import WORD, cookies, installed, wire
from tests.town import site

OURS = {"Origin": "https://anling.example", "Accept": "text/html"}
OTHER = "another horse"
PEOPLE = {"own": ("dispatcher", []), "boss": ("supervisor", []), "admin": ("administrator", []),
          "desk": ("dispatcher", []), "north": ("supervisor", ["north"])}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[House]:
    """The small town of the tests, and the log-ins that these tests need."""
    with installed(Path(tmp_path_factory.mktemp("edit")), migrated_file, site(), PEOPLE) as built:
        yield built


@pytest.fixture(scope="module")
def town(house: House) -> Iterator[TestClient]:
    """A browser at the doors."""
    with TestClient(build(wire(house)), raise_server_exceptions=False, headers=OURS, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def who(house: House) -> dict[str, dict[str, str]]:
    """A cookie for each log-in."""
    return cookies(house, PEOPLE)


def typed_in(page: str) -> dict[str, Any]:
    """What a browser would send back if nothing were changed."""
    body = page[page.index('class="edit"') :]
    form = body[: body.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        at = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if at.get("type") != "checkbox":
            found[at["name"]] = unescape(at.get("value", ""))
        elif " checked" in tag:
            found.setdefault(at["name"], []).append(unescape(at["value"]))
    for name, text in re.findall(r'<textarea name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def kept(house: House, noun: str, id: str) -> dict[str, Any]:
    """What the register holds."""
    with house.ledger.reading() as tx:
        return row_of(tx, noun, id) or {}


NEW: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("streets", {"code": "east", "name": "东街道"}, {"name": "东街道"}),
    ("homes", {"id": "h-1", "street": "north", "category": "all_elderly", "address.road": "新路", "address.floor": "6",
               "location.lat": "31.2", "location.lon": "121.4", "location.crs": "GCJ02", "access.gate": "南门",
               "access.lift": "yes", "access.lift_fits_stretcher": "no", "access.door_code": "2580#",
               "access.key_holders+": "楼组长\n王阿姨", "checkin.by": "9:30", "checkin.window_opens": "05:00",
               "checkin.ways": ["activity", "voice"]},
     {"category": "all_elderly", "address": {"road": "新路", "floor": 6},
      "location": {"lat": 31.2, "lon": 121.4, "crs": "GCJ02"},
      "access": {"gate": "南门", "lift": True, "lift_fits_stretcher": False, "door_code": "2580#",
                 "key_holders": ["楼组长", "王阿姨"]},
      "checkin": {"by": "9:30", "window_opens": "05:00", "ways": ["activity", "voice"]}}),
    ("residents", {"id": "r-1", "home": "h-1", "name": "某某", "birth": "1936-05-01", "language": "wuu",
                   "hearing": "poor", "phones": "+862150000001\n", "medical.conditions": "高血压\n房颤",
                   "consents": ["remote_view"], "contacts[0].name": "女儿", "contacts[0].phone": "+8613800000001",
                   "contacts[0].has_key": "yes"},
     {"name": "某某", "birth": "1936-05-01", "language": "wuu", "hearing": "poor", "phones": ["+862150000001"],
      "medical": {"conditions": ["高血压", "房颤"]}, "consents": ["remote_view"],
      "contacts": [{"name": "女儿", "phone": "+8613800000001", "has_key": True}]}),
    ("devices", {"id": "dev-h-1", "home": "h-1", "role": "pull_cord", "dialect": "anling", "secret": "long enough"},
     {"role": "pull_cord", "dialect": "anling", "home": "h-1"}),
    ("hubs", {"id": "hub-1", "dialect": "z2m", "site": "one"}, {"dialect": "z2m", "site": "one"}),
    ("responders", {"id": "p-1", "name": "亲", "role": "family", "language": "en", "street": "",
                    "contacts[0].channel": "sms", "contacts[0].address": "+85230000050", "contacts[0].order": "2",
                    "contacts[1].channel": "webhook", "contacts[1].address": "http://127.0.0.1/x",
                    "contacts[1].secret": "shared", "contacts[1].drill": "yes", "contacts[1].order": "1"},
     {"language": "en", "contacts": [
         {"channel": "webhook", "address": "http://127.0.0.1/x", "secret": "shared", "drill": True},
         {"channel": "sms", "address": "+85230000050", "secret": None, "drill": False}]}),
    ("teams", {"id": "t-1", "role": "family", "shifts[0].responder": "p-1", "shifts[0].weekdays": ["1", "7"],
               "shifts[0].from": "08:00", "shifts[0].dates": "2026-12-25，2027-01-01"},
     {"role": "family", "shifts": [
         {"responder": "p-1", "always": False, "weekdays": [1, 7], "from": "08:00", "to": "24:00",
          "dates": ["2026-12-25", "2027-01-01"], "deputy": None, "days": None}]}),
]  # fmt: skip


@pytest.mark.parametrize(("noun", "typed", "held"), NEW, ids=[noun for noun, _, _ in NEW])
def test_a_row_is_laid_down_and_saved_again_unchanged(
    house: House, town: TestClient, who: dict[str, dict[str, str]], noun: str, typed: dict[str, Any], held: Any
) -> None:
    """What was typed is what the register holds; saving the form as it comes changes nothing, in either language."""
    made = town.post(f"/edit/{noun}/new", data=typed, headers=who["boss"])
    id = typed.get("id") or typed["code"]
    first = kept(house, noun, id)
    pages = [town.get(f"/edit/{noun}/{id}?lang={lang}", headers=who["boss"]).text for lang in ("zh", "en")]
    again = [town.post(f"/edit/{noun}/{id}", data=typed_in(page), headers=who["boss"]) for page in pages]
    page = town.get(made.headers["location"] + "&lang=en", headers=who["boss"]).text

    assert [303, 303, 303] == [answer.status_code for answer in (made, *again)]
    assert held == {name: first[name] for name in held}
    assert first == kept(house, noun, id)
    assert "Saved." in page
    assert "2580#" not in "".join(pages)
    assert "shared" not in "".join(pages)


def test_everything_wrong_stands_beside_its_field_and_nothing_is_lost(
    town: TestClient, who: dict[str, dict[str, str]]
) -> None:
    """What cannot be read and what the register refuses, at once, in the reader's language; the form keeps it all."""
    typed = {"id": "a b", "name": "", "role": "king", "street": "nowhere", "contacts[3].channel": "voice",
             "contacts[3].address": "+852", "contacts[3].secret": "keep me",
             "contacts[5].channel": "sms", "contacts[5].address": "later"}  # fmt: skip
    wrong = town.post("/edit/responders/new?lang=zh", data=typed, headers=who["boss"])
    home = {"id": "h-2", "street": "nowhere", "checkin.by": "05:00", "checkin.window_opens": "09:00",
            "address.floor": "six", "access.verified_at": "yesterday", "family_doctor_team": "gone",
            "location.lat": "99", "location.lon": "12", "location.crs": "WGS84"}  # fmt: skip
    refused = town.post("/edit/homes/new?lang=en", data=home, headers=who["boss"])
    shift = {"id": "t-9", "role": "family", "shifts[1].responder": "nobody", "shifts[1].from": "25:00"}
    later = town.post("/edit/teams/new?lang=en", data=shift, headers=who["boss"])
    beside = {name: re.findall(rf'id="e-{re.escape(name)}-1">([^<]*)', answer.text)
              for answer, names in ((later, ("shifts[1].from",)),
                                    (wrong, ("id", "name", "role", "contacts[5].address")),
                                    (refused, ("address.floor", "access.verified_at", "location.lat")))
              for name in names}  # fmt: skip

    assert [422, 422, 422] == [answer.status_code for answer in (wrong, refused, later)]
    assert ["请填写"] == beside["name"]
    assert ["请从列表中选"] == beside["role"]
    assert beside["id"][0].startswith("只用字母")
    assert all(f'value="{said}"' in wrong.text for said in ("a b", "king", "nowhere", "+852", "keep me"))
    assert (["write a number"], ["give degrees from -90 to 90"]) == (beside["address.floor"], beside["location.lat"])
    assert ["不是电话号码，如 +8613800000001"] == beside["contacts[5].address"]
    assert beside["access.verified_at"][0].startswith("write a date")
    assert "must be before the end" in refused.text
    assert ["write a time such as 09:30"] == beside["shifts[1].from"]
    assert "nobody" in later.text


def test_two_who_edit_one_row_do_not_overwrite_each_other(
    house: House, town: TestClient, who: dict[str, dict[str, str]]
) -> None:
    """The second is told who was faster, sees both words beside the field, and saves once more knowingly."""
    page = town.get("/edit/homes/home-2", headers=who["boss"]).text
    mine, theirs = typed_in(page), typed_in(page)
    first = town.post("/edit/homes/home-2", data=theirs | {"access.gate": "西门"}, headers=who["admin"])
    second = town.post("/edit/homes/home-2?lang=en", data=mine | {"access.gate": "东门"}, headers=who["boss"])
    between = kept(house, "homes", "home-2")["access"]["gate"]
    knowingly = town.post("/edit/homes/home-2", data=typed_in(second.text), headers=who["boss"])

    assert [303, 409, 303] == [answer.status_code for answer in (first, second, knowingly)]
    assert "西门" == between
    assert "admin changed this row" in second.text
    assert (1, "now: 西门" in second.text) == (second.text.count(">now: "), True)
    assert 'value="东门"' in second.text
    assert "东门" == kept(house, "homes", "home-2")["access"]["gate"]


def test_what_is_only_written_stays_until_it_is_told_anew(
    house: House, town: TestClient, who: dict[str, dict[str, str]]
) -> None:
    """A door code and a webhook's address and secret are never shown, survive a save, are replaced, and taken away."""
    typed = {
        "name": "网", "role": "family", "contacts[0].channel": "webhook", "contacts[0].address": "http://a/key",
        "contacts[0].secret": "s-1", "contacts[1].channel": "voice", "contacts[1].address": "+85230000051",
    }  # fmt: skip
    town.post("/edit/responders/new", data=typed | {"id": "p-2"}, headers=who["boss"])
    page = town.get("/edit/responders/p-2", headers=who["boss"]).text
    sent = typed_in(page)
    town.post("/edit/responders/p-2", data=sent | {"contacts[1].drop": "yes", "name": "网二"}, headers=who["boss"])
    person = kept(house, "responders", "p-2")
    code = [
        town.post("/edit/homes/home-1", data=_home(town, who) | more, headers=who["boss"]).status_code
        for more in ({"access.door_code": "99*"}, {"access.gate": "北门"}, {"access.door_code-": "yes"})
    ]
    shown = town.post("/homes/home-2/reveal", headers=who["boss"]).status_code
    lines = {(line["what"], line["subject"]) for line in
             town.get("/api/v1/audit?limit=500", headers=who["boss"]).json()["items"]}  # fmt: skip

    assert "http://a/key" not in page
    assert [{"channel": "webhook", "address": "http://a/key", "secret": "s-1", "drill": False}] == person["contacts"]
    assert "网二" == person["name"]
    assert ([303, 303, 303], 200) == (code, shown)
    assert ("北门", None) == tuple(kept(house, "homes", "home-1")["access"].get(n) for n in ("gate", "door_code"))
    assert {("door code", "home-2"), ("access card", "home-1"), ("contact points", "p-2"),
            ("register changed", "home-1")} <= lines  # fmt: skip


def _home(town: TestClient, who: dict[str, dict[str, str]]) -> dict[str, Any]:
    return typed_in(town.get("/edit/homes/home-1", headers=who["boss"]).text)


def test_who_may_edit_and_what(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Administrators and supervisors, within their streets; hubs and district people are the district's; no foreign
    page sends a form."""
    foreign = who["boss"] | {"Origin": "https://evil.example"}
    asked = {
        "desk": town.get("/edit/homes/home-1", headers=who["desk"]).status_code,
        "own": town.get("/edit/homes/home-1", headers=who["north"]).status_code,
        "other": town.get("/edit/homes/home-2", headers=who["north"]).status_code,
        "district": town.get("/edit/responders/desk-120", headers=who["north"]).status_code,
        "hub": town.post("/edit/hubs/new", data={"id": "h-north", "dialect": "z2m", "site": "n"},
                         headers=who["north"]).status_code,
        "evil": town.post("/edit/streets/new", data={"code": "x", "name": "x"}, headers=foreign).status_code,
        "posts": town.post("/edit/streets/new", data={"code": "x", "name": "x"}, headers=who["desk"]).status_code,
        "none": town.get("/edit/homes/home-99", headers=who["boss"]).status_code,
    }  # fmt: skip

    assert {"desk": 403, "own": 200, "other": 404, "district": 404, "hub": 422, "evil": 403, "posts": 403,
            "none": 404} == asked  # fmt: skip


def test_a_device_is_shut_out_and_let_in_again(town: TestClient, who: dict[str, dict[str, str]], house: House) -> None:
    """Its secret no longer counts; with another one it does; both stand in the audit."""
    before = Accounts(house.ledger).device_secret_ok("dev-0003", "change-me-3")
    out = town.post("/edit/devices/dev-0003/shut-out", headers=who["boss"])
    shut = town.get("/edit/devices/dev-0003?lang=en", headers=who["boss"]).text
    home = town.get("/homes/home-3?lang=en", headers=who["boss"]).text
    short = town.post("/edit/devices/dev-0003/let-in", data={"secret": "x"}, headers=who["boss"])
    let = town.post("/edit/devices/dev-0003/let-in", data={"secret": "another one"}, headers=who["boss"])

    assert [303, 422, 303] == [answer.status_code for answer in (out, short, let)]
    assert "Shut out since" in shut
    assert re.search(r"Devices shut out: .*dev-0003", home)
    assert before
    assert Accounts(house.ledger).device_secret_ok("dev-0003", "another one")


def test_people_leave_and_the_past_stays(town: TestClient, who: dict[str, dict[str, str]], house: House) -> None:
    """A resident who moved away is asked for no more and stands on the alert of before; a responder leaves the shifts,
    the log-in is shut; the last one of 120 may not go (P4); both may come back; all of it in the audit."""
    accounts, boss = Accounts(house.ledger), who["boss"]
    accounts.add("gone", "family_doctor", WORD, [], "doctor-2")
    house.enforce_plan()
    press = {"v": 1, "id": "press-press-press-2", "type": "sos", "data": {}}
    wire(house).ingest(Message("anling/v1/up/dev-0002/event", json.dumps(press).encode(), wall_now()))
    alert = town.get("/api/v1/alerts?home=home-2", headers=boss).json()["items"][0]["id"]
    ended = [town.post(f"/edit/{path}/end", headers=boss).status_code
             for path in ("residents/resident-2", "residents/resident-2", "responders/doctor-2", "residents/nobody")]
    hole = town.post("/edit/responders/desk-120/end?lang=zh", headers=boss)
    foreign = town.post("/edit/residents/resident-2/end", headers=who["north"]).status_code
    wrong = town.post("/edit/residents/resident-2/shut-out", headers=boss).status_code
    home, people = (town.get(f"{path}?lang=en", headers=boss).text for path in ("/homes/home-2", "/people"))
    before = town.get(f"/alerts/{alert}", headers=boss).text
    with house.ledger.reading() as tx:
        found, shifts = numbers.homes_with(tx, "+862150000002", (), 5), register.people(tx).teams
        cards = register.residents_of(tx, ["home-2"])["home-2"]
    kept_card = kept(house, "residents", "resident-2")
    back = [town.post(f"/edit/{path}/resume", headers=boss).status_code
            for path in ("residents/resident-2", "responders/doctor-2")]  # fmt: skip
    audit = {(line["what"], line["subject"]) for line in
             town.get("/api/v1/audit?limit=500", headers=boss).json()["items"]}  # fmt: skip

    assert ([303, 303, 303, 404], 422, 404, 404) == (ended, hole.status_code, foreign, wrong)
    assert "120" in hole.text
    assert ("Lived here" in home, "No longer here" in people, "老人2" in before) == (True, True, True)
    assert ([], [], "老人2") == (found, cards, kept_card["name"])
    assert "doctor-2" not in {shift.responder for team in shifts for shift in team.shifts}
    assert ([303, 303], False) == (back, "Lived here" in town.get("/homes/home-2?lang=en", headers=boss).text)
    assert {("resident ended", "resident-2"), ("responder ended", "doctor-2"), ("log-in shut", "gone"),
            ("resident resumed", "resident-2"), ("responder resumed", "doctor-2")} <= audit  # fmt: skip


def test_people_leave_over_the_api_as_in_the_console(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Since when they are gone; twice is once; the last one of 120 stays (P4); other streets' people do not exist."""
    api, boss = "/api/v1", who["boss"]
    first, again = (town.post(f"{api}/residents/resident-3/end", headers=boss) for _ in range(2))
    back = town.post(f"{api}/residents/resident-3/resume", headers=boss).json()
    hole = town.post(f"{api}/responders/desk-120/end", headers=boss)
    strange = [town.post(f"{api}/{path}/end", headers=who["north"]).status_code
               for path in ("residents/resident-2", "responders/doctor-2", "devices/dev-0002")]  # fmt: skip
    desk = town.post(f"{api}/residents/resident-3/end", headers=who["desk"]).status_code
    audit = [line["what"] for line in town.get(f"{api}/audit?about=resident-3&limit=10", headers=boss).json()["items"]]

    assert (200, first.json()) == (again.status_code, again.json())
    assert first.json()["ended_at"]
    assert {"id": "resident-3", "ended_at": None} == back
    assert (422, True) == (hole.status_code, "120" in hole.text)
    assert ([404, 404, 404], 403) == (strange, desk)
    assert {"resident ended", "resident resumed"} <= set(audit)


def test_a_field_is_taken_away_by_saying_nothing(house: House) -> None:
    """``null`` in a card of a home or a resident removes it, also over the API."""
    editor, scope = Editor(house.ledger, house.zone), Scope("admin", "administrator")
    editor.edit(scope, Edit("residents", "r-home-4", {"home": "home-4", "name": "某", "hearing": "poor"}, new=True))
    editor.edit(scope, Edit("residents", "r-home-4", {"hearing": None}))
    with house.ledger.reading() as tx:
        cards = {card["id"]: card for card in register.residents_of(tx, ["home-4"])["home-4"]}

    assert cards["r-home-4"].get("hearing") is None


def test_more_rows_without_saving(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """A third contact needs no script: the form comes back longer, with everything that was typed."""
    typed = {"id": "p-9", "contacts[0].address": "+852", "contacts[1].address": "+853", "more": "contacts"}
    page = town.post("/edit/responders/new", data=typed, headers=who["boss"])

    assert (200, 4) == (page.status_code, page.text.count('.address"'))
    assert all(f'value="{said}"' in page.text for said in ("p-9", "+852", "+853"))


def test_fields_and_rows_are_inverse() -> None:
    """What a form shows of a row is read back as the same row."""
    form = Form("x", (Section("s", (
        Field("id"), Field("a.b", "number"), Field("a.c", "yes_no"), Field("d", "lines"), Field("e", "many"),
        Field("f", "rows", parts=(Field("g", required=True), Field("h", "week"), Field("i", "dates"))),
    )),))  # fmt: skip
    row = {"id": "x1", "a": {"b": 2.5, "c": False}, "d": ["one", "two"], "e": ["p", "q"],
           "f": [{"g": "z", "h": [1, 7], "i": ["2026-12-25"]}]}  # fmt: skip

    assert row == read(form, filled(form, row), new=True).value


def _offered(page: str) -> str:
    found = re.search(r'name="offer" value="([^"]+)"', page)
    assert found
    return unescape(found[1])


def test_a_log_in_begins_its_one_time_codes_for_itself(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """A code drawn by the server, nothing until one code was right; ended with password and code, by nobody else.

    Spare codes are shown once and let in once each; new ones make those of before void.
    """
    me = who["own"]
    page = town.post("/account/begin", headers=me).text
    secret = re.search(r"<strong>([A-Z2-7]{32})</strong>", page)
    assert secret
    wrong = town.post("/account/confirm", data={"offer": _offered(page), "code": "000000"}, headers=me)
    alone = town.post("/api/v1/session", json={"username": "own", "password": WORD}).status_code
    others = town.post("/account/confirm", data={"offer": _offered(page), "code": "1"}, headers=who["boss"])
    code = pyotp.TOTP(secret[1]).now()
    right = town.post("/account/confirm", data={"offer": _offered(wrong.text), "code": code}, headers=me)
    asked = town.post("/api/v1/session", json={"username": "own", "password": WORD}).status_code
    spares = re.findall(r"<li>(\d{5} \d{5})</li>", right.text)
    entered = [town.post("/login", data={"username": "own", "password": WORD, "totp": spare}).status_code
               for spare in (spares[0], spares[0], "00000 00000")]  # fmt: skip
    left = town.get("/account?lang=en", headers=me).text
    anew = town.post("/account/spares", data={"password": WORD, "code": spares[1]}, headers=me).text
    void = town.post("/login", data={"username": "own", "password": WORD, "totp": spares[2]}).status_code
    spent = town.post("/account/end", data={"password": WORD, "code": code}, headers=me).status_code
    later = pyotp.TOTP(secret[1]).at(int(time.time()) + 30)
    ended = town.post("/account/end", data={"password": WORD, "code": later}, headers=me)
    again = town.post("/api/v1/session", json={"username": "own", "password": WORD}).status_code

    assert "<svg" in page
    assert not re.search(r' style="|<img[^>]*totp', page)
    assert [422, 409, 200, 303] == [answer.status_code for answer in (wrong, others, right, ended)]
    assert (10, [303, 401, 401], 401) == (len(set(spares)), entered, void)
    assert "9 spare codes" in left
    assert set() == {*spares} & {*re.findall(r"<li>(\d{5} \d{5})</li>", anew)}
    assert secret[1] in wrong.text
    assert [200, 401, 422, 200] == [alone, asked, spent, again]


def test_a_password_of_ones_own(town: TestClient, who: dict[str, dict[str, str]], house: House) -> None:
    """Only with the old one; this browser stays logged in, the others do not."""
    accounts = Accounts(house.ledger)
    mine, else_where = ({"Cookie": f"anling_session={accounts.login('own', WORD).token}"} for _ in range(2))
    said = {"password": WORD, "new": OTHER}
    refused = [town.post("/account/password", data=said | more, headers=mine).status_code
               for more in ({"password": "guess"}, {"new": "short"})]  # fmt: skip
    done = town.post("/account/password", data=said, headers=mine)
    after = [town.get("/account", headers=headers).headers.get("location", "") for headers in (mine, else_where)]

    assert ([422, 422], 303) == (refused, done.status_code)
    assert ["", "/login?next=/account"] == after


def test_cards_that_lack_something_are_named(
    town: TestClient, who: dict[str, dict[str, str]], house: House
) -> None:  # fmt: skip
    """The gravest first, cut to the supervisor's streets, with the way to each form; the look is written down.

    What a look found is kept until the cards are written, or somebody leaves: then that home is looked over anew.
    """
    editor, admin = Editor(house.ledger, house.zone), Scope("admin", "administrator")
    for home in ("home-1", "home-2"):
        editor.edit(admin, Edit("homes", home, {"access": {"door_code": None, "key_safe": None}}))
    whole = town.get("/register/due?lang=en", headers=who["boss"])
    mine = town.get("/register/due?lang=en", headers=who["north"]).text
    only = town.get("/register/due?lack=no_key&lang=en", headers=who["boss"]).text
    audit = town.get("/api/v1/audit?by=boss", headers=who["boss"]).json()["items"]
    editor.edit(admin, Edit("homes", "home-1", {"access": {"key_safe": "门框上"}}))
    editor.turn(admin, "residents", "resident-3", "end")
    keyed = town.get("/register/due?lack=no_key&lang=en", headers=who["boss"]).text
    empty = town.get("/register/due?lack=no_resident&lang=en", headers=who["boss"]).text

    assert ("/edit/homes/home-1" in only, "/edit/homes/home-1" in keyed, "home-3" in empty) == (True, False, True)
    assert "no way in at all" in whole.text
    assert ("/edit/homes/home-2" in whole.text, "/edit/homes/home-2" in mine) == (True, False)
    assert "/edit/homes/home-1" in mine
    assert only.count("no way in at all") >= 2
    assert "cards to complete" in {line["reason"] for line in audit}
    assert 403 == town.get("/register/due", headers=who["desk"]).status_code


def _lacks(home: dict[str, Any], today: date) -> list[str]:
    return lacks_on(look_over(home), today)


def test_what_a_home_lacks() -> None:
    """A whole card lacks nothing; each gap has its code; a year without a look counts."""
    today = date(2026, 11, 22)
    whole = {
        "location": {"lat": 31.2, "lon": 121.4}, "address": {"text": "示例路1号"}, "family_doctor_team": "doctors-n",
        "access": {"gate": "南门", "key_holders": ["k"], "verified_at": "2026-01-01"},
        "residents": [{"phones": ["+862150000001"], "birth": "1936-05-01", "contacts": [{"name": "女儿"}],
                       "medical": {"updated_at": "2026-01-01"}}],
    }  # fmt: skip
    access = {"gate": "南门", "verified_at": "2025-01-01"}

    assert [] == _lacks(whole, today)
    assert ["no_key", "way_old"] == _lacks(whole | {"access": access}, today)
    assert ["no_resident"] == _lacks(whole | {"residents": []}, today)
    assert [*LACKS[1:10]] == _lacks({"residents": [{}]}, today)
