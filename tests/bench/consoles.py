"""Fifty consoles look at 200 open alerts: what they cost in memory, whether all stay live, how soon a press is seen.

The consoles are WebSocket clients; the last figures come from eight tabs of one browser (left out without Chromium).
"""

import asyncio
import json
import os
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

CHROMIUM = "/usr/bin/chromium"
CLIENTS, TABS = 50, 8
PASSWORD = "bench-password-of-some-length"
#: a console that has heard nothing for so long calls itself stale
STALE_S = 3.5
#: when a row came, by the wall clock of the machine
_WATCH = """() => {
  window.came = [];
  const seen = (node) => { if (node.matches?.(".row")) window.came.push(Date.now() / 1000); };
  new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach(seen)))
    .observe(document.getElementById("calling"), { childList: true });
}"""


def enter(url: str, name: str) -> str:
    """A dispatcher's token."""
    body = json.dumps({"username": name, "password": PASSWORD}).encode()
    asked = urllib.request.Request(f"{url}/api/v1/session", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return str(json.loads(answer.read())["token"])


class Consoles:
    """Fifty open consoles in a thread of their own; each keeps when it last heard something."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.replace("http", "ws", 1) + "/live", token
        self.heard: dict[int, float] = {}
        self.rows: dict[int, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Consoles":
        self._thread.start()
        until = time.monotonic() + 20
        while len(self.rows) < CLIENTS and time.monotonic() < until:
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])
        self._thread.join(10)

    @property
    def live(self) -> int:
        """How many have heard something in time."""
        now = time.monotonic()
        return sum(now - at < STALE_S for at in self.heard.values())

    def _run(self) -> None:
        async def everybody() -> None:
            await asyncio.gather(*(self._look(n) for n in range(CLIENTS)), return_exceptions=True)

        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(everybody())
        self._loop.close()

    async def _look(self, number: int) -> None:
        from websockets.asyncio.client import connect

        headers = {"Authorization": f"Bearer {self._token}"}
        async with connect(self._url, additional_headers=headers, max_size=None) as socket:
            async for text in socket:
                self.heard[number] = time.monotonic()
                if number not in self.rows:
                    self.rows[number] = len(json.loads(text)["alerts"])


@contextmanager
def tabs(url: str, token: str) -> Iterator[list[Any]]:
    """Eight tabs of one browser, each with the board; none without Chromium."""
    if not os.path.exists(CHROMIUM):
        yield []
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        context.add_cookies([{"name": "anling_session", "value": token, "url": url}])
        opened = [context.new_page() for _ in range(TABS)]
        for page in opened:
            page.goto(url)
            page.wait_for_selector("#line[data-state=live]")
        yield opened
        browser.close()


def seen(pages: list[Any], press: Callable[[], list[float]]) -> dict[str, float]:
    """Live tabs; then, in one of them alone, from the instant a press was due (wall clock) to its row: p95, in ms."""
    front = pages[-1]
    front.wait_for_timeout(1000 * STALE_S)
    live = sum(page.get_attribute("#line", "data-state") == "live" for page in pages)
    for page in pages[:-1]:
        page.close()
    front.bring_to_front()
    front.evaluate(_WATCH)
    due = press()
    front.wait_for_timeout(2000)
    came = sorted(front.evaluate("window.came"))
    waits = [1000 * (at - pressed) for at, pressed in zip(came, sorted(due), strict=False)]
    if len(waits) < len(due):
        return {"tabs": float(live), "row_p95": float("inf")}
    return {"tabs": float(live), "row_p95": statistics.quantiles(waits, n=20, method="inclusive")[-1]}


