"""Which homes are protected, over JSON; a home that has ended, or begins again."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.lists import read
from api.sessions import Asking

router = APIRouter(prefix="/api/v1/homes")


@router.get("/protection")
async def protection(
    asking: Asking,
    state: Literal["protected", "silent", "enrolled", "suspended"] | None = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """How many homes could call for help now, by street; and those that could not."""
    return await read(asking, lambda: asking.doors.app.protection.page(asking.scope(), state, limit, cursor))


@router.get("/{home}/state")
async def state(asking: Asking, home: str) -> Response:
    """The last signs of one home; position and vital signs only during an alert and with consent. Audited."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(lambda: as_json(app.live_state.of(asking.scope(), home)))


@router.post("/{home}/end")
async def end(asking: Asking, home: str) -> Response:
    """Nobody lives there any more."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(lambda: as_json(app.protection.end(asking.scope(), home)))


@router.post("/{home}/resume")
async def resume(asking: Asking, home: str) -> Response:
    """Somebody lives there again."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(lambda: as_json(app.protection.resume(asking.scope(), home)))
