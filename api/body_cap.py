"""Nobody sends us more than a megabyte (files to import apart): bigger bodies are refused before they are read."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.browsers import last_answer

ONE_MEGABYTE = 1_000_000
#: doors for files, which are larger: a district's list of homes
_FILES = {"/import": 16 * ONE_MEGABYTE}


class BodyCap:
    """Answers 413 (a page in a browser), from the announced length or when the count runs over."""

    def __init__(self, app: ASGIApp, limit: int = ONE_MEGABYTE) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        limit = _FILES.get(scope["path"], self._limit)
        if announced.isdigit() and int(announced) > limit:
            await last_answer(scope, 413)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive, limit), send)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > limit:
                raise HTTPException(413)
            return message

        return counted
