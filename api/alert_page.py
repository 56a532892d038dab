"""One alert's page: who and where, what happened, and every button, with scripts or without."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from api.actions import command_of
from api.browsers import in_browser, why
from api.desk import Visitor, choices, desk_page, problem_page, scope_of, street_names, to_login
from api.doors import Doors, doors
from api.language import Speech
from api.leaves.map import drawing
from api.near import near
from api.pages import address, instant, midnight, remember, speech
from api.problems import status_of
from api.sessions import refuse_foreign
from api.story import names_of, story
from api.way_in import way_in
from domain.alerts import Cause, Outcome, Step, VoiceCheck
from domain.errors import AnlingError, Forbidden, NotFound, Refused
from domain.people import Scope
from domain.tasks import own_review
from records.handover import handover
from records.script import script

router = APIRouter(include_in_schema=False)

#: who may be offered an alert, the nearest to the work first
_OFFERED = ("family_doctor", "street_office", "dispatch_120", "duty_supervisor", "volunteer")
#: the small map as the server draws it
_PAPER = (320.0, 180.0)
#: the way of a claim, step by step
_WAY = (Step.EN_ROUTE, Step.AT_DOOR, Step.INSIDE, Step.WITH_RESIDENT, Step.AT_HOSPITAL)


@router.get("/alerts/{id}")
async def alert_page(request: Request, visitor: Visitor, id: str) -> Response:
    """One alert: who and where, what happened, what to do."""
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    return await _alert_page(request, scope, id)


@router.get("/alerts/{id}/{action}")
async def back(request: Request, id: str, action: str) -> Response:
    """Whoever reloads the answer to a button, or changes its language, meets the alert itself; nothing is done."""
    del action
    return remember(request, RedirectResponse(f"/alerts/{quote(id)}", 303))


@router.post("/alerts/{id}/reveal")
async def reveal(request: Request, visitor: Visitor, id: str) -> Response:
    """The door's code: written down first, then shown. Scripts get the code alone, a browser without them the page."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here = doors(request)
    try:
        code = await here.lanes.commands.run(lambda: here.app.desk.seat.reveal(scope, id))
    except AnlingError as refused:
        return problem_page(request, refused)
    if in_browser(request):
        return await _alert_page(request, scope, id, code=code or "—")
    return Response(code or "—", headers={"Cache-Control": "no-store"}, media_type="text/plain")


@router.post("/alerts/{id}/{action}")
async def act(request: Request, visitor: Visitor, id: str, action: str) -> Response:
    """A button of the alert page, for browsers with scripts or without."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here, form = doors(request), {k: v for k, v in (await request.form()).items() if isinstance(v, str) and v}
    say = speech(request)
    try:
        command = command_of(action, id, form, say)
        done = await here.lanes.commands.run(lambda: command(here.app, here.app.accounts.actor(scope)))
        if action == "called-120":
            await here.lanes.commands.run(lambda: _dialled(here, scope, id))
    except (AnlingError, ValidationError) as error:
        return await _alert_page(request, scope, id, error=_why(say, error), status=_status(error))
    # who has asked for 120 reads aloud next: the words stay open
    words = "?dial=1" if action == "summon" and form.get("role") == "dispatch_120" else ""
    return RedirectResponse(f"/alerts/{quote(str(done.id))}{words}", 303)


def _dialled(here: Doors, scope: Scope, id: str) -> None:
    """Nobody needs to be reminded to dial any more; there may have been no such task."""
    with suppress(Forbidden, NotFound, Refused):
        here.app.tasks.finish(scope, f"dial_120:{id}", "dialled")


@dataclass(frozen=True, slots=True)
class _Read:
    """What the page needs from the ledger."""

    alert: Mapping[str, Any]
    me: str
    names: dict[str, str]
    rail: Sequence[Any]
    #: the roles of each branch of its plan
    branches: Sequence[tuple[str, ...]]
    on_duty: list[tuple[str, list[tuple[str, str]]]]
    streets: dict[str, str]
    #: what waits for a person about it: review, follow-up, a call to 120 by hand
    tasks: Sequence[Mapping[str, Any]]


def _read(here: Doors, scope: Scope, id: str) -> _Read:
    app = here.app
    alert = app.views.alert(scope, id)
    rail = app.foresight.rail(id)
    street = (alert.get("home") or {}).get("street")
    people = [(role, app.views.duty(scope, role, street, app.wall())["items"]) for role in _OFFERED]
    on_duty = [(role, [(p["id"], p.get("name") or p["id"]) for p in found]) for role, found in people if found]
    branches = app.foresight.branches(id)
    names, streets = names_of(alert, app.views), street_names(app, scope)
    tasks = app.tasks.of_alert(scope, id)
    return _Read(alert, app.accounts.actor(scope).id, names, rail, branches, on_duty, streets, tasks)


async def _alert_page(
    request: Request, scope: Scope, id: str, error: str | None = None, status: int = 200, code: str | None = None
) -> Response:
    here, say = doors(request), speech(request)
    try:
        read = await here.lanes.reads.run(lambda: _read(here, scope, id))
    except AnlingError as refused:
        return problem_page(request, refused)
    alert, now = read.alert, here.app.wall()
    residents = alert.get("residents") or []
    ground = here.app.settings.ground
    beside = near(alert, ground, say)
    phones = list(dict.fromkeys(phone for person in residents for phone in person.get("phones") or ()))
    return desk_page(
        request,
        scope,
        "alert.html",
        status,
        families=("alert",),
        alert=alert,
        tracks=tracks_for(alert, read.me, scope.role),
        error=error,
        code=code,
        address=address(alert),
        names=read.names,
        street_name=read.streets,
        story=story(alert, read.names, say),
        rail=read.rail,
        tasks=read.tasks,
        own=lambda task: own_review(task, scope.persons),
        branches=[(roles[0], [say.named("role", role) for role in roles]) for roles in read.branches],
        dialling=request.query_params.get("dial") == "1",
        came={c["responder"]: c for c in alert.get("contacts") or () if c.get("purpose", "contact") == "contact"},
        way=way_in(alert, read.names, say),
        phones=phones,
        words_for_120=script(handover(alert), midnight(now).date())[say.lang],
        on_duty=read.on_duty,
        steps=choices(say, "step", Step),
        next_step=next_step(alert),
        next_act=next_act(alert, bool(phones)),
        reached=frozenset(_told(alert, "progress", "step")),
        spoken=next(iter(_told(alert, "voice_check", "result")[-1:]), None),
        results=choices(say, "voice", VoiceCheck),
        outcomes=choices(say, "outcome", Outcome),
        causes=choices(say, "cause", Cause),
        nearest=beside["nearest"],
        waited=_waited(alert, now),
        # a home alone on plain paper would tell nothing
        mapped=bool(beside["pins"]) and (len(beside["pins"]) > 1 or bool(ground.tiles or ground.boundary)),
        drawn=list(zip(beside["pins"], drawing([pin["at"] for pin in beside["pins"]], _PAPER, 40.0), strict=True)),
        setup={"map": ground.told(), "pins": beside["pins"]},
    )


def _waited(alert: Mapping[str, Any], now: datetime) -> str:
    """``0:42``, as the page's own script counts on."""
    seconds = max(0, int((now - (instant(alert["raised_at"]) or now)).total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _told(alert: Mapping[str, Any], type: str, name: str) -> list[str]:
    """What entries of one sort say, in order."""
    return [str(e["data"].get(name)) for e in alert.get("timeline") or () if e["type"] == type]


def next_step(alert: Mapping[str, Any]) -> str:
    """The step that comes after the last one reported: the button to press next."""
    order = [step.value for step in _WAY]
    reached = [order.index(step) for step in _told(alert, "progress", "step") if step in order]
    return order[min(max(reached, default=-1) + 1, len(order) - 1)]


def next_act(alert: Mapping[str, Any], phones: bool) -> str:
    """What whoever holds it does next: ``call`` the home, report a ``step``, or ``close``."""
    steps, spoken = _told(alert, "progress", "step"), _told(alert, "voice_check", "result")
    if {Step.WITH_RESIDENT, Step.AT_HOSPITAL} & {*steps} or (spoken[-1:] == [VoiceCheck.OK] and not steps):
        return "close"
    return "step" if steps or spoken or not phones else "call"


@dataclass(frozen=True, slots=True)
class Tracks:
    """An alert's live tracks as the reader meets them."""

    live: list[Mapping[str, Any]]
    calling: list[Mapping[str, Any]]
    #: the reader holds one
    mine: bool
    #: one is offered to the reader
    offered: bool


def tracks_for(alert: Mapping[str, Any], me: str, role: str = "") -> Tracks:
    """What the buttons of the page depend on; the line of the reader's own role is the first to be claimed."""
    live = [t for t in alert["tracks"] if t["state"] != "stood_down"]
    calling = sorted((t for t in live if t["state"] == "calling"), key=lambda t: t["name"] != role)
    mine = any((t.get("claimant") or {}).get("id") == me for t in live)
    return Tracks(live, calling, mine, any((t.get("offer") or {}).get("to") == me for t in live))


def _why(say: Speech, error: Exception) -> str:
    return say("problem.invalid") if isinstance(error, ValidationError) else why(say, error)


def _status(error: Exception) -> int:
    return 422 if isinstance(error, ValidationError) else status_of(error)
