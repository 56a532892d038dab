"""Is the path from button to phone alive: for load balancers, watchers and graphs."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api.answers import as_json
from api.doors import doors
from domain.health import Health

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz() -> Response:
    """This process is up; says nothing about the rest."""
    return as_json({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(request: Request) -> Response:
    """200 when every link is alive; 503 with the broken ones named."""
    here = doors(request)
    parts = await here.lanes.reads.run(here.app.health)
    broken = sorted(name for name, part in parts.items() if not part.ok)
    body = {"status": "unavailable" if broken else "ok", "broken": broken, "parts": _plain(parts)}
    return as_json(body, 503 if broken else 200)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Numbers for Prometheus; no names, no addresses."""
    here = doors(request)
    text = await here.lanes.reads.run(lambda: generate_latest(here.app.metrics))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _plain(parts: Mapping[str, Health]) -> dict[str, object]:
    return {name: {"ok": p.ok, "detail": p.detail, "age_s": p.age_s} for name, p in parts.items()}
