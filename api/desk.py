"""What every page of the console shares: who is looking, the frame around it, and the words its scripts need."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from api.browsers import refused_page, why
from api.language import Speech
from api.nav import ways
from api.pages import page, remember, speech
from api.parts import App
from api.problems import status_of
from api.sessions import Knock, credential
from domain.people import Scope

#: word families that the frame's own scripts need on every page
_FRAME_WORDS = ("board", "kind", "severity", "role", "problem", "site", "sound", "map")

_STREETS = 500


def _visitor(conn: HTTPConnection) -> Knock | None:
    return credential(conn)


Visitor = Annotated[Knock | None, Depends(_visitor)]


async def scope_of(visitor: Knock | None) -> Scope | None:
    """Whose log-in it is; None for strangers, who are led to the log-in."""
    if visitor is None:
        return None
    return await visitor.doors.lanes.reads.run(lambda: visitor.doors.app.accounts.session(visitor.token))


def to_login(request: Request) -> Response:
    """To the log-in and back here."""
    wanted = request.url.path if request.method == "GET" else "/"
    return remember(request, RedirectResponse(f"/login?next={quote(wanted)}", 303))


def street_names(app: App, scope: Scope) -> dict[str, str]:
    """Street code -> its name, of the streets that this log-in sees. Reads the ledger."""
    return {street["code"]: street["name"] for street in app.views.streets(scope, _STREETS)["items"]}


def desk_page(
    request: Request, scope: Scope, name: str, status: int = 200, families: tuple[str, ...] = (), **values: Any
) -> Response:
    """A page in the console's frame (``desk.html``): navigation, lamps, clock, stale banner.

    ``families``: word families that the page's own scripts need besides the frame's; ``setup``: what else they need.
    """
    say = speech(request)
    setup = {
        "lang": say.lang,
        "words": say.part((*_FRAME_WORDS, *families)),
        "me": scope.responder or scope.operator,
        **values.pop("setup", {}),
    }
    shared = {"street_name": {}, "scope": scope, "ways": ways(scope), "setup": embedded(setup)}
    return page(request, name, status, **(shared | values))


def problem_page(request: Request, refused: Exception) -> Response:
    """Why a page cannot be shown, in the reader's language."""
    return refused_page(request, status_of(refused), why(speech(request), refused))


def choices(say: Speech, family: str, values: Any) -> list[tuple[str, str]]:
    """Codes with their words, for a list to choose from."""
    return [(str(value), say.named(family, value)) for value in values]


def embedded(data: Mapping[str, Any]) -> str:
    """JSON for a data block: no ``<`` that could end it."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")
