"""The dead-man's switch: a word to somebody outside every five seconds, and silence when anything is wrong."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
import structlog
import urllib3

from channels.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from domain.clock import wall_now
from watch.finding import Finding

_LOG = structlog.get_logger("anling.watch")
#: seconds between two words: three may be missed within the fifteen after which others must notice
EVERY = 5.0
#: seconds without a word that arrived, while we would speak
_UNHEARD = 30.0


class Deadman:
    """``turn`` says one word by both ways, if ``well`` says so at that very moment."""

    def __init__(
        self, instance: str, url: str | None, secret: str | None, well: Callable[[], bool],
        beat: Callable[[Mapping[str, Any]], None], wall: Callable[[], datetime] = wall_now,
    ) -> None:  # fmt: skip
        """``secret``: words are signed posts; without it plain GETs, which every uptime service takes."""
        self._instance = instance
        self._url = url
        self._secret = secret
        self._well = well
        self._beat = beat
        self._wall = wall
        self._seq = 0
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=3))
        #: monotonic second since when our words do not arrive; None: they do, or nobody is to hear them
        self._unheard: float | None = None

    def turn(self) -> None:
        """One word, or none."""
        if not self._well():
            self._unheard = None
            return
        self._seq += 1
        word = {"v": 1, "state": "well", "at": self._wall().isoformat(), "instance": self._instance, "seq": self._seq}
        self._beat(word)
        if self._url is not None:
            self._send(self._url, word)

    def findings(self, now: float) -> list[Finding]:
        """That nobody outside hears us. ``now``: monotonic seconds."""
        since = self._unheard
        if since is None or now - since < _UNHEARD:
            return []
        return [Finding("deadman", detail=f"for {now - since:.0f} s")]

    def _send(self, url: str, word: Mapping[str, Any]) -> None:
        try:
            if self._secret is None:
                status = self._pool.request("GET", url).status
            else:
                body, stamp = orjson.dumps(word), str(int(self._wall().timestamp()))
                headers = {"Content-Type": "application/json", TIMESTAMP_HEADER: stamp,
                           SIGNATURE_HEADER: sign(self._secret, stamp, body)}  # fmt: skip
                status = self._pool.request("POST", url, body=body, headers=headers).status
        except urllib3.exceptions.HTTPError as error:
            self._not_heard(type(error).__name__)
        else:
            if status < 300:
                self._unheard = None
            else:
                self._not_heard(f"http {status}")

    def _not_heard(self, why: str) -> None:
        if self._unheard is None:
            _LOG.warning("deadman_not_heard", why=why)
            self._unheard = time.monotonic()
