"""Cards to complete: which homes lack what somebody will need who must get in, the gravest first."""

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, show
from api.pages import midnight
from api.parts import App
from domain.people import Scope
from records.completeness import LACKS, lacks_of

router = APIRouter(include_in_schema=False)
#: homes on one page
_SHOWN = 200
_STREETS = 500


@router.get("/register/due")
async def due(request: Request, visitor: Visitor, street: str = "", lack: str = "") -> Response:
    """All homes with something missing; ``lack``: only those without that."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        today = midnight(app.wall()).date()
        homes = app.desk.homes.cards(scope, street or None)
        found = [(home, lacks) for home in homes if (lacks := lacks_of(home, today))]
        counts = Counter(code for _, lacks in found for code in lacks)
        wanted = [(home, lacks) for home, lacks in found if lack in ("", *lacks)]
        wanted.sort(key=lambda one: (LACKS.index(one[1][0]), -len(one[1]), one[0]["id"]))
        return {
            "items": wanted[:_SHOWN], "more": max(0, len(wanted) - _SHOWN), "homes": len(homes), "lacking": len(found),
            "counts": [(code, counts[code]) for code in LACKS if counts[code]],
            "streets": app.views.streets(scope, _STREETS)["items"],
        }  # fmt: skip

    return await show(request, visitor, Leaf("register", "due.html", read))
