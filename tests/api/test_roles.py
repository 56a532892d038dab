"""Who may knock at which door: every role at every endpoint of the JSON API, on a real ledger."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from anling.house import House
from api.app import build
from domain.clock import wall_now
from domain.tasks import Task, TaskKind
from store.accounts import Accounts
from store.tasks import open_tasks, reopen_tasks
from tests.api.test_real import SITE
from tests.api.wired import installed, wire

ROLES = ("administrator", "supervisor", "dispatcher", "family_doctor", "street_office", "dispatch_120", "auditor",
         "drill", "probe")  # fmt: skip
ALL = frozenset(ROLES)
LEADS = frozenset({"administrator", "supervisor"})
DESK = LEADS | {"dispatcher"}
FIELD = frozenset({"family_doctor", "street_office", "dispatch_120"})
DRILLERS = frozenset({"drill", "probe"})
SEES_LISTS = DESK | DRILLERS | {"auditor"}

API = "/api/v1"
PRESS = {"home": "home-1", "kind": "sos"}
#: days that have not come yet
FIRST, SECOND, THIRD = (f"{wall_now() + timedelta(days=100 + n):%Y-%m-%d}" for n in range(3))
AWAY = {"id": "away-1", "responder": "doctor-1", "from": f"{FIRST}T00:00:00+08:00",
        "until": f"{SECOND}T00:00:00+08:00"}  # fmt: skip
INSTEAD = {"id": "instead-1", "team": "doctors-1", "from": f"{THIRD}T00:00:00+08:00",
           "until": f"{THIRD}T08:00:00+08:00", "responder": "doctor-2"}  # fmt: skip
_REGISTER = ("streets", "homes", "devices", "hubs", "responders", "teams")
#: method, path as the router has it, where to knock, body, who is let in (others: 403)
DOORS: list[tuple[str, str, str, Any, frozenset[str]]] = [
    ("POST", "/alerts", "/alerts", PRESS, DESK | FIELD),
    ("POST", "/alerts", "/alerts", {"home": "home-1", "kind": "sos", "drill": True}, DESK | FIELD | DRILLERS),
    ("GET", "/alerts", "/alerts", None, ALL),
    ("GET", "/alerts/{id}", "/alerts/{alert}", None, DESK | {"auditor"}),
    ("GET", "/alerts/{id}/handover", "/alerts/{alert}/handover", None, DESK | {"auditor"}),
    ("POST", "/alerts/{id}/note", "/alerts/{alert}/note", {"text": "x"}, DESK),
    ("POST", "/alerts/{id}/voice-check", "/alerts/{alert}/voice-check", {"result": "no_answer"}, DESK),
    ("POST", "/alerts/{id}/summon", "/alerts/{alert}/summon", {"role": "dispatch_120"}, DESK),
    ("POST", "/alerts/{id}/progress", "/alerts/{alert}/progress", {"step": "en_route"}, DESK),
    ("POST", "/alerts/{id}/decline", "/alerts/{alert}/decline", None, DESK),
    ("POST", "/alerts/{id}/claim", "/alerts/{alert}/claim", {}, DESK),
    ("POST", "/alerts/{id}/offer", "/alerts/{alert}/offer", {"to": "doctor-1"}, DESK),
    ("POST", "/alerts/{id}/accept", "/alerts/{alert}/accept", None, DESK),
    ("POST", "/alerts/{id}/release", "/alerts/{alert}/release", {}, DESK),
    ("POST", "/alerts/{id}/close", "/alerts/{alert}/close", {"outcome": "test"}, DESK),
    ("GET", "/inbox", "/inbox", None, SEES_LISTS),
    ("GET", "/inbox/{id}/raw", "/inbox/none/raw", None, DESK | {"auditor"}),
    ("POST", "/inbox/replay", "/inbox/replay", {"ids": ["none"]}, DESK),
    ("GET", "/messages", "/messages", None, SEES_LISTS),
    ("GET", "/audit", "/audit", None, LEADS | {"auditor"}),
    ("GET", "/drills", "/drills", None, SEES_LISTS),
    ("POST", "/drills", "/drills", {"name": "x", "homes": ["home-1"]}, DESK | DRILLERS),
    ("POST", "/drills/{id}/close", "/drills/none/close", None, DESK | DRILLERS),
    ("GET", "/drills/{id}", "/drills/none", None, SEES_LISTS),
    ("POST", "/drills/{id}/verdict", "/drills/none/verdict", {"drill": "x", "passed": True}, ALL),
    ("GET", "/tasks", "/tasks", None, DESK | FIELD | {"auditor"}),
    ("POST", "/tasks/{key:path}/done", "/tasks/dial_120:home-1/done", {}, DESK | FIELD),
    ("GET", "/homes/{home}/commissioning", "/homes/home-1/commissioning", None, DESK | {"street_office"}),
    ("POST", "/homes/{home}/commissioning", "/homes/home-1/commissioning", {"action": "start"},
     DESK | {"street_office"}),
    ("GET", "/checkins", "/checkins", None, DESK | {"auditor", "family_doctor", "street_office"}),
    ("POST", "/checkins/{id}/ok", "/checkins/home-1:2026-01-01/ok", {}, DESK | {"family_doctor", "street_office"}),
    ("POST", "/homes/{home}/away", "/homes/home-2/away", {"kind": "away"}, DESK | {"family_doctor", "street_office"}),
    ("GET", "/homes/protection", "/homes/protection", None, ALL - {"dispatch_120"}),
    ("POST", "/homes/{home}/end", "/homes/home-2/end", None, LEADS),
    ("POST", "/homes/{home}/resume", "/homes/home-2/resume", None, LEADS),
    *(("POST", f"/{noun}/{{id}}/{step}", f"/{noun}/nobody/{step}", None, LEADS)
      for noun in ("residents", "responders") for step in ("end", "resume")),
    ("GET", "/plans", "/plans", None, ALL),
    ("GET", "/plans/diff", "/plans/diff?a=x&b=y", None, ALL),
    ("GET", "/plans/explain", "/plans/explain?home=home-1", None, ALL),
    ("POST", "/plans", "/plans", {"text": "{plan}"}, LEADS),
    ("POST", "/plans/{version}/approve", "/plans/none/approve", {}, LEADS),
    ("GET", "/duty", "/duty", None, ALL),
    ("GET", "/duty/coverage", "/duty/coverage", None, ALL),
    ("GET", "/duty/calendar", "/duty/calendar", None, ALL),
    ("GET", "/duty/changes", "/duty/changes", None, DESK | {"auditor"}),
    ("POST", "/duty/absence", "/duty/absence", AWAY, LEADS),
    ("POST", "/duty/overrides", "/duty/overrides", INSTEAD, LEADS),
    ("POST", "/duty/proved", "/duty/proved", {"responder": "doctor-1", "channel": "webhook"}, LEADS),
    ("DELETE", "/duty/{noun}/{id}", "/duty/absence/away-0", None, LEADS),
    ("GET", "/users", "/users", None, LEADS | {"auditor"}),
    ("GET", "/residents", "/residents", None, DESK | FIELD),
    ("GET", "/homes/{home}/state", "/homes/home-1/state", None, DESK | FIELD),
    ("GET", "/reports/{name}", "/reports/none", None, ALL - {"family_doctor", "dispatch_120"}),
    ("POST", "/users", "/users", {"name": "x", "role": "auditor", "password": "correct horse"},
     frozenset({"administrator"})),
    ("PATCH", "/users/{name}", "/users/none", {}, frozenset({"administrator"})),
    ("POST", "/streets", "/streets", {"code": "310105009", "name": "x"}, LEADS),
    *(("GET", f"/{noun}", f"/{noun}", None, ALL) for noun in _REGISTER),
]  # fmt: skip
#: doors of this API that stand in other tests, or take no log-in
ELSEWHERE = {("POST", "/session"), ("DELETE", "/session"), ("GET", "/me"), ("POST", "/me/test"),
             ("POST", "/duty/swaps")}  # fmt: skip
#: rows of the register all change by the one way of ``POST /streets``; with bodies of their own in their own tests
ELSEWHERE |= {("POST", f"/{noun}") for noun in (*_REGISTER[1:], "residents")}
ELSEWHERE |= {("PATCH", f"/{noun}/{{id}}") for noun in (*_REGISTER, "residents")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[House]:
    """Two streets; a log-in for each role that nobody ever asked for anything, and one of the second street."""
    people: dict[str, Any] = {role: (role,) for role in ROLES} | {"next-street": ("supervisor", ["310105002"])}
    with installed(Path(tmp_path_factory.mktemp("roles")), migrated_file, SITE, people) as built:
        yield built


@pytest.fixture(scope="module")
def client(house: House) -> TestClient:
    """The doors, without their background work."""
    return TestClient(build(wire(house)), base_url="https://anling.example")


@pytest.fixture(scope="module")
def tokens(client: TestClient) -> dict[str, str]:
    """Name -> token."""
    said = {name: client.post(f"{API}/session", json={"username": name, "password": "correct horse"}).json()
            for name in (*ROLES, "next-street")}  # fmt: skip
    return {name: f"Bearer {one['token']}" for name, one in said.items()}


@pytest.fixture
def alert(client: TestClient, tokens: dict[str, str]) -> str:
    """A real open alert in the first street."""
    raised = client.post(f"{API}/alerts", json=PRESS, headers={"Authorization": tokens["dispatcher"]})
    return str(raised.json()["id"])


def knock(client: TestClient, token: str | None, door: tuple[str, str], body: Any, alert: str) -> int:
    """The status of one request."""
    method, path = door
    headers = {"Authorization": token} if token else {}
    said = json.loads(json.dumps(body).replace('"{plan}"', '"version = 1"')) if body is not None else None
    return client.request(method, API + path.replace("{alert}", alert), json=said, headers=headers).status_code


@pytest.mark.parametrize("door", DOORS, ids=[f"{d[0]} {d[2]} {n}" for n, d in enumerate(DOORS)])
def test_only_these_roles_come_in(
    house: House, client: TestClient, tokens: dict[str, str], alert: str,
    door: tuple[str, str, str, Any, frozenset[str]],
) -> None:  # fmt: skip
    """A role that the table does not name is shut out (403, or 404 for what it may not know of), strangers by 401."""
    method, _, path, body, let_in = door
    with house.ledger.transaction() as tx:
        reopen_tasks(
            tx, [Task("dial_120:home-1", TaskKind.DIAL_120, wall_now(), None, "310105001", "home-1", alert=alert)]
        )

    seen = {role: knock(client, tokens[role], (method, path), body, alert) for role in ROLES}

    # a doctor, a street office and the 120 desk that nobody asked: they know of no such alert, task or home
    unknown = {role for role in FIELD & let_in if seen[role] == 404}
    assert set() == {role for role in ALL - let_in if seen[role] not in (403, 404)}, seen
    assert set() == {role for role in let_in - unknown if seen[role] in (401, 403)}, seen
    assert 401 == knock(client, None, (method, path), body, alert)
    assert all(status < 500 for status in seen.values()), seen


def test_every_door_stands_in_the_table(client: TestClient) -> None:
    """Whoever adds an endpoint says here who may use it."""
    routes = [r for r in doors_of(client.app.routes) if r.path.startswith(API)]  # type: ignore[attr-defined]
    known = {(method, path) for method, path, _, _, _ in DOORS} | ELSEWHERE

    built = {(method, r.path.removeprefix(API)) for r in routes for method in r.methods or ()}

    assert len(DOORS) > 40
    assert known == built


def doors_of(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Every endpoint, also of routers within routers."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", route)
            yield from doors_of(getattr(inner, "routes", None) or ())


def test_a_drill_account_raises_nothing_real(house: House, client: TestClient, tokens: dict[str, str]) -> None:
    """Nothing of a drill reaches a real 120: not by leaving the word "drill" out either (invariant 15)."""
    for role in sorted(DRILLERS | {"auditor"}):
        answer = client.post(
            f"{API}/alerts", json={"home": "home-2", "kind": "fall"}, headers={"Authorization": tokens[role]}
        )

        assert 403 == answer.status_code

    found = client.get(f"{API}/alerts?home=home-2", headers={"Authorization": tokens["dispatcher"]}).json()
    assert [] == found["items"]


def test_who_may_raise_hears_that_it_is_recorded(client: TestClient, tokens: dict[str, str]) -> None:
    """A street office that nobody asked may not read the alert; "not found" would make it raise a second one (P10)."""
    answer = client.post(
        f"{API}/alerts",
        json={"address": "示例路9号", "kind": "sos"},
        headers={"Authorization": tokens["street_office"]},
    )

    assert (201, "open", "sos") == (answer.status_code, answer.json()["state"], answer.json()["kind"])
    assert "residents" not in answer.json()


def test_another_street_is_out_of_reach(house: House, client: TestClient, tokens: dict[str, str], alert: str) -> None:
    """A supervisor of the second street neither reads nor changes what is the first street's."""
    me = {"Authorization": tokens["next-street"]}
    with house.ledger.transaction() as tx:
        reopen_tasks(tx, [Task("visit:home-1", TaskKind.VISIT, wall_now(), None, "310105001", "home-1")])
    opened = client.post(f"{API}/drills", json={"name": "one", "homes": ["home-1"]},
                         headers={"Authorization": tokens["supervisor"]}).json()["id"]  # fmt: skip
    tried = [
        ("GET", f"/alerts/{alert}", None), ("POST", f"/alerts/{alert}/close", {"outcome": "test"}),
        ("GET", f"/alerts/{alert}/handover", None), ("POST", "/alerts", PRESS),
        ("POST", "/tasks/visit:home-1/done", {}), ("POST", "/homes/home-1/commissioning", {"action": "start"}),
        ("POST", "/homes/home-1/away", {}), ("POST", "/homes/home-1/end", None),
        ("POST", "/residents/resident-1/end", None), ("POST", "/responders/doctor-1/end", None),
        ("GET", "/plans/explain?home=home-1", None),
        ("POST", "/drills", {"name": "x", "homes": ["home-1"]}), ("POST", f"/drills/{opened}/close", None),
        ("POST", "/duty/absence", AWAY), ("POST", "/duty/overrides", INSTEAD),
        ("GET", "/duty/coverage?street=310105001", None),
    ]  # fmt: skip

    seen = {(m, p): client.request(m, API + p, json=b, headers=me).status_code for m, p, b in tried}

    assert set() == {door for door, status in seen.items() if status not in (403, 404)}, seen


def test_a_doctor_has_no_hand_in_strange_homes(house: House, client: TestClient) -> None:
    """Only of the teams in which a doctor stands: away, all is well and done are said about one's own homes."""
    Accounts(house.ledger).add("doctor-2", "family_doctor", "correct horse", (), "doctor-2")
    token = client.post(f"{API}/session", json={"username": "doctor-2", "password": "correct horse"}).json()["token"]
    with house.ledger.transaction() as tx:
        open_tasks(tx, [Task("visit:home-2", TaskKind.VISIT, wall_now(), None, "310105002", "home-2")])
    me = {"Authorization": f"Bearer {token}"}

    seen = [client.post(API + p, json={}, headers=me).status_code for p in
            ("/homes/home-2/away", "/checkins/home-2:2026-01-01/ok", "/tasks/visit:home-2/done")]  # fmt: skip

    assert [404, 404, 404] == seen
    assert [] == client.get(f"{API}/tasks", headers=me).json()["items"]
