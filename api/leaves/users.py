"""Log-ins: who has one, and what an administrator may do with them."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.desk import Visitor
from api.leaves.leaf import Leaf, act, show, text, texts
from api.parts import App
from domain.errors import Forbidden, Refused
from domain.people import OPERATOR_ROLES, Scope
from store.accounts import Accounts

router = APIRouter(include_in_schema=False)
_MOST = 500


def _read(app: App, scope: Scope) -> dict[str, Any]:
    shown = {user["name"] for user in app.views.users(scope, _MOST)["items"]}
    people = app.views.responders(scope, _MOST)["items"]
    return {
        "users": [user for user in app.accounts.everybody() if user["name"] in shown],
        "roles": OPERATOR_ROLES,
        "streets": app.views.streets(scope, _MOST)["items"],
        "people": people,
        "names": {one["id"]: one["name"] for one in people},
        "may_change": scope.role == "administrator" and not scope.streets,
    }


_USERS = Leaf("users", "users.html", _read)


@router.get("/users")
async def users(request: Request, visitor: Visitor) -> Response:
    """All log-ins."""
    return await show(request, visitor, _USERS)


@router.post("/users")
async def add(request: Request, visitor: Visitor) -> Response:
    """A new log-in; one that exists is not replaced."""

    def work(app: App, scope: Scope, form: FormData) -> None:
        administers(scope)
        name = text(form, "name")
        if any(user["name"] == name for user in app.accounts.everybody()):
            raise Refused(f"there is a log-in {name!r} already; change its password, or take another name")
        app.accounts.add(
            name, text(form, "role"), str(form.get("password") or ""), texts(form, "street"),
            text(form, "responder") or None, scope.operator,
        )  # fmt: skip

    return await act(request, visitor, _USERS, work, "user_added", "/users")


@router.post("/users/{step}")
async def change(request: Request, visitor: Visitor, step: str) -> Response:
    """Shut, open, signed out, a new password, no more one-time codes, other duties."""

    def work(app: App, scope: Scope, form: FormData) -> None:
        administers(scope)
        name = text(form, "name")
        if step == "assign":
            streets, responder = texts(form, "street"), text(form, "responder") or None
            assign(app.accounts, scope, name, text(form, "role"), streets, responder)
            return
        _change(app.accounts, scope, step, name, str(form.get("password") or ""))

    return await act(request, visitor, _USERS, work, "user_changed", "/users")


def _change(accounts: Accounts, scope: Scope, step: str, name: str, password: str) -> None:
    match step:
        case "disable":
            if name == scope.operator:
                raise Refused("you would shut yourself out; another administrator can do it")
            accounts.disable(name, scope.operator)
        case "enable":
            accounts.enable(name, scope.operator)
        case "password":
            accounts.set_password(name, password, scope.operator)
        case "sign-out":
            accounts.sign_out(name, scope.operator)
        case "no-codes":
            accounts.ask_no_codes(name, scope.operator)
        case _:
            raise Refused("disable, enable, sign-out, password, no-codes or assign")


def assign(
    accounts: Accounts, scope: Scope, name: str, role: str, streets: list[str], responder: str | None
) -> None:
    """Another role, other streets, another person behind a log-in; never one's own."""
    if name == scope.operator:
        raise Refused("you would change your own rights; another administrator can do it")
    accounts.assign(name, role, streets, responder, scope.operator)


def administers(scope: Scope) -> None:
    """Somebody of some streets could make a log-in for all."""
    if scope.role != "administrator" or scope.streets:
        raise Forbidden("only an administrator of the whole district changes log-ins")
