"""The doors on a real ledger: the house as ``anling`` wires it, without broker and senders."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from anling.house import House
from api.app import App, build
from domain.clock import wall_now
from store.accounts import Accounts
from store.bulk import fetch
from tests.api.wired import installed, wire

#: of somebody who is ninety, whenever this runs
BIRTH = f"{wall_now() - timedelta(days=90 * 365.25 + 100):%Y-%m-%d}"
#: a day that has not come yet
LATER = f"{wall_now() + timedelta(days=100):%Y-%m-%d}"

SITE: dict[str, Any] = {
    "streets": [{"code": "310105001", "name": "示例街道一"}, {"code": "310105002", "name": "示例街道二"}],
    "responders": [
        {"id": "doctor-1", "name": "家庭医生一", "role": "family_doctor", "street": "310105001",
         "contacts": [{"channel": "webhook", "address": "http://127.0.0.1:9/doctor-1"}]},
        {"id": "doctor-2", "name": "家庭医生二", "role": "family_doctor", "street": "310105001",
         "contacts": [{"channel": "webhook", "address": "http://127.0.0.1:9/doctor-2"}]},
        {"id": "desk-120", "name": "120 调度席", "role": "dispatch_120", "street": None,
         "contacts": [{"channel": "dispatch_120", "address": "http://127.0.0.1:9/desk"}]},
    ],
    "teams": [
        {"id": "doctors-1", "role": "family_doctor", "street": "310105001",
         "shifts": [{"responder": "doctor-1", "always": True}]},
        {"id": "desk", "role": "dispatch_120", "street": None,
         "shifts": [{"responder": "desk-120", "always": True}]},
    ],
    "homes": [
        {"id": f"home-{n}", "street": f"31010500{n}", "category": "lives_alone",
         "address": {"text": f"示例路{n}号602室", "floor": 6, "room": "602"},
         "family_doctor_team": "doctors-1",
         "access": {"gate": "南门", "lift": True, "door_code": "2580#"},
         "residents": [{"id": f"resident-{n}", "name": f"示例老人{n}", "birth": BIRTH,
                        "medical": {"conditions": ["atrial fibrillation"]}}],
         "devices": [{"id": f"dev-000{n}", "dialect": "anling", "role": "sos_button",
                      "secret": f"secret-000{n}"}]}
        for n in (1, 2)
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[House]:
    """A migrated ledger with one site, three log-ins and the district's plan."""
    people = {"desk": ("dispatcher",), "second": ("dispatcher", ["310105002"]), "boss": ("supervisor",)}
    with installed(Path(tmp_path_factory.mktemp("ledger")), migrated_file, SITE, people) as house:
        yield house


@pytest.fixture(scope="module")
def real_app(real: House) -> App:
    """The wiring."""
    return wire(real)


@pytest.fixture(scope="module")
def town(real_app: App) -> Iterator[TestClient]:
    """A program at the doors."""
    with TestClient(build(real_app), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def who(town: TestClient) -> Mapping[str, dict[str, str]]:
    """Everybody's token."""
    found = {}
    for name in ("desk", "second", "boss"):
        session = town.post("/api/v1/session", json={"username": name, "password": "correct horse"}).json()
        found[name] = {"Authorization": f"Bearer {session['token']}"}
    return found


@pytest.fixture
def pressed(town: TestClient, who: Mapping[str, dict[str, str]]) -> Iterator[str]:
    """The id of an open alert of home-1, raised by its own button; closed afterwards."""
    from domain.ids import new_id

    event = {"v": 1, "id": new_id(), "seq": 1, "boot": 1, "type": "sos", "data": {"press": "long"}}
    answer = town.post("/ingest/anling/dev-0001/event", json=event, auth=("dev-0001", "secret-0001"))
    assert (200, "stored") == (answer.status_code, answer.json()["result"])
    yield answer.json()["alert"]
    town.post(f"/api/v1/alerts/{answer.json()['alert']}/close", json={"outcome": "test"}, headers=who["boss"])


def test_a_press_over_http_is_an_alert_of_the_home(town: TestClient, who: Any, pressed: str) -> None:
    """The list shows it in the wire's shape."""
    found = [a for a in town.get("/api/v1/alerts", headers=who["desk"]).json()["items"] if a["id"] == pressed]

    assert [("sos", "urgent", "open", "home-1")] == [
        (a["kind"], a["severity"], a["state"], a["home"]["id"]) for a in found
    ]
    assert ("calling", "main") == (found[0]["tracks"][0]["state"], found[0]["tracks"][0]["name"])


def test_a_street_sees_its_own(town: TestClient, who: Any, pressed: str) -> None:
    """Not in the list, not by id, not to be claimed, not on the board."""
    lists = town.get("/api/v1/alerts", headers=who["second"]).json()["items"]
    one = town.get(f"/api/v1/alerts/{pressed}", headers=who["second"])
    claim = town.post(f"/api/v1/alerts/{pressed}/claim", headers=who["second"])

    assert pressed not in {a["id"] for a in lists}
    assert (404, 403) == (one.status_code, claim.status_code)


def test_how_many_homes_are_protected(town: TestClient, who: Any) -> None:
    """A number, the streets, the list; a log-in of another street sees its own."""
    page = town.get("/api/v1/homes/protection", headers=who["desk"]).json()
    silent = town.get("/api/v1/homes/protection?state=silent", headers=who["desk"]).json()
    wrong = town.get("/api/v1/homes/protection?state=fine", headers=who["desk"])

    assert (page["homes"], 0) == (page["unprotected"], page["protected"])
    assert page["homes"] == page["enrolled"] + page["suspended"] + page["silent"]
    assert ([], 422) == (silent["items"], wrong.status_code)


def test_the_audit_finds_who_looked_at_an_alert(town: TestClient, who: Any, pressed: str) -> None:
    """By the alert's own id: whoever opened its cards did so for its sake."""
    town.get(f"/api/v1/alerts/{pressed}", headers=who["desk"])

    (line,) = town.get(f"/api/v1/audit?about={pressed}", headers=who["boss"]).json()["items"]
    assert ("access and medical card", f"alert {pressed}") == (line["what"], line["reason"])


def test_the_live_state_of_a_home_is_audited(town: TestClient, who: Any, real: House, pressed: str) -> None:
    """The last signs, no position without consent on the card; not for another street."""
    shown = town.get("/api/v1/homes/home-1/state", headers=who["desk"]).json()
    foreign = town.get("/api/v1/homes/home-1/state", headers=who["second"])
    with real.ledger.reading() as tx:
        reads = fetch(tx, "SELECT operator, subject FROM read_audit WHERE what = 'live state'")

    assert ("home-1", pressed, False) == (shown["home"], shown["remote_view"]["alert"], shown["remote_view"]["open"])
    assert 404 == foreign.status_code
    assert ("desk", "home-1") in reads


def test_a_home_ends_and_begins_again(town: TestClient, who: Any) -> None:
    """Only a supervisor says so."""
    refused = town.post("/api/v1/homes/home-1/end", headers=who["desk"])
    ended = town.post("/api/v1/homes/home-1/end", headers=who["boss"]).json()
    again = town.post("/api/v1/homes/home-1/resume", headers=who["boss"]).json()

    assert (403, "ended", "enrolled") == (refused.status_code, ended["state"], again["state"])


def test_claim_progress_and_the_timeline(town: TestClient, who: Any, pressed: str) -> None:
    """What was done is on the timeline, with hashes; another's claim is 409 with the holder."""
    base = f"/api/v1/alerts/{pressed}"
    claim = town.post(f"{base}/claim", headers=who["desk"])
    step = town.post(f"{base}/progress", json={"step": "en_route"}, headers=who["desk"])
    held = town.post(f"{base}/claim", headers=who["boss"])
    alert = town.get(base, headers=who["desk"]).json()

    assert [200, 200, 409] == [claim.status_code, step.status_code, held.status_code]
    assert "desk" == held.json()["held_by"]["id"]
    assert ["raised", "claimed", "progress"] == [
        e["type"] for e in alert["timeline"] if e["type"] in ("raised", "claimed", "progress")
    ]
    assert all(e["hash"] for e in alert["timeline"])
    assert "2580#" == alert["access"]["door_code"]


def test_a_dispatcher_does_not_close_what_another_holds(town: TestClient, who: Any, pressed: str) -> None:
    """409; a supervisor may, and the second closing is refused as closed."""
    base, outcome = f"/api/v1/alerts/{pressed}", {"outcome": "welfare_only", "cause": "lonely"}
    town.post(f"{base}/claim", headers=who["boss"])
    desk = town.post(f"{base}/close", json=outcome, headers=who["desk"])
    boss = town.post(f"{base}/close", json=outcome, headers=who["boss"])
    again = town.post(f"{base}/close", json=outcome, headers=who["boss"])

    assert [409, 200, 409] == [desk.status_code, boss.status_code, again.status_code]
    assert ("closed", "welfare_only") == (boss.json()["state"], boss.json()["outcome"])


def test_a_link_is_only_looked_at(town: TestClient, real: House, who: Any, pressed: str) -> None:
    """P28 on the ledger: the timeline is the same after GET, HEAD and OPTIONS; a POST claims."""
    link = f"/a/{real.tokens.page(pressed, 'doctor-1', 'main')}"
    before = town.get(f"/api/v1/alerts/{pressed}", headers=who["desk"]).json()["timeline"]
    looked = [town.request(m, link).status_code for m in ("GET", "HEAD", "OPTIONS")]
    after = town.get(f"/api/v1/alerts/{pressed}", headers=who["desk"]).json()
    press = town.post(link, json={"action": "claim"})
    page = town.get(link)

    assert ([200, 200, 204], before) == (looked, after["timeline"])
    assert (200, "doctor-1") == (press.status_code, press.json()["alert"]["tracks"][0]["claimant"]["id"])
    assert "您已接警" in page.text


def test_who_was_not_asked_cannot_claim_by_a_link(town: TestClient, real: House, pressed: str) -> None:
    """A link names one person; the engine decides whether that one was asked."""
    link = f"/a/{real.tokens.page(pressed, 'doctor-2', 'main')}"

    assert 403 == town.post(link, json={"action": "claim"}).status_code


def test_somebody_telephoned(town: TestClient, who: Any) -> None:
    """By home or by address in words, which stands on the page; the same key makes one alert."""
    call = {"address": "示例路9号", "kind": "manual", "note": "邻居来电", "caller_phone": "+8610000"}
    headers = who["desk"] | {"Idempotency-Key": "call-1"}
    first, second = (town.post("/api/v1/alerts", json=call, headers=headers) for _ in range(2))
    page = town.get(f"/alerts/{first.json()['id']}", headers=who["desk"]).text
    closed = town.post(
        f"/api/v1/alerts/{first.json()['id']}/close", json={"outcome": "test"}, headers=who["boss"]
    )

    assert (201, first.json()["id"]) == (first.status_code, second.json()["id"])
    assert '<p class="address">示例路9号</p>' in page
    assert "为 示例路9号 叫 120？" in page
    assert 'href="tel:+8610000"' in page
    assert 200 == closed.status_code


NOUNS = [
    "streets",
    "homes",
    "residents",
    "devices",
    "hubs",
    "responders",
    "teams",
    "inbox",
    "messages",
    "drills",
    "plans",
    "duty",
    "alerts",
]
LISTS = [*NOUNS, "duty?role=dispatch_120", "alerts?state=closed&drill=false"]


@pytest.mark.parametrize("noun", LISTS)
def test_every_list_is_a_page(town: TestClient, who: Any, noun: str) -> None:
    """{items, next_cursor} on the real ledger."""
    answer = town.get(f"/api/v1/{noun}", headers=who["desk"])

    assert 200 == answer.status_code
    assert {"items", "next_cursor"} <= answer.json().keys()


def test_pages_follow_the_cursor(town: TestClient, who: Any) -> None:
    """limit=1 walks through all homes."""
    first = town.get("/api/v1/homes?limit=1", headers=who["desk"]).json()
    second = town.get(f"/api/v1/homes?limit=1&cursor={first['next_cursor']}", headers=who["desk"]).json()

    assert ["home-1", "home-2"] == [page["items"][0]["id"] for page in (first, second)]
    assert second["next_cursor"] is None


def test_a_drill_window_opens_and_closes(town: TestClient, who: Any) -> None:
    """With its homes and its end."""
    opened = town.post(
        "/api/v1/drills", json={"name": "n", "homes": ["home-1"], "minutes": 5}, headers=who["desk"]
    )
    unknown = town.post(
        "/api/v1/drills", json={"name": "n", "homes": ["nowhere"], "minutes": 5}, headers=who["desk"]
    )
    closed = town.post(f"/api/v1/drills/{opened.json()['id']}/close", headers=who["desk"])

    assert [201, 404, 200] == [opened.status_code, unknown.status_code, closed.status_code]


def test_pages_show_the_real_thing(town: TestClient, who: Any, pressed: str) -> None:
    """Board and alert page, with names instead of ids."""
    board = town.get("/", headers=who["desk"])
    alert = town.get(f"/alerts/{pressed}", headers=who["desk"])

    assert (200, 200) == (board.status_code, alert.status_code)
    assert "示例路1号602室" in alert.text
    assert "呼叫：家庭医生一" in alert.text
    assert "90 岁" in alert.text


def test_the_live_board_is_the_ledger(town: TestClient, who: Any, pressed: str) -> None:
    """A claim reaches the stream."""
    with town.websocket_connect("/live", headers=who["desk"]) as socket:
        snapshot = socket.receive_json()
        town.post(f"/api/v1/alerts/{pressed}/claim", headers=who["desk"])
        while (message := socket.receive_json())["type"] != "change":
            pass

    assert ("snapshot", True) == (snapshot["type"], pressed in {a["id"] for a in snapshot["alerts"]})
    assert ["claimed"] == [a["tracks"][0]["state"] for a in message["alerts"] if a["id"] == pressed]


def test_an_account_that_is_shut_is_out_at_once(town: TestClient, real: House) -> None:
    """A disabled log-in's token opens nothing."""
    accounts = Accounts(real.ledger)
    accounts.add("gone", "dispatcher", "correct horse")
    session = town.post("/api/v1/session", json={"username": "gone", "password": "correct horse"}).json()
    mine = {"Authorization": f"Bearer {session['token']}"}
    before = town.get("/api/v1/alerts", headers=mine).status_code
    accounts.disable("gone")

    assert (200, 401) == (before, town.get("/api/v1/alerts", headers=mine).status_code)


@pytest.mark.parametrize(
    ("format", "kind", "word"),
    [
        ("json", "application/json", '"status":"actual"'),
        ("fhir", "application/fhir+json", '"resourceType":"Bundle"'),
        ("cap", "application/cap+xml", "<status>Actual</status>"),
        ("html", "text/html", "交接单"),
    ],
)
def test_the_hand_over_comes_in_four_forms(
    town: TestClient, who: Any, pressed: str, format: str, kind: str, word: str
) -> None:
    """The same alert for a program, a hospital, a warning system and a printer; who has no right to it gets none."""
    url = f"/api/v1/alerts/{pressed}/handover?format={format}"
    sheet = town.get(url, headers=who["desk"])

    assert (200, True) == (sheet.status_code, sheet.headers["content-type"].startswith(kind))
    assert word in sheet.text
    assert "no-store" == sheet.headers["cache-control"]
    assert 404 == town.get(url, headers=who["second"]).status_code


def test_a_home_is_commissioned_over_http(town: TestClient, who: Any) -> None:
    """Begin, be told what is missing, and no signature before."""
    url = "/api/v1/homes/home-1/commissioning"
    begun = town.post(url, json={"action": "start"}, headers=who["desk"])
    signed = town.post(url, json={"action": "sign"}, headers=who["desk"])
    status = town.get(url, headers=who["desk"]).json()

    assert (200, 409) == (begun.status_code, signed.status_code)
    assert any("dev-0001" in word for word in status["missing"])
    assert "dev-0001" in signed.text
    assert 422 == town.post(url, json={"action": "prove"}, headers=who["desk"]).status_code


def test_duty_over_the_wire(town: TestClient, who: Mapping[str, dict[str, str]]) -> None:
    """Coverage, the calendar, an absence that leaves a gap, an override that closes it, and who did it."""
    window = {"from": f"{LATER}T08:00", "until": f"{LATER}T20:00"}
    ill = {"id": "sick", "responder": "doctor-1", **window}
    sick = town.post("/api/v1/duty/absence", json=ill, headers=who["boss"])
    team = town.get("/api/v1/teams", headers=who["boss"]).json()["items"][0]["id"]
    said = {"id": "cover", "team": team, "responder": "doctor-1", **window}
    cover = town.post("/api/v1/duty/overrides", json=said, headers=who["boss"])
    coverage = town.get("/api/v1/duty/coverage?days=14", headers=who["desk"])
    calendar = town.get(f"/api/v1/duty/calendar?from={LATER}T00:00:00%2B08:00&days=1", headers=who["desk"])
    changes = town.get("/api/v1/duty/changes?limit=2", headers=who["desk"]).json()["items"]
    gone = town.delete("/api/v1/duty/absence/sick", headers=who["boss"])

    assert [201, 201, 200, 200, 200] == [r.status_code for r in (sick, cover, coverage, calendar, gone)]
    assert {"from", "until", "gaps", "without_contact", "unproved", "calendar"} == coverage.json().keys()
    assert [12.0] == [gap["hours"] for gap in sick.json()["gaps"]]
    assert any([] == w["people"] for row in calendar.json()["roles"] for w in row["watches"])
    assert [("cover", "boss"), ("sick", "boss")] == [(c["subject"], c["by"]) for c in changes]
    assert gone.json()["withdrawn"]


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("absence", {"responder": "doctor-1", "from": "tomorrow", "until": LATER}, 422),
        ("absence", {"responder": "doctor-1", "from": f"{LATER}T10:00", "until": f"{LATER}T09:00"}, 422),
        ("absence", {"responder": "nobody", "from": LATER, "until": LATER}, 409),
        ("overrides", {"team": "none", "from": LATER, "until": LATER}, 422),
        ("swaps", {"team": "none", "date": LATER, "giver": "a", "taker": "b"}, 409),
        ("proved", {"responder": "doctor-1", "channel": "pigeon"}, 404),
    ],
)
def test_bad_duty_is_refused(
    town: TestClient, who: Mapping[str, dict[str, str]], call: str, body: dict[str, str], status: int
) -> None:
    """With the reason, and nothing laid down."""
    answer = town.post(f"/api/v1/duty/{call}", json=body, headers=who["boss"])

    assert status == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]


def test_duty_is_changed_by_those_who_may(town: TestClient, who: Mapping[str, dict[str, str]]) -> None:
    """A dispatcher reads; only supervisors, and people for themselves, write."""
    body = {"responder": "doctor-1", "from": LATER, "until": LATER}

    assert 403 == town.post("/api/v1/duty/absence", json=body, headers=who["desk"]).status_code
    assert 401 == town.get("/api/v1/duty/coverage").status_code
    assert 422 == town.get(f"/api/v1/duty/calendar?from={LATER}", headers=who["desk"]).status_code


def test_the_plan_is_explained(town: TestClient, who: Any) -> None:
    """Who would be called, for the console: in the caller's streets only, with an instant that says its zone."""
    asked = "/api/v1/plans/explain?home=home-1&kind=fall&at=2026-11-22T03:10:00%2B08:00"
    told = town.get(asked, headers=who["desk"])

    assert (200, "critical", "2026-11-21T19:10:00.000000Z") == (
        told.status_code, told.json()["severity"], told.json()["at"].replace("+00:00", "Z")
    )  # fmt: skip
    assert {"contact"} <= {e["what"] for e in told.json()["events"]}
    assert 404 == town.get(asked, headers=who["second"]).status_code
    assert 422 == town.get(asked.replace("%2B08:00", ""), headers=who["desk"]).status_code
    assert 401 == town.get(asked).status_code


def test_plans_are_listed_and_compared(town: TestClient, who: Any) -> None:
    """Which is in force, and that a plan differs in nothing from itself."""
    (plan,) = town.get("/api/v1/plans", headers=who["desk"]).json()["items"]
    version = plan["version"]
    told = town.get(f"/api/v1/plans/diff?a={version}&b={version}", headers=who["desk"])

    assert ("approved", True) == (plan["state"], plan["in_force"])
    assert (200, []) == (told.status_code, told.json()["changes"])
    assert 404 == town.get(f"/api/v1/plans/diff?a={version}&b=x", headers=who["desk"]).status_code


def test_a_plan_is_signed_by_two(town: TestClient, who: Any) -> None:
    """The desk may not; who proposed may not approve; every mistake of a text at once, and the running plan stays."""
    (running,) = town.get("/api/v1/plans", headers=who["desk"]).json()["items"]
    text = running["text"].replace(running["version"], "trial-1")
    bad = town.post("/api/v1/plans", json={"text": text.replace('"60s"', '"soon"')}, headers=who["boss"])

    assert (422, 4) == (bad.status_code, len(bad.json()["errors"]))
    assert 403 == town.post("/api/v1/plans", json={"text": text}, headers=who["desk"]).status_code
    assert 201 == town.post("/api/v1/plans", json={"text": text}, headers=who["boss"]).status_code
    assert 409 == town.post("/api/v1/plans/trial-1/approve", json={}, headers=who["boss"]).status_code
    assert [("approved", True), ("proposed", False)] == [
        (p["state"], p["in_force"]) for p in town.get("/api/v1/plans", headers=who["desk"]).json()["items"]
    ]  # fmt: skip


def test_a_home_is_entered_and_changed_by_a_supervisor(town: TestClient, who: Mapping[str, Mapping[str, str]]) -> None:
    """With its residents and devices, in the words of a site file; a change leaves what it does not name."""
    home = {
        "id": "home-9", "street": "310105001", "address": {"text": "示例路9号"},
        "residents": [{"id": "resident-9", "name": "示例老人九", "phones": ["+85230001009"]}],
        "devices": [{"id": "dev-0009", "role": "sos_button", "secret": "secret-0009"}],
    }  # fmt: skip
    entered = town.post("/api/v1/homes", json=home, headers=who["boss"])
    rule = {"by": "09:30", "window_opens": "05:00", "ways": ["button"]}
    changed = town.patch("/api/v1/homes/home-9", json={"checkin": rule}, headers=who["boss"])
    shown = next(h for h in town.get("/api/v1/homes", headers=who["boss"]).json()["items"] if h["id"] == "home-9")
    taken = town.patch("/api/v1/homes/home-9", json={"checkin": None}, headers=who["boss"])

    assert [201, 200, 200] == [entered.status_code, changed.status_code, taken.status_code]
    assert ("示例路9号", rule) == (shown["address"]["text"], shown["checkin"])
    assert taken.json()["checkin"] is None


def test_the_register_refuses_with_every_reason(town: TestClient, who: Mapping[str, Mapping[str, str]]) -> None:
    """A dispatcher may not; an unknown street, a wrong rule and a wrong word are all named; no home is 404."""
    wrong = {"id": "home-8", "street": "310105001", "checkin": {"by": "25:99", "window_opens": "x"}, "wrong": 1}
    said = town.post("/api/v1/homes", json=wrong, headers=who["boss"])
    nowhere = town.post("/api/v1/homes", json={"id": "home-8", "street": "elsewhere"}, headers=who["boss"])
    refused = town.post("/api/v1/homes", json={"id": "home-8", "street": "310105001"}, headers=who["desk"])

    assert 403 == refused.status_code
    assert (422, 422) == (said.status_code, nowhere.status_code)
    told = str(said.json()["errors"])
    assert "by: '25:99' is not a time" in told.replace("\\", "")
    assert "window_opens: 'x' is not a time" in told.replace("\\", "")
    assert 404 == town.patch("/api/v1/homes/nowhere", json={}, headers=who["boss"]).status_code
