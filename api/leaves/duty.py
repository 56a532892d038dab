"""Duty: who is on when, where nobody is, and the forms that bend a shift."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor
from api.language import Speech
from api.leaves.leaf import Leaf, act, show, text
from api.leaves.spans import days as days_of
from api.leaves.spans import span
from api.pages import speech
from api.parts import App
from api.when import Day
from domain.errors import Forbidden
from domain.people import DESK, LEADS, Scope
from store.site_duty import SiteAbsence, SiteOverride, SiteSwap

router = APIRouter(include_in_schema=False)
_HERE = ZoneInfo("Asia/Shanghai")
_DAYS = 7
_AHEAD = 14
_EVERYBODY = 500
_PEOPLE = ("responder", "instead_of", "giver", "taker", "deputy")
_NOUNS = {"absence": "absence", "override": "override", "swap": "swap"}


@router.get("/duty")
async def duty(request: Request, visitor: Visitor, start: Day | None = None, street: str = "") -> Response:
    """A week of duty from ``start`` on, today when not said."""
    return await show(request, visitor, _week(speech(request), start, street))


@router.get("/duty/print")
async def on_paper(
    request: Request, visitor: Visitor, start: Day | None = None, days: int = _DAYS, street: str = "",
    numbers: str = "",
) -> Response:  # fmt: skip
    """The same on paper, by team; with ``numbers=yes`` how to reach everybody on it, which is written down."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        first, say = start or app.wall().astimezone(_HERE).date(), speech(request)
        begin = datetime.combine(first, time(), _HERE)
        calendar = app.rota.calendar(scope, begin, max(1, min(days, _AHEAD)), street or None)
        people = {p["id"]: p["name"] for t in calendar["teams"] for w in t["watches"] for p in w["people"]}
        reach = app.desk.people.numbers(scope, people) if numbers == "yes" else {}
        return {
            "calendar": calendar, "start": first, "days": days, "street": street, "people": people, "reach": reach,
            "may_reach": scope.role in DESK, **_spans(say, calendar),
        }  # fmt: skip

    return await show(request, visitor, Leaf("duty", "duty_paper.html", read))


@router.post("/duty/withdraw")
async def withdraw(request: Request, visitor: Visitor) -> Response:
    """Take an entry back."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        return app.rota.withdraw(scope, text(form, "kind"), text(form, "id"))

    return await act(request, visitor, _week(speech(request)), work, "withdrawn", "/duty")


@router.post("/duty/{noun}")
async def bend(request: Request, visitor: Visitor, noun: Literal["absence", "override", "swap"]) -> Response:
    """Somebody is away, somebody else comes, two change."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        said = {name: value for name, value in form.items() if isinstance(value, str) and value and name != "gaps"}
        allow = text(form, "gaps") == "yes"
        if noun == "absence":
            return app.rota.absent(scope, SiteAbsence.model_validate(said))
        if noun == "override":
            return app.rota.override(scope, SiteOverride.model_validate(said), allow)
        return app.rota.swap(scope, SiteSwap.model_validate(said), allow)

    return await act(request, visitor, _week(speech(request)), work, "bent", "/duty")


def _week(say: Speech, start: date | None = None, street: str = "") -> Leaf:
    def read(app: App, scope: Scope) -> dict[str, Any]:
        first = start or app.wall().astimezone(_HERE).date()
        begin = datetime.combine(first, time(), _HERE)
        calendar = app.rota.calendar(scope, begin, _DAYS, street or None)
        people = app.views.responders(scope, _EVERYBODY)["items"]
        names = {one["id"]: one["name"] for one in people}
        return {
            "calendar": calendar, "start": first, "coverage": app.rota.coverage(scope, _AHEAD, street or None),
            "people": people,
            "changes": _changes(app, scope), "street": street, "who": lambda change: _who(say, names, change["value"]),
            "may_lead": scope.role in LEADS, **_spans(say, calendar),
        }  # fmt: skip

    return Leaf("duty", "duty.html", read)


def _spans(say: Speech, calendar: Mapping[str, Any]) -> dict[str, Any]:
    """How the page tells hours, and its last day."""
    _, last = days_of(calendar["from"], calendar["until"])
    return {"span": lambda since, until: span(say, since, until), "last_day": last}


def _who(say: Speech, names: Mapping[str, str], said: Mapping[str, Any]) -> str:
    """Who comes, and in whose place; who is away."""
    told = {part: names.get(id, id) for part, id in said.items() if part in _PEOPLE and id}
    comes, whose = told.get("responder") or told.get("taker"), told.get("instead_of") or told.get("giver")
    if "deputy" in told:
        comes, whose = told["deputy"], told.get("responder")
    if comes and whose:
        return say("duty.in_place", comes=comes, whose=whose)
    return comes or (say("duty.off", whose=whose) if whose else "")


def _changes(app: App, scope: Scope) -> list[Mapping[str, Any]]:
    """What people laid down last, the newest first; nothing for those who may not see it."""
    try:
        rows = app.rota.changes(scope, 50)["items"]
    except Forbidden:
        return []
    return [row for row in rows if row["kind"] in _NOUNS][:20]
