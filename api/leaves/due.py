"""Cards to complete: which homes lack what somebody will need who must get in, the gravest first."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, show
from api.pages import midnight
from api.parts import App
from domain.people import Scope

router = APIRouter(include_in_schema=False)
#: homes on one page
_SHOWN = 200


@router.get("/register/due")
async def due(request: Request, visitor: Visitor, street: str = "", lack: str = "") -> Response:
    """All homes with something missing; ``lack``: only those without that."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        return app.desk.due.page(scope, midnight(app.wall()).date(), street or None, lack, _SHOWN)

    return await show(request, visitor, Leaf("register", "due.html", read))
