"""Somebody telephones: find the home by number, name or address, and raise an alert for it."""

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from api.alerts import Call
from api.browsers import why
from api.desk import Visitor, choices, desk_page, problem_page, scope_of, to_login
from api.doors import doors
from api.nav import RAISERS
from api.pages import address, speech
from api.problems import status_of
from api.sessions import refuse_foreign
from domain.errors import AnlingError, Forbidden
from domain.events import RAISING, Kind
from domain.people import Scope

router = APIRouter(include_in_schema=False, prefix="/raise")

_NOT_YOURS = Forbidden("your log-in may not raise alerts")
#: what people telephone about, the most frequent first; the rest of the raising kinds after them
_FIRST = (Kind.MANUAL, Kind.FALL, Kind.SOS, Kind.SMOKE, Kind.GAS)


@router.get("")
async def form(request: Request, visitor: Visitor, number: str = "") -> Response:
    """The empty form; ``number``: who rings, when the telephone told the browser."""
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    if scope.role not in RAISERS:
        return problem_page(request, _NOT_YOURS)
    return _shown(request, scope, said=number)


@router.post("/search")
async def search(request: Request, visitor: Visitor) -> Response:
    """The homes that fit. A POST: what is looked for stays out of addresses and logs; the search is audited."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    said, here = str((await request.form()).get("said") or "")[:200], doors(request)
    try:
        if scope.role not in RAISERS:
            raise _NOT_YOURS
        found = await here.lanes.commands.run(lambda: here.app.desk.finder.find(scope, said))
    except AnlingError as refused:
        return problem_page(request, refused)
    return _shown(request, scope, said=said, found=found.homes, whole=found.whole)


@router.post("")
async def call(request: Request, visitor: Visitor) -> Response:
    """An alert like any other; straight to its page."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here, sent = doors(request), {k: v for k, v in (await request.form()).items() if isinstance(v, str) and v.strip()}
    try:
        if scope.role not in RAISERS:
            raise _NOT_YOURS
        told = Call.model_validate({k: v for k, v in sent.items() if k in Call.model_fields})
        raised = await here.lanes.commands.run(lambda: here.app.commands.raise_by_hand(
            here.app.accounts.actor(scope), home=told.home, address=str(told.address or "") or None, kind=told.kind,
            note=told.note, caller_phone=told.caller_phone,
        ))  # fmt: skip
    except (AnlingError, ValidationError) as error:
        say = speech(request)
        invalid = isinstance(error, ValidationError)
        text = say("problem.invalid") if invalid else why(say, error)
        status = 422 if invalid else status_of(error)
        return _shown(request, scope, said=sent.get("caller_phone", ""), error=text, status=status)
    return RedirectResponse(f"/alerts/{raised.id}", 303)


def _shown(
    request: Request, scope: Scope, said: str, found: list[dict[str, object]] | None = None,
    error: str | None = None, status: int = 200, whole: bool = True,
) -> Response:  # fmt: skip
    kinds = [*_FIRST, *(kind for kind in Kind if kind in RAISING and kind not in _FIRST)]
    say = speech(request)
    return desk_page(
        request, scope, "raise.html", status, said=said, found=found, whole=whole, error=error, address=address,
        kinds=choices(say, "kind", kinds),
    )  # fmt: skip
