"""A responder's page for one alert: opened from a message, works on any telephone without scripts.

Opening it only shows. Scanners and previews open links; only a press sends a POST (P28).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from api.answers import as_json
from api.doors import Doors, doors
from api.maps import map_links
from api.pages import address, instant, page, speech
from api.problems import problem, refusal, status_of
from api.story import names_of
from api.way_in import way_in
from domain.alerts import Alert, Step, VoiceCheck
from domain.errors import AnlingError, Held, NotFound
from escalation.tokens import ResponderToken

router = APIRouter()


class Press(BaseModel):
    """What a button sends."""

    model_config = ConfigDict(strict=True)

    #: ``need_120`` is "needs help": the alert becomes what the plan makes of that, and 120 is asked
    action: Literal["claim", "decline", "progress", "need_120"]
    step: Annotated[Step | None, Field(strict=False)] = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a link opens: whose it is, the alert, and the names it speaks of."""

    read: ResponderToken
    alert: Mapping[str, Any]
    names: Mapping[str, str]


@router.api_route("/a/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str) -> Response:
    """The alert as it stands; changes nothing."""
    here = doors(request)
    found = await here.lanes.reads.run(lambda: _find(here, token))
    return _lost(request) if found is None else _page(request, found)


@router.options("/a/{token}")
async def options() -> Response:
    """Which methods there are; changes nothing."""
    return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS, POST"})


@router.post("/a/{token}")
async def act(request: Request, token: str) -> Response:
    """Claim, decline or report; the answer comes after the commit (P10)."""
    here = doors(request)
    press = await _press(request)
    if press is None:
        return problem(422, 'action: claim | decline | progress (step) | need_120 / 例 {"action": "claim"}')
    try:
        found = await here.lanes.doors.run(lambda: _carry_out(here, token, press))
    except AnlingError as error:
        return refusal(error) if _wants_json(request) else await _refused(request, token, error)
    except Exception:  # whatever it was: on the doorstep it must be plain that nothing was recorded
        if _wants_json(request):
            raise
        return page(request, "lost.html", 503, text=speech(request)("page.not_recorded"))
    if found is None:
        return _lost(request)
    if _wants_json(request):
        return as_json({"result": press.action, "alert": found.alert})
    return _page(request, found, told=_told(request, press))


def _find(here: Doors, token: str) -> Found | None:
    read = here.app.callbacks.read_token(token)
    if read is None:
        return None
    try:
        return _found(here, read)
    except NotFound:
        return None


def _found(here: Doors, read: ResponderToken) -> Found:
    alert = here.app.views.brief(read.alert_id)
    return Found(read, alert, names_of(alert, here.app.views))


def _carry_out(here: Doors, token: str, press: Press) -> Found | None:
    found = _find(here, token)
    if found is None:
        return None
    _command(here, found.read, found.alert, press)
    return _found(here, found.read)


def _command(here: Doors, read: ResponderToken, before: Mapping[str, Any], press: Press) -> Alert:
    commands = here.app.commands
    actor = here.app.views.responder_actor(read.responder_id)
    if press.action == "claim":
        return commands.claim(read.alert_id, actor, track=_track(read, before), proof="page")
    if press.action == "decline":
        return commands.decline(read.alert_id, actor)
    if press.action == "need_120":
        return commands.voice_check(read.alert_id, actor, VoiceCheck.NEEDS_HELP)
    return commands.progress(read.alert_id, actor, press.step or Step.EN_ROUTE)


def _track(read: ResponderToken, alert: Mapping[str, Any]) -> str | None:
    """The track of the link; None when it gave way to others since (the alert became critical)."""
    live = {t["name"] for t in alert["tracks"] if t["state"] != "stood_down"}
    return read.track if read.track in live else None


async def _press(request: Request) -> Press | None:
    try:
        if request.headers.get("content-type", "").startswith(_FORMS):
            form = await request.form()
            sent = {k: v for k, v in form.items() if isinstance(v, str) and v}
        else:
            sent = orjson.loads(await request.body())
        return Press.model_validate(sent)
    except (orjson.JSONDecodeError, ValidationError):
        return None


_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _wants_json(request: Request) -> bool:
    return not request.headers.get("content-type", "").startswith(_FORMS)


def _told(request: Request, press: Press) -> str:
    say = speech(request)
    if press.action != "progress":
        return say(f"page.recorded_{press.action}")
    return say("page.recorded_progress", step=say.named("step", press.step or Step.EN_ROUTE))


async def _refused(request: Request, token: str, error: AnlingError) -> Response:
    """Why it was not done, on the page with the present state."""
    here, say = doors(request), speech(request)
    status = status_of(error)
    text = say("page.held", name=error.holder_name) if isinstance(error, Held) else say("page.not_recorded")
    if status >= 500:
        return page(request, "lost.html", status, text=text)
    found = await here.lanes.reads.run(lambda: _find(here, token))
    return _lost(request) if found is None else _page(request, found, told=text, status=status)


def _lost(request: Request) -> Response:
    if request.method == "POST" and _wants_json(request):
        return problem(404, "链接无效或已过期 / This link is not valid any more; telephone the desk")
    return page(request, "lost.html", 404, text=speech(request)("page.lost"))


def _page(request: Request, found: Found, told: str | None = None, status: int = 200) -> Response:
    alert = found.alert
    now = doors(request).app.wall()
    raised = instant(alert["raised_at"]) or now
    standing, say = standing_of(alert, found.read), speech(request)
    return page(
        request,
        "responder.html",
        status,
        alert=alert,
        names=found.names,
        address=address(alert),
        maps=map_links((alert.get("home") or {}).get("location")),
        told=told,
        standing=standing,
        way=way_in(alert, found.names, say),
        minutes=max(0, int((now - raised).total_seconds() // 60)),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How the alert stands for the reader: ``free`` ``mine`` ``held`` ``closed``, and who has it."""

    state: str
    holder: str = ""


def standing_of(alert: Mapping[str, Any], read: ResponderToken) -> Standing:
    """What the buttons depend on; the reader's own track first, any that still calls next."""
    if alert["state"] == "closed":
        return Standing("closed")
    claimed = [t for t in alert["tracks"] if t["state"] == "claimed"]
    if any((t.get("claimant") or {}).get("id") == read.responder_id for t in claimed):
        return Standing("mine")
    mine = [t for t in alert["tracks"] if t["name"] == read.track and t["state"] != "stood_down"]
    live = mine or [t for t in alert["tracks"] if t["state"] != "stood_down"]
    if any(t["state"] == "calling" for t in live) or not claimed:
        return Standing("free")
    holder = next((t for t in live if t["state"] == "claimed"), claimed[0])
    return Standing("held", (holder.get("claimant") or {}).get("name") or "")
