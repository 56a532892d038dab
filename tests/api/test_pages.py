"""The console and the responder's page as a browser without scripts meets them."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.language import Speech, load
from api.pages import hour
from domain.errors import LedgerUnavailable

COOKIE = {"Cookie": "anling_session=t-desk"}
OUR_PAGE = {"Origin": "https://anling.example"}


@pytest.fixture
def link(house: Any, make_alert: Any) -> str:
    """A doctor's link to an open alert."""
    house.put(make_alert())
    return f"/a/{house.tokens.page('A1', 'doctor-1', 'main')}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_opening_a_link_changes_nothing(client: TestClient, house: Any, link: str, method: str) -> None:
    """P28: scanners and previews open every link; none of that is an acknowledgement."""
    plain = client.request(method, link)
    asked = client.request(method, f"{link}?action=claim")

    assert [] == house.done
    assert {plain.status_code, asked.status_code} <= {200, 204}


def test_the_page_shows_where_and_the_buttons(client: TestClient, link: str) -> None:
    """Address, way in, and a claim button that a form sends; no script."""
    text = client.get(link).text

    assert "示例路100弄5号602室" in text
    assert 'name="action" value="claim"' in text
    assert "<script" not in text


def test_a_press_claims_and_says_so(client: TestClient, house: Any, link: str) -> None:
    """A form answers with the page, a program with JSON; both after the commit. A browser is led back to the page."""
    form = client.post(link, data={"action": "claim"})
    program = client.post(link, json={"action": "progress", "step": "at_door"})
    browser = client.post(link, data={"action": "decline"}, headers={"Accept": "text/html"}, follow_redirects=False)
    house.alerts["A1"]["pressed"] = [{"type": "declined", "by": "doctor-1", "step": None}]
    truth, lie = client.get(f"{link}?done=decline"), client.get(f"{link}?done=need_120")

    assert [
        ("claim", "A1", "doctor-1", "main", "page"),
        ("progress", "A1", "doctor-1", "at_door"),
        ("decline", "A1", "doctor-1"),
    ] == house.done
    assert (303, f"{link}?done=decline") == (browser.status_code, browser.headers["location"])
    assert ("已登记：您不能去" in truth.text, "已登记" in lie.text) == (True, False)
    assert "已登记：您已接警" in form.text
    assert (200, "progress") == (program.status_code, program.json()["result"])


def test_a_press_that_is_not_committed_says_so(client: TestClient, house: Any, link: str) -> None:
    """P10 on the page: never "recorded", never 2xx."""
    house.broken = LedgerUnavailable("gone")
    form, program = client.post(link, data={"action": "claim"}), client.post(link, json={"action": "claim"})
    house.broken = RuntimeError("disk")
    broken = client.post(link, data={"action": "claim"})

    assert [503, 503, 503] == [form.status_code, program.status_code, broken.status_code]
    assert all("已登记" not in a.text for a in (form, program, broken))
    assert "未登记" in form.text


def test_what_another_has_is_shown_with_the_name(client: TestClient, house: Any, link: str) -> None:
    """The second doctor sees who goes."""
    claimant = {"id": "doctor-2", "name": "家庭医生二"}
    house.alerts["A1"]["tracks"][0] |= {"state": "claimed", "claimant": claimant}
    shown, pressed = client.get(link), client.post(link, data={"action": "claim"})
    program = client.post(link, json={"action": "claim"})

    assert "家庭医生二 已接警" in shown.text
    assert 'value="claim"' not in shown.text
    assert [409, 409] == [pressed.status_code, program.status_code]
    assert "doctor-2" == program.json()["held_by"]["id"]


def test_a_broken_link_opens_nothing(client: TestClient, house: Any, link: str) -> None:
    """A changed token is nobody's."""
    shown = client.get(link + "x")
    pressed = client.post(link + "x", json={"action": "claim"})

    assert ([404, 404], []) == ([shown.status_code, pressed.status_code], house.done)
    assert "application/problem+json" == pressed.headers["content-type"]


BAD_PRESSES: list[Any] = [b"", b"[]", b"{", b'{"action":"close"}', b'{"action":"progress","step":"x"}']


@pytest.mark.parametrize("body", BAD_PRESSES)
def test_a_press_that_means_nothing_is_422(client: TestClient, house: Any, link: str, body: bytes) -> None:
    """Only claim, decline and progress are buttons."""
    assert (422, []) == (client.post(link, content=body).status_code, house.done)


def test_strangers_are_led_to_the_log_in(client: TestClient) -> None:
    """And come back to the page they wanted, if it is one of ours."""
    board = client.get("/alerts/A1", follow_redirects=False)

    assert (303, "/login?next=/alerts/A1") == (board.status_code, board.headers["location"])


def test_the_log_in_sets_a_cookie_no_script_reads(client: TestClient) -> None:
    """HttpOnly, SameSite=Lax; from another site's page nobody is logged in; next stays on this site."""
    form = {"username": "desk", "password": "correct horse"}
    good = client.post("/login?next=//evil.example", data=form, headers=OUR_PAGE, follow_redirects=False)
    foreign = client.post("/login", data=form, headers={"Origin": "https://evil.example"})
    wrong = client.post("/login", data=form | {"password": "x"}, headers=OUR_PAGE)

    assert (303, "/") == (good.status_code, good.headers["location"])
    assert {"httponly", "samesite=lax", "path=/"} <= set(good.headers["set-cookie"].lower().split("; "))
    assert [403, 401] == [foreign.status_code, wrong.status_code]
    assert ('value="desk"' in wrong.text, 'value="x"' in wrong.text) == (True, False)


def test_pages_run_only_our_own_files(client: TestClient, house: Any, make_alert: Any) -> None:
    """Strict CSP, and no inline script or style that it would have to allow."""
    house.put(make_alert())
    for path in ("/login", "/", "/alerts/A1"):
        answer = client.get(path, headers=COOKIE)

        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert " style=" not in answer.text
        assert " onclick=" not in answer.text


def test_an_alert_is_claimed_and_closed_without_scripts(
    client: TestClient, house: Any, make_alert: Any
) -> None:
    """Plain forms on the alert page."""
    house.put(make_alert())
    page = client.get("/alerts/A1", headers=COOKIE).text
    headers = COOKIE | OUR_PAGE
    claim = client.post("/alerts/A1/claim", data={"track": "main"}, headers=headers, follow_redirects=False)
    unfinished = client.post("/alerts/A1/close", data={"outcome": ""}, headers=headers)
    form = {"outcome": "test", "note": "n"}
    close = client.post("/alerts/A1/close", data=form, headers=headers, follow_redirects=False)

    assert 'action="/alerts/A1/claim"' in page
    assert [303, 422, 303] == [claim.status_code, unfinished.status_code, close.status_code]
    assert ["claim", "close"] == [name for name, *_ in house.done]
    assert "此警情已关闭" in client.get("/alerts/A1", headers=COOKIE).text


def test_a_form_of_another_site_does_nothing(client: TestClient, house: Any, make_alert: Any) -> None:
    """403 before anything is looked at."""
    house.put(make_alert())
    answer = client.post("/alerts/A1/claim", headers=COOKIE | {"Origin": "https://evil.example"})

    assert (403, []) == (answer.status_code, house.done)


def test_a_long_night_is_folded(client: TestClient, house: Any, make_alert: Any) -> None:
    """The newest calls stand open; the hundred before them are one press away, none is left out."""
    one = {"key": "k", "role": "family_doctor", "responder": "doctor-1", "channel": "voice", "attempt": 1,
           "status": "no-answer", "at": "2026-11-21T19:10:42Z", "reason": None}  # fmt: skip
    house.put(make_alert())
    house.more = {"contacts": [one] * 112}
    page = client.get("/alerts/A1", headers=COOKIE).text

    assert "<summary>更早的 100 条</summary>" in page
    assert 112 == page.count("<b>无人接听</b></li>")


def test_a_time_on_another_day_says_so() -> None:
    """A night's alert goes on past midnight in Shanghai: 00:03 is not earlier than 23:58."""
    raised, later = "2026-11-21T15:58:00Z", "2026-11-21T16:03:10Z"

    assert ["23:58:00", "11-22 00:03:10", ""] == [hour(raised, raised), hour(later, raised), hour(None, raised)]


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        ("failed", "no-answer", "无人接听"),
        ("failed", "no-answer: the call that would have read it", "无人接听"),
        ("failed", "canceled", "已取消"),
        ("superseded", "the alert moved on", "已不需要"),
        ("failed", "30003 unreachable", "失败"),
        ("ringing", None, "响铃"),
    ],
)
def test_what_came_of_a_call_is_one_word(status: str, reason: str | None, told: str) -> None:
    """The cause where there is a word for it, never a code."""
    assert told == Speech(load(), "zh").became(status, reason)


def test_the_timeline_is_in_words(client: TestClient, house: Any, make_alert: Any) -> None:
    """Sentences with names, no raw data."""
    house.put(make_alert())
    zh = client.get("/alerts/A1", headers=COOKIE).text
    en = client.get("/alerts/A1?lang=en", headers=COOKIE).text

    assert "收到求助：按钮求助" in zh
    assert "呼叫：家庭医生一" in zh
    assert "Call for help: Help button" in en


LANGUAGES: list[tuple[str, Mapping[str, str], str]] = [
    ("/login", {}, "zh-CN"),
    ("/login", {"Accept-Language": "en-GB,en;q=0.9"}, "en"),
    ("/login?lang=en", {}, "en"),
    ("/login", {"Cookie": "anling_lang=en", "Accept-Language": "zh-CN"}, "en"),
    ("/login?lang=xx", {"Accept-Language": "fr"}, "zh-CN"),
]


@pytest.mark.parametrize(("path", "headers", "lang"), LANGUAGES)
def test_the_reader_chooses_the_language(
    client: TestClient, path: str, headers: Mapping[str, str], lang: str
) -> None:
    """Chinese first; what was chosen last wins."""
    assert f'<html lang="{lang}">' in client.get(path, headers=headers).text


def test_a_name_cannot_become_markup(client: TestClient, house: Any, make_alert: Any) -> None:
    """Names and addresses are text, in the page and in its data block."""
    evil = "</script><b>x"
    house.put(make_alert(residents=[{"id": "r", "name": evil, "age": 90}]))
    page = client.get("/alerts/A1", headers=COOKIE).text

    assert evil not in page
    assert "&lt;/script&gt;&lt;b&gt;x" in page


def test_a_person_reads_a_page_a_program_json(client: TestClient, house: Any) -> None:
    """Refusals in a browser are pages in the reader's language; the programs' doors keep problem+json."""
    browser = COOKIE | {"Accept": "text/html,*/*"}
    lost = client.get("/nowhere", headers=browser)
    program = client.get("/api/v1/nowhere", headers=browser)
    led = client.get("/nowhere", headers=browser | {"Referer": "http://testserver/duty?start=2026-11-22"})
    strange = client.get("/nowhere", headers=browser | {"Referer": "https://evil.example/duty"})
    odd = client.get("/duty?start=yesterday", headers=browser)
    huge = client.post("/import", content=b"x" * 17_000_000, headers=browser)
    house.broken = LedgerUnavailable("gone")
    dead = client.get("/", headers=browser)
    house.broken = RuntimeError("disk")
    broken = client.post("/alerts/A1/note", data={"text": "x"}, headers=browser | OUR_PAGE)
    pages = (lost, led, odd, huge, dead, broken)

    assert [404, 404, 422, 413, 503, 500] == [a.status_code for a in pages]
    assert {"text/html; charset=utf-8"} == {a.headers["content-type"] for a in pages}
    assert "application/problem+json" == program.headers["content-type"]
    assert ("未登记" in dead.text, "未登记" in broken.text, "16 MB" in huge.text) == (True, True, True)
    assert 'href="/duty?start=2026-11-22"' in led.text
    assert "evil" not in strange.text


def test_the_log_holds_no_personal_data(
    client: TestClient, house: Any, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unforeseen error is logged by its type and place; its text may hold a name."""
    house.broken = RuntimeError("示例老人一 at 示例路")
    client.post(link, json={"action": "claim"})
    written = capsys.readouterr()

    assert "RuntimeError" in written.out + written.err
    assert "示例老人一" not in written.out + written.err
