"""One's own log-in: a password of one's own, and one-time codes that nobody can begin for somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.desk import Visitor, scope_of, to_login
from api.doors import doors
from api.guessing import attempt
from api.leaves.leaf import Leaf, Told, problems_of, show, text
from api.pages import speech
from api.parts import App
from api.sessions import Knock, refuse_foreign
from domain.errors import AnlingError, ConfigurationError, Forbidden
from domain.people import Scope
from store.own_account import Offer

router = APIRouter(include_in_schema=False)
_DONE = {"confirm": "codes_begun", "spares": "spares_made", "end": "codes_ended", "password": "own_password"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One form of this page."""

    scope: Scope
    token: str
    form: FormData


@router.get("/account")
async def account(request: Request, visitor: Visitor) -> Response:
    """Who I am here, and what I may change about it."""
    return await show(request, visitor, _leaf())


@router.post("/account/{step}")
async def change(
    request: Request, visitor: Visitor, step: Literal["begin", "confirm", "end", "spares", "password"]
) -> Response:
    """Codes offered, confirmed by one of them, ended; spare codes; another password."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None or visitor is None:
        return to_login(request)
    asked = _Asked(scope, visitor.token, await request.form())
    try:
        came = await _carried_out(request, visitor, step, asked)
    except AnlingError as error:
        return await _refused(request, visitor, asked, error)
    if isinstance(came, Offer):
        return await show(request, visitor, _leaf(came))
    if came:
        return await show(request, visitor, _leaf(spares=came), Told(speech(request)(f"done.{_DONE[step]}")))
    return RedirectResponse(f"/account?done={_DONE[step]}", 303)


async def _carried_out(request: Request, visitor: Knock, step: str, asked: _Asked) -> Offer | list[str]:
    """What is shown once. Guessing a password or a code is as slow here as at the log-in."""
    here, trying = doors(request), attempt(request, asked.scope.operator)
    if step == "begin":
        return await here.lanes.reads.run(lambda: here.app.desk.own.offer(asked.scope))
    if trying.wait():
        raise Forbidden("too many wrong tries; wait five minutes")
    try:
        shown = await here.lanes.logins.run(lambda: _change(here.app, step, asked))
    except Forbidden:
        trying.failed()
        raise
    trying.succeeded()
    return shown


def _change(app: App, step: str, asked: _Asked) -> list[str]:
    """The spare codes, where there are new ones."""
    own, scope, form = app.desk.own, asked.scope, asked.form
    password, code = str(form.get("password") or ""), text(form, "code")
    match step:
        case "confirm":
            return own.confirm(scope, asked.token, text(form, "offer"), code)
        case "spares":
            return own.renew_spares(scope, asked.token, password, code)
        case "end":
            own.end_codes(scope, asked.token, password, code)
        case _:
            own.new_password(scope, asked.token, password, str(form.get("new") or ""), code)
    return []


async def _refused(request: Request, visitor: Knock, asked: _Asked, error: AnlingError) -> Response:
    """The page again, with the same code to scan where one was offered."""
    say, here, sealed = speech(request), doors(request), text(asked.form, "offer")
    offer: Offer | None = None
    if sealed:
        try:
            offer = await here.lanes.reads.run(lambda: here.app.desk.own.again(asked.scope, sealed))
        except AnlingError as gone:
            error = gone
    wrong = say("account.wrong_code" if offer else "account.wrong") if isinstance(error, Forbidden) else None
    status = 422 if isinstance(error, ConfigurationError | Forbidden) else 409
    told = Told(None, (wrong,) if wrong else problems_of(say, error), status)
    return await show(request, visitor, _leaf(offer), told)


def _leaf(offer: Offer | None = None, spares: Sequence[str] = ()) -> Leaf:
    def read(app: App, scope: Scope) -> dict[str, Any]:
        own = app.desk.own
        return {
            "codes": own.has_codes(scope), "left": own.spares_left(scope), "spares": spares, "offer": offer,
            "picture": _drawn(offer.uri) if offer else "",
        }  # fmt: skip

    return Leaf("account", "account.html", read)


def _drawn(uri: str) -> str:
    """The QR code as a drawing of the page itself: no address of it that a cache could keep."""
    import segno

    return str(segno.make(uri, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff"))
