"""The register over JSON: streets, homes, residents, devices, hubs, responders, teams, users."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from api.alerts import Limit
from api.lists import read
from api.sessions import Asking

router = APIRouter(prefix="/api/v1")

NOUNS = ("streets", "homes", "residents", "devices", "hubs", "responders", "teams", "users")


def _list_of(noun: str) -> Callable[[Asking, Limit, str | None], Awaitable[Response]]:
    async def listed(asking: Asking, limit: Limit = 100, cursor: str | None = None) -> Response:
        """One page, within the caller's streets and role."""
        view = getattr(asking.doors.app.views, noun)
        return await read(asking, lambda: view(asking.scope(), limit, cursor))

    return listed


for _noun in NOUNS:
    router.add_api_route(f"/{_noun}", _list_of(_noun), methods=["GET"])
