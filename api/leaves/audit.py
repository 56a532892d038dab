"""Who looked at whose record and who changed what, the newest first; by person, by record, by day."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.desk import Visitor
from api.language import Speech
from api.leaves.leaf import Leaf, show
from api.pages import speech
from api.parts import App
from domain.calendar import within
from domain.people import Scope
from store.oversight import Reads

router = APIRouter(include_in_schema=False)
_PAGE = 100
_MOST = 500
_HERE = ZoneInfo("Asia/Shanghai")


@router.get("/audit")
async def audit(
    request: Request, visitor: Visitor, cursor: str | None = None, by: str = "", about: str = "", first: str = "",
    last: str = "",
) -> Response:  # fmt: skip
    """The lines of the audit; ``first`` and ``last`` are days in Shanghai, both included."""
    say = speech(request)
    wanted = Reads(by.strip()[:200], about.strip()[:200], _day(first), _day(last, timedelta(days=1)))

    def read(app: App, scope: Scope) -> dict[str, Any]:
        names = [user["name"] for user in app.views.users(scope, _MOST)["items"]]
        told = {"names": names, "why": lambda said: why(say, said), "about": lambda said: subject(say, said)}
        return app.views.audit(scope, _PAGE, cursor, wanted) | told

    return await show(request, visitor, Leaf("audit", "audit.html", read))


def subject(say: Speech, said: str) -> str:
    """Whom or what a line is about: an id, from one id to another, or how many people at once."""
    number, _, word = said.partition(" ")
    if word == "people" and number.isdigit():
        return say("audit.people", n=number)
    return said.replace("..", " – ")


def why(say: Speech, said: str) -> str:
    """The reason of a line in words; what a person typed, and numbers, as they are."""
    word, _, id = said.partition(" ")
    if word == "alert":
        return say("reason.alert", id=id)
    for family in ("reason", "role", "channel", "sign"):
        if say.knows(f"{family}.{said.replace(' ', '_')}"):
            return say(f"{family}.{said.replace(' ', '_')}")
    return said if said != "-" else "–"


def _day(said: str, more: timedelta = timedelta(0)) -> datetime | None:
    """The beginning of a day; nothing for what is no day."""
    try:
        return datetime.combine(within(date.fromisoformat(said)), time(), _HERE) + more
    except ValueError:
        return None
