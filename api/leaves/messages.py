"""Messages: everything that went out with what the provider said, and everything that came in and could not be read."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.again import read_again
from api.desk import Visitor
from api.leaves.leaf import Leaf, carried_out, show, text
from api.parts import App
from domain.people import DESK, Scope
from escalation.reread import Found

router = APIRouter(include_in_schema=False)
_PAGE = 50
#: alerts named after a reading
_TOLD = 10


@router.get("/messages")
async def messages(request: Request, visitor: Visitor, cursor: str | None = None) -> Response:
    """The newest first."""
    return await show(
        request, visitor, Leaf("messages", "messages.html", lambda app, scope: app.views.messages(scope, _PAGE, cursor))
    )


@router.get("/quarantine")
async def quarantine(request: Request, visitor: Visitor, all: str = "", cursor: str | None = None) -> Response:
    """What no decoder could read; ``all=yes``: everything that came in."""
    unread = all != "yes"

    def read(app: App, scope: Scope) -> Mapping[str, Any]:
        page = app.views.inbox(scope, _PAGE, cursor, unread)
        return {**page, "came": _came(request), "may_again": scope.role in DESK}

    return await show(request, visitor, Leaf("quarantine", "quarantine.html", read))


def _came(request: Request) -> dict[str, Any] | None:
    """What the reading before this page came to; nothing but numbers and ids, whatever the address says."""
    asked = request.query_params
    tried, understood = asked.get("tried", ""), asked.get("understood", "")
    if not (re.fullmatch(r"\d{1,6}", tried) and re.fullmatch(r"\d{1,6}", understood)):
        return None
    raised = [id for id in asked.getlist("raised")[:_TOLD] if re.fullmatch(r"[0-9A-Z]{26}", id)]
    return {"tried": int(tried), "understood": int(understood), "raised": raised}


@router.post("/quarantine/replay")
async def replay(request: Request, visitor: Visitor) -> Response:
    """Read one message again, or all; what came of it is told on the page that follows."""

    def work(app: App, scope: Scope, form: FormData) -> Found:
        id = text(form, "id")
        return read_again(app, scope, [id] if id else None)

    found = await carried_out(request, visitor, work)
    if isinstance(found, Response):
        return found
    said = {"tried": found.tried, "understood": found.understood, "raised": found.alerts[:_TOLD]}
    return RedirectResponse(f"/quarantine?{urlencode(said, doseq=True)}", 303)


@router.get("/quarantine/{id}")
async def raw(request: Request, visitor: Visitor, id: str) -> Response:
    """The bytes of one message; who looks is written down."""
    return await show(
        request, visitor,
        Leaf("quarantine", "raw.html", lambda app, scope: {"message": app.views.raw(scope, id)}),
    )  # fmt: skip
