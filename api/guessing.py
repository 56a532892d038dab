"""Guessing at the log-in gets slow, and nobody outside can keep the desk from logging in.

Strangers are counted by name with address, and by address. A browser somebody has logged in with, and a name
at an address where it has succeeded, are counted by themselves: what others do there costs them nothing.
A name at which many guess is answered late to strangers, never refused.
"""

import hashlib
import secrets
from dataclasses import dataclass

from itsdangerous import BadData, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from api.callers import address
from api.doors import Doors, doors

#: tries in five minutes: one name from one address, all names from one address, all names from one browser
_PAIR, _ADDRESS, _BROWSER = 5, 30, 15
#: so many failures at one name slow strangers down by so many seconds
_SLOW = ((20, 5.0), (10, 1.0))
_REMEMBERED_S = 180 * 86_400


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody with a name and a password, before anybody looked them up."""

    here: Doors
    pair: str
    name: str
    #: (key, failures in five minutes after which it must wait)
    limits: tuple[tuple[str, int], ...]
    stranger: bool

    def wait(self) -> float:
        """Seconds until this one may try; 0: now, and the try counts."""
        return self.here.throttle.begin(self.limits)

    def delay(self) -> float:
        """Seconds for which a stranger's try is put off."""
        if not self.stranger:
            return 0.0
        count = self.here.throttle.count(self.name)
        return next((seconds for failures, seconds in _SLOW if count >= failures), 0.0)

    def failed(self) -> None:
        """It was wrong; the limits have counted it already."""
        self.here.throttle.failed([self.name])

    def succeeded(self) -> None:
        """It was right: what this name got wrong here is forgotten."""
        self.here.throttle.forgive(key for key, _ in self.limits)
        self.here.throttle.forget(self.pair)


def attempt(request: Request, username: str) -> Attempt:
    """Whom this try is counted against."""
    here = doors(request)
    caller = address(request, here.app.settings.trusted_proxies)
    browser = _browser(request, here)
    pair = f"pair\n{username}\n{browser or caller}"
    limits: tuple[tuple[str, int], ...]
    if browser:
        limits = ((pair, _PAIR), (f"browser\n{browser}", _BROWSER))
    elif here.throttle.knows(pair):
        limits = ((pair, _PAIR),)
    else:
        limits = ((pair, _PAIR), (f"address\n{caller}", _ADDRESS))
    stranger = not browser and not here.throttle.knows(pair)
    return Attempt(here, pair, f"name\n{username}", limits, stranger)


def remember(request: Request, answer: Response) -> None:
    """From now on this browser is one that somebody has logged in with; it names nobody."""
    here = doors(request)
    known = _browser(request, here) or secrets.token_urlsafe(16)
    answer.set_cookie(
        _cookie(here), _signer(here).sign(known).decode(), max_age=_REMEMBERED_S, path="/", httponly=True,
        secure=here.app.settings.secure_cookies, samesite="lax",
    )  # fmt: skip


def _browser(request: Request, here: Doors) -> str | None:
    given = request.cookies.get(_cookie(here))
    if given is None:
        return None
    try:
        return _signer(here).unsign(given, max_age=_REMEMBERED_S).decode()
    except BadData:
        return None


def _signer(here: Doors) -> TimestampSigner:
    return TimestampSigner(here.app.settings.secret_key, salt="anling-browser", digest_method=hashlib.sha256)


def _cookie(here: Doors) -> str:
    return "__Host-anling_browser" if here.app.settings.secure_cookies else "anling_browser"
