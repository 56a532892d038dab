"""One alert's page: who and where, what happened, and every button, with scripts or without."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from api.alerts import Claim, Close, Note, Offer, Progress, Spoken
from api.browsers import why
from api.desk import Visitor, choices, desk_page, problem_page, scope_of, to_login
from api.doors import doors
from api.language import Speech
from api.pages import address, speech
from api.parts import App
from api.problems import status_of
from api.sessions import refuse_foreign
from api.story import names_of, story
from domain.alerts import Actor, Cause, Outcome, Step, VoiceCheck
from domain.errors import AnlingError, NotFound
from domain.people import Scope

router = APIRouter(include_in_schema=False)


@router.get("/alerts/{id}")
async def alert_page(request: Request, visitor: Visitor, id: str) -> Response:
    """One alert: who and where, what happened, what to do."""
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    return await _alert_page(request, scope, id)


@router.post("/alerts/{id}/{action}")
async def act(request: Request, visitor: Visitor, id: str, action: str) -> Response:
    """A button of the alert page, for browsers with scripts or without."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here, form = doors(request), {k: v for k, v in (await request.form()).items() if isinstance(v, str) and v}
    try:
        command = command_of(action, id, form)
        await here.lanes.commands.run(lambda: command(here.app, here.app.accounts.actor(scope)))
    except (AnlingError, ValidationError) as error:
        return await _alert_page(request, scope, id, _why(speech(request), error), _status(error))
    return RedirectResponse(f"/alerts/{quote(id)}", 303)


def command_of(action: str, id: str, form: Mapping[str, str]) -> Callable[[App, Actor], object]:
    """What a form asks for. ``NotFound``: no such button; ``ValidationError``: the form is not complete."""
    match action:
        case "claim":
            claim = Claim.model_validate(form)
            return lambda app, actor: app.commands.claim(id, actor, claim.track)
        case "progress":
            step = Progress.model_validate(form)
            return lambda app, actor: app.commands.progress(id, actor, step.step, step.note)
        case "voice-check":
            spoken = Spoken.model_validate(form)
            return lambda app, actor: app.commands.voice_check(id, actor, spoken.result)
        case "offer":
            offer = Offer.model_validate(form)
            return lambda app, actor: app.commands.offer(id, actor, app.views.responder_actor(offer.to))
        case "note":
            note = Note.model_validate(form)
            return lambda app, actor: app.commands.note(id, actor, note.text)
        case "close":
            close = Close.model_validate(form)
            return lambda app, actor: app.commands.close(id, actor, close.outcome, close.cause, close.note)
    return _plain_command(action, id)


def _plain_command(action: str, id: str) -> Callable[[App, Actor], object]:
    match action:
        case "decline":
            return lambda app, actor: app.commands.decline(id, actor)
        case "release":
            return lambda app, actor: app.commands.release(id, actor)
        case "accept":
            return lambda app, actor: app.commands.accept(id, actor)
    raise NotFound(action)


async def _alert_page(
    request: Request, scope: Scope, id: str, error: str | None = None, status: int = 200
) -> Response:
    here, say = doors(request), speech(request)
    try:
        alert, me, names = await here.lanes.reads.run(
            lambda: (
                alert := here.app.views.alert(scope, id),
                here.app.accounts.actor(scope).id,
                names_of(alert, here.app.views),
            )
        )
    except AnlingError as refused:
        return problem_page(request, refused)
    return desk_page(
        request,
        scope,
        "alert.html",
        status,
        alert=alert,
        tracks=tracks_for(alert, me),
        error=error,
        address=address(alert),
        names=names,
        story=story(alert, names, say),
        steps=choices(say, "step", Step),
        results=choices(say, "voice", VoiceCheck),
        outcomes=choices(say, "outcome", Outcome),
        causes=choices(say, "cause", Cause),
    )


@dataclass(frozen=True, slots=True)
class Tracks:
    """An alert's live tracks as the reader meets them."""

    live: list[Mapping[str, Any]]
    calling: list[Mapping[str, Any]]
    #: the reader holds one
    mine: bool
    #: one is offered to the reader
    offered: bool


def tracks_for(alert: Mapping[str, Any], me: str) -> Tracks:
    """What the buttons of the page depend on."""
    live = [t for t in alert["tracks"] if t["state"] != "stood_down"]
    calling = [t for t in live if t["state"] == "calling"]
    mine = any((t.get("claimant") or {}).get("id") == me for t in live)
    return Tracks(live, calling, mine, any((t.get("offer") or {}).get("to") == me for t in live))


def _why(say: Speech, error: Exception) -> str:
    return say("problem.invalid") if isinstance(error, ValidationError) else why(say, error)


def _status(error: Exception) -> int:
    return 422 if isinstance(error, ValidationError) else status_of(error)
