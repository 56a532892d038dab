"""Messages: everything that went out with what the provider said, and everything that came in and could not be read."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, show

router = APIRouter(include_in_schema=False)
_PAGE = 50


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
    return await show(
        request, visitor,
        Leaf("quarantine", "quarantine.html", lambda app, scope: app.views.inbox(scope, _PAGE, cursor, unread)),
    )  # fmt: skip


@router.get("/quarantine/{id}")
async def raw(request: Request, visitor: Visitor, id: str) -> Response:
    """The bytes of one message; who looks is written down."""
    return await show(
        request, visitor,
        Leaf("quarantine", "raw.html", lambda app, scope: {"message": app.views.raw(scope, id)}),
    )  # fmt: skip
