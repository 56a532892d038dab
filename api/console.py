"""The dispatcher's console: log in, the board, one alert, and what can be done with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from api.alerts import Claim, Close, Note, Offer, Progress, Spoken
from api.browsers import why
from api.doors import Doors, doors
from api.language import Speech
from api.origin import same_origin
from api.pages import address, clock, instant, midnight, page, remember, speech
from api.parts import App
from api.problems import status_of
from api.sessions import Knock, Login, credential, enter, refuse_foreign
from api.story import names_of, story
from domain.alerts import Actor, Cause, Outcome, Step, VoiceCheck
from domain.errors import AnlingError, NotFound
from domain.people import Scope

router = APIRouter(include_in_schema=False)

#: word families that the board's script needs
_SCRIPT_WORDS = (
    "board",
    "kind",
    "severity",
    "role",
    "channel",
    "status",
    "outcome",
    "cause",
    "problem",
    "site",
)


def _visitor(conn: HTTPConnection) -> Knock | None:
    return credential(conn)


Visitor = Annotated[Knock | None, Depends(_visitor)]


@router.get("/login")
async def login_page(request: Request) -> Response:
    """Where a shift begins; the click also allows the browser to make sounds."""
    return page(request, "login.html", next=_next(request), error=None)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """A session in a cookie that no script can read."""
    say = speech(request)
    if not same_origin(request, doors(request).app.settings.public_url):
        return page(request, "login.html", 403, next=_next(request), error=say("login.foreign"))
    form = await request.form()
    try:
        login = Login(
            username=str(form.get("username", "")).strip(),
            password=str(form.get("password", "")),
            totp=str(form.get("totp") or "") or None,
        )
    except ValidationError:
        return page(request, "login.html", 401, next=_next(request), error=say("login.wrong"))
    session = await enter(request, login)
    if isinstance(session, Response):
        return _not_entered(request, session)
    answer = RedirectResponse(_next(request), 303)
    _set_cookie(answer, doors(request), session.token)
    return answer


def _not_entered(request: Request, refusal: Response) -> Response:
    say, wait = speech(request), refusal.headers.get("retry-after")
    error = say("login.wait", seconds=wait) if wait else say("login.wrong")
    return page(request, "login.html", refusal.status_code, next=_next(request), error=error)


def _set_cookie(answer: Response, here: Doors, token: str) -> None:
    secure = here.app.settings.secure_cookies
    answer.set_cookie(here.cookie_name, token, path="/", httponly=True, secure=secure, samesite="lax")


def _next(request: Request) -> str:
    """Where to go after the log-in: only a page of ours."""
    wanted = request.query_params.get("next", "/")
    return wanted if wanted.startswith("/") and wanted[1:2] not in ("/", "\\") else "/"


@router.post("/logout")
async def log_out(request: Request, visitor: Visitor) -> Response:
    """The session is void, the cookie gone."""
    refuse_foreign(request)
    here = doors(request)
    if visitor:
        await here.lanes.commands.run(lambda: here.app.accounts.logout(visitor.token))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(here.cookie_name, path="/", secure=here.app.settings.secure_cookies, httponly=True)
    return answer


@router.get("/")
async def board(request: Request, visitor: Visitor) -> Response:
    """Who needs me now."""
    scope = await _scope(visitor)
    if scope is None:
        return _to_login(request)
    here = doors(request)
    rows, closed = await here.lanes.reads.run(
        lambda: (here.app.views.board(scope), here.app.views.closed_today(scope, 500))
    )
    since = midnight(here.app.wall())
    say = speech(request)
    script = {"lang": say.lang, "words": say.part(_SCRIPT_WORDS), "me": scope.responder or scope.operator}
    return page(
        request,
        "board.html",
        rows=rows,
        closed=sum(1 for a in closed if (instant(a["closed_at"]) or since) >= since),
        last_closed=clock(closed[0]["closed_at"]) if closed else None,
        operator=scope.operator,
        scope=scope,
        address=address,
        script=_embedded(script),
        outcomes=_choices(say, "outcome", Outcome),
        causes=_choices(say, "cause", Cause),
    )


@router.get("/alerts/{id}")
async def alert_page(request: Request, visitor: Visitor, id: str) -> Response:
    """One alert: who and where, what happened, what to do."""
    scope = await _scope(visitor)
    if scope is None:
        return _to_login(request)
    return await _alert_page(request, scope, id)


@router.post("/alerts/{id}/{action}")
async def act(request: Request, visitor: Visitor, id: str, action: str) -> Response:
    """A button of the alert page, for browsers with scripts or without."""
    refuse_foreign(request)
    scope = await _scope(visitor)
    if scope is None:
        return _to_login(request)
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
        return page(request, "problem.html", status_of(refused), text=why(say, refused))
    return page(
        request,
        "alert.html",
        status,
        alert=alert,
        tracks=tracks_for(alert, me),
        error=error,
        address=address(alert),
        names=names,
        story=story(alert, names, say),
        script=_embedded({"lang": say.lang, "words": say.part(("board", "site"))}),
        steps=_choices(say, "step", Step),
        results=_choices(say, "voice", VoiceCheck),
        outcomes=_choices(say, "outcome", Outcome),
        causes=_choices(say, "cause", Cause),
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


def _choices(
    say: Speech, family: str, values: type[Step | VoiceCheck | Outcome | Cause]
) -> list[tuple[str, str]]:
    return [(value, say.named(family, value)) for value in values]


async def _scope(visitor: Knock | None) -> Scope | None:
    if visitor is None:
        return None
    return await visitor.doors.lanes.reads.run(lambda: visitor.doors.app.accounts.session(visitor.token))


def _to_login(request: Request) -> Response:
    wanted = request.url.path if request.method == "GET" else "/"
    return remember(request, RedirectResponse(f"/login?next={quote(wanted)}", 303))


def _why(say: Speech, error: Exception) -> str:
    return say("problem.invalid") if isinstance(error, ValidationError) else why(say, error)


def _status(error: Exception) -> int:
    return 422 if isinstance(error, ValidationError) else status_of(error)


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON for a data block: no ``<`` that could end it."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")
