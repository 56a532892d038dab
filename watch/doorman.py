"""The doorman: asks the API every few seconds whether anybody is at home."""

import time

import urllib3

from watch.finding import Finding

#: seconds between two questions
EVERY = 4.0
#: seconds without an answer
SILENT = 9.0


class Doorman:
    """Asks ``/healthz`` of one API process, or of the proxy before all of them."""

    def __init__(self, url: str | None) -> None:
        """``url`` None: there is none to ask."""
        self._url = url and f"{url.rstrip('/')}/healthz"
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=3))
        self._began = time.monotonic()
        self._answered: float | None = None

    @property
    def ready(self) -> bool:
        """Somebody has answered, or nobody is to be asked."""
        return self._url is None or self._answered is not None

    def turn(self) -> None:
        """Ask once."""
        if self._url is None:
            return
        try:
            if self._pool.request("GET", self._url).status == 200:
                self._answered = time.monotonic()
        except urllib3.exceptions.HTTPError:
            return  # how long nobody has answered says enough

    def findings(self, now: float) -> list[Finding]:
        """Silence. ``now``: monotonic seconds."""
        silent = now - (self._answered or self._began)
        if self._url is None or silent <= SILENT:
            return []
        return [Finding("api", detail=f"silent for {silent:.0f} s")]
