"""The line back: carries callbacks from the world outside to the product, and never any farther.

It connects only to this machine and to hosts that were named on purpose, so that no rehearsal
rings a real door bell.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3

from simulators.signing import twilio_signature

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_THREADS = 64
_AGENT = "TwilioProxy/1.1"
#: Seconds; Twilio waits as long for an application to answer.
_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the product said. ``status`` 0 means that nobody answered; ``text`` then says why."""

    status: int
    text: str
    content_type: str = ""

    @property
    def good(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300


class Line:
    """Kept-alive connections to the product."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=20, maxsize=_THREADS, retries=False)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="line")
        self._allowed = set(_LOOPBACK)

    def allow(self, url: str) -> None:
        """Let callbacks also reach the host of this address."""
        host = urlsplit(url).hostname
        if host:
            self._allowed.add(host)

    def close(self) -> None:
        """Hang up all connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    async def twilio(self, method: str, url: str, params: Mapping[str, str], token: str) -> Answer:
        """Send a request as Twilio does: form fields (in the query for GET) and its signature."""
        if method == "GET":
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}" if params else url
            headers = {"X-Twilio-Signature": twilio_signature(token, url, {}), "User-Agent": _AGENT}
            return await self._send("GET", url, None, headers)
        headers = {
            "X-Twilio-Signature": twilio_signature(token, url, params),
            "User-Agent": _AGENT,
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        }
        return await self._send("POST", url, urlencode(params).encode(), headers)

    async def json(self, url: str, payload: Mapping[str, object]) -> Answer:
        """POST JSON, unsigned."""
        return await self.post(url, orjson.dumps(payload), {})

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST these bytes of JSON with these further headers."""
        return await self._send("POST", url, body, {"Content-Type": "application/json", **headers})

    async def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if urlsplit(url).hostname not in self._allowed:
            return Answer(0, "refused: the world outside only calls this machine and the public URL")
        request = partial(self._request, method, url, body, headers)
        return await asyncio.get_running_loop().run_in_executor(self._threads, request)

    def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            answer = self._pool.request(
                method, url, body=body, headers=headers, timeout=_PATIENCE, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Answer(0, f"nobody answered: {type(error).__name__}")
        text = answer.data.decode("utf-8", errors="replace")
        return Answer(answer.status, text, answer.headers.get("Content-Type", ""))
