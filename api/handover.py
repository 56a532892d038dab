"""The hand-over sheet of one alert: JSON, FHIR, CAP, or a page to print; every read is audited."""

from typing import Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.answers import as_json
from api.pages import page
from api.problems import problem
from api.sessions import Asking, Knock
from api.story import names_of, plainly
from records.cap import cap
from records.fhir_bundle import fhir_bundle
from records.handover import handover
from records.script import script

router = APIRouter(prefix="/api/v1/alerts/{id}/handover")

Format = Literal["json", "fhir", "cap", "html"]


@router.get("")
async def sheet(request: Request, asking: Asking, id: str, format: Format = "json") -> Response:
    """What the crew and the hospital must know."""
    views = asking.doors.app.views
    alert = await asking.doors.lanes.reads.run(lambda: views.alert(asking.scope(), id))
    made = handover(alert)
    made["script"] = script(made, asking.doors.app.wall().date())
    if format == "html":
        names = await asking.doors.lanes.reads.run(lambda: names_of(alert, views))
        return page(request, "handover.html", sheet=made, plainly=plainly, names=names)
    return await asking.doors.lanes.reads.run(lambda: _written(asking, made, format))


def _written(asking: Knock, made: dict[str, Any], format: Format) -> Response:
    app = asking.doors.app
    if format == "json":
        return as_json(made)
    if format == "cap":
        sender = urlsplit(app.settings.public_url).hostname or "anling"
        sent = app.wall().astimezone().isoformat(timespec="seconds")
        return Response(cap(made, sender, sent), headers=_PRIVATE, media_type="application/cap+xml")
    try:
        return Response(fhir_bundle(made), headers=_PRIVATE, media_type="application/fhir+json")
    except ValueError as error:
        fields = getattr(error, "error_count", lambda: 1)()
        told = "这份资料无法写成 FHIR，请用 html 或 json / this card cannot be written as FHIR; use html or json"
        return problem(422, f"{told} ({fields})")


_PRIVATE = {"Cache-Control": "no-store"}
