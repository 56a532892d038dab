"""What stands beside the open alerts: tasks, what was closed today, the sound test; with scripts or without."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.desk import Visitor, problem_page, scope_of, to_login
from api.doors import Doors, doors
from api.language import Speech
from api.pages import address, clock, instant, midnight, page, speech
from api.sessions import refuse_foreign
from api.task_words import about
from domain.errors import AnlingError, Forbidden
from domain.people import Scope
from domain.tasks import own_review

router = APIRouter(include_in_schema=False)

#: a day's alerts beyond this are counted, not listed
_CLOSED_SHOWN = 12


def beside(here: Doors, scope: Scope, say: Speech) -> dict[str, Any]:
    """The values of ``aside.html`` and of the line of counts. Reads the ledger."""
    found = here.app.desk.seat.aside(scope)
    closed = here.app.views.closed_today(scope, 500)
    since = midnight(here.app.wall())
    today = [a for a in closed if (instant(a["closed_at"]) or since) >= since]
    return {
        "own": lambda task: own_review(task, scope.persons),
        "tasks": [(task, about(task, say)) for task in found.tasks],
        "more_tasks": max(0, sum(found.counts.values()) - len(found.tasks)),
        "waiting": sum(found.counts.values()),
        "unprotected": _unprotected(here, scope),
        "gaps": found.counts.get("coverage", 0),
        "closed_today": today[:_CLOSED_SHOWN],
        "closed": len(today),
        "last_closed": clock(closed[0]["closed_at"]) if closed else None,
        "address": address,
    }


def _unprotected(here: Doors, scope: Scope) -> int:
    """Homes that could not call at this moment; 0 for a log-in that may not know."""
    try:
        return here.app.protection.counts(scope).get("unprotected", 0)
    except Forbidden:
        return 0


@router.get("/board/aside")
async def aside(request: Request, visitor: Visitor) -> Response:
    """Tasks and closed alerts as they are now: the board's script takes them over."""
    scope = await scope_of(visitor)
    if scope is None:
        return Response(status_code=401)
    here, say = doors(request), speech(request)
    values = await here.lanes.reads.run(lambda: beside(here, scope, say))
    return page(request, "aside.html", **values)


@router.post("/tasks/done")
async def done(request: Request, visitor: Visitor) -> Response:
    """A task is done."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    form, here = await request.form(), doors(request)
    key, note = str(form.get("key") or ""), str(form.get("note") or "").strip() or None
    try:
        await here.lanes.commands.run(lambda: here.app.tasks.finish(scope, key, "done", note))
    except AnlingError as refused:
        return problem_page(request, refused)
    alert = str(form.get("alert") or "")
    return RedirectResponse(f"/alerts/{quote(alert, safe='')}" if alert else "/", 303)


@router.post("/sound-test")
async def sound_test(request: Request, visitor: Visitor) -> Response:
    """The shift begins with hearing the alarm, or with saying that one does not (P37)."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here, heard = doors(request), (await request.form()).get("heard") == "yes"
    await here.lanes.commands.run(lambda: here.app.desk.seat.sound_tested(scope, heard))
    return RedirectResponse("/", 303)
