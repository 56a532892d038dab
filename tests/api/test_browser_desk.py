"""The desk in a real browser: how fast, how true, how readable; two people at once, many alerts at once."""

import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from anling.house import House, open_ledger
from anling.settings import Settings
from api.server import serve
from domain.ids import new_id
from domain.people import Scope
from store.accounts import Accounts
from store.register import Register
from store.schema import upgrade
from store.site import parse_site
from tests.api.wired import SECRET, wire
from tests.waiting import quickest

CHROMIUM = "/usr/bin/chromium"
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.path.exists(CHROMIUM), reason="no chromium on this machine"),
]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Open]:
    """Opens logged-in tabs, each in a browser of its own; any script error fails the test."""
    opened, errors = [], []

    def open_tab(url: str, token: str = "t-desk", viewport: dict[str, int] = DESK, **more: Any) -> Any:
        context = browser.new_context(viewport=viewport, locale="zh-CN", **more)
        context.add_cookies([{"name": "anling_session", "value": token, "url": url}])
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_tab
    for context in opened:
        context.close()
    assert [] == errors


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


#: the other two pairs take another twenty seconds: `make prove`
PAIRS = [("zh", "light"), ("en", "dark")]
PAIRS += [("zh", "dark"), ("en", "light")] if os.environ.get("ANLING_PROVE") else []


@pytest.mark.parametrize(("lang", "scheme"), PAIRS)
@pytest.mark.parametrize("path", ["/", "/alerts/A0", "/raise"])
def test_everybody_can_read_it(
    tab: Open, site: Any, make_alert: Any, path: str, lang: str, scheme: str
) -> None:
    """axe finds nothing: contrast, names of controls, landmarks, order of headings; light and dark."""
    from axe_playwright_python.sync_playwright import Axe

    claimed = make_alert("A1")
    claimed["tracks"][0] |= {"state": "claimed", "claimant": {"id": "desk", "name": "desk"}}
    site.house.put(make_alert("A0", signals=2, severity="critical"), claimed, make_alert("A2", drill=True))
    page = tab(site.url, color_scheme=scheme)
    page.goto(f"{site.url}{path}?lang={lang}")
    page.wait_for_selector("#line[data-state=live]")
    found = Axe().run(page).response["violations"]

    assert [] == [(v["id"], [n["target"] for n in v["nodes"]]) for v in found]


def test_the_seconds_are_read_from_afar(tab: Open, site: Any, make_alert: Any) -> None:
    """Contrast of the seconds waited at least 7:1, light and dark, and 32 px tall."""
    site.house.put(make_alert("A1"))
    ratios = []
    for scheme in ("light", "dark"):
        page = tab(site.url, color_scheme=scheme)
        page.goto(site.url)
        page.wait_for_selector(".row .waited")
        ratios.append(page.evaluate(_CONTRAST))

    assert min(ratios) >= 7


_CONTRAST = """() => {
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const text = light(getComputedStyle(document.querySelector(".row .waited")).color);
  const ground = light(getComputedStyle(document.querySelector(".row")).backgroundColor);
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
}"""


def test_a_thumb_is_enough(tab: Open, site: Any, make_alert: Any) -> None:
    """At 360 px every button of a row and of the alert is at least 44 px high, and claiming is always in reach."""
    site.house.put(make_alert("A1"))
    page = tab(site.url, viewport=PHONE)
    low = []
    for path, where in (("/", ".row"), ("/alerts/A1", "#do")):
        page.goto(site.url + path)
        page.wait_for_selector("#line[data-state=live]")
        heights = f"{where} button, {where} a.button"
        low += page.eval_on_selector_all(
            heights, "all => all.filter(b => b.offsetParent && b.offsetHeight < 44).map(b => b.textContent)"
        )

    assert [] == low
    assert page.locator(".claim button").bounding_box()["y"] < 740


def test_a_tall_screen_shows_fourteen(tab: Open, site: Any, make_alert: Any) -> None:
    """1920 x 1080 shows fourteen open alerts whole."""
    site.house.put(*(make_alert(f"A{n:02}") for n in range(9)), *(make_alert(f"B{n}", drill=True) for n in range(5)))
    page = tab(site.url, viewport={"width": 1920, "height": 1080})
    page.goto(site.url)
    page.wait_for_selector(".row >> nth=13")

    assert page.evaluate("document.documentElement.scrollHeight") <= 1080


def test_a_page_is_light(tab: Open, site: Any, make_alert: Any) -> None:
    """What board and alert page bring over the line, the map without tiles too, is under 125 kB, unpacked under 250."""
    site.house.put(*(make_alert(f"A{n}") for n in range(8)))
    weights = []
    for path in ("/", "/alerts/A1"):
        page, sizes = tab(site.url), []
        page.on("requestfinished", lambda asked, sizes=sizes: sizes.append(
            (asked.sizes()["responseBodySize"], len(asked.response().body()))))  # fmt: skip
        page.goto(site.url + path, wait_until="networkidle")
        page.wait_for_selector("#map.leaflet-container .pin")
        weights.append([sum(one) for one in zip(*sizes, strict=True)])
    sent, unpacked = (max(one) for one in zip(*weights, strict=True))

    assert (True, True) == (sent < 125_000, unpacked < 250_000), (sent, unpacked)


def test_two_reach_for_the_same_alert(tab: Open, site: Any, make_alert: Any) -> None:
    """One has it; the other reads who, and sees the row turn amber."""
    site.house.scopes["t-two"] = Scope("two", "dispatcher", (), None)
    site.house.put(make_alert("A1"))
    first, second = tab(site.url), tab(site.url, "t-two")
    for page in (first, second):
        page.goto(site.url)
        page.wait_for_selector(".row.calling")
    first.keyboard.press("a")
    second.keyboard.press("a")
    for page in (first, second):
        page.wait_for_selector(".row.claimed", timeout=3000)
    second.wait_for_function("document.getElementById('told').textContent !== ''")

    assert 1 == len([done for done in site.house.done if done[0] == "claim"])
    holder = site.house.alerts["A1"]["tracks"][0]["claimant"]["name"]
    assert f"{holder} 处理中" in second.inner_text(".row")
    assert f"{holder} 处理中" in first.inner_text(".row")


def test_a_mass_incident_is_one_picture(tab: Open, site: Any, make_alert: Any) -> None:
    """P29: many at once are grouped by street and cause; a group filters, and a new alert elsewhere undoes it."""
    site.house.put(*(make_alert(f"G{n:02}", kind="gas") for n in range(12)), make_alert("S1", street="310105002"))
    page = tab(site.url)
    page.goto(site.url)
    page.wait_for_selector("#groups:not([hidden]) button")
    groups = page.locator("#groups button").all_inner_texts()
    page.click("#groups button >> nth=0")
    shown = page.locator(".row:visible").count()
    site.house.put(make_alert("NEW", street="310105003", kind="fall"))
    page.wait_for_selector(".row[data-id=NEW]:visible", timeout=3000)

    assert (1, 12) == (len(groups), shown)
    assert "燃气 12 起" in groups[0]
    assert 14 == page.locator(".row:visible").count()


def test_a_real_alert_breaks_into_a_drill(tab: Open, site: Any, make_alert: Any) -> None:
    """Real before drill on the board; on a drill's own page a bar leads to the real one."""
    site.house.put(make_alert("D1", drill=True, severity="critical", age_s=500))
    board, page = tab(site.url), tab(site.url)
    board.goto(site.url)
    page.goto(f"{site.url}/alerts/D1")
    page.wait_for_selector("#line[data-state=live]")
    site.house.put(make_alert("R1", severity="routine", age_s=1))
    page.wait_for_selector("#real-alert", timeout=3000)
    board.wait_for_selector(".row[data-id=R1]", timeout=3000)

    assert page.get_attribute("#real-alert", "href") == "/alerts/R1"
    assert ["R1", "D1"] == board.eval_on_selector_all(".row", "rows => rows.map(r => r.dataset.id)")


def test_one_hand_on_the_keyboard(tab: Open, site: Any, make_alert: Any) -> None:
    """j marks the row's pin, 1 opens the words for 120 and dials nothing, x goes to the outcome, Escape leaves.

    Who dials from there has the plan call 120 too. The door's code is asked for.
    """
    site.house.put(make_alert("A1"))
    page = tab(site.url)
    page.goto(site.url)
    page.wait_for_selector(".row")
    page.keyboard.press("j")
    page.wait_for_selector("#map .pin.chosen")
    page.keyboard.press("1")
    page.wait_for_url("**/alerts/A1#1")
    page.wait_for_selector("#dial[open]")
    with page.expect_response("**/summon"):
        page.click("#tel-120")
    page.keyboard.press("x")
    focused = page.evaluate("document.activeElement.name")
    page.keyboard.press("Escape")
    page.click("#reveal button")
    page.wait_for_selector(".revealed")

    assert "outcome" == focused
    assert "2580#" in page.inner_text(".revealed")
    assert [("summon", "A1", "desk", "dispatch_120"), ("reveal", "A1", "desk")] == site.house.done


def test_eight_tabs_stay_live(tab: Open, site: Any, make_alert: Any) -> None:
    """Each of eight screens shows a new alert."""
    pages = [tab(site.url) for _ in range(8)]
    for page in pages:
        page.goto(site.url)
    site.house.put(make_alert("A1"))
    for page in pages:
        page.wait_for_selector(".row", timeout=5000)

    assert {"live"} == {page.get_attribute("#line", "data-state") for page in pages}


def test_after_a_restart_the_rows_are_true_within_two_seconds(tab: Open, site: Any, make_alert: Any) -> None:
    """P36: the server comes back with other alerts; rows and the map's pins follow within 2 s."""
    site.house.put(make_alert("A1"))
    page = tab(site.url)
    page.goto(site.url)
    page.wait_for_selector(".row")
    page.wait_for_selector("#map .pin.calling")
    site.stop()
    page.wait_for_selector("#stale:not([hidden])", timeout=5000)
    del site.house.alerts["A1"]
    held = {"name": "main", "state": "claimed", "claimant": {"id": "desk", "name": "desk"}}
    site.house.alerts["A2"] = make_alert("A2", tracks=[held])
    page.wait_for_timeout(3000)
    site.start()
    begun = time.monotonic()
    page.wait_for_selector(".row[data-id=A2]", timeout=8000)
    page.wait_for_selector("#map .pin.claimed")
    took = time.monotonic() - begun

    assert took <= 2
    assert page.is_hidden("#stale")
    assert ["A2"] == page.eval_on_selector_all(".row", "rows => rows.map(r => r.dataset.id)")
    assert ["处理中"] == page.locator("#map .pin").all_inner_texts()


_TIMED = """
window.took = [];
const Plain = WebSocket;
window.WebSocket = class extends Plain {
  set onmessage(hear) {
    super.onmessage = (event) => {
      const begun = performance.now();
      hear(event);
      const heard = performance.now();
      document.body.offsetHeight;
      const laid = performance.now();
      if (event.data.includes('"change"')) window.took.push(laid - begun), (window.js ??= []).push(heard - begun);
    };
  }
};
"""


def test_two_hundred_alerts_and_twenty_updates_a_second(tab: Open, site: Any, make_alert: Any) -> None:
    """From the message to the laid-out rows: p95 at most 50 ms."""
    site.house.put(*(make_alert(f"A{n:03}", street=f"31010500{n % 9}") for n in range(200)))
    page = tab(site.url)
    page.add_init_script(_TIMED)
    page.goto(site.url)
    page.wait_for_selector(".row >> nth=199")
    rounds = count(2)

    def updated() -> float:
        signals = next(rounds)
        page.evaluate("window.took = [], window.js = []")
        for n in range(100):
            site.house.put(site.house.alerts[f"A{n:03}"] | {"signals": signals + n})
            page.wait_for_timeout(50)
        took, script = page.evaluate("[window.took, window.js]")
        print(json.dumps({"updates": len(took), "p95_ms": round(p95(took), 1), "script_p95_ms": round(p95(script), 1)}))
        assert len(took) >= 10
        return p95(took)

    assert quickest(updated, 50) <= 50


@pytest.fixture(scope="module")
def real_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The doors on a real ledger, served: its address and a dispatcher's token."""
    settings = Settings(data_dir=Path(tmp_path_factory.mktemp("desk")), secret_key=SECRET)
    ledger = open_ledger(settings)
    upgrade(ledger)
    homes = [
        {"id": f"home-{n}", "street": "310105001", "address": {"text": f"示例路{n}号"},
         "residents": [{"id": f"resident-{n}", "name": f"示例老人{n}"}],
         "devices": [{"id": f"dev-{n:04}", "role": "sos_button", "secret": f"secret-{n:04}"}]}
        for n in range(20)
    ]  # fmt: skip
    site = {"streets": [{"code": "310105001", "name": "示例街道一"}], "homes": homes}
    Register(ledger).load(parse_site(json.dumps(site).encode()))
    Accounts(ledger).add("desk", "dispatcher", "correct horse")
    built = House(settings, ledger)
    built.enforce_plan()
    server = serve(wire(built), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}", Accounts(ledger).login("desk", "correct horse").token
    server.stop()
    ledger.close()


def test_a_press_is_on_the_screen_within_a_second(tab: Open, real_site: tuple[str, str]) -> None:
    """From sending the press, through the ledger, to the row: p95 of twenty at most 1 s."""
    import urllib3

    url, token = real_site
    page = tab(url, token)
    page.goto(url)
    page.wait_for_selector("#line[data-state=live]")
    took = []
    for n in range(20):
        event = {"v": 1, "id": new_id(), "seq": 1, "boot": 1, "type": "sos", "data": {"press": "long"}}
        headers = urllib3.make_headers(basic_auth=f"dev-{n:04}:secret-{n:04}") | {"Content-Type": "application/json"}
        begun = time.monotonic()
        address, sent = f"{url}/ingest/anling/dev-{n:04}/event", {"body": json.dumps(event), "headers": headers}
        threading.Thread(target=urllib3.request, args=("POST", address), kwargs=sent).start()
        page.wait_for_selector(f".row >> nth={n}", timeout=10_000)
        took.append(time.monotonic() - begun)
    print(json.dumps({"p50_ms": round(1000 * statistics.median(took)), "p95_ms": round(1000 * p95(took))}))

    assert p95(took) <= 1.0
