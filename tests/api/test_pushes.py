"""Platforms that push over HTTP: who may, what is answered when, and that nothing that came is lost."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from anling.house import House
from api.app import ApiSettings, App, build
from broker_bridge.decode import hear
from domain.clock import wall_now
from domain.passwords import hash_secret
from store.accounts import Accounts
from store.hub_secrets import HUBS
from store.views import Views
from tests.api.wired import installed

SHARED, OWN = "a secret for all platforms", "the hub's very own secret"
HEADER = {"X-Anling-Secret": OWN}
SITE: dict[str, Any] = {
    "streets": [{"code": "north", "name": "北街道"}],
    "hubs": [{"id": "cloud-0001", "secret": OWN, "dialect": "aiqiangua", "site": "site-1"}],
    "homes": [
        {"id": f"home-{n}", "street": "north", "address": {"text": "示例路"}, "category": "lives_alone",
         "residents": [], "devices": [{"id": f"watch-000{n}", "role": "wristband", "dialect": "aiqiangua",
                                       "site": f"site-{n}", "external": f"86000000000000{n}"}]}
        for n in (1, 2)
    ],
}  # fmt: skip
SOS = "imei=860000000000001&time_begin=2026-11-20+22%3A03%3A11&heartrate=92&lon=121.4237&lat=31.2204&type=0"


@pytest.fixture
def house(tmp_path: Path, migrated_file: Path) -> Iterator[House]:
    """A ledger with two homes, one watch each, and a platform for the first site."""
    with installed(tmp_path, migrated_file, SITE, {"desk": ("dispatcher",)}) as built:
        yield built


@pytest.fixture
def doors(house: House) -> Iterator[TestClient]:
    """A platform at the doors."""
    mine: dict[str, Any] = {
        "views": Views(house.ledger, house.clock, house.on_duty, house.next_role),
        "accounts": Accounts(house.ledger),
        "doorbell": house.ledger.doorbell,
        "ingest": lambda message: house.intake([hear(message)])[0],
        "settings": ApiSettings("https://anling.example", "x" * 40, ingest_secret=SHARED),
        "wall": wall_now,
    }
    # the other doors stay shut in these tests
    app = App(**{field.name: mine.get(field.name) for field in fields(App)})
    with TestClient(build(app), raise_server_exceptions=False) as client:
        yield client


def _rows(house: House, sql: str) -> list[tuple[Any, ...]]:
    from store.bulk import fetch

    with house.ledger.reading() as tx:
        return fetch(tx, sql)


def test_a_pushed_press_is_an_alert_when_it_is_answered(doors: TestClient, house: House) -> None:
    """200 with the receipt after the commit; a form as well as JSON; the topic says door and path."""
    answer = doors.post("/ingest/aiqiangua/sos", content=SOS, headers=HEADER)

    assert (200, "stored", "watch-0001") == (answer.status_code, answer.json()["result"], answer.json()["dev"])
    assert [("home-1", "sos", answer.json()["alert"])] == _rows(house, "SELECT home_id, kind, id FROM alerts")
    assert [("http:/aiqiangua/sos",)] == _rows(house, "SELECT topic FROM inbox WHERE kind = 'sos'")


def test_a_push_that_comes_twice_is_one_press(doors: TestClient, house: House) -> None:
    """Platforms repeat until they hear 200."""
    answers = [doors.post("/ingest/aiqiangua/sos", content=SOS, headers=HEADER).json() for _ in range(2)]

    assert answers[0]["alert"] == answers[1]["alert"]
    assert [(1,)] == _rows(house, "SELECT count(*) FROM alerts")


@pytest.mark.parametrize("headers", [{}, {"X-Anling-Secret": "wrong"}, {"Authorization": "Basic !!"}])
def test_whoever_has_no_secret_stores_nothing(doors: TestClient, house: House, headers: dict[str, str]) -> None:
    """401 and not a row."""
    answer = doors.post("/ingest/aiqiangua/sos", content=SOS, headers=headers)

    assert (401, []) == (answer.status_code, _rows(house, "SELECT id FROM inbox"))


def test_an_old_hash_is_compared_once_and_then_looked_up(doors: TestClient, house: House) -> None:
    """A hub registered by an earlier program goes on; from its first push on one comparison finds it."""
    with house.ledger.transaction() as tx:
        tx.execute(sa.update(HUBS).values(secret_hash=hash_secret(OWN)))
    accounts = Accounts(house.ledger)

    before = accounts.hub_of("aiqiangua", OWN, thorough=False)
    pushed = doors.post("/ingest/aiqiangua/sos", content=SOS, headers=HEADER).status_code

    assert (None, 200) == (before, pushed)
    assert ("cloud-0001", "site-1") == accounts.hub_of("aiqiangua", OWN, thorough=False)
    assert accounts.hub_of("aiqiangua", "another", thorough=True) is None


def test_guessing_at_a_hubs_secret_gets_slow_and_costs_no_press(doors: TestClient) -> None:
    """429 after twenty from one address; whoever has the right secret is heard from there all the same."""
    wrong = {"X-Anling-Secret": "wrong"}
    tries = [doors.post("/ingest/aiqiangua/sos", content=SOS, headers=wrong).status_code for _ in range(21)]

    assert [401] * 20 + [429] == tries
    assert 200 == doors.post("/ingest/aiqiangua/sos", content=SOS, headers=HEADER).status_code


def test_a_hubs_secret_opens_its_own_dialect_only(doors: TestClient) -> None:
    """Another maker's door stays shut for it."""
    assert 401 == doors.post("/ingest/eldercare/push", content="{}", headers=HEADER).status_code


def test_a_platform_speaks_for_its_own_site_only(doors: TestClient, house: House) -> None:
    """The watch of the other site stays a stranger: no alert for a home that this hub does not serve."""
    body = SOS.replace("0000001&", "0000002&")

    doors.post("/ingest/aiqiangua/sos", content=body, headers=HEADER)

    assert [(None,)] == _rows(house, "SELECT home_id FROM alerts")


def test_the_installations_secret_speaks_for_all(doors: TestClient, house: House) -> None:
    """One platform for every site; the hub's id and secret may also come as HTTP Basic."""
    second = SOS.replace("0000001&", "0000002&")
    doors.post("/ingest/aiqiangua/sos", content=second, headers={"X-Anling-Secret": SHARED})
    doors.post("/ingest/aiqiangua/sos", content=SOS, auth=("cloud-0001", OWN))

    assert [("home-1",), ("home-2",)] == _rows(house, "SELECT home_id FROM alerts ORDER BY home_id")


def test_a_makers_signature_is_enough(doors: TestClient) -> None:
    """OneNET signs with the token it was given; a changed message is refused."""
    msg = '{"at":1789200000000,"imei":"869975037677104","type":1,"ds_id":"3347_0_5501","value":12,"dev_id":1}'
    sign = base64.b64encode(hashlib.md5((SHARED + "abc" + msg).encode()).digest()).decode()
    body = f'{{"msg":{msg},"nonce":"abc","msg_signature":"{sign}"}}'

    answers = [doors.post("/ingest/onenet/push", content=text) for text in (body, body.replace("12,", "13,"))]

    assert [200, 401] == [answer.status_code for answer in answers]


def test_unreadable_is_kept_shown_and_answered(doors: TestClient, house: House) -> None:
    """Stored, so 200; in quarantine with its reason; the bytes for those who ask, who are written down."""
    answer = doors.post("/ingest/aiqiangua/nowhere", content=b"\x00\xff garbage", headers=HEADER)
    token = doors.post("/api/v1/session", json={"username": "desk", "password": "correct horse"}).json()["token"]
    who = {"Authorization": f"Bearer {token}"}

    (row,) = doors.get("/api/v1/inbox?unread=true", headers=who).json()["items"]
    raw = doors.get(f"/api/v1/inbox/{row['id']}/raw", headers=who).json()

    assert (200, True) == (answer.status_code, bool(row["reason"]))
    assert b"\x00\xff garbage" == base64.b64decode(raw["payload"])
    asked = "SELECT what, subject FROM read_audit WHERE what = 'raw message'"
    assert [("raw message", row["id"])] == _rows(house, asked)


def test_the_address_check_hears_back_what_it_sent(doors: TestClient, house: House) -> None:
    """GET stores nothing; an unknown dialect has no address."""
    signed = base64.b64encode(hashlib.md5((SHARED + "n1" + "hello").encode()).digest()).decode()
    query = {"msg": "hello", "nonce": "n1", "signature": signed}

    assert "hello" == doors.get("/ingest/onenet/push", params=query).text
    assert 403 == doors.get("/ingest/onenet/push", params=query | {"nonce": "n2"}).status_code
    assert "ready" == doors.get("/ingest/withings/notify").json()["result"]
    assert [404, 404] == [doors.get("/ingest/nobody/x").status_code, doors.post("/ingest/nobody/x").status_code]
    assert [] == _rows(house, "SELECT id FROM inbox")


def test_coordinates_are_wgs84_in_the_ledger() -> None:
    """GCJ-02 and BD-09 are converted at the edge, ours and other makers'; what it was stays written."""
    envelope = {"v": 1, "id": "01JD4Z6T8X5V9Q2K7M3B1C0D07", "type": "geofence_exit",
                "data": {"lat": 31.2204, "lon": 121.4237, "crs": "GCJ02"}}  # fmt: skip
    from domain.events import Message
    from tests.town import NOON

    heard = hear(Message("anling/v1/up/dev-0001/event", json.dumps(envelope).encode(), NOON))

    assert heard.event is not None
    assert ("WGS84", "GCJ02") == (heard.event.data["crs"], heard.event.data["crs_was"])
    assert 0.001 < abs(heard.event.data["lon"] - 121.4237) < 0.01
