"""A person who meets a refusal in a browser reads a page in their language, not JSON."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.language import Speech
from api.pages import clock, page, speech
from api.problems import on_http, on_refusal, status_of
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
    return say("problem.unknown")


def install(api: FastAPI) -> None:
    """Pages for people; programs keep problem+json."""
    api.add_exception_handler(AnlingError, _or_page(on_refusal, status_of))
    api.add_exception_handler(HTTPException, _or_page(on_http, _http_status))


def _or_page(for_programs: Handler, status: Callable[[Exception], int]) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        if not in_browser(request):
            return await for_programs(request, error)
        return page(request, "problem.html", status(error), text=why(speech(request), error))

    return answer


def _http_status(error: Exception) -> int:
    return error.status_code if isinstance(error, HTTPException) else 500
