"""The day's check-ins: who has shown a sign of life, who is still asked, and the list to take along on paper."""

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, act, show, text
from api.parts import App
from api.when import Day
from domain.checkins import CheckinState, Way
from domain.people import Scope

router = APIRouter(include_in_schema=False)
#: as many lines as the printed list of one street may have
_WHOLE_DAY = 500
_SAYABLE = (Way.DESK, Way.VISIT, Way.FAMILY)


@router.get("/checkins")
async def checkins(
    request: Request, visitor: Visitor, day: Day | None = None, state: str = "", cursor: str | None = None
) -> Response:
    """One day, today when none is named."""
    return await show(request, visitor, _day(day, state, cursor))


@router.post("/checkins/ok")
async def well(request: Request, visitor: Visitor) -> Response:
    """Somebody knows that all is well."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        return app.checkins.ok(scope, text(form, "id"), text(form, "way"), text(form, "note") or None)

    return await act(request, visitor, _day(None, "", None), work, "well", "/checkins")


def _day(day: date | None, state: str, cursor: str | None) -> Leaf:
    wanted = state if state in set(CheckinState) else None

    def read(app: App, scope: Scope) -> dict[str, Any]:
        page = app.checkins.page(scope, day.isoformat() if day else None, wanted, _WHOLE_DAY, cursor)
        shown = date.fromisoformat(page["day"])
        beside = {"before": shown - timedelta(days=1), "after": shown + timedelta(days=1)}
        return page | beside | {"state": wanted, "states": list(CheckinState), "ways": _SAYABLE}

    return Leaf("checkins", "checkins.html", lambda app, scope: _renamed(read(app, scope)))


def _renamed(page: dict[str, Any]) -> dict[str, Any]:
    """``ways`` is the frame's own word for the navigation."""
    return {name: value for name, value in page.items() if name != "ways"} | {"sayable": page["ways"]}
