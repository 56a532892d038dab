"""The register over JSON: streets, homes, residents, devices, hubs, responders, teams, users."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.alerts import Limit
from api.answers import as_json
from api.leaves.users import administers, assign
from api.lists import read
from api.problems import problem
from api.sessions import Asking, Knock
from domain.errors import ConfigurationError, NotFound, Refused
from domain.people import Scope
from records.editor import Edit
from store import enrolment
from store.accounts import Accounts
from store.register_rows import NOUNS as ROWS

Said = Annotated[dict[str, Any], Body()]

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


async def _written(asking: Knock, work: Callable[[], Response]) -> Response:
    """Everything that is wrong with it at once."""
    try:
        return await asking.doors.lanes.commands.run(work)
    except ConfigurationError as error:
        parts = (p.removeprefix("home: ").partition(": ") for p in error.problems)
        return problem(422, errors=[{"where": where, "what": what} for where, _, what in parts])


async def _edit(asking: Knock, noun: str, id: str, said: dict[str, Any], new: bool) -> Response:
    """All that is wrong at once, or the row."""
    work, edit = asking.doors.app.desk.editor, Edit(noun, id, said, new)
    return await _written(asking, lambda: as_json(work.edit(asking.scope(), edit), 201 if new else 200))


def _adding(noun: str) -> Callable[[Asking, Said], Awaitable[Response]]:
    async def add(asking: Asking, said: Said) -> Response:
        """A new row, in the site file's own terms; a resident or device names its ``home``."""
        id = said.get("code" if noun == "streets" else "id")
        if not isinstance(id, str) or not id:
            return problem(422, errors=[{"where": "id", "what": "give it an id"}])
        return await _edit(asking, noun, id, said, True)

    return add


def _changing(noun: str) -> Callable[[Asking, str, Said], Awaitable[Response]]:
    async def change(asking: Asking, id: str, said: Said) -> Response:
        """What is said changes, the rest stays."""
        return await _edit(asking, noun, id, said, False)

    return change


for _noun in sorted(set(ROWS) - {"homes"}):
    router.add_api_route(f"/{_noun}", _adding(_noun), methods=["POST"])
    router.add_api_route(f"/{_noun}/{{id}}", _changing(_noun), methods=["PATCH"])


def _turning(noun: str, step: str) -> Callable[[Asking, str], Awaitable[Response]]:
    async def turn(asking: Asking, id: str) -> Response:
        """A person is there no more, or again; ending twice keeps the first end. Audited."""
        editor = asking.doors.app.desk.editor
        return await _written(asking, lambda: as_json(editor.turn(asking.scope(), noun, id, step)))

    return turn


for _noun in ("residents", "responders"):
    for _step in ("end", "resume"):
        router.add_api_route(f"/{_noun}/{{id}}/{_step}", _turning(_noun, _step), methods=["POST"])


class NewUser(BaseModel):
    """A log-in to add."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: str
    password: Annotated[str, Field(max_length=1000)]
    streets: list[str] = []
    responder: str | None = None


class UserChange(BaseModel):
    """What of a log-in changes; ``totp`` can only be ended here."""

    model_config = ConfigDict(strict=True)

    password: Annotated[str | None, Field(max_length=1000)] = None
    disabled: bool | None = None
    totp: Literal[False] | None = None
    role: str | None = None
    streets: list[str] | None = None
    responder: str | None = None
    #: ends its sessions and changes nothing else
    sign_out: Literal[True] | None = None


@router.post("/users")
async def add_user(asking: Asking, said: NewUser) -> Response:
    """A new log-in; one that exists is not replaced (409)."""
    accounts = asking.doors.app.accounts

    def act() -> Response:
        scope = asking.scope()
        administers(scope)
        if any(user["name"] == said.name for user in accounts.everybody()):
            raise Refused(f"there is a log-in {said.name!r} already")
        accounts.add(said.name, said.role, said.password, said.streets, said.responder, scope.operator)
        return as_json({"name": said.name, "role": said.role, "streets": said.streets}, 201)

    return await _written(asking, act)


@router.patch("/users/{name}")
async def change_user(asking: Asking, name: str, said: UserChange) -> Response:
    """Each change ends the log-in's sessions."""
    accounts = asking.doors.app.accounts

    def act() -> Response:
        scope = asking.scope()
        administers(scope)
        if said.disabled and name == scope.operator:
            raise Refused("you would shut yourself out; another administrator can do it")
        if said.password is not None:
            accounts.set_password(name, said.password, scope.operator)
        if said.disabled is not None:
            (accounts.disable if said.disabled else accounts.enable)(name, scope.operator)
        if said.totp is False:
            accounts.ask_no_codes(name, scope.operator)
        if said.sign_out:
            accounts.sign_out(name, scope.operator)
        if {"role", "streets", "responder"} & said.model_fields_set:
            told = said.model_dump(include={"role", "streets", "responder"}, exclude_unset=True)
            _assign(accounts, scope, name, told)
        return as_json({"name": name})

    return await _written(asking, act)


def _assign(accounts: Accounts, scope: Scope, name: str, said: dict[str, Any]) -> None:
    """What is not said stays."""
    known = next((user for user in accounts.everybody() if user["name"] == name), None)
    if known is None:
        raise NotFound(f"no log-in {name!r}")
    now = {**known, **said}
    assign(accounts, scope, name, now["role"] or known["role"], now["streets"] or [], now["responder"])
