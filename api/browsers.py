"""A person who meets a refusal in a browser reads a page in their language, not JSON."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from api.language import Speech
from api.pages import clock, page, speech
from api.problems import on_http, on_invalid, on_refusal, problem, status_of
from api.refusals import in_words
from domain.errors import AnlingError, Forbidden, Held, LedgerCollision, LedgerUnavailable, NotFound

_PROGRAMS = ("/api/", "/callbacks/", "/ingest/")

Handler = Callable[[Request, Exception], Awaitable[Response]]


def in_browser(conn: HTTPConnection) -> bool:
    """Whether a person is looking: a page was asked for, outside the programs' doors."""
    wanted = "text/html" in conn.headers.get("accept", "")
    return wanted and not conn.url.path.startswith(_PROGRAMS)


def why(say: Speech, error: Exception) -> str:
    """What to tell a person whom ``error`` met."""
    match error:
        case Held():
            return say("problem.held", name=error.holder_name, until=clock(error.until))
        case NotFound():
            return say("problem.not_found")
        case Forbidden():
            return say("problem.forbidden")
        case LedgerUnavailable() | LedgerCollision():
            return say("problem.unknown")
        case AnlingError():
            return f"{say('problem.refused')} {in_words(str(error), say.lang)}"
        case HTTPException(status_code=404 | 405):
            return say("problem.not_found")
        case HTTPException(status_code=401 | 403):
            return say("problem.forbidden")
        case HTTPException(status_code=413):
            return say("problem.too_big")
        case RequestValidationError():
            return say("problem.unreadable")
    return say("problem.unknown")


def install(api: FastAPI) -> None:
    """Pages for people; programs keep problem+json."""
    api.add_exception_handler(AnlingError, _or_page(on_refusal, status_of))
    api.add_exception_handler(HTTPException, _or_page(on_http, _http_status))
    api.add_exception_handler(RequestValidationError, _or_page(on_invalid, lambda _: 422))


def refused_page(conn: HTTPConnection, status: int, text: str) -> Response:
    """What happened, and the ways on: the board, and the page one came from."""
    return page(conn, "problem.html", status, text=text, came_from=_came_from(conn))


def last_answer(scope: Scope, status: int) -> Response:
    """Where no door was reached, or one broke: a page for a person, problem+json for a program."""
    conn = HTTPConnection(scope)
    if in_browser(conn):
        error = HTTPException(status)
        return refused_page(conn, status, why(speech(conn), error))
    return problem(status, headers={"Retry-After": "1"} if status >= 500 else None)


def _came_from(conn: HTTPConnection) -> str | None:
    """The page of ours that led here, when it is another one."""
    said = urlsplit(conn.headers.get("referer", ""))
    here = said.netloc == conn.headers.get("host") and said.path.startswith("/") and said.path[1:2] not in ("/", "\\")
    where = f"{said.path}?{said.query}" if said.query else said.path
    return where if here and said.path not in ("/", "/login") and where != _here(conn) else None


def _here(conn: HTTPConnection) -> str:
    return f"{conn.url.path}?{conn.url.query}" if conn.url.query else conn.url.path


def _or_page(for_programs: Handler, status: Callable[[Exception], int]) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        if not in_browser(request):
            return await for_programs(request, error)
        return refused_page(request, status(error), why(speech(request), error))

    return answer


def _http_status(error: Exception) -> int:
    return error.status_code if isinstance(error, HTTPException) else 500
