"""Everything that is only read: the inbox, messages sent, drills, plans, the audit, who is on duty."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.again import read_again
from api.alerts import Cursor, Limit
from api.answers import as_json
from api.problems import problem
from api.sessions import Asking, Knock
from api.when import Instant
from domain.people import ROLES
from store.oversight import Reads

router = APIRouter(prefix="/api/v1")
#: where the list of messages goes on: an instant and a key
Moment = Annotated[str | None, Query(pattern=r"^\d{4}-\d\d-\d\dT\S+ \S.*$", max_length=400)]


async def read(asking: Knock, view: Callable[[], Any]) -> Response:
    """One list as it is now."""
    return await asking.doors.lanes.reads.run(lambda: as_json(view()))


def cut(page: dict[str, Any], key: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """A piece of a list that is made whole: at most ``limit`` items, those after the one with ``key`` ``cursor``."""
    items = page["items"]
    begin = next((n for n, item in enumerate(items, 1) if item[key] == cursor), 0) if cursor else 0
    more = items[begin + limit - 1][key] if len(items) > begin + limit else None
    return page | {"items": items[begin : begin + limit], "next_cursor": more}


@router.get("/inbox")
async def inbox(asking: Asking, limit: Limit = 100, cursor: Cursor = None, unread: bool = False) -> Response:
    """Every message that came in; ``unread=true``: only what nobody could read, with the reason."""
    return await read(asking, lambda: asking.doors.app.views.inbox(asking.scope(), limit, cursor, unread))


class Again(BaseModel):
    """Which messages to read again; none named: all that are unread."""

    model_config = ConfigDict(strict=True)

    ids: Annotated[list[str] | None, Field(min_length=1, max_length=500)] = None


@router.post("/inbox/replay")
async def replay(asking: Asking, said: Again) -> Response:
    """Read again with the decoders of today; what is understood now is judged, once, and marked late."""
    work = lambda: as_json(asdict(read_again(asking.doors.app, asking.scope(), said.ids)))  # noqa: E731
    return await asking.doors.lanes.commands.run(work)


@router.get("/inbox/{id}/raw")
async def raw(asking: Asking, id: str) -> Response:
    """The bytes of one message; the read is audited."""
    return await read(asking, lambda: asking.doors.app.views.raw(asking.scope(), id))


@router.get("/messages")
async def messages(asking: Asking, limit: Limit = 100, cursor: Moment = None) -> Response:
    """Every message that went out, and what became of it."""
    return await read(asking, lambda: asking.doors.app.views.messages(asking.scope(), limit, cursor))


@router.get("/audit")
async def audit(
    asking: Asking, limit: Limit = 100, cursor: Cursor = None, by: str = "", about: str = "",
    since: Annotated[Instant | None, Query(alias="from")] = None, until: Instant | None = None,
) -> Response:  # fmt: skip
    """Who saw whose record, and when; ``by`` a log-in, ``about`` part of an id, ``from`` and ``until`` with a zone."""
    if any(at is not None and at.tzinfo is None for at in (since, until)):
        return problem(422, "from, until 须带时区，如 2026-11-22T00:00:00+08:00 / from and until need their zone")
    wanted = Reads(by, about, since, until)
    return await read(asking, lambda: asking.doors.app.views.audit(asking.scope(), limit, cursor, wanted))


@router.get("/duty")
async def duty(
    asking: Asking, role: str | None = None, street: str | None = None, at: Instant | None = None,
    limit: Limit = 500, cursor: str | None = None,
) -> Response:  # fmt: skip
    """Who would be called; ``at`` with its zone, now when not given."""
    if at is not None and at.tzinfo is None:
        return problem(422, "at 须带时区，如 2026-11-22T03:10:00+08:00 / at needs its zone")
    when = at or asking.doors.app.wall()
    return await read(asking, lambda: cut(_duty(asking, role, street, when), "id", limit, cursor))


def _duty(asking: Knock, role: str | None, street: str | None, at: datetime) -> dict[str, Any]:
    """One role's people; without a role everybody's."""
    scope, views = asking.scope(), asking.doors.app.views
    pages = [views.duty(scope, one, street, at) for one in ([role] if role else ROLES)]
    return pages[0] | {"items": [person for page in pages for person in page["items"]]}


class Drill(BaseModel):
    """A drill window: presses in these homes may be drills until it ends."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    homes: Annotated[list[str], Field(min_length=1, max_length=1000)]
    minutes: Annotated[int | float, Field(gt=0, le=480)] = 60


@router.get("/drills")
async def drills(asking: Asking, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Drills, the newest first."""
    return await read(asking, lambda: asking.doors.app.views.drills(asking.scope(), limit, cursor))


@router.post("/drills")
async def open_drill(asking: Asking, drill: Drill) -> Response:
    """Open a drill window."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(
        lambda: as_json(app.drills.open(asking.scope(), drill.name, drill.homes, drill.minutes), 201)
    )


class Finding(BaseModel):
    """One thing that was expected and what came; or what came and nobody expected."""

    model_config = ConfigDict(strict=True)

    sort: Annotated[str, Field(max_length=40)]
    good: bool
    expected: Annotated[str | None, Field(max_length=500)] = None
    came: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=500)] = []
    why: Annotated[str | None, Field(max_length=1000)] = None


class Title(BaseModel):
    """What a drill is about."""

    model_config = ConfigDict(strict=True)

    zh: Annotated[str, Field(max_length=200)] = ""
    en: Annotated[str, Field(max_length=200)] = ""


class Verdict(BaseModel):
    """What the judge of a drill found, as ``anling drill run --json`` prints it."""

    model_config = ConfigDict(strict=True)

    drill: Annotated[str, Field(max_length=200)]
    title: Title = Title()
    passed: bool
    took_s: Annotated[float | int, Field(ge=0, le=1e7, allow_inf_nan=False)] = 0
    alerts: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1000)] = []
    steps: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=1000)] = []
    findings: Annotated[list[Finding], Field(max_length=1000)] = []


@router.post("/drills/{id}/verdict")
async def judge_drill(asking: Asking, id: str, said: Verdict) -> Response:
    """Lay down a drill's verdict; once."""
    drills = asking.doors.app.drills
    return await asking.doors.lanes.commands.run(
        lambda: as_json(drills.judge(asking.scope(), id, said.passed, said.model_dump(exclude={"passed"})), 201)
    )


@router.get("/drills/{id}")
async def drill(asking: Asking, id: str) -> Response:
    """One drill with its verdict."""
    return await read(asking, lambda: asking.doors.app.drills.drill(asking.scope(), id))


@router.post("/drills/{id}/close")
async def close_drill(asking: Asking, id: str) -> Response:
    """End a drill window; from now on every press is real again."""
    app = asking.doors.app
    return await asking.doors.lanes.commands.run(lambda: as_json(app.drills.close(asking.scope(), id)))
