"""Our line to Twilio: the SDK, loaded when the first call is made, and its failures as values."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import structlog
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from channels.bounded import bounded
from channels.pace import Pace
from channels.routes import e164
from channels.twilio_codes import classify
from domain.contacts import FailedForGood, FailedForNow, Unwanted
from domain.errors import Unreachable

T = TypeVar("T")

_log = structlog.get_logger(__name__)

#: seconds; the SDK's own default is for ever
TIMEOUT = 8.0

#: connections kept; with the SDK's own few, senders in a storm would open a new one for each call
_KEPT = 64

#: seconds a request waits at most for its turn when the provider takes fewer than we have
LONGEST_QUEUE = 12.0

#: Twilio's ways of saying "too many": its code, or the bare HTTP status
_TOO_MANY = ("20429", "429")

#: how many of the newest calls to one number are looked at when we do not know whether ours was made
LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Who we are at Twilio. ``base_url``: a local phone network instead of the real one."""

    sid: str
    token: str = field(repr=False)
    #: our caller number; several, separated by commas: the first is used while it works
    number: str = field(repr=False)
    base_url: str | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The caller numbers, as Twilio wants them."""
        return tuple(e164(one) for one in self.number.split(",") if one.strip())


class TwilioLine:
    """One account's connection. Safe to use from many threads."""

    def __init__(self, account: TwilioAccount, timeout: float = TIMEOUT, queue: float = LONGEST_QUEUE) -> None:
        self.numbers = account.numbers
        self._account = account
        self._timeout = timeout
        self._queue = queue
        self._lock = threading.Lock()
        self._pace = Pace()

    def warm(self, after: float = 1.0) -> None:
        """Load the SDK ahead of the first call, which would otherwise wait for it, but behind our own start."""
        timer = threading.Timer(after, self.load)
        timer.daemon = True
        timer.start()

    def load(self) -> None:
        """Load it now."""
        with self._lock:
            _ = self._client

    def request(
        self, ask: Callable[[Any], T], rank: int = 0, wanted: Callable[[], bool] | None = None
    ) -> T | FailedForNow | FailedForGood | Unwanted:
        """Carry out one request, at the pace that the provider takes; what goes wrong with it is a value.

        ``rank`` 0 goes before 1 when they must queue. "Too many" is asked again here: no telephone has failed.
        ``wanted`` is asked after the queue, right before the request.
        """
        until = time.monotonic() + self._queue
        while self._pace.wait(rank, until):
            try:
                answer = self._request(ask) if wanted is None or wanted() else Unwanted()
            finally:
                self._pace.landed()
            if not (isinstance(answer, FailedForNow) and answer.code in _TOO_MANY):
                if not isinstance(answer, FailedForNow | FailedForGood | Unwanted):
                    self._pace.taken()
                return answer
            self._pace.refused()
        return FailedForNow("too many requests", code="20429", ours=True)

    def _request(self, ask: Callable[[Any], T]) -> T | FailedForNow | FailedForGood:
        from twilio.base import exceptions as twilio  # type: ignore[import-untyped, unused-ignore]

        with self._lock:
            client = self._client
        try:
            return ask(client)
        except twilio.TwilioRestException as error:
            # Where no code of Twilio's could be read, the SDK puts the status in its place: a gateway has spoken.
            return classify(None if error.code == error.status else error.code, error.status)
        except OSError as error:  # everything that requests raises
            return _broken(error)
        except (twilio.TwilioException, ValueError, TypeError, AttributeError, LookupError) as error:
            # The SDK trusts what it reads: an odd answer raises anything from inside it.
            _log.warning("twilio_answer_unreadable", fault=type(error).__name__)
            return FailedForNow("the answer could not be read", code="answer", unknown=True, ours=True)

    def ask(self, ask: Callable[[Any], T]) -> T:
        """Carry out a question about the past; ``Unreachable`` when it cannot be answered now."""
        answer = self.request(ask)
        if isinstance(answer, FailedForNow | FailedForGood | Unwanted):
            raise Unreachable(f"Twilio could not be asked: {answer.reason}; it will be asked again")
        return answer

    def between(self, to: str) -> list[dict[str, Any]]:
        """The filters for what was lately sent from each of our numbers to this one."""
        return [{"to": e164(to), "from_": number, "limit": LOOKED_AT} for number in self.numbers]

    @cached_property
    def _client(self) -> Any:
        from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped, unused-ignore]
        from twilio.rest import Client  # type: ignore[import-untyped, unused-ignore]

        http = TwilioHttpClient(timeout=self._timeout, logger=_silent())
        if http.session is not None:
            adapter = bounded(type(http.session.get_adapter("https://")), self._timeout)
            for scheme in ("https://", "http://"):
                http.session.mount(scheme, adapter(pool_maxsize=_KEPT))
            # A proxy in the environment is the way out to the world, not to a local phone network.
            http.session.trust_env = not self._account.base_url
        client = Client(self._account.sid, self._account.token, http_client=http)
        if self._account.base_url:
            client.api.base_url = self._account.base_url.rstrip("/")
        return client


def newest(sent: Iterable[Any], since: datetime, others: frozenset[str] = frozenset()) -> str | None:
    """The SID of the newest call or message made at or after ``since`` that is none of ``others``.

    Twilio's times have whole seconds.
    """
    made = [(one.date_created, one.sid) for one in sent if one.date_created and one.sid not in others]
    when, sid = max(made, default=(None, None))
    return sid if when and when >= since.replace(microsecond=0) else None


def _silent() -> logging.Logger:
    """The SDK would write numbers and messages into the log."""
    logger = logging.Logger("twilio.silent")
    logger.addHandler(logging.NullHandler())
    logger.disabled = True
    return logger


def _broken(error: OSError) -> FailedForNow:
    """Refused before it was sent, or perhaps sent: then the reconciler looks before anybody redials."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, NewConnectionError | ConnectTimeoutError):
        return FailedForNow("no connection", code="connect", ours=True)
    return FailedForNow("no answer in time", code=type(error).__name__, unknown=True, ours=True)
