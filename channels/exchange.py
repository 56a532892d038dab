"""One POST to somebody's door: sent once, answered within ten seconds, or a value that says why not.

urllib3 opens the line (names, TLS, time-outs), the standard library reads the answer; in
between, one write and one deadline, because a general client costs three times the
processor time per letter and lets a slow answerer hold a sender for ever.
"""

import http.client
import io
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, cast

from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)

from channels.connections import Connections, Door, door
from domain.clock import wall_now
from domain.contacts import FailedForGood, FailedForNow

#: seconds to wait for the whole answer once the letter is on its way
READ = 8.0

#: seconds for everything together
TOTAL = 10.0

#: more of an answer than this is not read
LARGEST_ANSWER = 64 * 1024

#: seconds: nobody may ask us to be silent for longer in an emergency
LONGEST_RETRY_AFTER = 300.0

Failed = FailedForNow | FailedForGood

_OK = re.compile(rb"HTTP/1\.1 2(?!04)\d\d[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,5})[ \t]*(?=\r\n)", re.IGNORECASE)
#: how the body is sent, what becomes of the line, when to come again; and whatever is not one header per line
_UNUSUAL = re.compile(
    rb"\r\n(?:transfer-encoding|connection|retry-after|[ \t]|[^:\r\n]*[ \t]:)|[^\r]\n|\r(?!\n)", re.IGNORECASE
)

_NO_ADDRESS = FailedForGood("not an http(s) address", code="address")

_door = lru_cache(maxsize=4096)(door)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is at most 64 KiB; what is longer or broke off is cut."""

    status: int
    body: bytes
    retry_after: float | None = None


class _NotProcessed(Exception):
    """The peer had already hung up on a kept line: it never saw the letter."""


class Exchange:
    """Posts letters over kept-alive lines. Safe to use from many threads."""

    def __init__(self, lines: Connections | None = None, read: float = READ, total: float = TOTAL) -> None:
        self._lines = lines or Connections()
        self._read = read
        self._total = total

    def post(self, address: str, headers: Mapping[str, str], body: bytes) -> Answer | Failed:
        """Send ``body`` once. No redirects are followed; a kept line that was dead costs one fresh one."""
        started = time.monotonic()
        try:
            to = _door(address)
            request = _request(to, headers, body)
        except ValueError:  # also what is not ASCII, and a line break in a header
            return _NO_ADDRESS
        kept = self._lines.take(to)
        if kept:
            with suppress(_NotProcessed):
                return self._ask(kept, to, request, started, kept=True)
        try:
            fresh = self._lines.open(to)
        except LocationParseError:
            return _NO_ADDRESS
        except (HTTPError, OSError, ValueError) as error:
            return FailedForNow(_why_not_connected(error), code="connect")
        return self._ask(fresh, to, request, started, kept=False)

    def close(self) -> None:
        """Hang up."""
        self._lines.close()

    def _ask(
        self, line: HTTPConnection, to: Door, request: bytes, started: float, *, kept: bool
    ) -> Answer | FailedForNow:
        until = min(time.monotonic() + self._read, started + self._total)
        ear = _Ear(line, until)
        reuse = False
        try:
            ear.say(request)
            answer, reuse = _hear(ear)
            return answer
        except TimeoutError:
            return FailedForNow("no answer in time", code="timeout", unknown=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if kept and not ear.heard and isinstance(error, OSError):
                raise _NotProcessed from error
            return FailedForNow("the line broke before the answer", code=type(error).__name__, unknown=True)
        finally:
            if reuse:
                self._lines.give_back(to, line)
            else:
                line.close()


class _Ear(io.RawIOBase):
    """The listening end of a line under one deadline, however slowly the other side drips."""

    def __init__(self, line: HTTPConnection, until: float) -> None:
        super().__init__()
        self._socket = cast(socket.socket, line.sock)
        self._until = until
        self.heard = False
        self.reader = io.BufferedReader(self)

    def say(self, request: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(request)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._left())
        count = self._socket.recv_into(buffer)
        self.heard = self.heard or count > 0
        return count

    def makefile(self, mode: str) -> "io.BufferedReader[_Ear]":
        """What ``http.client`` asks of a socket."""
        return self.reader

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _request(to: Door, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"POST {to.target} HTTP/1.1", f"Host: {to.authority}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("line break in a header")
    return "\r\n".join(lines).encode("ascii") + body


def _hear(ear: _Ear) -> tuple[Answer, bool]:
    """The answer, and whether the line is clean for the next letter."""
    short = _plain(ear.reader)
    if short is not None:
        return short, True
    response = http.client.HTTPResponse(cast(socket.socket, ear), method="POST")
    response.begin()
    body, clean = _body(response)
    retry_after = _seconds(response.getheader("Retry-After"))
    clean = clean and not response.will_close
    response.close()
    return Answer(response.status, body, retry_after), clean


def _plain(reader: "io.BufferedReader[_Ear]") -> Answer | None:
    """A plain 2xx that has come whole, read without a mail parser; None leaves every other answer to http.client."""
    said = reader.peek()
    end = said.find(b"\r\n\r\n")
    if end < 0 or not _OK.match(said):
        return None
    found = _LENGTH.findall(said, 0, end + 2)
    if len(found) != 1 or _UNUSUAL.search(said, 0, end + 2) or len(said) != end + 4 + int(found[0]):
        return None
    return Answer(int(said[9:12]), reader.read(len(said))[end + 4 :])


def _body(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """The status has been said by now: a body that breaks off does not unsay it."""
    try:
        body = response.read(LARGEST_ANSWER + 1)
    except (OSError, http.client.HTTPException, ValueError):
        return b"", False
    return body[:LARGEST_ANSWER], len(body) <= LARGEST_ANSWER and response.isclosed()


def _seconds(value: str | None) -> float | None:
    """``Retry-After`` as seconds or as a date; None when absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        wait = (parsedate_to_datetime(text) - wall_now()).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(wait, 0.0), LONGEST_RETRY_AFTER)


def _why_not_connected(error: Exception) -> str:
    """A reason without the address: logs and timelines are read by many."""
    match error:
        case NameResolutionError():
            return "the name of the address is not known"
        case ConnectTimeoutError() if not isinstance(error, NewConnectionError):
            return "no connection in time"
        case _:
            return "no connection"
