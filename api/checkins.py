"""The daily check-in over JSON: the day's board, all is well, away and back."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.lists import read
from api.problems import problem
from api.sessions import Asking
from api.when import Day, Instant
from domain.checkins import CheckinState, Way

router = APIRouter(prefix="/api/v1")


@router.get("/checkins")
async def checkins(
    asking: Asking, day: Day | None = None, state: CheckinState | None = None, limit: Limit = 100,
    cursor: str | None = None,
) -> Response:  # fmt: skip
    """Who has shown a sign of life today, and who is still asked."""
    what = (day.isoformat() if day else None, state.value if state else None, limit, cursor)
    return await read(asking, lambda: asking.doors.app.checkins.page(asking.scope(), *what))


class Well(BaseModel):
    """How somebody knows."""

    model_config = ConfigDict(strict=True)

    way: Annotated[Way, Field(strict=False)] = Way.DESK
    note: Annotated[str | None, Field(max_length=2000)] = None


_WELL = Well()


@router.post("/checkins/{id}/ok")
async def well(asking: Asking, id: str, said: Well = _WELL) -> Response:
    """All is well: by a visit, a call, the family."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(
        lambda: as_json(app.checkins.ok(asking.scope(), id, said.way.value, said.note))
    )


class Away(BaseModel):
    """Where to; ``back`` ends it."""

    model_config = ConfigDict(strict=True)

    kind: Literal["away", "hospital", "back"] = "away"
    until: Annotated[Instant | None, Field(strict=False)] = None


_AWAY = Away()


@router.post("/homes/{home}/away")
async def away(asking: Asking, home: str, said: Away = _AWAY) -> Response:
    """With the family, in hospital, or back: in one step."""
    if said.until is not None and said.until.tzinfo is None:
        return problem(422, "until 须带时区，如 2026-11-25T12:00:00+08:00 / until needs its zone")
    work, scope = asking.doors.app.checkins, asking.scope()
    if said.kind == "back":
        return await asking.doors.lanes.commands.run(lambda: as_json(work.back(scope, home)))
    return await asking.doors.lanes.commands.run(lambda: as_json(work.away(scope, home, said.kind, said.until)))
