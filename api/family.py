"""The family's page, opened from a link without a log-in. Opening it only shows; only a press sends a POST (P28)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.doors import doors
from api.pages import page, speech
from domain.errors import Refused

router = APIRouter(include_in_schema=False)
_HERE = ZoneInfo("Asia/Shanghai")
_KINDS = frozenset({"away", "hospital", "back"})


@router.api_route("/f/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str) -> Response:
    """How it stands; changes nothing."""
    here = doors(request)
    found = await here.lanes.reads.run(lambda: here.app.family.find(token))
    return _page(request, found, None)


@router.post("/f/{token}")
async def say(request: Request, token: str) -> Response:
    """Away, in hospital or back, until the end of a day if one was named; said after the commit (P10)."""
    here, form = doors(request), await request.form()
    kind, day = str(form.get("kind") or ""), str(form.get("until") or "")
    words = speech(request)
    if kind not in _KINDS:
        return _lost(request, 422)
    try:
        until = datetime.fromisoformat(day).replace(tzinfo=_HERE) + timedelta(days=1) if day else None
        found = await here.lanes.doors.run(lambda: here.app.family.say(token, kind, until))
    except (ValueError, Refused):
        found = await here.lanes.reads.run(lambda: here.app.family.find(token))
        return _page(request, found, words("family.wrong_day"), 422)
    except Exception:  # whatever it was: they must not believe that it was recorded
        return page(request, "lost.html", 503, text=words("page.not_recorded"))
    return _page(request, found, words(f"family.said_{kind}"))


def _page(request: Request, found: dict[str, Any] | None, told: str | None, status: int = 200) -> Response:
    return _lost(request) if found is None else page(request, "family.html", status, away=found["away"], told=told)


def _lost(request: Request, status: int = 404) -> Response:
    return page(request, "lost.html", status, text=speech(request)("family.lost"))
