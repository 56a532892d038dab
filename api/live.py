"""The live stream: every open console sees each change within a moment, or sees that it does not."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from anyio import create_task_group, sleep
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from api.doors import doors
from api.hub import Client, Hub
from api.origin import same_origin
from api.problems import problem
from api.sessions import Knock, credential
from domain.errors import AnlingError
from domain.people import Scope

router = APIRouter()

#: seconds between looks whether the log-in still holds
_RECHECK = 15.0


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Snapshot on connect, then changes, a tick every second (wire.md section 4)."""
    knock = credential(socket)
    if knock and knock.by_cookie and not same_origin(socket, doors(socket).app.settings.public_url, True):
        await socket.send_denial_response(problem(403))
        return
    scope = await _scope(knock)
    if knock is None or scope is None:
        await socket.send_denial_response(problem(401, headers={"WWW-Authenticate": "Bearer"}))
        return
    await socket.accept()
    await _serve(socket, socket.app.state.hub, knock, scope)


async def _scope(knock: Knock | None) -> Scope | None:
    if knock is None:
        return None
    return await knock.doors.lanes.reads.run(lambda: knock.doors.app.accounts.session(knock.token))


async def _serve(socket: WebSocket, hub: Hub, knock: Knock, scope: Scope) -> None:
    """Until the first of: the client left, it was too slow, its log-in ended."""
    client = hub.join(scope)
    ends: tuple[Callable[[], Awaitable[object]], ...] = (
        partial(_write, socket, client),
        partial(_listen, socket),
        partial(_watch, knock, scope),
        client.dropped.wait,
    )
    try:
        async with create_task_group() as group:
            for end in ends:
                group.start_soon(_then, end, group.cancel_scope.cancel)
    finally:
        hub.leave(client)
    with suppress(RuntimeError, WebSocketDisconnect):  # the client closed first
        await socket.close(1013 if client.dropped.is_set() else 1008)


async def _then(end: Callable[[], Awaitable[object]], stop: Callable[[], None]) -> None:
    await end()
    stop()


async def _write(socket: WebSocket, client: Client) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.send_text(await client.queue.get())


async def _listen(socket: WebSocket) -> None:
    """Nothing a client says here matters; only that it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _watch(knock: Knock, scope: Scope) -> None:
    """Until the log-in ends; a ledger that cannot say is asked again."""
    while True:
        with suppress(AnlingError):
            if await _scope(knock) != scope:
                return
        await sleep(_RECHECK)
