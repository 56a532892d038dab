"""Drills: windows in which a press marked as a drill is believed, opened and closed here."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, act, show, text
from api.pages import instant
from api.parts import App
from domain.errors import Forbidden, Refused
from domain.people import DESK, Scope

router = APIRouter(include_in_schema=False)


def _read(app: App, scope: Scope) -> dict[str, Any]:
    now = app.wall()
    page = app.views.drills(scope, 50)
    alerts = [*app.views.alerts(scope, "open", drill=True, limit=50)["items"],
              *app.views.alerts(scope, "closed", drill=True, limit=50)["items"]]  # fmt: skip
    items = [{**d, "open": (instant(d["closes_at"]) or now) > now, "alerts": _of(d, alerts)} for d in page["items"]]
    pieces = list(app.troupe.pieces()) if app.troupe and scope.role in DESK else []
    playing = app.troupe.playing() if app.troupe else None
    titles = {name: {"zh": zh, "en": en} for name, zh, en in (app.troupe.pieces() if app.troupe else ())}
    return {"items": items, "may_open": scope.role in DESK, "pieces": pieces, "playing": playing, "titles": titles}


def _of(drill: Mapping[str, Any], alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The drill alerts of the window's homes that were raised while it was open."""
    return [
        a for a in alerts
        if (a["home"] or {}).get("id") in drill["homes"] and drill["opened_at"] <= a["raised_at"] <= drill["closes_at"]
    ]  # fmt: skip


_DRILLS = Leaf("drills", "drills.html", _read)


@router.get("/drills")
async def drills(request: Request, visitor: Visitor) -> Response:
    """The windows, the newest first, each with what came of it."""
    return await show(request, visitor, _DRILLS)


@router.get("/drills/{id}")
async def drill(request: Request, visitor: Visitor, id: str) -> Response:
    """One drill: what was done, what was expected, what came."""

    def read(app: App, scope: Scope) -> dict[str, Any]:
        found = app.drills.drill(scope, id)
        report = (found["verdict"] or {}).get("report") or {}
        findings = report.get("findings") or []
        return {"drill": found, "report": report, "bad": [f for f in findings if not f["good"]],
                "good": [f for f in findings if f["good"]]}  # fmt: skip

    return await show(request, visitor, Leaf("drills", "drill.html", read))


@router.post("/drills")
async def begin(request: Request, visitor: Visitor) -> Response:
    """Open a window."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        homes = text(form, "homes").replace(",", " ").replace("，", " ").split()
        return app.drills.open(scope, text(form, "name"), homes, float(text(form, "minutes") or 60))

    return await act(request, visitor, _DRILLS, work, "drill_open", "/drills")


@router.post("/drills/play")
async def play(request: Request, visitor: Visitor) -> Response:
    """Begin a drill from outside (the demo only); its verdict comes to this page by itself."""

    def work(app: App, scope: Scope, form: FormData) -> None:
        if scope.role not in DESK or scope.streets:
            raise Forbidden("only the desk of the whole district begins drills")
        if app.troupe is None:
            raise Refused("nobody plays drills here; begin one with `anling drill run`")
        app.troupe.play(text(form, "name"))

    return await act(request, visitor, _DRILLS, work, "drill_plays", "/drills")


@router.post("/drills/close")
async def end(request: Request, visitor: Visitor) -> Response:
    """From now on every press is real again."""

    def work(app: App, scope: Scope, form: FormData) -> object:
        return app.drills.close(scope, text(form, "id"))

    return await act(request, visitor, _DRILLS, work, "drill_closed", "/drills")
