"""The self-call: do we hear what a telephone provider would tell us at our public address, signature and all (P24)?

A proxy that changes the address breaks every signature, and every key press with it; that is
found here, at the start, and not by the first call of a night.
"""

import threading
import time
from urllib.parse import urlencode

import structlog
import urllib3

from channels.twilio_signature import sign_twilio
from domain.health import Health

_LOG = structlog.get_logger("anling.self_call")
_PATH = "/callbacks/twilio/status?token=self-call"
#: seconds between two calls: while it fails, and while all is well
_WORRIED_S, _CALM_S = 20.0, 600.0
_TIMEOUT = urllib3.Timeout(connect=3.0, read=5.0)


def self_call(public_url: str, token: str) -> Health:
    """Call our own door as the provider does. It knows no such call (404), which it says only to whoever signs well."""
    url = public_url.rstrip("/") + _PATH
    form = {"CallSid": "self-call", "CallStatus": "queued"}
    headers = {
        "X-Twilio-Signature": sign_twilio(token, url, form), "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    began = time.monotonic()
    try:
        body = urlencode(form)
        with urllib3.PoolManager(timeout=_TIMEOUT) as pool:
            answer = pool.request("POST", url, body=body, headers=headers, retries=False, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        return Health(False, f"our public address cannot be reached from here: {type(error).__name__}; see the proxy")
    if answer.status == 404:
        return Health(True, "ok", time.monotonic() - began)
    if answer.status == 403:
        return Health(False, "a signed call-back is refused: ANLING_PUBLIC_URL must be exactly what the provider calls")
    return Health(False, f"our public address answers {answer.status} instead of us; see the proxy")


class SelfCall(threading.Thread):
    """Calls at the start and now and then."""

    def __init__(self, public_url: str, token: str) -> None:
        super().__init__(name="self-call", daemon=True)
        self._where, self._token = public_url, token
        self._over = threading.Event()
        #: the last answer; None before the first
        self.health: Health | None = None

    def run(self) -> None:
        """Until told to stop."""
        while not self._over.is_set():
            health = self_call(self._where, self._token)
            if not health.ok and (self.health is None or self.health.ok):
                _LOG.error("self_call_failed", why=health.detail)
            self.health = health
            self._over.wait(_CALM_S if health.ok else _WORRIED_S)

    def stop(self) -> None:
        """End."""
        self._over.set()
        self.join(10)
