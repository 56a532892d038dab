"""The doors of the house, built once from the other rooms' objects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from xstatic.pkg import leaflet

from api import (
    alert_page,
    alerts,
    aliyun,
    board_parts,
    browsers,
    callbacks,
    checkins,
    commissioning,
    console,
    duty,
    family,
    handover,
    health,
    ingest,
    lists,
    live,
    me,
    plans,
    problems,
    protection,
    pushes,
    raising,
    register,
    responder,
    sessions,
    tasks,
)
from api.assets import Assets
from api.body_cap import BodyCap
from api.doors import Doors
from api.hub import Hub
from api.last_word import LastWord
from api.leaves.index import ROUTERS
from api.parts import ApiSettings, App
from api.patience import BodyClock, Patience

__all__ = ["ApiSettings", "App", "build"]

_ROUTERS = (
    alert_page,
    alerts,
    aliyun,
    board_parts,
    callbacks,
    checkins,
    commissioning,
    console,
    duty,
    family,
    handover,
    health,
    ingest,
    lists,
    live,
    me,
    plans,
    protection,
    pushes,
    raising,
    register,
    responder,
    sessions,
    tasks,
)


def build(app: App, patience: Patience | None = None) -> FastAPI:
    """All doors, shut until served. No pages about the API itself are offered to strangers."""
    hub = Hub(app.views, app.doorbell, app.wall)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.start()
        yield
        await hub.stop()

    api = FastAPI(
        title="Anling",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    api.state.doors = Doors(app)
    api.state.hub = hub
    api.add_middleware(BodyCap)
    api.add_middleware(BodyClock, patience or Patience())
    api.add_middleware(LastWord)
    problems.install(api)
    browsers.install(api)
    for module in _ROUTERS:
        api.include_router(module.router)
    for router in ROUTERS:
        api.include_router(router)
    for path, folder in (("/static/leaflet", Path(leaflet.BASE_DIR)), ("/static", Path(__file__).parent / "static")):
        api.mount(path, GZipMiddleware(Assets(directory=folder), minimum_size=1000, compresslevel=6))
    return api
