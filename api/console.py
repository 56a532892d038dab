"""The console's door and its board: log in, log out, who needs me now."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from api.board_parts import beside
from api.desk import Visitor, choices, desk_page, scope_of, street_names, to_login
from api.doors import Doors, doors
from api.guessing import remember
from api.leaves.shift import leaving
from api.origin import same_origin
from api.pages import page, speech
from api.sessions import Login, enter, refuse_foreign
from domain.alerts import Cause, Outcome

router = APIRouter(include_in_schema=False)

#: word families that the board's script needs besides the frame's
_BOARD_WORDS = ("channel", "status", "outcome", "cause")


@router.get("/login")
async def login_page(request: Request) -> Response:
    """Where a shift begins; the click also allows the browser to make sounds."""
    return _door(request)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """A session in a cookie that no script can read."""
    say = speech(request)
    if not same_origin(request, doors(request).app.settings.public_url):
        return _door(request, 403, say("login.foreign"))
    form = await request.form()
    try:
        login = Login(
            username=str(form.get("username", "")).strip(),
            password=str(form.get("password", "")),
            totp="".join(str(form.get("totp") or "").split()) or None,
        )
    except ValidationError:
        return _door(request, 401, say("login.wrong"))
    session = await enter(request, login)
    if isinstance(session, Response):
        return _not_entered(request, session, login.username)
    answer = RedirectResponse(_next(request), 303)
    _set_cookie(answer, doors(request), session.token)
    remember(request, answer)
    return answer


def _door(request: Request, status: int = 200, error: str | None = None, username: str = "") -> Response:
    return page(request, "login.html", status, next=_next(request), error=error, username=username)


def _not_entered(request: Request, refusal: Response, username: str) -> Response:
    """Whose log-in it should be stays written; the password is typed anew."""
    say, wait = speech(request), refusal.headers.get("retry-after")
    error = say("login.wait", seconds=wait) if wait else say("login.wrong")
    return _door(request, refusal.status_code, error, username)


def _set_cookie(answer: Response, here: Doors, token: str) -> None:
    secure = here.app.settings.secure_cookies
    answer.set_cookie(here.cookie_name, token, path="/", httponly=True, secure=secure, samesite="lax")


def _next(request: Request) -> str:
    """Where to go after the log-in: only a page of ours."""
    wanted = request.query_params.get("next", "/")
    return wanted if wanted.startswith("/") and wanted[1:2] not in ("/", "\\") else "/"


@router.post("/logout")
async def log_out(request: Request, visitor: Visitor) -> Response:
    """The session is void, the cookie gone; not while the one who leaves still holds an alert."""
    refuse_foreign(request)
    here = doors(request)
    if visitor:
        if (staying := await leaving(request, visitor)) is not None:
            return staying
        await here.lanes.commands.run(lambda: here.app.accounts.logout(visitor.token))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(here.cookie_name, path="/", secure=here.app.settings.secure_cookies, httponly=True)
    return answer


@router.get("/")
async def board(request: Request, visitor: Visitor) -> Response:
    """Who needs me now."""
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here, say = doors(request), speech(request)
    rows, values, streets, untested = await here.lanes.reads.run(
        lambda: (
            here.app.views.board(scope),
            beside(here, scope, say),
            street_names(here.app, scope),
            here.app.desk.seat.wants_sound_test(scope),
        )
    )
    return desk_page(
        request,
        scope,
        "board.html",
        families=_BOARD_WORDS,
        setup={
            "streets": streets,
            "map": here.app.settings.ground.told(),
        },
        rows=_by_need(rows),
        street_name=streets,
        untested=untested,
        outcomes=choices(say, "outcome", Outcome),
        causes=choices(say, "cause", Cause),
        **values,
    )


_RANK = {"critical": 0, "urgent": 1, "routine": 2}


def _by_need(rows: Iterable[Mapping[str, Any]]) -> list[tuple[bool, Mapping[str, Any]]]:
    """(whether somebody must still take it, the alert), in the order of the board's script (``alerts.js``)."""
    ordered = sorted(rows, key=lambda a: (
        not _unclaimed(a), a["drill"], _RANK.get(a["severity"], 1), a["raised_at"], a["id"],
    ))  # fmt: skip
    return [(_unclaimed(alert), alert) for alert in ordered]


def _unclaimed(alert: Mapping[str, Any]) -> bool:
    states = {track["state"] for track in alert["tracks"]}
    return "calling" in states or "claimed" not in states
