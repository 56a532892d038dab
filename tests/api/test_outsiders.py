"""Strangers and spiteful clients at every door: nothing opens to nobody, and nothing that is sent breaks anything."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build
from tests.api.test_real import SITE
from tests.api.test_roles import doors_of
from tests.api.wired import installed, wire

#: whoever knows the address may see these: whether we live, where to log in, whether an address is ours
PUBLIC = {"/healthz", "/readyz", "/metrics", "/login", "/ingest/{dialect}", "/ingest/{dialect}/{path:path}",
          "/ingest/anling/{dev}/event"}  # fmt: skip
#: instants at which zones and calendars end, characters that are none, numbers that do not fit
QUERIES = (
    "at=0001-01-01T00:00:00%2B14:00&from=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-14:00",
    "at=9999-12-31T23:59:59-14:00&from=9999-12-31T23:59:59-14:00", "day=0001-01-01&start=0001-01-01",
    "day=9999-12-31&start=9999-12-31", "at=%00&home=%00&kind=%00&cursor=%00&q=%00&a=%00&b=%00&state=%00&street=%00",
    "home=home-1&at=9999-12-31T23:59&kind=sos", "home=home-1&at=yesterday", "limit=-1", "cursor=%ED%A0%80",
    "days=99999999999999999999",
)  # fmt: skip
FIELDS = ("username", "password", "text", "note", "action", "kind", "address", "to", "home", "outcome", "cause", "name",
          "step", "result", "responder", "reason", "caller_phone", "q", "number", "id", "token", "way", "until", "from",
          "file", "track")  # fmt: skip
BODIES = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "nul": json.dumps(dict.fromkeys(FIELDS, "a\x00b")).encode(),
    "half a character": ("{" + ",".join(f'"{field}":"\\ud800"' for field in FIELDS) + "}").encode(),
    "last day": json.dumps(dict.fromkeys(FIELDS, "9999-12-31T23:59:59-14:00")).encode(),
    "not text": b"\xff\xfe",
    "a number": b'{"username":1e999,"limit":1234567890123456789012345678901234567890}',
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[TestClient]:
    """The doors of a real house, and the token of somebody who may open all of them."""
    people = {"boss": ("administrator",)}
    with installed(Path(tmp_path_factory.mktemp("outside")), migrated_file, SITE, people) as house:
        # What nobody foresaw is a 500 here, as it is outside.
        yield TestClient(build(wire(house)), base_url="https://anling.example", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def boss(client: TestClient) -> dict[str, str]:
    """The administrator's token."""
    said = client.post("/api/v1/session", json={"username": "boss", "password": "correct horse"}).json()
    return {"Authorization": f"Bearer {said['token']}"}


def doors(client: TestClient, method: str) -> list[tuple[str, str]]:
    """(path with made-up names in it, path as written) of every door with this method."""
    app: Any = client.app
    return [
        (re.sub(r"\{[^}]*\}", "x", route.path), route.path)
        for route in doors_of(app.routes)
        if method in route.methods and route.path not in ("/logout", "/api/v1/session")
    ]


def test_without_a_log_in_nothing_opens(client: TestClient) -> None:
    """Every page and list leads to the log-in or is refused; every command is refused."""
    opened = {(name, client.get(path, follow_redirects=False).status_code) for path, name in doors(client, "GET")}
    assert {name for name, status in opened if status < 300} <= PUBLIC

    for method in ("POST", "PATCH", "DELETE"):
        done = {
            (name, client.request(method, path, json={}, follow_redirects=False).status_code)
            for path, name in doors(client, method)
        }
        assert [] == [(method, name) for name, status in done if status < 300]


def test_another_sites_page_acts_for_nobody(client: TestClient, boss: dict[str, str]) -> None:
    """The cookie comes by itself, so an unsafe request of another origin is refused at every door that takes it."""
    cookie = {"Cookie": f"anling_session={boss['Authorization'].removeprefix('Bearer ')}", "Origin": "https://evil.example"}
    answers = {name: client.post(path, headers=cookie, json={}).status_code for path, name in doors(client, "POST")}

    assert set() == {status for name, status in answers.items() if status < 400}


@pytest.mark.parametrize("query", QUERIES)
def test_no_question_breaks_a_page(client: TestClient, boss: dict[str, str], query: str) -> None:
    """A refusal says what is wrong with it; 500 is said for our own mistakes only."""
    answers = {name: client.get(f"{path}?{query}", headers=boss).status_code for path, name in doors(client, "GET")}

    assert {} == {name: status for name, status in answers.items() if status == 500}


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_no_body_breaks_a_door(client: TestClient, boss: dict[str, str], body: bytes) -> None:
    """Endlessly nested, half characters, no text at all."""
    for method in ("POST", "PATCH"):
        answers = {
            name: client.request(method, path, content=body, headers=boss | {"Content-Type": "application/json"})
            for path, name in doors(client, method)
        }

        assert {} == {name: a.status_code for name, a in answers.items() if a.status_code == 500}
