"""Whatever nobody foresaw: the caller gets a 500 that says "not recorded", the log gets no personal data."""

import traceback

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.browsers import last_answer
from api.problems import problem

_LOG = structlog.get_logger("anling.api")


class LastWord:
    """Stands outside all doors. The log names the error's type and place; its text may hold a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            _LOG.error("request_failed", error=type(error).__name__, at=place(error))
            if scope["type"] == "http" and not begun:
                await _answer(scope)(scope, receive, send)


def _answer(scope: Scope) -> Response:
    """A page for a person; where even that breaks, what a program reads."""
    try:
        return last_answer(scope, 500)
    except Exception as error:
        _LOG.error("page_failed", error=type(error).__name__, at=place(error))
        return problem(500, headers={"Retry-After": "1"})


def place(error: Exception) -> str:
    """File, line and function where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno} {frames[-1].name}" if frames else "?"
