"""The live stream: every open console sees each change within a moment, or sees that it does not."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from api.doors import doors
from api.hub import Client, Hub
from api.origin import same_origin
from api.problems import problem
from api.sessions import Knock, credential
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
    ends = [
        asyncio.create_task(_write(socket, client)),
        asyncio.create_task(_listen(socket)),
        asyncio.create_task(_watch(knock, scope)),
        asyncio.create_task(client.dropped.wait()),
    ]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(client)
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        with suppress(RuntimeError, WebSocketDisconnect):  # the client closed first
            await socket.close(1013 if client.dropped.is_set() else 1008)


async def _write(socket: WebSocket, client: Client) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.send_text(await client.queue.get())


async def _listen(socket: WebSocket) -> None:
    """Nothing a client says here matters; only that it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _watch(knock: Knock, scope: Scope) -> None:
    while await _scope(knock) == scope:
        await asyncio.sleep(_RECHECK)
