"""Plans over JSON: what is in force, what would happen, and two people who put a plan in force, each with a log-in."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.lists import cut, read
from api.problems import problem
from api.sessions import Asking
from api.when import Instant
from domain.errors import ConfigurationError

router = APIRouter(prefix="/api/v1")
_NO_ZONE = "须带时区，如 2026-11-22T03:10:00+08:00 / needs its zone"


class Proposal(BaseModel):
    """A plan's file."""

    model_config = ConfigDict(strict=True)

    text: Annotated[str, Field(min_length=1, max_length=200_000)]


class Approval(BaseModel):
    """From when on; at once when not said."""

    effective_from: Instant | None = None


@router.get("/plans")
async def plans(asking: Asking, limit: Limit = 500, cursor: str | None = None) -> Response:
    """The plans, which are in force, and what waits for a second person."""
    return await read(asking, lambda: cut(asking.doors.app.views.plans(asking.scope()), "version", limit, cursor))


@router.get("/plans/diff")
async def plan_diff(asking: Asking, a: str, b: str) -> Response:
    """What differs between two versions."""
    return await read(asking, lambda: asking.doors.app.foresight.diff(a, b))


@router.get("/plans/explain")
async def plan_explain(
    asking: Asking, home: str, kind: str = "sos", at: Instant | None = None,
    rounds: Annotated[int, Query(ge=0, le=20)] = 1,
) -> Response:  # fmt: skip
    """Who would be contacted when, by which way and why, if nobody answered. Calls nobody."""
    if at is not None and at.tzinfo is None:
        return problem(422, f"at {_NO_ZONE}")
    when = at or asking.doors.app.wall()
    return await read(asking, lambda: asking.doors.app.foresight.explain(asking.scope(), home, kind, when, rounds))


@router.post("/plans")
async def propose(asking: Asking, body: Proposal) -> Response:
    """Lay a plan before a second person; every mistake in it at once."""
    try:
        return await asking.doors.lanes.commands.run(
            lambda: as_json(asking.doors.app.signing.propose(asking.scope(), body.text), 201)
        )
    except ConfigurationError as error:
        errors = [{"where": p.partition(": ")[0], "what": p.partition(": ")[2]} for p in error.problems]
        return problem(422, errors=errors)


@router.post("/plans/{version}/approve")
async def approve(asking: Asking, version: str, body: Approval) -> Response:
    """Put another person's plan in force."""
    if body.effective_from is not None and body.effective_from.tzinfo is None:
        return problem(422, f"effective_from {_NO_ZONE}")
    return await asking.doors.lanes.commands.run(
        lambda: as_json(asking.doors.app.signing.approve(asking.scope(), version, body.effective_from))
    )
