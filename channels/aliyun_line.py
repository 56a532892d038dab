"""Our line to Aliyun: the SDK, loaded when the first call is made, and its failures as values.

Aliyun answers HTTP 200 with a ``Code`` of its own to what it refuses, and the SDK raises nothing then.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from channels.aliyun_codes import classify
from channels.aliyun_templates import Templates
from channels.breaker import Breaker
from domain.contacts import FailedForGood, FailedForNow

#: milliseconds
_CONNECT, _READ = 3_000, 8_000
#: seconds for everything together
WHOLE = 11.0
_UNREADABLE = FailedForNow("the answer could not be read", code="answer", unknown=True, ours=True)
_REAL = {"voice": "dyvmsapi.aliyuncs.com", "sms": "dysmsapi.aliyuncs.com"}


@dataclass(frozen=True, slots=True)
class AliyunAccount:
    """One account. ``base_url``: a stand-in on this machine; empty: the real service."""

    key_id: str
    key_secret: str = field(repr=False)
    #: our bought number, shown to who is called
    caller: str
    templates: Templates
    base_url: str = ""


class AliyunLine:
    """Asks one of Aliyun's two services. Safe to use from many threads."""

    def __init__(self, account: AliyunAccount, kind: str, seconds: float = WHOLE) -> None:
        self.account = account
        self._seconds = seconds
        self.breaker = Breaker((f"aliyun:{kind}",))
        self._kind = kind
        self._name = f"aliyun:{kind}"

    def request(self, ask: Callable[[Any], Any]) -> Any | FailedForNow | FailedForGood:
        """The answer's body when its ``Code`` is OK, else a value that says why not."""
        try:
            body = self._in_time(lambda: ask(self._client).body)
        except ImportError:
            return FailedForGood("not installed: pip install 'anling[aliyun]'", code="extra", ours=True)
        except Exception as error:  # the SDK has no family of errors that one could name
            return self._failed(_raised(error))
        code = getattr(body, "code", None)
        if code == "OK":
            self.breaker.worked(self._name)
            return body
        return self._failed(classify(code) if code else _UNREADABLE)

    def _in_time(self, ask: Callable[[], Any]) -> Any:
        """The SDK counts its time-out anew with every byte: a thread waits for an answer that drips, no sender does."""
        came: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

        def wait() -> None:
            try:
                came.put((ask(), None))
            except Exception as error:
                came.put((None, error))

        threading.Thread(target=wait, name="aliyun", daemon=True).start()
        try:
            body, error = came.get(timeout=self._seconds)
        except queue.Empty:
            raise TimeoutError("no answer in time") from None
        if error is not None:
            raise error
        return body

    def probe(self) -> None:
        """Aliyun has no question that costs nothing and asks about nobody; the next letter tries the line."""

    def _failed(self, result: FailedForNow | FailedForGood) -> FailedForNow | FailedForGood:
        if result.ours:
            self.breaker.failed(self._name, result.reason, hard=isinstance(result, FailedForGood))
        else:
            self.breaker.worked(self._name)
        return result

    @cached_property
    def _client(self) -> Any:
        """Half a second and sixty megabytes: only who calls mainland numbers pays for it."""
        from alibabacloud_tea_openapi.models import Config

        stand_in = urlsplit(self.account.base_url)
        config = Config(
            access_key_id=self.account.key_id,
            access_key_secret=self.account.key_secret,
            endpoint=stand_in.netloc or _REAL[self._kind],
            protocol=stand_in.scheme or "https",
            connect_timeout=_CONNECT,
            read_timeout=_READ,
        )
        if self._kind == "voice":
            from alibabacloud_dyvmsapi20170525.client import Client as Voice

            return Voice(config)
        from alibabacloud_dysmsapi20170525.client import Client as Sms

        return Sms(config)

#: in what the SDK raises when it had no line at all
_NOT_SENT = ("newconnectionerror", "connection refused", "connecttimeout", "name or service", "nameresolution")


def _raised(error: Exception) -> FailedForNow | FailedForGood:
    """The SDK raises for HTTP errors and for a line that broke; once the letter was on its way nobody knows."""
    code = getattr(error, "code", None)
    if (isinstance(code, str) and "." in code) or code in ("SignatureDoesNotMatch", "Throttling"):
        return classify(str(code))
    name, told = type(error).__name__, f"{type(error).__name__} {error}".lower()
    if any(word in told for word in _NOT_SENT):
        return FailedForNow("the line broke", code=name, ours=True)
    reason = "no answer in time" if "timeout" in told or "timed out" in told else "the line broke"
    return FailedForNow(reason, code=name, unknown=True, ours=True)
