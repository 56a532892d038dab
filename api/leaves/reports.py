"""Figures: how fast somebody came to an alert, how alerts ended, who was missed, who is protected."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.desk import Visitor, scope_of
from api.doors import doors
from api.leaves.charts import AMOUNTS, DRAWN, chart
from api.leaves.leaf import Leaf, show
from api.lists import read
from api.pages import speech
from api.parts import App
from api.sessions import Asking
from domain.people import Scope
from records.reports import NAMES, as_csv

router = APIRouter(include_in_schema=False)
PICTURE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=60",
}
Days = Annotated[int, Query(ge=1, le=400)]


@router.get("/reports")
async def reports(request: Request, visitor: Visitor, days: Days = 30) -> Response:
    """All of them, drawn and as numbers."""

    def view(app: App, scope: Scope) -> dict[str, Any]:
        found = [app.desk.reports.report(scope, name, days) for name in NAMES]
        return {"days": days, "drawn": DRAWN, "amounts": AMOUNTS, "all": found}

    return await show(request, visitor, Leaf("reports", "reports.html", view))


@router.get("/reports/{name}.svg")
async def picture(request: Request, visitor: Visitor, name: str, days: Days = 30) -> Response:
    """One chart; the numbers stand beside it on the page."""
    scope, here, say = await scope_of(visitor), doors(request), speech(request)
    if scope is None or name not in DRAWN:
        return Response(status_code=404)
    drawn = await here.lanes.reads.run(lambda: chart(here.app.desk.reports.report(scope, name, days), say))
    return Response(drawn, headers=PICTURE, media_type="image/svg+xml")


@router.get("/api/v1/reports/{name}")
async def report(asking: Asking, name: str, days: Days = 30, format: Literal["json", "csv"] = "json") -> Response:
    """One report for programs and spreadsheets."""
    work = asking.doors.app.desk.reports
    if format == "json":
        return await read(asking, lambda: work.report(asking.scope(), name, days))
    text = await asking.doors.lanes.reads.run(lambda: as_csv(work.report(asking.scope(), name, days)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + text, headers=headers, media_type="text/csv")
