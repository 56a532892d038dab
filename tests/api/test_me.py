"""A responder's own page: the telephone, tonight's duty, an absence; without scripts."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from domain.errors import Refused
from domain.people import Scope

COOKIE = {"Cookie": "anling_session=t-doctor", "Origin": "https://anling.example"}
TEAM = {
    "team": "doctors-1", "role": "family_doctor", "street": None,
    "watches": [{"from": "2026-11-21T12:00:00+00:00", "until": "2026-11-22T00:00:00+00:00",
                 "people": [{"id": "doctor-1", "name": "家庭医生一"}]}],
}  # fmt: skip


@pytest.fixture
def mine(house: Any, client: TestClient) -> list[Any]:
    """A doctor's log-in; what was ordered and laid down."""
    done: list[Any] = []
    house.scopes["t-doctor"] = Scope("wang", "family_doctor", (), "doctor-1")

    def order(who: str, channel: str, by: str) -> str:
        if house.broken:
            raise house.broken
        done.append((who, channel, by))
        return "T1"

    way = {"channel": "voice", "ends": "…0001", "proved_at": None, "stopped": False}
    house.own_phone = SimpleNamespace(order=order, ways=lambda who: [way], latest=lambda who: [])
    rota = SimpleNamespace(
        calendar=lambda *_: {"teams": [TEAM, TEAM | {"team": "others", "watches": []}]},
        absent=lambda scope, said: done.append(said.model_dump(by_alias=True)),
    )
    object.__setattr__(client.app.state.doors.app, "rota", rota)  # type: ignore[attr-defined]
    return done


def test_the_page_shows_my_telephone_and_my_duty(client: TestClient, mine: list[Any]) -> None:
    """The last digits, whether it was proved, the hours of my team in Shanghai; nobody else's."""
    page = client.get("/me", headers=COOKIE).text

    assert all(part in page for part in ("…0001", "尚未验证", "11-21 20:00", "家庭医生一"))
    assert "others" not in page
    assert "<script" not in page


def test_a_button_orders_a_test(client: TestClient, mine: list[Any]) -> None:
    """A form, and the same by JSON."""
    form = client.post("/me/test", data={"channel": "sms"}, headers=COOKIE)
    program = client.post("/api/v1/me/test", json={"channel": "voice"}, headers={"Authorization": "Bearer t-doctor"})

    assert [200, 202] == [form.status_code, program.status_code]
    assert [("doctor-1", "sms", "wang"), ("doctor-1", "voice", "wang")] == mine


def test_an_absence_is_declared_in_one_step(client: TestClient, mine: list[Any]) -> None:
    """From and to as the browser's own field gives them."""
    answer = client.post(
        "/me/absence", data={"start": "2026-11-22T20:00", "end": "2026-11-23T08:00"}, headers=COOKIE
    )

    assert 200 == answer.status_code
    assert ("doctor-1", "2026-11-22T20:00:00") == (mine[0]["responder"], mine[0]["from"])


@pytest.mark.parametrize(
    ("action", "form"),
    [("test", {}), ("test", {"channel": "pigeon"}), ("absence", {"start": "x", "end": "y"}), ("absence", {})],
)
def test_an_unfinished_form_does_nothing(
    client: TestClient, mine: list[Any], action: str, form: Mapping[str, str]
) -> None:
    """422, and the page again."""
    answer = client.post(f"/me/{action}", data=form, headers=COOKIE)

    assert (422, []) == (answer.status_code, mine)


def test_a_refusal_is_said_on_the_page(client: TestClient, house: Any, mine: list[Any]) -> None:
    """Tried a moment ago."""
    house.broken = Refused("wait a minute")

    assert 409 == client.post("/me/test", data={"channel": "voice"}, headers=COOKIE).status_code


def test_who_is_no_responder_has_no_such_page(client: TestClient, mine: list[Any]) -> None:
    """A dispatcher's log-in belongs to no responder; a stranger logs in first; another site's form does nothing."""
    desk = client.get("/me", headers={"Cookie": "anling_session=t-desk"})
    nobody = client.get("/me", follow_redirects=False)
    foreign = client.post("/me/test", data={"channel": "voice"}, headers=COOKIE | {"Origin": "https://evil.example"})

    assert [403, 303, 403] == [desk.status_code, nobody.status_code, foreign.status_code]
    assert [] == mine


def test_a_place_opens_in_a_map(client: TestClient, house: Any, make_alert: Any) -> None:
    """P28: only a link; its datum is said. A place of an unknown datum has none."""
    home = {"id": "home-1", "street": "310105001", "address": {"text": "示例路1号"},
            "location": {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"}}  # fmt: skip
    house.put(make_alert("A1", home=home), make_alert("A2", home=home | {"location": {"lat": 1, "lon": 2, "crs": "X"}}))
    one, two = (client.get(f"/a/{house.tokens.page(id, 'doctor-1', 'main')}").text for id in ("A1", "A2"))

    assert "geo:31.2204,121.4237" in one
    assert "coordinate=wgs84" in one
    assert "geo:" not in two


def test_needing_120_raises_the_alert(client: TestClient, house: Any, make_alert: Any) -> None:
    """The button says that help is needed; what follows is the plan's."""
    house.put(make_alert())
    link = f"/a/{house.tokens.page('A1', 'doctor-1', 'main')}"

    page = client.post(link, data={"action": "need_120"})

    assert 200 == page.status_code
    assert ("voice_check", "A1", "doctor-1", "needs_help") == house.done[-1]
    assert "正在联系120" in page.text


def test_a_screen_is_filled_when_no_telephone_works(client: TestClient, house: Any) -> None:
    """P14: the flag goes with every message of the live stream."""
    house.alarming = ["operator/telephones_down"]

    with client.websocket_connect("/live", headers={"Authorization": "Bearer t-desk"}) as socket:
        snapshot = socket.receive_json()

    assert ["operator/telephones_down"] == snapshot["alarms"]
