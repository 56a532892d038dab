"""Who is asking: log-in, log-out, and the person behind a token or a cookie."""

from asyncio import sleep
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.answers import as_json
from api.doors import Doors, doors
from api.guessing import attempt
from api.leaving import noted, open_claims
from api.origin import same_origin
from api.problems import iso, problem
from domain.errors import Forbidden
from domain.people import LEADS, Scope
from store.accounts import Session

_STAY = (
    "仍有处理中的警情：先移交或放回，或由主管带 anyway=true 退出 / "
    "This log-in still holds alerts: offer or release them first; a supervisor may leave with anyway=true"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

router = APIRouter()
#: log-ins that may wait for their turn; each takes a tenth of a second
_QUEUE = 50


@dataclass(frozen=True, slots=True)
class Knock:
    """A request with its credential, before anybody looked the credential up."""

    doors: Doors
    token: str
    #: the credential came by itself (cookie) and not on purpose (Authorization)
    by_cookie: bool

    def scope(self) -> Scope:
        """Whose credential it is; 401 when it is nobody's. Reads the ledger."""
        scope = self.doors.app.accounts.session(self.token)
        if scope is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return scope


def knock(conn: HTTPConnection) -> Knock:
    """The credential of a request: 401 without, 403 when another site's page sent our cookie."""
    found = credential(conn)
    if found is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    if found.by_cookie and conn.scope.get("method") not in SAFE:
        refuse_foreign(conn)
    return found


def credential(conn: HTTPConnection) -> Knock | None:
    """Bearer first, then the cookie."""
    here = doors(conn)
    scheme, _, token = conn.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return Knock(here, token.strip(), by_cookie=False)
    cookie = conn.cookies.get(here.cookie_name)
    return Knock(here, cookie, by_cookie=True) if cookie else None


def refuse_foreign(conn: HTTPConnection) -> None:
    """403 for an unsafe request that a page of another site sent."""
    if not same_origin(conn, doors(conn).app.settings.public_url):
        raise HTTPException(
            403, "请求来自其他网站，已拒绝 / Sent by another site's page; use the console itself"
        )


Asking = Annotated[Knock, Depends(knock)]


class Login(BaseModel):
    """What a person types to log in."""

    model_config = ConfigDict(strict=True)

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)
    totp: str | None = Field(default=None, max_length=10)


async def enter(request: Request, login: Login) -> Session | Response:
    """A session, or the refusal to show: 401 for a wrong name or password, 429 after too many."""
    here, trying = doors(request), attempt(request, login.username)
    lane = here.lanes.logins if trying.stranger else here.lanes.returning
    if lane.waiting > _QUEUE:
        return problem(503, headers={"Retry-After": "2"})
    if wait := trying.wait():
        return problem(429, headers={"Retry-After": str(int(wait) + 1)})
    await sleep(trying.delay())
    try:
        session = await lane.run(_try(here, login))
    except Forbidden:
        trying.failed()
        return problem(401, "用户名、密码或动态口令不正确 / Wrong user name, password or one-time code")
    trying.succeeded()
    return session


def _try(here: Doors, login: Login) -> Callable[[], Session]:
    return lambda: here.app.accounts.login(login.username, login.password, login.totp)


@router.post("/api/v1/session")
async def log_in(request: Request, login: Login) -> Response:
    """A token for programs (wire.md section 4)."""
    session = await enter(request, login)
    if isinstance(session, Response):
        return session
    scope = session.scope
    return as_json({
        "token": session.token,
        "expires_at": iso(session.expires_at),
        "roles": [scope.role],
        "person": {"id": scope.responder or scope.operator, "name": scope.operator},
    })  # fmt: skip


@router.delete("/api/v1/session", status_code=204)
async def log_out(asking: Asking, anyway: bool = False) -> Response:
    """This token is void from now on; 409 while its person holds an alert (``anyway``: on a supervisor's word)."""
    return await asking.doors.lanes.commands.run(lambda: _leave(asking, anyway))


def _leave(asking: Knock, anyway: bool) -> Response:
    app = asking.doors.app
    scope = app.accounts.session(asking.token)
    held = [claim["id"] for claim in open_claims(app, scope)] if scope else []
    if scope and held:
        if not (anyway and scope.role in LEADS):
            return problem(409, _STAY, held_by=None, until=None, claims=held)
        noted(app, scope, held)
    app.accounts.logout(asking.token)
    return Response(status_code=204)
