"""Sessions, refusals, commands and lists over JSON."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient

from domain.errors import LedgerUnavailable

Bearer = Mapping[str, str]

OUR_PAGE = {"Origin": "https://anling.example"}
COOKIE = {"Cookie": "anling_session=t-desk"}

#: method, path, body, the status expected; the dispatcher is logged in
REFUSALS = [
    ("GET", "/api/v1/nowhere", None, 404),
    ("GET", "/api/v1/alerts/none", None, 404),
    ("PUT", "/api/v1/alerts", None, 405),
    ("GET", "/api/v1/alerts?limit=501", None, 422),
    ("GET", "/api/v1/alerts?state=half", None, 422),
    ("GET", "/api/v1/alerts?cursor=rubbish", None, 422),
    ("GET", "/api/v1/messages?cursor=rubbish", None, 422),
    ("GET", "/api/v1/plans?limit=501", None, 422),
    ("GET", "/api/v1/duty?limit=0", None, 422),
    ("GET", "/api/v1/duty?at=2026-11-22T03:10:00", None, 422),
    ("POST", "/api/v1/alerts", {}, 422),
    ("POST", "/api/v1/alerts", {"home": "h", "kind": "heartbeat"}, 422),
    ("POST", "/api/v1/alerts", {"home": 7}, 422),
    ("POST", "/api/v1/alerts/A1/progress", {"step": "dancing"}, 422),
    ("POST", "/api/v1/alerts/A1/close", {"outcome": "whatever"}, 422),
    ("POST", "/api/v1/alerts/A1/close", {}, 422),
    ("POST", "/api/v1/alerts/A1/note", {"text": ""}, 422),
    ("POST", "/api/v1/alerts/A1/offer", {"to": "nobody"}, 404),
    ("POST", "/api/v1/drills", {"name": "n", "homes": [], "minutes": 5}, 422),
    ("POST", "/api/v1/session", {"username": "desk", "password": "wrong"}, 401),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSALS)
def test_every_refusal_is_problem_json(
    client: TestClient,
    house: Any,
    make_alert: Any,
    bearer: Bearer,
    method: str,
    path: str,
    body: Any,
    status: int,
) -> None:
    """Whatever is refused, the answer has type, title, status and a detail that says what to do."""
    house.put(make_alert())

    answer = client.request(method, path, json=body, headers=bearer)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert {"type", "title", "status", "detail"} <= answer.json().keys()
    assert status == answer.json()["status"]
    assert answer.json()["detail"]


def test_without_a_log_in_nothing_is_told(client: TestClient) -> None:
    """Lists, alerts and commands are 401 for strangers."""
    calls = [
        client.get("/api/v1/alerts"),
        client.get("/api/v1/homes"),
        client.post("/api/v1/alerts/A1/claim"),
    ]

    assert [401, 401, 401] == [c.status_code for c in calls]
    assert {"application/problem+json"} == {c.headers["content-type"] for c in calls}


def test_a_wrong_value_is_never_echoed(client: TestClient, bearer: Bearer) -> None:
    """What was sent may be personal: the refusal names the field, not the value."""
    answer = client.post("/api/v1/alerts/A1/progress", json={"step": "示例老人一"}, headers=bearer)

    assert "示例老人一" not in answer.text


def test_a_body_over_a_megabyte_is_refused(client: TestClient, bearer: Bearer) -> None:
    """413 as problem+json, announced or not."""
    big = b"x" * 1_000_001
    announced = client.post("/api/v1/alerts", content=big, headers=bearer)
    chunked = client.post("/api/v1/alerts", content=iter([big]), headers=bearer)

    assert [413, 413] == [announced.status_code, chunked.status_code]
    assert "application/problem+json" == chunked.headers["content-type"]


def test_a_session_opens_with_name_and_password(client: TestClient) -> None:
    """The token of POST /api/v1/session opens the lists until it is given back."""
    session = client.post("/api/v1/session", json={"username": "desk", "password": "correct horse"}).json()
    mine = {"Authorization": f"Bearer {session['token']}"}
    before = client.get("/api/v1/alerts", headers=mine).status_code
    client.delete("/api/v1/session", headers=mine)

    assert {"token", "expires_at", "roles", "person"} == session.keys()
    assert (["dispatcher"], 200) == (session["roles"], before)
    assert 401 == client.get("/api/v1/alerts", headers=mine).status_code


def test_guessing_passwords_gets_slow(client: TestClient) -> None:
    """After five failures of a name from an address even the right password waits; other names do not."""
    wrong = {"username": "desk", "password": "guess"}
    tries = [client.post("/api/v1/session", json=wrong).status_code for _ in range(6)]
    right = client.post("/api/v1/session", json=wrong | {"password": "correct horse"})
    other = client.post("/api/v1/session", json=wrong | {"username": "somebody"})

    assert [401, 401, 401, 401, 401, 429] == tries
    assert (429, True) == (right.status_code, int(right.headers["retry-after"]) > 0)
    assert 401 == other.status_code


def test_claiming_answers_with_the_alert(
    client: TestClient, house: Any, make_alert: Any, bearer: Bearer
) -> None:
    """A claim needs no body; the answer is the alert as it is afterwards."""
    house.put(make_alert())
    answer = client.post("/api/v1/alerts/A1/claim", headers=bearer)

    assert 200 == answer.status_code
    assert ("claimed", "desk") == (
        answer.json()["tracks"][0]["state"],
        answer.json()["tracks"][0]["claimant"]["id"],
    )


def test_what_another_holds_is_409_with_the_holder(
    client: TestClient, house: Any, make_alert: Any, bearer: Bearer
) -> None:
    """409 says who has it and until when."""
    held = make_alert()
    held["tracks"][0] |= {"state": "claimed", "claimant": {"id": "doctor-2", "name": "家庭医生二"}}
    house.put(held)
    answer = client.post("/api/v1/alerts/A1/claim", headers=bearer)

    assert 409 == answer.status_code
    assert {"id": "doctor-2", "name": "家庭医生二"} == answer.json()["held_by"]
    assert "2026-11-21T19:10:42.000Z" == answer.json()["until"]


def test_a_dead_ledger_is_never_a_success(
    client: TestClient, house: Any, make_alert: Any, bearer: Bearer
) -> None:
    """P10: when the command is not committed, the answer is a 5xx that says so."""
    house.put(make_alert())
    house.broken = LedgerUnavailable("gone")
    unavailable = client.post("/api/v1/alerts/A1/claim", headers=bearer)
    house.broken = RuntimeError("disk")
    broken = client.post("/api/v1/alerts/A1/claim", headers=bearer)

    assert [503, 500] == [unavailable.status_code, broken.status_code]
    assert "application/problem+json" == broken.headers["content-type"]
    assert "Not recorded" in unavailable.json()["detail"]
    assert "Not recorded" in broken.json()["detail"]
    assert [] == house.done


def test_the_same_key_gets_the_same_answer(client: TestClient, house: Any, bearer: Bearer) -> None:
    """One telephone call makes one alert, however often the request is repeated."""
    headers = {**bearer, "Idempotency-Key": "call-7"}
    answers = [
        client.post("/api/v1/alerts", json={"address": "示例路1号"}, headers=headers) for _ in range(3)
    ]
    other = client.post("/api/v1/alerts", json={"address": "示例路2号"}, headers=headers)

    assert ([201] * 3, 1) == ([a.status_code for a in answers], len({a.json()["id"] for a in answers}))
    assert (1, 422) == (len(house.done), other.status_code)


def test_a_failure_is_not_kept_for_the_key(
    client: TestClient, house: Any, make_alert: Any, bearer: Bearer
) -> None:
    """A 5xx may be repeated with the same key until it succeeds."""
    house.put(make_alert())
    headers = {**bearer, "Idempotency-Key": "k"}
    house.broken = LedgerUnavailable("gone")
    first = client.post("/api/v1/alerts/A1/claim", headers=headers)
    house.broken = None
    second = client.post("/api/v1/alerts/A1/claim", headers=headers)

    assert [503, 200] == [first.status_code, second.status_code]


COMMANDS: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("progress", {"step": "inside", "note": "n"}, ("progress", "A1", "desk", "inside", "n")),
    ("voice-check", {"result": "no_answer"}, ("voice_check", "A1", "desk", "no_answer")),
    ("decline", None, ("decline", "A1", "desk")),
    ("release", None, ("release", "A1", "desk", None)),
    ("accept", None, ("accept", "A1", "desk")),
    ("note", {"text": "t"}, ("note", "A1", "desk", "t")),
    ("close", {"outcome": "test"}, ("close", "A1", "desk", "test", None, None)),
    ("claim", {"track": "main"}, ("claim", "A1", "desk", "main", "console")),
]


@pytest.mark.parametrize(("path", "body", "done"), COMMANDS)
def test_each_command_reaches_the_engine(
    client: TestClient,
    house: Any,
    make_alert: Any,
    bearer: Bearer,
    path: str,
    body: Any,
    done: tuple[Any, ...],
) -> None:
    """Every button of wire.md section 4 is one command by the person who is logged in."""
    house.put(make_alert())
    answer = client.post(f"/api/v1/alerts/A1/{path}", json=body, headers=bearer)

    assert (200, [done]) == (answer.status_code, house.done)


def test_lists_have_items_and_a_cursor(client: TestClient, bearer: Bearer) -> None:
    """Every list is {items, next_cursor}."""
    nouns = [
        "streets",
        "homes",
        "residents",
        "devices",
        "hubs",
        "responders",
        "teams",
        "users",
        "inbox",
        "messages",
        "drills",
        "plans",
        "audit",
        "duty",
    ]
    pages = {noun: client.get(f"/api/v1/{noun}", headers=bearer) for noun in nouns}

    assert dict.fromkeys(nouns, 200) == {noun: page.status_code for noun, page in pages.items()}
    assert all({"items", "next_cursor"} <= page.json().keys() for page in pages.values())


FOREIGN: list[tuple[dict[str, str], int]] = [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    (OUR_PAGE, 200),
    ({"Origin": "http://testserver"}, 200),
    ({"Sec-Fetch-Site": "same-origin"}, 200),
]


@pytest.mark.parametrize(("sent", "status"), FOREIGN)
def test_a_foreign_page_cannot_use_the_cookie(
    client: TestClient, house: Any, make_alert: Any, sent: dict[str, str], status: int
) -> None:
    """An unsafe request with the cookie must come from our own page."""
    house.put(make_alert())
    answer = client.post("/api/v1/alerts/A1/claim", headers=COOKIE | sent)

    assert status == answer.status_code
    assert (status == 200) == bool(house.done)


def test_readiness_names_the_broken_part(client: TestClient, house: Any) -> None:
    """503 with the part that is broken; /healthz only says that the process is up."""
    from domain.health import Health

    well = client.get("/readyz")
    house.parts["engine"] = Health(False, "loop stands still", 12.0)
    sick = client.get("/readyz")

    assert (200, 503, ["engine"]) == (well.status_code, sick.status_code, sick.json()["broken"])
    assert 200 == client.get("/healthz").status_code
    assert 200 == client.get("/metrics").status_code


def test_nothing_about_the_api_itself_is_offered(client: TestClient) -> None:
    """No schema, no documentation pages."""
    assert [404, 404, 404] == [client.get(p).status_code for p in ("/openapi.json", "/docs", "/redoc")]


def test_a_device_gets_its_receipt_after_the_commit(client: TestClient, house: Any) -> None:
    """POST /ingest/anling/{dev}/event with the device's own secret; the receipt is that of MQTT."""
    answer = client.post("/ingest/anling/dev-0001/event", content=b"{}", auth=("dev-0001", "change-me-0001"))

    assert {"v", "id", "dev", "result", "alert", "srv_ts", "reason"} == answer.json().keys()
    assert (200, "stored", "A1") == (answer.status_code, answer.json()["result"], answer.json()["alert"])
    assert "http:/anling/dev-0001/event" == house.messages[0].topic


def test_a_device_that_is_not_itself_stores_nothing(client: TestClient, house: Any) -> None:
    """Wrong secret, no secret, another's name: 401 and nothing stored."""
    path = "/ingest/anling/dev-0001/event"
    calls: list[Callable[[], Any]] = [
        lambda: client.post(path, content=b"{}", auth=("dev-0001", "wrong")),
        lambda: client.post(path, content=b"{}"),
        lambda: client.post(
            "/ingest/anling/dev-0002/event", content=b"{}", auth=("dev-0001", "change-me-0001")
        ),
    ]

    assert ([401] * 3, []) == ([call().status_code for call in calls], house.messages)


def test_a_ledger_that_did_not_take_it_says_so_to_the_device(client: TestClient, house: Any) -> None:
    """5xx: the device keeps sending."""
    house.broken = LedgerUnavailable("gone")
    answer = client.post("/ingest/anling/dev-0001/event", content=b"{}", auth=("dev-0001", "change-me-0001"))

    assert 503 == answer.status_code
