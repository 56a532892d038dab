"""Commissioning a home: begin, say which contact was reached, sign."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.answers import as_json
from api.lists import read
from api.problems import problem
from api.sessions import Asking

router = APIRouter(prefix="/api/v1/homes/{home}/commissioning")


class Step(BaseModel):
    """What the installer has just done."""

    model_config = ConfigDict(strict=True)

    action: Literal["start", "prove", "sign"]
    contact: Annotated[str | None, Field(max_length=200)] = None


@router.get("")
async def status(asking: Asking, home: str) -> Response:
    """Which devices were heard, which contacts reached, and what is missing."""
    return await read(asking, lambda: asking.doors.app.commissioning.status(asking.scope(), home))


@router.post("")
async def step(asking: Asking, home: str, said: Step) -> Response:
    """One step; signing is refused with everything that is missing."""
    work, scope = asking.doors.app.commissioning, asking.scope()
    if said.action == "prove" and not said.contact:
        return problem(422, "须写明 contact / name the contact that was reached")
    steps = {
        "start": lambda: work.start(scope, home),
        "prove": lambda: work.prove(scope, home, said.contact or ""),
        "sign": lambda: work.sign(scope, home),
    }
    return await asking.doors.lanes.commands.run(lambda: as_json(steps[said.action]()))
