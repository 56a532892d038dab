"""The console in a real browser: what a dispatcher sees at three in the morning."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from domain.errors import LedgerUnavailable

CHROMIUM = "/usr/bin/chromium"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.path.exists(CHROMIUM), reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, site: Any) -> Iterator[Any]:
    """A tab that is logged in; any script error fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.add_cookies([{"name": "anling_session", "value": "t-desk", "url": site.url}])
    tab, errors = context.new_page(), []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda m: errors.append(m.text) if "Content Security" in m.text else None)
    yield tab
    context.close()
    assert [] == errors


def ids(page: Any) -> list[str]:
    """The rows that are on the board, in order."""
    return list(page.eval_on_selector_all(".row", "rows => rows.map(r => r.dataset.id)"))


def test_a_new_alert_appears_and_counts(page: Any, site: Any, make_alert: Any) -> None:
    """Red row, words, the number in the tab's title."""
    page.goto(site.url)
    page.get_by_text("没有未接警情").wait_for()
    site.house.put(make_alert("A1"))
    page.wait_for_selector(".row.calling", timeout=5000)

    assert page.title().startswith("(1) 未接")
    assert "按钮求助" in page.inner_text(".row")
    assert "示例路100弄5号602室" in page.inner_text(".row")


def test_worst_and_longest_first_claimed_last(page: Any, site: Any, make_alert: Any) -> None:
    """Unclaimed before claimed, critical before urgent, longer waiting first."""
    claimed = make_alert("C", severity="critical", age_s=999)
    claimed["tracks"][0] |= {"state": "claimed", "claimant": {"id": "d", "name": "n"}}
    site.house.put(
        claimed, make_alert("U1", age_s=10), make_alert("U2", age_s=99), make_alert("K", severity="critical")
    )
    page.goto(site.url)
    page.wait_for_selector(".row.claimed")

    assert ["K", "U2", "U1", "C"] == ids(page)


def test_one_key_claims(page: Any, site: Any, make_alert: Any) -> None:
    """j selects, a claims; the row turns amber, the page says what was recorded, and the way on stands in the row."""
    site.house.put(make_alert("A1"))
    page.goto(site.url)
    page.wait_for_selector(".row")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector(".row.claimed", timeout=5000)

    assert [("claim", "A1", "desk", None, "console")] == site.house.done
    assert "已登记" in page.inner_text("#told")
    assert ("去处置", False) == (page.inner_text(".row a.primary"), page.is_visible("#quiet-more"))
    assert page.evaluate("document.activeElement.closest('.row') !== null")


def test_closing_asks_how_it_ended(page: Any, site: Any, make_alert: Any) -> None:
    """x opens the form; without an outcome nothing is sent, and it stays with what is typed until it is recorded."""
    site.house.put(make_alert("A1"))
    page.goto(site.url)
    page.wait_for_selector(".row")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.click("#closing button[value=close]")
    unfinished = list(site.house.done)
    page.select_option("#closing [name=outcome]", "accidental")
    site.house.broken = LedgerUnavailable("gone")
    page.click("#closing button[value=close]")
    page.wait_for_selector("#closing-why:has-text('未登记')")
    site.house.broken = None
    page.dblclick("#closing button[value=close]")
    page.get_by_text("没有未接警情").wait_for(timeout=5000)

    assert [] == unfinished
    assert [("close", "A1", "desk", "accidental", None, None)] == site.house.done


def test_a_dead_server_is_shown_within_three_and_a_half_seconds(
    page: Any, site: Any, make_alert: Any
) -> None:
    """P36: red bar, greyed rows, never a healthy-looking picture of the past."""
    site.house.put(make_alert("A1"))
    page.goto(site.url)
    page.wait_for_selector(".row")
    site.stop()
    begun = time.monotonic()
    page.wait_for_selector("#stale:not([hidden])", timeout=5000)
    took = time.monotonic() - begun

    assert took <= 3.5
    assert page.evaluate("document.body.classList.contains('is-stale')")
    assert "画面已过期" in page.inner_text("#stale")


def test_a_restart_brings_only_what_is_true(page: Any, site: Any, make_alert: Any) -> None:
    """Rows that are not in the new snapshot go, the others show their new content."""
    site.house.put(make_alert("A1"), make_alert("A2"))
    page.goto(site.url)
    page.wait_for_selector(".row >> nth=1")
    site.stop()
    page.wait_for_selector("#stale:not([hidden])", timeout=5000)
    del site.house.alerts["A1"]
    site.house.alerts["A2"] = make_alert("A2", kind="smoke", severity="critical")
    site.start()
    page.wait_for_selector("#stale", state="hidden", timeout=8000)

    assert ["A2"] == ids(page)
    assert "烟雾" in page.inner_text(".row")
    assert "1" == page.inner_text("#count-calling")


def test_a_blocked_socket_falls_back_to_polling(page: Any, site: Any, make_alert: Any) -> None:
    """When the live stream cannot connect the board asks every two seconds, and says so."""
    page.add_init_script(
        "window.WebSocket = class { constructor() { setTimeout(() => this.onclose(), 5); } close() {} }"
    )
    page.goto(site.url)
    page.wait_for_selector("#line[data-state=polling]", timeout=6000)
    site.house.put(make_alert("A1"))
    page.wait_for_selector(".row", timeout=4000)

    assert "轮询" in page.inner_text("#line")
    assert page.is_hidden("#stale")


def test_a_screen_that_is_not_told_anything_asks_again(page: Any, site: Any) -> None:
    """Half-open: the socket stays open and silent; the screen calls itself stale and starts anew.

    P36: so does a screen whose machine slept for an hour, at once, and takes no old message for a new one.
    """
    page.goto(site.url)
    page.wait_for_selector("#line[data-state=live]")
    site.house.broken = LedgerUnavailable("gone")
    page.wait_for_selector("#stale:not([hidden])", timeout=8000)
    site.house.broken = None
    page.wait_for_selector("#stale", state="hidden", timeout=8000)

    assert page.get_attribute("#line", "data-state") in {"live", "polling"}
    page.wait_for_selector("#line[data-state=live]")
    page.evaluate(_SLEPT)
    page.wait_for_selector("body[data-said=stale]")
    page.wait_for_selector("#stale", state="hidden")


#: an hour passes between two beats of the page; notes that it then calls itself stale
_SLEPT = """() => {
  const stale = document.getElementById("stale"), real = Date.now;
  const look = () => { if (!stale.hidden) document.body.dataset.said = "stale"; };
  new MutationObserver(look).observe(stale, {attributes: true});
  Date.now = () => real() + 3_600_000;
}"""


@pytest.mark.parametrize("path", ["/", "/alerts/A1", "/login"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_telephone_needs_no_sideways_scrolling(
    page: Any, site: Any, make_alert: Any, path: str, lang: str
) -> None:
    """One column at 360 px, in both languages."""
    site.house.put(make_alert("A1", signals=3, cancel_requested=True, late=True))
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site.url}{path}?lang={lang}")
    page.wait_for_timeout(400)

    assert 360 == page.evaluate("document.documentElement.scrollWidth")


def test_eight_alerts_fit_without_scrolling(page: Any, site: Any, make_alert: Any) -> None:
    """1366 x 768 shows eight open alerts whole."""
    site.house.put(*(make_alert(f"A{n}") for n in range(8)))
    page.goto(site.url)
    page.wait_for_selector(".row >> nth=7")

    assert page.evaluate("document.documentElement.scrollHeight") <= 768


def test_the_lamp_says_when_sound_is_blocked(page: Any, site: Any) -> None:
    """P37: a red lamp until the browser lets us sound; one press of anything is enough."""
    page.goto(site.url)
    before = page.get_attribute("#sound", "data-state")
    page.mouse.click(600, 600)
    page.wait_for_selector("#sound[data-state=on]", timeout=5000)

    assert "blocked" == before


def test_the_alert_page_follows_what_happens(page: Any, site: Any, make_alert: Any) -> None:
    """Somebody else claims: the page shows it without a reload; what is typed and where one types stay as they are."""
    site.house.put(make_alert("A1"))
    page.goto(f"{site.url}/alerts/A1")
    page.wait_for_selector("#line[data-state=live]")
    page.fill("#close textarea", "半句")
    claimed = make_alert("A1")
    claimed["tracks"][0] |= {"state": "claimed", "claimant": {"id": "doctor-2", "name": "家庭医生二"}}
    site.house.put(claimed)
    page.wait_for_selector(".track.claimed", timeout=3000)

    assert "半句" == page.input_value("#close textarea")
    assert "#close" == page.evaluate("document.activeElement.matches('#close textarea') ? '#close' : 'elsewhere'")
    assert 0 == page.locator("#do .claim").count()


def test_nothing_typed_is_lost(page: Any, site: Any, make_alert: Any) -> None:
    """P10: a dead server, a ledger that is away, a log-in that ran out: the words wait, and nothing is called recorded.

    Pressing twice closes once.
    """
    site.house.put(make_alert("A1"))
    page.goto(f"{site.url}/alerts/A1")
    page.wait_for_selector("#line[data-state=live]")
    page.select_option("#close [name=outcome]", "lifted_no_injury")
    page.fill("#close textarea", "扶起，无外伤")
    site.stop()
    page.click("#close button")
    page.wait_for_selector("#sent.bad:has-text('没有答复')")
    site.start()
    site.house.broken = LedgerUnavailable("gone")
    page.click("#close button")
    page.wait_for_selector("#sent.bad:has-text('未登记')")
    site.house.broken = None
    del site.house.scopes["t-desk"]
    page.click("#close button")
    page.wait_for_url("**/login?next=*")
    page.fill("[name=username]", "desk")
    page.fill("[name=password]", "correct horse")
    page.press("[name=password]", "Enter")
    page.wait_for_selector("#sent:has-text('还在')")
    page.dblclick("#close button")
    page.wait_for_selector("text=此警情已关闭")

    page.goto(f"{site.url}/raise")
    page.fill("form[action='/raise'] [name=address]", "示例路9号")
    site.stop()
    page.click("form[action='/raise'] button")
    page.wait_for_selector("#sent.bad:has-text('没有答复')")
    site.start()
    page.click("form[action='/raise'] button")
    page.wait_for_url("**/alerts/H1")

    assert ["close", "raise"] == [done[0] for done in site.house.done]
    assert ("close", "A1", "desk", "lifted_no_injury", None, "扶起，无外伤") == site.house.done[0]
    assert "{}" == page.evaluate("JSON.stringify(sessionStorage)")
