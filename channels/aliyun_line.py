"""Our line to Aliyun: the SDK, loaded when the first call is made, and its failures as values.

Aliyun answers HTTP 200 with a ``Code`` of its own to what it refuses, and the SDK raises nothing then.
"""

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

    def __init__(self, account: AliyunAccount, kind: str) -> None:
        self.account = account
        self.breaker = Breaker((f"aliyun:{kind}",))
        self._kind = kind
        self._name = f"aliyun:{kind}"

    def request(self, ask: Callable[[Any], Any]) -> Any | FailedForNow | FailedForGood:
        """The answer's body when its ``Code`` is OK, else a value that says why not."""
        try:
            body = ask(self._client).body
        except ImportError:
            return FailedForGood("not installed: pip install 'anling[aliyun]'", code="extra", ours=True)
        except Exception as error:  # the SDK has no family of errors that one could name
            return self._failed(_raised(error))
        code = getattr(body, "code", None)
        if code == "OK":
            self.breaker.worked(self._name)
            return body
        return self._failed(classify(code))

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


def _raised(error: Exception) -> FailedForNow | FailedForGood:
    """The SDK raises for HTTP errors and for a line that broke; after a time-out nobody knows."""
    code = getattr(error, "code", None)
    if (isinstance(code, str) and "." in code) or code in ("SignatureDoesNotMatch", "Throttling"):
        return classify(str(code))
    name = type(error).__name__
    late = "timeout" in (name + str(error)).lower()
    return FailedForNow("no answer in time" if late else "the line broke", code=name, unknown=late, ours=not late)
