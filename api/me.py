"""A responder's own page: try the telephone, see who is on duty tonight, say that one is away. Needs no scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import RedirectResponse, Response

from api.answers import as_json
from api.browsers import why
from api.doors import Doors, doors
from api.pages import page, speech
from api.problems import status_of
from api.sessions import Asking, Knock, credential, refuse_foreign
from domain.errors import AnlingError, Forbidden
from domain.people import Scope
from store.site_duty import SiteAbsence

router = APIRouter()
_AHEAD_DAYS = 2.0


def _visitor(request: Request) -> Knock | None:
    return credential(request)


Visitor = Annotated[Knock | None, Depends(_visitor)]


class Try(BaseModel):
    """Which way is tried."""

    model_config = ConfigDict(strict=True)

    channel: Literal["voice", "sms"]


@dataclass(frozen=True, slots=True)
class Mine:
    """What the page shows."""

    name: str
    ways: list[dict[str, Any]]
    tests: list[Mapping[str, Any]]
    duty: list[dict[str, Any]]


@router.get("/api/v1/me")
async def me(asking: Asking) -> Response:
    """My ways to be reached (never the numbers), my last tests, my duty of today and tomorrow."""
    here = asking.doors

    def read() -> Response:
        mine = _mine(here, asking.scope())
        return as_json({"name": mine.name, "ways": mine.ways, "tests": list(mine.tests), "duty": mine.duty})

    return await here.lanes.reads.run(read)


@router.post("/api/v1/me/test")
async def try_it(asking: Asking, said: Try) -> Response:
    """Ring me or write me, as a test marked as a drill, through the channel that real calls take."""
    here = asking.doors

    def act() -> Response:
        scope = asking.scope()
        id = here.app.callbacks.own_phone.order(_who(scope), said.channel, scope.operator)
        return as_json({"id": id, "channel": said.channel}, 202)

    return await here.lanes.commands.run(act)


@router.get("/me", include_in_schema=False)
async def show(request: Request, visitor: Visitor) -> Response:
    """The page."""
    return await _shown(request, visitor)


@router.post("/me/{action}", include_in_schema=False)
async def act(request: Request, visitor: Visitor, action: Literal["test", "absence"]) -> Response:
    """A button of the page."""
    refuse_foreign(request)
    here, say = doors(request), speech(request)
    form = {k: v for k, v in (await request.form()).items() if isinstance(v, str) and v}
    scope = await _scope(visitor)
    if scope is None:
        return RedirectResponse("/login?next=/me", 303)
    try:
        if action == "test":
            said = Try.model_validate(form)
            await here.lanes.commands.run(
                lambda: here.app.callbacks.own_phone.order(_who(scope), said.channel, scope.operator)
            )
            return await _shown(request, visitor, say("me.ordered", channel=say.named("channel", said.channel)))
        away = _absence(_who(scope), form)
        await here.lanes.commands.run(lambda: here.app.rota.absent(scope, away))
        start, end = form["start"].replace("T", " "), form["end"].replace("T", " ")
        return await _shown(request, visitor, say("me.declared", start=start, end=end))
    except (ValidationError, KeyError, ValueError):
        return await _shown(request, visitor, say("problem.invalid"), 422)
    except AnlingError as error:
        return await _shown(request, visitor, why(say, error), status_of(error))


def _absence(who: str, form: Mapping[str, str]) -> SiteAbsence:
    """The two times are Shanghai wall time, as the browser's own field gives them."""
    return SiteAbsence.model_validate({"responder": who, "from": form["start"], "until": form["end"]})


async def _shown(request: Request, visitor: Knock | None, told: str | None = None, status: int = 200) -> Response:
    here, say = doors(request), speech(request)
    scope = await _scope(visitor)
    if scope is None:
        return RedirectResponse("/login?next=/me", 303)
    try:
        mine = await here.lanes.reads.run(lambda: _mine(here, scope))
    except Forbidden:
        return page(request, "lost.html", 403, text=say("me.not_responder"))
    return page(request, "me.html", status, mine=mine, told=told)


async def _scope(visitor: Knock | None) -> Scope | None:
    if visitor is None:
        return None
    return await visitor.doors.lanes.reads.run(lambda: visitor.doors.app.accounts.session(visitor.token))


def _who(scope: Scope) -> str:
    if scope.responder is None:
        raise Forbidden("your log-in belongs to no responder; an administrator can link it")
    return scope.responder


def _mine(here: Doors, scope: Scope) -> Mine:
    who = _who(scope)
    own_phone = here.app.callbacks.own_phone
    calendar = here.app.rota.calendar(scope, None, _AHEAD_DAYS)
    name = here.app.views.responder_actor(who).name
    return Mine(name, own_phone.ways(who), own_phone.latest(who), _duty(calendar, who))


def _duty(calendar: Mapping[str, Any], who: str) -> list[dict[str, Any]]:
    """The teams of this person, with everybody's hours; the others are not this page's business."""
    teams = []
    for team in calendar["teams"]:
        people = {person["id"] for watch in team["watches"] for person in watch["people"]}
        if who in people:
            teams.append(team)
    return teams
