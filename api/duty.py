"""Duty over JSON: what is missing, who is on when, and who comes instead."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.lists import read
from api.problems import problem
from api.sessions import Asking, Knock
from api.when import Instant
from store.site_duty import SiteAbsence, SiteOverride, SiteSwap

router = APIRouter(prefix="/api/v1/duty")

Days = Annotated[float, Query(gt=0, le=62)]
_NOUNS = {"absence": "absence", "overrides": "override", "swaps": "swap"}


class Override(SiteOverride):
    """For some hours somebody else comes, comes too, or does not."""

    allow_gaps: bool = Field(default=False, exclude=True)


class Swap(SiteSwap):
    """One takes another's shift."""

    allow_gaps: bool = Field(default=False, exclude=True)


class Absence(SiteAbsence):
    """Away; without ``responder`` it is the one who asks."""

    responder: str = ""


class Proved(BaseModel):
    """Somebody was reached there."""

    model_config = ConfigDict(strict=True)

    responder: str
    channel: Annotated[str, Field(min_length=1, max_length=40)]


@router.get("/coverage")
async def coverage(asking: Asking, days: Days = 14, street: str | None = None) -> Response:
    """Hours with nobody, people nobody can reach, contacts nobody proved."""
    return await read(asking, lambda: asking.doors.app.rota.coverage(asking.scope(), days, street))


@router.get("/calendar")
async def calendar(
    asking: Asking,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    days: Days = 7,
    street: str | None = None,
) -> Response:
    """Who is on from when to when, for each role and street and for each team."""
    if start is not None and start.tzinfo is None:
        return problem(422, "from 须带时区，如 2026-11-22T00:00:00+08:00 / from needs its zone")
    return await read(asking, lambda: asking.doors.app.rota.calendar(asking.scope(), start, days, street))


@router.get("/changes")
async def changes(asking: Asking, limit: Limit = 100, cursor: str | None = None) -> Response:
    """Who laid down what, and when."""
    return await read(asking, lambda: asking.doors.app.rota.changes(asking.scope(), limit, cursor))


@router.post("/absence")
async def absence(asking: Asking, said: Absence) -> Response:
    """Away from … until …; the deputy comes, or the gap is told."""

    def act() -> Any:
        scope = asking.scope()
        who = said.responder or scope.responder or scope.operator
        return asking.doors.app.rota.absent(scope, said.model_copy(update={"responder": who}))

    return await _write(asking, act)


@router.post("/overrides")
async def override(asking: Asking, said: Override) -> Response:
    """Refused (409) when it leaves an hour without 120, unless ``allow_gaps``."""
    return await _write(asking, lambda: asking.doors.app.rota.override(asking.scope(), said, said.allow_gaps))


@router.post("/swaps")
async def swap(asking: Asking, said: Swap) -> Response:
    """Refused (409) when it leaves an hour without 120, unless ``allow_gaps``."""
    return await _write(asking, lambda: asking.doors.app.rota.swap(asking.scope(), said, said.allow_gaps))


@router.delete("/{noun}/{id}")
async def withdraw(asking: Asking, noun: Literal["absence", "overrides", "swaps"], id: str) -> Response:
    """Take it back; what was before this moment stays as it was."""
    return await _write(asking, lambda: asking.doors.app.rota.withdraw(asking.scope(), _NOUNS[noun], id), 200)


@router.post("/proved")
async def proved(asking: Asking, said: Proved) -> Response:
    """A contact was tried and works: by the person, or by a supervisor who spoke with them."""
    return await _write(asking, lambda: asking.doors.app.rota.prove(asking.scope(), said.responder, said.channel), 200)


async def _write(asking: Knock, act: Callable[[], Any], status: int = 201) -> Response:
    return await asking.doors.lanes.commands.run(lambda: as_json(act(), status))
