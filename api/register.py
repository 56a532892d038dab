"""The register over JSON: streets, homes, residents, devices, hubs, responders, teams, users."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.lists import read
from api.problems import problem
from api.sessions import Asking
from domain.errors import ConfigurationError
from store import enrolment

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


@router.post("/homes")
async def enter_home(asking: Asking, home: dict[str, Any]) -> Response:
    """A home with its residents and devices, in the words of a site file."""
    register = asking.doors.app.register
    return await _written(asking, lambda: as_json(enrolment.enter(register, asking.scope(), home), 201))


@router.patch("/homes/{id}")
async def change_home(asking: Asking, id: str, home: dict[str, Any]) -> Response:
    """What is said is changed, the rest stays."""
    register = asking.doors.app.register
    return await _written(asking, lambda: as_json(enrolment.change(register, asking.scope(), id, home)))


async def _written(asking: Asking, work: Callable[[], Response]) -> Response:
    """Everything that is wrong with it at once."""
    try:
        return await asking.doors.lanes.commands.run(work)
    except ConfigurationError as error:
        parts = (p.removeprefix("home: ").partition(": ") for p in error.problems)
        return problem(422, errors=[{"where": where, "what": what} for where, _, what in parts])
