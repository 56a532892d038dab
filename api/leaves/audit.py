"""Who looked at whose record and who changed a log-in, the newest first."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, show

router = APIRouter(include_in_schema=False)
_PAGE = 100


@router.get("/audit")
async def audit(request: Request, visitor: Visitor, cursor: str | None = None) -> Response:
    """The lines of the audit."""
    leaf = Leaf("audit", "audit.html", lambda app, scope: app.views.audit(scope, _PAGE, cursor))
    return await show(request, visitor, leaf)
