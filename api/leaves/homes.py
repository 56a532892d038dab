"""Homes: the list with who is protected, and one home's page with its devices and its commissioning."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor
from api.language import Speech
from api.leaves.leaf import Leaf, act, carried_out, show, text
from api.nav import may_edit
from api.pages import speech
from api.parts import App
from domain.calendar import read_instant
from domain.errors import Forbidden, NotFound, Refused
from domain.people import Scope
from store.home_lists import Wanted
from store.sight import PERSONAL

router = APIRouter(include_in_schema=False)
_HERE = ZoneInfo("Asia/Shanghai")
_DONE = {"end": "home_end", "resume": "home_resume"}


@router.get("/homes")
async def homes(
    request: Request, visitor: Visitor, street: str = "", only: str = "", text: str = "", cursor: str | None = None
) -> Response:
    """All homes of one's streets; ``only=unprotected``: those that still need somebody to come by."""
    wanted = Wanted(street or None, only == "unprotected", text[:100].strip(), cursor)
    leaf = Leaf("homes", "homes.html", lambda app, scope: app.desk.homes.page(scope, wanted))
    return await show(request, visitor, leaf)


@router.get("/homes/{id}")
async def home(request: Request, visitor: Visitor, id: str) -> Response:
    """One home."""
    return await show(request, visitor, _home(speech(request), id))


@router.post("/homes/{id}/commissioning")
async def commission(request: Request, visitor: Visitor, id: str) -> Response:
    """A step of the installer."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        match text(form, "action"):
            case "start":
                return app.commissioning.start(scope, id)
            case "prove":
                return app.commissioning.prove(scope, id, text(form, "contact"))
            case "sign":
                return app.commissioning.sign(scope, id)
        raise Refused("action: start, prove or sign")

    return await act(request, visitor, _home(speech(request), id), work, "commissioned", f"/homes/{id}")


@router.post("/homes/{id}/reveal")
async def reveal(request: Request, visitor: Visitor, id: str) -> Response:
    """The door's code: written down first, then shown once."""
    code = await carried_out(request, visitor, lambda app, scope, _: app.desk.seat.reveal_home(scope, id))
    return code if isinstance(code, Response) else await show(request, visitor, _home(speech(request), id, code or "—"))


@router.post("/homes/{id}/family-link")
async def family_link(request: Request, visitor: Visitor, id: str) -> Response:
    """A link for the family, shown once; written down first."""

    def work(app: App, scope: Scope, _: FormData) -> str:
        return app.settings.public_url.rstrip("/") + app.family.link(scope, id)

    link = await carried_out(request, visitor, work)
    return link if isinstance(link, Response) else await show(request, visitor, _home(speech(request), id, link=link))


@router.post("/homes/{id}/{step}")
async def live_there(
    request: Request, visitor: Visitor, id: str, step: Literal["away", "back", "end", "resume"]
) -> Response:
    """With the family, in hospital, or back; nobody lives there any more, or somebody again."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        match step:
            case "end":
                return app.protection.end(scope, id)
            case "resume":
                return app.protection.resume(scope, id)
            case "back":
                return app.checkins.back(scope, id)
        until = text(form, "until")
        end = read_instant(until).replace(tzinfo=_HERE) if until else None
        return app.checkins.away(scope, id, text(form, "kind"), end)

    return await act(request, visitor, _home(speech(request), id), work, _DONE.get(step, step), f"/homes/{id}")


def _home(say: Speech, id: str, code: str | None = None, link: str | None = None) -> Leaf:
    return Leaf("homes", "home.html", lambda app, scope: _read(app, scope, say, id) | {"code": code, "link": link})


def _read(app: App, scope: Scope, say: Speech, id: str) -> dict[str, Any]:
    home = app.desk.homes.home(scope, id)
    try:
        steps = app.commissioning.status(scope, id)
    except Forbidden:
        steps = None
    card = home["access"]
    coded = bool(card and card.get("door_code"))
    shown = {name: v for name, v in card.items() if name != "door_code"} if card else card
    may = {"may_edit": may_edit(scope, home["street"]), "may_reveal": scope.role in PERSONAL}
    names = _names(app, say, home)
    return {"home": {**home, "access": shown}, "steps": steps, "coded": coded, "names": names, **may}


def _names(app: App, say: Speech, home: Mapping[str, Any]) -> dict[str, str]:
    """What a key holder's id and a contact to be reached are called."""
    names: dict[str, str] = {}
    for id in (home["access"] or {}).get("key_holders") or ():
        with suppress(NotFound):
            names[id] = names[f"key_holder:{id}"] = app.views.responder_actor(id).name
        names.setdefault(f"key_holder:{id}", id)
    for card in home["residents"]:
        for n, kin in enumerate(card.get("contacts") or ()):
            relation = say.named("relation", kin["relation"]) if kin.get("relation") else None
            told = " ".join(str(part) for part in (kin.get("name"), relation, kin.get("phone")) if part)
            names[f"{card['id']}:contact:{n}"] = told or f"{card['id']}:contact:{n}"
    return names
