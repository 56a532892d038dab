"""A stand-in for the product: writes down every request and answers as it was told to."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that came in."""

    method: str
    #: Path with the query, as it was asked for.
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    @property
    def form(self) -> dict[str, str]:
        """Form fields; the query of a GET."""
        text = self.target.partition("?")[2] if self.method == "GET" else self.body.decode()
        return dict(parse_qsl(text, keep_blank_values=True))


class Listener:
    """Give ``app`` to a server; answers are 200 without a body unless ``answers`` knows the path."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Heard], Response]] = {}
        self._heard: list[Heard] = []
        self._news = threading.Condition()
        methods = ["GET", "POST"]
        self.app = Starlette(routes=[Route("/{path:path}", self._receive, methods=methods)])

    def heard(self, path: str = "") -> list[Heard]:
        """Return what came in so far, for one path when it is given."""
        with self._news:
            return [one for one in self._heard if path in ("", one.path)]

    def expect(self, path: str, count: int = 1, seconds: float = 5.0) -> list[Heard]:
        """Wait until so many requests came to a path; raise ``AssertionError`` when they do not."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                found = [one for one in self._heard if one.path == path]
                if len(found) >= count:
                    return found
                if not self._news.wait(max(deadline - time.monotonic(), 0.0)):
                    raise AssertionError(f"{len(found)} of {count} requests to {path} after {seconds:g} s")

    async def _receive(self, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        heard = Heard(request.method, request.url.path + query, request.headers, await request.body())
        with self._news:
            self._heard.append(heard)
            self._news.notify_all()
        answer = self.answers.get(heard.path)
        return answer(heard) if answer else Response(status_code=200)


def document(twiml: str) -> Callable[[Heard], Response]:
    """Return an answer that always gives this markup."""
    return lambda heard: Response(twiml, media_type="text/xml")
