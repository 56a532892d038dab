"""Plans: which are in force, what one would do in a home, what differs, and the second person's signature."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, act, show, text
from api.leaves.plan_words import place, said
from api.pages import speech
from api.parts import App
from domain.calendar import read_instant
from domain.errors import NotFound, Refused
from domain.events import RAISING
from domain.people import LEADS, Scope

router = APIRouter(include_in_schema=False)
_HERE = ZoneInfo("Asia/Shanghai")


@router.get("/plans")
async def plans(request: Request, visitor: Visitor, a: str = "", b: str = "", home: str = "", kind: str = "sos",
                at: str = "") -> Response:  # fmt: skip
    """The list; ``a`` and ``b``: two versions side by side; ``home``: what would happen there."""

    say = speech(request)

    def read(app: App, scope: Scope) -> dict[str, Any]:
        when = _instant(at) if at else app.wall()
        run, wrong = _run(app, scope, home, kind, when) if home else (None, False)
        told = {"place": lambda what: place(say, what), "told": lambda value: said(say, value)}
        diff = app.foresight.diff(a, b) if a and b else None
        return _list(app, scope) | told | {"diff": diff, "run": run, "lost": wrong}

    return await show(request, visitor, Leaf("plans", "plans.html", read))


@router.post("/plans")
async def propose(request: Request, visitor: Visitor) -> Response:
    """Lay a plan before a second person; every mistake in it at once."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        return app.signing.propose(scope, text(form, "text"))

    return await act(request, visitor, _PLANS, work, "proposed", "/plans")


@router.post("/plans/approve")
async def approve(request: Request, visitor: Visitor) -> Response:
    """The second person's word."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        day = text(form, "from")
        begins = read_instant(day).replace(tzinfo=_HERE) if day else None
        return app.signing.approve(scope, text(form, "version"), begins)

    return await act(request, visitor, _PLANS, work, "approved", "/plans")


def _instant(text: str) -> datetime:
    try:
        return read_instant(text).replace(tzinfo=_HERE)
    except ValueError as error:
        raise Refused("at: write 2026-11-22T03:10") from error


def _list(app: App, scope: Scope) -> dict[str, Any]:
    may_sign = scope.role in LEADS
    return {"items": app.views.plans(scope)["items"], "may_sign": may_sign, "kinds": sorted(RAISING)}


def _run(app: App, scope: Scope, home: str, kind: str, when: datetime) -> tuple[dict[str, Any] | None, bool]:
    """What would happen; and whether there is no such home, which is said beside its field."""
    try:
        return app.foresight.explain(scope, home, kind, when), False
    except NotFound:
        return None, True


_BARE = {"diff": None, "run": None, "lost": False}
_PLANS = Leaf("plans", "plans.html", lambda app, scope: _list(app, scope) | _BARE)
