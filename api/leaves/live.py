"""A home's live state as a page: last signs of life, devices, pictures of its days; a remote view during an alert."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor, scope_of
from api.doors import doors
from api.language import Speech
from api.leaves.charts import stacked
from api.leaves.leaf import Leaf, show
from api.leaves.reports import PICTURE
from api.nav import may_edit, may_open
from api.pages import speech
from api.parts import App
from domain.errors import AnlingError
from domain.people import Scope

router = APIRouter(include_in_schema=False)
#: words of how long ago, and their length in seconds
_AGES = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


@router.get("/homes/{id}/live")
async def live(request: Request, visitor: Visitor, id: str, again: bool = False) -> Response:
    """One home now. The look is in the audit; ``again``: the page renews itself."""
    say = speech(request)
    leaf = Leaf("homes", "live.html", lambda app, scope: _read(app, scope, id, say, again))
    return await show(request, visitor, leaf)


@router.get("/homes/{id}/live/{span}.svg")
async def picture(request: Request, visitor: Visitor, id: str, span: Literal["hours", "days"]) -> Response:
    """How much it moved there: by the hour of today, or by the day of a fortnight."""
    scope, here, say = await scope_of(visitor), doors(request), speech(request)
    if scope is None or not may_open(scope, "homes"):
        return Response(status_code=404)

    def draw() -> bytes:
        found = here.app.live_state.by_hour(scope, id) if span == "hours" else here.app.live_state.by_day(scope, id)
        series = [(say.named("sign", kind), counts) for kind, counts in found["counts"].items()]
        return stacked(found["labels"], series)

    try:
        drawn = await here.lanes.reads.run(draw)
    except AnlingError:
        return Response(status_code=404)
    return Response(drawn, headers=PICTURE, media_type="image/svg+xml")


def _read(app: App, scope: Scope, id: str, say: Speech, again: bool) -> dict[str, Any]:
    home = app.live_state.of(scope, id, again)
    now = app.wall()
    wrong: dict[str, list[Mapping[str, Any]]] = {}
    for fault in home["faults"]:
        wrong.setdefault(fault["device"], []).append(fault)
    return {
        "home": home, "ago": lambda at: _ago(say, now, at), "wrong": wrong, "may_edit": may_edit(scope, home["street"])
    }


def _ago(say: Speech, now: datetime, at: str) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0.0, (now - datetime.fromisoformat(at)).total_seconds())
    for word, length in _AGES:
        if seconds >= length:
            return say(f"life.{word}_ago", n=int(seconds // length))
    return say("life.just_now")
