"""People: who may be asked to come and how they are reached; who lives where."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, show
from api.nav import may_edit
from api.parts import App
from domain.people import Scope
from store.sight import PERSONAL

router = APIRouter(include_in_schema=False)
_PAGE = 100


@router.get("/people")
async def people(request: Request, visitor: Visitor, cursor: str | None = None) -> Response:
    """Responders whole, residents page by page (names only, and audited)."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        named = scope.role in PERSONAL
        page = app.views.residents(scope, _PAGE, cursor) if named else {"items": [], "next_cursor": None}
        people = app.desk.people.responders(scope)
        gone = app.desk.people.gone(scope)
        return {"responders": people, "gone": gone, "residents": page, "mine": lambda street: may_edit(scope, street)}

    return await show(request, visitor, Leaf("people", "people.html", read))
