"""The tasks: what waits for a person besides the alerts, and saying that it is done."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.lists import read
from api.sessions import Asking
from domain.tasks import TaskKind

router = APIRouter(prefix="/api/v1/tasks")


@router.get("")
async def tasks(
    asking: Asking,
    state: Literal["open", "done"] = "open",
    kind: TaskKind | None = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """What is to do, or was done."""
    wanted = kind.value if kind else None
    return await read(asking, lambda: asking.doors.app.tasks.page(asking.scope(), state, wanted, limit, cursor))


class Done(BaseModel):
    """What came of it."""

    model_config = ConfigDict(strict=True)

    result: Annotated[str, Field(min_length=1, max_length=200)] = "done"
    note: Annotated[str | None, Field(max_length=4000)] = None


@router.post("/{key:path}/done")
async def done(asking: Asking, key: str, said: Done) -> Response:
    """A person did it."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(
        lambda: as_json(app.tasks.finish(asking.scope(), key, said.result, said.note))
    )
