"""How long we wait for a request: who sends slowly, or nothing, keeps no line open for ever."""

import asyncio
import resource
from dataclasses import dataclass, field
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

#: doors for files, which are larger and come over slow lines
_FILES = frozenset({"/import"})
_MOST = 30_000
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def _half() -> int:
    """Of the files that this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else soft // 2


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that one request may take to arrive."""

    #: from the connection, or from the first byte of a further request, to the end of the headers
    headers_s: float = 10.0
    #: from the end of the headers to the end of the body
    body_s: float = 20.0
    #: the same at doors for files
    file_s: float = 300.0
    #: lines that may wait for their headers at a time; when one more comes, the one that has waited longest goes
    waiting: int = 500
    #: lines altogether; more are not taken, so that ledger and broker never run out of files
    lines: int = field(default_factory=_half)


class BodyClock:
    """Answers 408 as problem+json and closes the line when a body has not arrived in time."""

    def __init__(self, app: ASGIApp, patience: Patience) -> None:
        self._app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            seconds = self._patience.file_s if scope["path"] in _FILES else self._patience.body_s
            receive = _by(receive, asyncio.get_running_loop().time() + seconds)
        await self._app(scope, receive, send)


def _by(receive: Receive, deadline: float) -> Receive:
    arrived = False

    async def hurried() -> Message:
        nonlocal arrived
        if arrived:
            # What comes now is the end of the connection: that may take as long as the answer does.
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408, headers={"Connection": "close"}) from error
        arrived = not message.get("more_body", False)
        return message

    return hurried


class Hurried(H11Protocol):
    """uvicorn's protocol, with an end to waiting for headers: 408 and the line is closed."""

    patience = Patience()
    #: lines of this server that wait for headers, the oldest first
    waiting: ClassVar[dict["Hurried", asyncio.TimerHandle]] = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.patience.lines:
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._begun():
            self._wait_no_more()
        elif self not in self.waiting:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _begun(self) -> bool:
        """A request's headers are here and its answer is not."""
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        if len(self.waiting) >= self.patience.waiting:
            next(iter(self.waiting))._too_slow()
        self.waiting[self] = self.loop.call_later(self.patience.headers_s, self._too_slow)

    def _wait_no_more(self) -> None:
        if (timer := self.waiting.pop(self, None)) is not None:
            timer.cancel()

    def _too_slow(self) -> None:
        self._wait_no_more()
        # A WebSocket may have taken the line over.
        if self.transport.get_protocol() is not self or self.transport.is_closing() or self._begun():
            return
        first: Any = self.cycle
        if first is None:
            self.transport.write(_TOO_SLOW)
        self.transport.close()


def hurried_by(patience: Patience) -> type[Hurried]:
    """The protocol of one server."""
    return type("Hurried", (Hurried,), {"patience": patience, "waiting": {}})
