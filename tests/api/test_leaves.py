"""The pages beside the board, on a real ledger, as a browser without scripts meets them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from anling.house import House
from api.app import build
from api.ground import PAPER
from api.language import Speech, load
from api.leaves.charts import chart, steps
from api.leaves.map import placed, sheet_of
from api.leaves.plan_words import place
from api.leaves.plan_words import said as plan_said
from api.leaves.spans import span
from api.nav import WAYS, may_open
from domain.clock import wall_now
from domain.errors import Refused
from domain.events import Message
from domain.people import OPERATOR_ROLES, Scope
from store.accounts import Accounts
from tests.api.wired import WORD, cookies, installed, wire
from tests.town import PLAN, site

OURS = {"Origin": "https://anling.example", "Accept": "text/html"}
PEOPLE = {
    "boss": ("supervisor", [], None), "desk": ("dispatcher", ["north"], None), "admin": ("administrator", [], None),
    "ear": ("auditor", [], None), "doctor": ("family_doctor", [], "doctor-1"),
    "clerk": ("dispatch_120", [], "desk-120"), "office": ("street_office", ["south"], None),
    "driller": ("drill", [], None),
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[House]:
    """The small town of the tests with a log-in of each role; home-3 belongs to doctor-1's team."""
    town = site()
    town["homes"][2]["family_doctor_team"] = "doctors-n"
    with installed(Path(tmp_path_factory.mktemp("leaves")), migrated_file, town, PEOPLE) as built:
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


def said(house: House, topic: str, payload: bytes) -> None:
    """A message of a device."""
    wire(house).ingest(Message(topic, payload, wall_now()))


@pytest.mark.parametrize("role", sorted(set(OPERATOR_ROLES) - {"probe"}))
def test_each_role_opens_its_pages_and_no_others(
    town: TestClient, who: dict[str, dict[str, str]], role: str
) -> None:
    """One table says who may open what; every page obeys it, whatever the navigation shows."""
    name = next(name for name, (is_role, _, _) in PEOPLE.items() if is_role == role)
    leaves = [way for way in WAYS if way.path != "/"]
    answers = {way.word: town.get(way.path, headers=who[name]).status_code for way in leaves}

    assert answers == {way.word: 200 if may_open(Scope(name, role), way.word) else 403 for way in leaves}


def test_strangers_are_led_to_the_log_in(town: TestClient) -> None:
    """And back to the page that they wanted."""
    answers = [town.get(way.path, headers={"Cookie": ""}) for way in WAYS if way.path != "/"]

    assert {303} == {answer.status_code for answer in answers}
    assert {f"/login?next={way.path}" for way in WAYS[1:]} == {answer.headers["location"] for answer in answers}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_page_is_raw_json_and_no_word_is_missing(
    town: TestClient, who: dict[str, dict[str, str]], lang: str
) -> None:
    """Both languages; nothing inline that the CSP would refuse; no key of the catalogue shows through."""
    for way in WAYS[1:]:
        answer = town.get(f"{way.path}?lang={lang}", headers=who["admin"])
        inside = re.sub(r'<script type="application/json".*?</script>', "", answer.text, flags=re.S)
        assert answer.headers["content-type"].startswith("text/html"), way
        assert not re.search(r'<script(?![^>]* src=)|<style| style="| on\w+="', inside), way
        assert not re.search(r">\s*[\[{]\s*[\"']", inside), way


def test_homes_say_who_is_protected(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Nobody has signed for a home yet; a search by address finds one, and the list tells its devices."""
    page = town.get("/homes?text=示例路1号&lang=zh", headers=who["boss"]).text

    assert "未受保护" in page
    assert "老人1" in page
    assert "/homes/home-1" in page
    assert "/homes/home-2" not in page


def test_a_street_and_a_doctor_see_only_theirs(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """The street by its homes' street, the doctor by the team that a home names; the query itself is cut."""
    seen = {
        name: set(re.findall(r'href="/homes/(home-\d)"', town.get("/homes", headers=who[name]).text))
        for name in ("desk", "office", "doctor")
    }
    listed = town.get("/api/v1/homes", headers=who["doctor"]).json()["items"]

    assert {"desk": {"home-1", "home-3"}, "office": {"home-2", "home-4"}, "doctor": {"home-3"}} == seen
    assert ["home-3"] == [home["id"] for home in listed]
    assert 404 == town.get("/homes/home-1", headers=who["doctor"]).status_code


def test_a_home_is_read_and_the_reading_written_down(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Access and medical cards are shown to those who may read them, and the audit says who did."""
    page = town.get("/homes/home-1?lang=zh", headers=who["desk"])
    without = town.get("/homes/home-1", headers=who["ear"]).text
    audit = town.get("/api/v1/audit", headers=who["boss"]).json()["items"]

    assert "南门" in page.text
    assert "高血压" in page.text
    assert ("南门" not in without, "高血压" not in without) == (True, True)
    assert any((line["operator"], line["subject"], line["reason"]) == ("desk", "home-1", "home page") for line in audit)


def test_the_live_state_is_a_page_with_pictures(
    house: House, town: TestClient, who: dict[str, dict[str, str]]
) -> None:  # fmt: skip
    """Devices and signs always; position and vital signs closed without an alert; each look in the audit, a page that
    renews itself once in ten minutes."""
    said(house, "anling/v1/up/dev-0003/telemetry", b'{"v":1,"id":"beat-beat-beat-beat","type":"heartbeat","data":{}}')
    page = town.get("/homes/home-3/live?lang=zh", headers=who["desk"])
    drawn = [town.get(f"/homes/home-3/live/{span}.svg", headers=who["desk"]) for span in ("hours", "days")]
    refused = [town.get("/homes/home-3/live", headers=who[name]).status_code for name in ("ear", "office", "doctor")]
    audit = town.get("/api/v1/audit?limit=500", headers=who["boss"]).json()["items"]

    assert ("实时状态" in page.text, "只在有未结束的警情时显示" in page.text, "dev-0003" in page.text) == (True,) * 3
    assert [(200, True)] * 2 == [(one.status_code, b"<svg" in one.content) for one in drawn]
    assert ([403, 404, 404], 404) == (refused, town.get("/homes/home-3/live/days.svg", headers=who["ear"]).status_code)
    looks = {line["what"] for line in audit if (line["operator"], line["subject"]) == ("desk", "home-3")}
    for _ in range(2):
        town.get("/homes/home-3/live?again=true", headers=who["desk"])
    town.get("/homes/home-3/live?again=true", headers=who["boss"])
    later = town.get("/api/v1/audit?limit=500", headers=who["boss"]).json()["items"]
    more = [line["operator"] for line in later[: len(later) - len(audit)] if line["what"].startswith("live state")]
    assert {"live state", "signs by the hour", "signs by the day"} <= looks
    assert (["boss"], True) == (more, 'id="renewed"' in page.text)


def test_a_home_is_commissioned_step_by_step(house: House, town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Begin, press, sign; signing early is refused with what is missing."""
    path = "/homes/home-4/commissioning"
    begun = town.post(path, data={"action": "start"}, headers=who["boss"])
    early = town.post(path, data={"action": "sign"}, headers=who["boss"])
    press = {"v": 1, "id": "press-press-press-4", "type": "sos", "data": {}}
    said(house, "anling/v1/up/dev-0004/event", json.dumps(press).encode())
    signed = town.post(path, data={"action": "sign"}, headers=who["boss"])
    page = town.get(signed.headers["location"] + "&lang=en", headers=who["boss"]).text

    assert (303, 409, 303) == (begun.status_code, early.status_code, signed.status_code)
    assert "dev-0004" in early.text
    assert "Recorded." in page
    assert "Signed by boss" in page


def test_away_and_back_by_two_forms(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """In hospital, seen on the page, and back at home."""
    gone = town.post("/homes/home-1/away", data={"kind": "hospital", "until": ""}, headers=who["desk"])
    page = town.get("/homes/home-1?lang=en", headers=who["desk"]).text
    back = town.post("/homes/home-1/back", headers=who["desk"])
    again = town.post("/homes/home-1/back", headers=who["desk"])

    assert "In hospital" in page
    assert [303, 303, 404] == [gone.status_code, back.status_code, again.status_code]


def test_the_family_says_it_on_a_page_of_its_own(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """The desk gives out the link; opening it only shows; one press says it, and a wrong day says nothing (P28)."""
    given = town.post("/homes/home-3/family-link?lang=en", headers=who["desk"]).text
    path = re.search(r"https://anling\.example(/f/[\w.~-]+)", given)
    assert path is not None
    shown = town.get(path[1] + "?lang=zh")
    wrong = town.post(path[1], data={"kind": "away", "until": "2020-01-01"})
    still = town.get(path[1] + "?lang=en").text
    away = town.post(path[1] + "?lang=en", data={"kind": "away", "until": ""}).text
    back = town.post(path[1] + "?lang=en", data={"kind": "back"}).text

    assert ("按“在家”对待" in shown.text, wrong.status_code, "Counts as at home" in still) == (True, 422, True)
    assert ("Away: recorded" in away, "Back at home: recorded" in back) == (True, True)
    assert [404, 422] == [town.get("/f/nonsense").status_code, town.post(path[1], data={"kind": "dead"}).status_code]


def test_forms_of_other_sites_do_nothing(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Every form checks whose page sent it."""
    foreign = who["boss"] | {"Origin": "https://evil.example"}
    paths = ("/homes/home-1/away", "/checkins/ok", "/duty/absence", "/duty/withdraw", "/homes/home-1/commissioning")

    assert {403} == {town.post(path, data={"kind": "away"}, headers=foreign).status_code for path in paths}


def test_an_absence_is_laid_down_and_the_gap_told(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """The calendar shows the hole; taking it back closes it; what is incomplete is told field by field."""
    said = {"responder": "doctor-1", "from": "2099-01-01T08:00", "until": "2099-01-02T08:00"}
    done = town.post("/duty/absence", data=said, headers=who["boss"])
    hole = town.get("/duty?start=2099-01-01&lang=en", headers=who["boss"]).text
    id = re.search(r'name="id" value="([^"]+)"', hole)
    assert id
    taken = town.post("/duty/withdraw", data={"kind": "absence", "id": id[1]}, headers=who["boss"])
    wrong = town.post("/duty/override", data={"team": "desk", "from": "x", "until": "y"}, headers=who["boss"])

    paper = [town.get(f"/duty/print?start=2099-01-01&lang=en{more}", headers=who[name]).text
             for name, more in (("boss", "&numbers=yes"), ("desk", ""))]  # fmt: skip
    refused = town.get("/duty/print?numbers=yes", headers=who["doctor"]).status_code

    assert ("+85230000001" in paper[0], "+85230000001" in paper[1]) == (True, False)
    assert 403 == refused
    assert [303, 303, 422] == [done.status_code, taken.status_code, wrong.status_code]
    assert 'class="gap"' in hole
    assert 2 == wrong.text.count("不是时间，请写")


def test_quarantine_shows_what_nobody_could_read(
    house: House, town: TestClient, who: dict[str, dict[str, str]]
) -> None:
    """The line, the reason, and the bytes as text that runs nothing."""
    said(house, "anling/v1/up/dev-0001/event", b"<script>alert(1)</script>\xff")
    page = town.get("/quarantine?lang=en", headers=who["boss"]).text
    links = re.findall(r'href="(/quarantine/[^"]+)"', page)
    raw = town.get(links[0], headers=who["boss"]).text
    again = town.post("/quarantine/replay", data={"id": links[0].rpartition("/")[2]}, headers=who["boss"])
    told = town.get(again.headers["location"] + "&lang=en", headers=who["boss"]).text
    every = town.post("/quarantine/replay", headers=who["ear"]).status_code
    audit = town.get("/api/v1/audit", headers=who["boss"]).json()["items"]

    assert "Read 0 again" in told or "Read 1 again, understood 0" in told
    assert 403 == every
    assert ("boss", "read again") in {(line["operator"], line["what"]) for line in audit}
    assert "dev-0001" in page
    assert "<script>alert" not in raw
    assert "&lt;script&gt;alert" in raw


def test_messages_say_what_became_of_each(house: House, town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Whom, by which way, about which alert."""
    press: dict[str, Any] = {"v": 1, "id": "press-press-press-3", "type": "sos", "data": {}}
    said(house, "anling/v1/up/dev-0003/event", json.dumps(press).encode())
    page = town.get("/messages?lang=en", headers=who["boss"]).text

    assert "家庭医生一" in page
    assert "/alerts/" in page


def test_only_an_administrator_changes_log_ins(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Add, a new password, shut, open; nobody shuts themselves out, nobody is replaced; all of it in the audit."""
    new = {"name": "fresh", "role": "dispatcher", "password": "eight or more", "street": "north"}
    name = {"name": "fresh"}
    by_boss = town.post("/users", data=new, headers=who["boss"])
    added = town.post("/users", data=new, headers=who["admin"])
    twice = town.post("/users", data=new, headers=who["admin"])
    bad = town.post("/users", data={"name": "x", "role": "king", "password": "short"}, headers=who["admin"])
    by_api = [
        town.post("/api/v1/users", json=new | {"name": "api", "streets": ["north"]}, headers=who["admin"]),
        town.patch("/api/v1/users/api", json={"disabled": True}, headers=who["admin"]),
        town.patch("/api/v1/users/api", json={"disabled": False}, headers=who["boss"]),
    ]
    changes = [
        town.post(f"/users/{step}", data=name | {"password": "another word"}, headers=who["admin"]).status_code
        for step in ("password", "disable", "enable", "no-codes", "sign-out", "crown")
    ]
    duty = name | {"role": "street_office", "street": "south", "responder": "street-1"}
    moved = [town.post("/users/assign", data=said, headers=who["admin"]).status_code
             for said in (duty, duty | {"role": "king"}, duty | {"name": "admin"})]  # fmt: skip
    now = next(u for u in town.get("/api/v1/users", headers=who["admin"]).json()["items"] if u["name"] == "fresh")
    seen = [town.get(f"/audit?{asked}&lang=en", headers=who["boss"]).text.count("<tr>")
            for asked in ("by=admin&about=fresh", "by=nobody", "first=2001-01-01&last=2001-01-02", "first=nonsense")]
    own = town.post("/users/disable", data={"name": "admin"}, headers=who["admin"])
    page = town.get("/users?lang=en", headers=who["admin"]).text
    audit = {line["what"] for line in town.get("/api/v1/audit", headers=who["boss"]).json()["items"]}

    assert [403, 303, 409, 422] == [answer.status_code for answer in (by_boss, added, twice, bad)]
    assert [201, 200, 403] == [answer.status_code for answer in by_api]
    assert ([303, 303, 303, 303, 303, 409], 409) == (changes, own.status_code)
    assert [303, 422, 409] == moved
    assert ("street_office", ["south"], "street-1") == (now["role"], now["streets"], now["responder"])
    assert (8, 0, 0) == (seen[0], seen[1], seen[2])
    assert 1 < seen[3]
    assert all(word in bad.text for word in ("king", "密码太短"))
    assert "fresh" in page
    assert {"log-in laid down", "password changed", "log-in shut", "log-in opened"} <= audit


def _press(house: House, device: str, id: str) -> None:
    said(house, f"anling/v1/up/{device}/event", json.dumps({"v": 1, "id": id, "type": "sos", "data": {}}).encode())


REFUSED: list[tuple[str, dict[str, Any], int, str, list[str]]] = [
    ("/users", {"name": "desk", "role": "auditor", "street": ["north"], "password": WORD}, 409, "已有账号",
     ['value="desk"', '<option value="auditor" selected>', '<option value="north" selected>']),
    ("/plans", {"text": "version = <"}, 422, "TOML", ["version = &lt;</textarea>"]),
    ("/drills", {"name": "夜间演练", "homes": "home-1", "minutes": "9999"}, 409, "时长",
     ['value="夜间演练"', 'value="9999"']),
    ("/duty/absence", {"responder": "doctor-1", "from": "2026-12-02T08:00", "until": "2026-12-01T08:00"}, 422,
     "<li>结束早于开始，请改结束时间</li>", ['<option value="doctor-1" selected>', 'value="2026-12-02T08:00"']),
    ("/duty/override", {"team": "desk", "instead_of": "desk-120", "from": "2026-12-01T08:00",
                        "until": "2026-12-02T08:00"}, 409, "2026-12-01 08:00 至 2026-12-02 08:00（换班后无人）",
     ['<option value="desk-120" selected>', 'value="2026-12-02T08:00"']),
]  # fmt: skip


@pytest.mark.parametrize(("path", "typed", "status", "why", "kept"), REFUSED, ids=[path for path, *_ in REFUSED])
def test_a_refused_form_keeps_what_was_typed(
    town: TestClient, who: dict[str, dict[str, str]], path: str, typed: dict[str, Any], status: int, why: str,
    kept: list[str],
) -> None:  # fmt: skip
    """All of it but the password, with the reason in the reader's words and times of day."""
    page = town.post(f"{path}?lang=zh", data=typed, headers=who["admin"])

    assert (status, True) == (page.status_code, why in page.text)
    assert [] == [one for one in kept if one not in page.text]
    assert WORD not in page.text
    assert 1 == page.text.count('id="again"')


def test_nobody_leaves_with_an_open_claim(house: House, town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Offer it, the other takes it over, then the door opens. A supervisor may leave all the same, and it is noted."""
    _press(house, "dev-0002", "press-press-press-2")
    alert = town.get("/api/v1/alerts?home=home-2", headers=who["boss"]).json()["items"][0]["id"]
    accounts = Accounts(house.ledger)
    accounts.add("second", "dispatcher", WORD)
    second = {"Cookie": f"anling_session={accounts.login('second', WORD).token}"}
    town.post(f"/api/v1/alerts/{alert}/claim", json={}, headers=second)
    stays = town.post("/logout", headers=second)
    by_api = town.delete("/api/v1/session?anyway=true", headers=second)
    offered = town.post("/shift/offer", data={"alert": alert, "to": "boss"}, headers=second)
    still = town.post("/logout", headers=second)
    seen = town.get("/shift?lang=en", headers=who["boss"]).text
    taken = town.post("/shift/accept", data={"alert": alert}, headers=who["boss"])
    goes = town.post("/logout", headers=second)
    boss = {"Cookie": f"anling_session={accounts.login('boss', WORD).token}"}
    asked = town.post("/logout", headers=boss)
    forced = town.post("/logout", data={"anyway": "yes"}, headers=boss)
    timeline = town.get(f"/api/v1/alerts/{alert}", headers=who["boss"]).json()["timeline"]

    assert (409, [alert]) == (by_api.status_code, by_api.json()["claims"])
    assert [409, 303, 409] == [stays.status_code, offered.status_code, still.status_code]
    assert "Offered to you" in seen
    assert [303, 303, 409, 303] == [taken.status_code, goes.status_code, asked.status_code, forced.status_code]
    assert ("/login", 401) == (goes.headers["location"], town.get("/api/v1/alerts", headers=second).status_code)
    assert "on a supervisor's own word" in json.dumps(timeline, ensure_ascii=False)


def test_the_next_shift_reads_what_it_must_know(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """The desk of the same streets sees the note, a doctor does not; an empty one is refused."""
    told = town.post("/shift/note", data={"note": "电梯停到明早", "to": "desk"}, headers=who["boss"])
    empty = town.post("/shift/note", data={"note": " "}, headers=who["boss"])

    assert [303, 409] == [told.status_code, empty.status_code]
    assert "电梯停到明早" in town.get("/shift", headers=who["desk"]).text
    assert "电梯停到明早" not in town.get("/shift", headers=who["doctor"]).text


def test_a_file_is_shown_before_it_is_taken_in(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Every error at once; a right file is tried and changes nothing; only the second click writes."""
    head = "住户编号,街道代码,老人编号,姓名,路\n"
    bad = {"file": ("list.csv", (head + "home-9,nowhere,r-9,某某,路\nhome-8,,r-8,某某,路\n").encode())}
    good = {"file": ("list.csv", (head + "home-9,north,r-9,某某,新路九号\n").encode())}
    wrong = town.post("/import?lang=zh", files=bad, headers=who["boss"])
    street = {"file": ("list.csv", (head + "home-9,nowhere,r-9,某某,路\n").encode())}
    empty = town.post("/import?lang=zh", files={"file": ("list.csv", head.encode())}, headers=who["boss"]).text
    many = "".join(f"home-9{n},,r-9{n},某某,路\n" for n in range(40)).encode()
    long = town.post("/import?lang=zh", files={"file": ("list.csv", head.encode() + many)}, headers=who["boss"]).text
    unknown = town.post("/import", files=street, headers=who["boss"])
    shown = town.post("/import?lang=en", files=good, headers=who["boss"])
    before = town.get("/homes/home-9", headers=who["boss"]).status_code
    kept = {name: re.search(f'name="{name}" value="([^"]*)"', shown.text) for name in ("name", "kept")}
    form = {"confirm": "yes"} | {name: found[1] for name, found in kept.items() if found}
    done = town.post("/import", data=form, headers=who["boss"])
    after = town.get("/homes/home-9?lang=zh", headers=who["boss"]).text

    assert (422, 422, 200) == (wrong.status_code, unknown.status_code, shown.status_code)
    assert ("<li>第 3 行：没有填：街道代码</li>" in wrong.text, "没有街道" in unknown.text) == (True, True)
    assert "Nothing has been written yet" in shown.text
    assert ("没有一行资料" in empty, 'name="confirm"' in empty) == (True, False)
    assert ("其余 10 处" in long, 40) == (True, long.count("没有填"))
    assert (404, 303) == (before, done.status_code)
    assert "新路九号" in after
    assert 403 == town.post("/import", files=good, headers=who["desk"]).status_code


def test_reports_are_drawn_told_and_exported(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """A picture without script or foreign address, JSON, and a table for a spreadsheet; unknown names are 404."""
    picture = town.get("/reports/alerts.svg?lang=en", headers=who["boss"])
    told = town.get("/api/v1/reports/response_times", headers=who["boss"]).json()
    sheet = town.get("/api/v1/reports/protection?format=csv", headers=who["boss"])
    found = {name: town.get(f"/api/v1/reports/{name}", headers=who["boss"]).status_code
             for name in ("alerts", "checkins", "coverage", "protection", "gossip")}  # fmt: skip

    assert "image/svg+xml" == picture.headers["content-type"]
    assert not re.search(r"<script|(?:href|src)=.(?:https?:)?//", picture.text)
    assert ["critical", "urgent", "routine"] == [line["severity"] for line in told["items"]]
    assert re.search(r"\nhomes,[45]\r", sheet.text)
    assert {"alerts": 200, "checkins": 200, "coverage": 200, "protection": 200, "gossip": 404} == found
    assert 404 == town.get("/reports/alerts.svg").status_code
    assert 403 == town.get("/api/v1/reports/alerts", headers=who["doctor"]).status_code


def test_a_chart_counts_in_whole_steps_and_shows_who_was_missed_in_red() -> None:
    """Few lines of round numbers, none of a tenth of an alert; words long enough to need a line of their own lie
    beside their bars with all their letters; a month of mornings names some days."""
    say = Speech(load(), "zh")
    days = [{"day": f"2026-10-{n:02d}", "ok": 90, "excused": 5, "missed": 2, "open": 0} for n in range(1, 31)]
    month = chart({"name": "checkins", "items": days}, say).decode()
    kinds = chart({"name": "alerts", "items": [{"kind": "inactivity", "count": 1, "drill": False}]}, say).decode()

    assert [[0, 1], [0, 2, 4, 6, 8, 10], [0, 10, 20, 30, 40], [0, 500, 1000, 1500]] == [
        steps(most) for most in (0, 9.2, 37, 1234)
    ]
    assert (True, 6) == ("#d0343c" in month, len(re.findall(r">10-\d\d</text>", month)))
    assert ("长时间无活动" in kinds, ">0.5<" in kinds) == (True, False)


def test_a_plan_is_explained_and_signed_by_a_second_person(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Who would be called is a table in the reader's language; the proposer's own approval is refused.

    What is wrong with a plan is told in Chinese, and its text stays in the form.
    """
    page = town.get("/plans?home=home-1&kind=fall&lang=en&at=2099-01-01T03:10", headers=who["boss"]).text
    wrong = town.post("/plans", data={"text": 'version = "soon"\n[voice_check]\nfine = "urgent"'}, headers=who["boss"])
    text = PLAN.replace("town-1", "town-2").replace('repeat_every = "5m"', 'repeat_every = "4m"')
    proposed = town.post("/plans", data={"text": text}, headers=who["boss"])
    own = town.post("/plans/approve", data={"version": "town-2"}, headers=who["boss"])
    other = town.post("/plans/approve", data={"version": "town-2", "from": "2099-01-01T00:00"}, headers=who["admin"])

    assert "家庭医生一" in page
    assert "nobody is called" in page
    assert [422, 303, 409, 303] == [answer.status_code for answer in (wrong, proposed, own, other)]
    assert "plan:3：voice_check.fine：没有这一结果；可写：ok, needs_help, no_answer" in wrong.text
    assert 'version = &#34;soon&#34;' in wrong.text


def test_a_drill_window_is_opened_and_closed(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """Unknown homes are refused with their ids."""
    form = {"name": "autumn", "homes": "home-1, home-2", "minutes": "30"}
    opened = town.post("/drills", data=form, headers=who["boss"])
    page = town.get("/drills?lang=en", headers=who["boss"]).text
    id = re.search(r'name="id" value="([^"]+)"', page)
    assert id
    closed = town.post("/drills/close", data={"id": id[1]}, headers=who["boss"])
    verdict = {
        "drill": "button", "title": {"zh": "一按就来", "en": "Press and come"}, "passed": False, "took_s": 1.5,
        "alerts": [], "steps": ["0s press dev-0001"], "findings": [
            {"sort": "expected", "good": True, "expected": "0–2s receipt dev-0001", "came": ["0.1s dev-0001 stored"]},
            {"sort": "unexpected", "good": False, "came": ["9.0s keyholder-1 voice contact"], "why": "nobody asked"}],
    }  # fmt: skip
    judged = [town.post(f"/api/v1/drills/{id[1]}/verdict", json=said, headers=who[name]).status_code
              for name, said in (("desk", verdict), ("boss", verdict), ("boss", verdict),
                                 ("admin", verdict | {"passed": True}))]  # fmt: skip
    told = town.get(f"/drills/{id[1]}?lang=zh", headers=who["boss"]).text
    listed = town.get("/drills?lang=en", headers=who["boss"]).text
    unknown = town.post("/drills", data=form | {"homes": "home-77"}, headers=who["boss"])

    assert [303, 303, 404] == [opened.status_code, closed.status_code, unknown.status_code]
    assert "autumn" in page
    assert [403, 201, 201, 409] == judged
    assert all(word in told for word in ("一按就来", "未通过", "意外", "keyholder-1", "nobody asked", "0s press"))
    assert "failed" in listed


class Players:
    """Plays one drill at a time, on paper."""

    def __init__(self) -> None:
        self.name: str | None = None

    def pieces(self) -> list[tuple[str, str, str]]:
        return [("button", "按下按钮", "The button is pressed")]

    def playing(self) -> str | None:
        return self.name

    def play(self, name: str) -> None:
        if self.name:
            raise Refused("one is running")
        self.name = name


def test_a_drill_is_begun_where_somebody_plays(
    house: House, town: TestClient, who: dict[str, dict[str, str]]
) -> None:
    """In the demo from the page itself, by the desk of the whole district; elsewhere the page says how."""
    nobody = town.post("/drills/play", data={"name": "button"}, headers=who["boss"])
    with TestClient(build(replace(wire(house), troupe=Players())), headers=OURS, follow_redirects=False) as demo:
        offered = demo.get("/drills?lang=en", headers=who["boss"]).text
        said = [demo.post("/drills/play", data={"name": "button"}, headers=who[name]).status_code
                for name in ("ear", "desk", "boss", "boss")]  # fmt: skip
        running = demo.get("/drills?lang=en", headers=who["boss"]).text

    assert (409, True) == (nobody.status_code, "anling drill run" in nobody.text)
    assert "The button is pressed" in offered
    assert [403, 403, 303, 409] == said
    assert "Playing: The button is pressed" in running


def test_people_are_listed_without_their_numbers(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """The end of the number, whether it was proved, and the teams."""
    page = town.get("/people?lang=en", headers=who["boss"]).text

    assert "…0001" in page
    assert "+85230000001" not in page
    assert "doctors-n" in page
    assert "not proved" in page


def test_the_register_is_changed_row_by_row(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """New rows and changes; what is not said stays; everything wrong at once; nobody edits another street."""
    boss, base = who["boss"], "/api/v1"
    home = {"id": "home-50", "street": "north", "address": {"text": "新路50号"}, "access": {"gate": "北门"}}
    made = [
        town.post(f"{base}/streets", json={"code": "east", "name": "东街道"}, headers=boss),
        town.post(f"{base}/homes", json=home, headers=boss),
        town.post(f"{base}/residents", json={"id": "r-50", "home": "home-50", "name": "某某"}, headers=boss),
        town.post(f"{base}/devices", json={"id": "dev-0050", "home": "home-50", "role": "pull_cord"}, headers=boss),
        town.post(f"{base}/responders", json={"id": "kin-50", "name": "亲", "role": "family", "contacts": [
            {"channel": "sms", "address": "+85230000050"}]}, headers=boss),
        town.post(f"{base}/hubs", json={"id": "hub-50", "dialect": "z2m", "site": "fifty"}, headers=boss),
        town.post(f"{base}/teams", json={"id": "kin", "role": "family", "shifts": [
            {"responder": "kin-50", "always": True}]}, headers=boss),
    ]  # fmt: skip
    changed = [
        town.patch(f"{base}/homes/home-50", json={"access": {"door_code": "1#"}}, headers=boss),
        town.patch(f"{base}/residents/r-50", json={"phones": ["+862150000050"]}, headers=boss),
        town.patch(f"{base}/devices/dev-0050", json={"role": "wristband"}, headers=boss),
        town.patch(f"{base}/responders/kin-50", json={"name": "亲友"}, headers=boss),
    ]
    page = town.get("/homes/home-50?lang=zh", headers=boss).text
    twice = town.post(f"{base}/hubs", json={"id": "hub-50", "dialect": "z2m", "site": "else"}, headers=boss)
    nobody = town.patch(f"{base}/homes/home-51", json={"category": "lives_alone"}, headers=boss)
    wrong = town.post(f"{base}/responders", json={"id": "a b", "role": "king", "language": "x"}, headers=boss)
    desk = town.patch(f"{base}/devices/dev-0001", json={"role": "pull_cord"}, headers=who["desk"])

    assert ([201] * 7, [200] * 4) == ([a.status_code for a in made], [a.status_code for a in changed])
    assert all(word in page for word in ("新路50号", "北门", "某某", "+862150000050", "手环"))
    assert "1#" not in page
    assert "1#" in town.post("/homes/home-50/reveal", headers=boss).text
    assert "…0050" in town.get("/people", headers=boss).text
    assert [409, 404, 422, 403] == [a.status_code for a in (twice, nobody, wrong, desk)]
    assert 3 <= len(wrong.json()["errors"])


@pytest.mark.parametrize(("what", "was", "told"), [
    ("severity.routine.retry_after", "1m", ("级别 · 一般 · 同一人再呼间隔", "1m")),
    ("kinds.fall", "critical", ("类型 · 跌倒", "危急")),
    ("track main step street_office (2)", "after 45s by voice, webhook, when cold", (
        "线路 · 主线 · 步骤 · 街道 · (2)", "45s 后，电话、网络, when cold")),
    ("branch entry for", None, ("支线 · 进门 · 级别", "–")),
    ("notice 1 to family", "something newer", ("告知 · 1 · 给 · 家属", "something newer")),
])  # fmt: skip
def test_what_differs_between_plans_is_told_in_words(what: str, was: str | None, told: tuple[str, str]) -> None:
    """Each part that has a name by its name; what nobody foresaw as the plan writes it."""
    say = Speech(load(), "zh")

    assert told == (place(say, what), plan_said(say, was))


@pytest.mark.parametrize(("since", "until", "told"), [
    ("2026-11-22T00:00:00+08:00", "2026-11-22T12:00:00+08:00", "11-22 周日 00:00 – 12:00"),
    ("2026-11-22T04:00:00+00:00", "2026-11-22T16:00:00+00:00", "11-22 周日 12:00 – 24:00"),
    ("2026-11-22T20:00:00+08:00", "2026-11-23T08:00:00+08:00", "11-22 周日 20:00 – 11-23 周一 08:00"),
    ("2026-11-22T00:00:00+08:00", "2026-11-29T00:00:00+08:00", "11-22 周日 00:00 – 11-28 周六 24:00"),
    ("2026-11-22T08:00", "2026-11-22T08:30", "11-22 周日 08:00 – 08:30"),
])  # fmt: skip
def test_hours_of_duty_are_told_as_people_say_them(since: str, until: str, told: str) -> None:
    """In Shanghai's wall time, whatever zone they came in; the day once; midnight ends the day before."""
    assert told == span(Speech(load(), "zh"), since, until)


def test_the_map_lies_north_up(town: TestClient, who: dict[str, dict[str, str]]) -> None:
    """What is further north is drawn higher, further east more to the right; what is no place is left out."""
    spots = [(31.22, 121.40), (31.20, 121.44), (None, 121.4)]
    homes = [{"id": str(n), "alert": None, "location": {"lat": lat, "lon": lon}} for n, (lat, lon) in enumerate(spots)]

    north, east = placed(homes, PAPER)

    assert (north["y"] < east["y"], north["x"] < east["x"]) == (True, True)
    assert 200 == town.get("/map", headers=who["boss"]).status_code


def test_a_map_of_thirty_thousand_homes_stays_light() -> None:
    """Every alert is a pin and every home is counted; what is well or one of many is a dot, of many in one spot one."""
    states = ("protected", "protected", "protected", "enrolled", "suspended")
    homes = [
        {"id": f"h{n}", "state": states[n % 5], "alert": "A1" if n % 1000 == 0 else None,
         "location": {"lat": 31.2 + n % 173 / 2000, "lon": 121.4 + n % 331 / 3000, "crs": "WGS84"}}
        for n in range(30_000)
    ]  # fmt: skip
    sheet = sheet_of(placed(homes, PAPER))

    assert {"calls": 30, "protected": 17970, "unprotected": 6000, "away": 6000} == sheet.counts
    assert (200, 5830) == (len(sheet.pins), sheet.unnamed)
    assert all(0 < len(sheet.dots[state]) <= 1500 for state in ("good", "warn", "away"))
    assert sheet_of(placed(homes[:100], PAPER)).dots == {}
