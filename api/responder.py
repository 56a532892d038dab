"""A responder's page for one alert: opened from a message, works on any telephone without scripts.

Opening it only shows. Scanners and previews open links; only a press sends a POST (P28).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import RedirectResponse, Response

from api.answers import as_json
from api.browsers import in_browser
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


_Action = Literal["claim", "decline", "progress", "need_120"]


class Press(BaseModel):
    """What a button sends."""

    model_config = ConfigDict(strict=True)

    #: ``need_120`` is "needs help": the alert becomes what the plan makes of that, and 120 is asked
    action: _Action
    step: Annotated[Step | None, Field(strict=False)] = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a link opens: whose it is, the alert, and the names it speaks of."""

    read: ResponderToken
    alert: Mapping[str, Any]
    names: Mapping[str, str]


@router.api_route("/a/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str, done: str = "") -> Response:
    """The alert as it stands; changes nothing. ``done``: the press that led here, told if it stands in the story."""
    here = doors(request)
    found = await here.lanes.reads.run(lambda: _find(here, token))
    return _lost(request) if found is None else _page(request, found, told=_told_again(request, found, done))


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
        return _not_recorded(request, speech(request)("page.not_recorded"))
    if found is None:
        return _lost(request)
    if _wants_json(request):
        return as_json({"result": press.action, "alert": found.alert})
    if in_browser(request):  # the back button and a reload must ask for the page, not press once more
        return RedirectResponse(f"/a/{quote(token)}?done={press.step or press.action}", 303)
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


#: entry of the story -> the press that writes it
_TOLD_BY: Mapping[str, _Action] = {
    "claimed": "claim", "declined": "decline", "released": "decline", "voice_check": "need_120",
}  # fmt: skip


def _told_again(request: Request, found: Found, done: str) -> str | None:
    """What was recorded by the press before this page: only what the story holds, whatever the address says."""
    mine = [e for e in found.alert.get("pressed") or () if e["by"] == found.read.responder_id]
    if done in {e["step"] for e in mine if e["type"] == "progress"}:
        return _told(request, Press(action="progress", step=Step(done)))
    action = next((_TOLD_BY[e["type"]] for e in mine if _TOLD_BY.get(e["type"]) == done), None)
    return _told(request, Press(action=action)) if action else None


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
        return _not_recorded(request, text, status)
    found = await here.lanes.reads.run(lambda: _find(here, token))
    return _lost(request) if found is None else _page(request, found, told=text, status=status)


def _not_recorded(request: Request, text: str, status: int = 503) -> Response:
    """Said plainly, with the way back to the buttons."""
    return page(request, "lost.html", status, text=text, again=request.url.path)


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
        next_step=next((step for step in _WAY if step not in _reached(alert)), None),
        minutes=max(0, int((now - raised).total_seconds() // 60)),
    )


#: what whoever goes there reports, one after the other
_WAY = ("at_door", "inside", "with_resident")


def _reached(alert: Mapping[str, Any]) -> set[str]:
    """The steps of the way that lie behind: a later one says the earlier ones."""
    told = [e["step"] for e in alert.get("pressed") or () if e["type"] == "progress"]
    return {step for step in _WAY if any(later in told for later in _WAY[_WAY.index(step) :])}


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
