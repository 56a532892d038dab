"""The change of shifts: nobody leaves while they hold a claim that nobody else has taken over."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor, scope_of
from api.doors import doors
from api.leaves.leaf import Leaf, Told, act, show, text
from api.leaving import noted, open_claims
from api.pages import speech
from api.parts import App
from api.sessions import Knock
from domain.alerts import Actor
from domain.errors import NotFound
from domain.people import DESK, LEADS, Scope

router = APIRouter(include_in_schema=False)
_MOST = 500


def _read(app: App, scope: Scope) -> dict[str, Any]:
    me = app.accounts.actor(scope).id
    people = [
        {"id": user["name"], "name": user["name"], "role": user["role"]}
        for user in app.accounts.everybody()
        if user["role"] in DESK and not user["disabled"] and user["name"] != scope.operator
    ]
    responders = [p for p in app.views.responders(scope, _MOST)["items"] if p["id"] != me]
    return {
        "claims": app.desk.shifts.claims(me), "offers": app.desk.shifts.offers(me),
        "notes": app.desk.shifts.notes(scope), "people": people, "responders": responders,
        "names": {p["id"]: p["name"] for p in (*people, *responders)},
        "may_force": scope.role in LEADS,
        "may_write": scope.role in DESK,
    }  # fmt: skip


_SHIFT = Leaf("shift", "shift.html", _read)


@router.get("/shift")
async def shift(request: Request, visitor: Visitor) -> Response:
    """What I hold, whom I may give it to, and what was told at the last changes."""
    return await show(request, visitor, _SHIFT)


@router.post("/shift/{step}")
async def hand_over(
    request: Request, visitor: Visitor, step: Literal["offer", "accept", "release", "note"]
) -> Response:
    """One claim offered, taken or given back to the engine; or a note for the next shift."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        actor, alert = app.accounts.actor(scope), text(form, "alert")
        match step:
            case "offer":
                return app.commands.offer(alert, actor, person(app, text(form, "to")))
            case "accept":
                return app.commands.accept(alert, actor)
            case "release":
                return app.commands.release(alert, actor)
        return app.desk.shifts.write(scope, text(form, "to") or None, text(form, "note")[:4000])

    return await act(request, visitor, _SHIFT, work, f"shift_{step}", "/shift")


async def leaving(request: Request, visitor: Knock) -> Response | None:
    """None when the one who asks may log out; else the page on which each claim can be given away.

    A supervisor may leave all the same, and it is noted on every alert.
    """
    scope, here = await scope_of(visitor), doors(request)
    if scope is None:
        return None
    app = here.app
    held = await here.lanes.reads.run(lambda: open_claims(app, scope))
    if not held:
        return None
    if scope.role in LEADS and text(await request.form(), "anyway") == "yes":
        await here.lanes.commands.run(lambda: noted(app, scope, [claim["id"] for claim in held]))
        return None
    say = speech(request)
    return await show(request, visitor, _SHIFT, Told(None, (say("shift.open_claims", n=len(held)),), 409))


def person(app: App, id: str) -> Actor:
    """A responder, else the person behind a log-in."""
    try:
        return app.views.responder_actor(id)
    except NotFound:
        return app.accounts.actor_named(id)
