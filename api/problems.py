"""Every refusal in one shape (RFC 9457), with what to do next."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import PydanticSerializationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.errors import AnlingError, Forbidden, Held, LedgerCollision, LedgerUnavailable, NotFound, Refused, Unfit

_LOG = structlog.get_logger("anling.api")

_REMEDY = {
    400: "请检查请求后重试 / Check the request and send it again",
    401: "请先登录 (POST /api/v1/session) 再重试 / Log in (POST /api/v1/session) and try again",
    403: "此账号无此权限，请联系主管 / This account may not do that; ask a supervisor",
    404: "请核对地址或编号 / Check the address or the id",
    405: "请改用 Allow 头中列出的方法 / Use a method named in the Allow header",
    408: "请求体未及时到达，请在更好的线路上重发 / The body did not arrive in time; send it again over a better line",
    409: "请刷新后再决定 / Read it again, then decide",
    413: "请求体上限为 1 MB，请缩小或分批 / Bodies may have 1 MB; send less at a time",
    415: "请以 application/json 发送 / Send application/json",
    422: "请按 errors 修正后重试 / Correct what errors names and send it again",
    429: "请按 Retry-After 等待后重试 / Wait as Retry-After says, then try again",
    500: "未登记。请重试；仍失败请电话联系值班台 / Not recorded. Try again; if it fails, telephone the desk",
    503: "未登记。请立即重试或电话联系值班台 / Not recorded. Try again at once or telephone the desk",
}

_STATUS: tuple[tuple[type[AnlingError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Held, 409),
    (Refused, 409),
    (LedgerUnavailable, 503),
    (LedgerCollision, 503),
)


def problem(
    status: int,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A problem+json answer; ``detail`` says what happened and what to do."""
    body = {
        "type": f"urn:anling:problem:{_slug(status)}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or _REMEDY.get(status, _REMEDY[400]),
        **more,
    }
    return Response(
        orjson.dumps(body),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


def _slug(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")


def status_of(error: Exception) -> int:
    """The HTTP status a refusal has; 500 for what nobody foresaw."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def refusal(error: AnlingError) -> Response:
    """The answer to a command that was understood and not carried out."""
    if isinstance(error, Held):
        return held(error)
    status = status_of(error)
    if status >= 500:
        _LOG.error("request_failed", error=type(error).__name__)
        return problem(status, headers={"Retry-After": "1"})
    said = str(error)
    detail = f"{said}. {_REMEDY[status]}" if said else None
    more = {"held_by": None, "until": None} if status == 409 else {}
    return problem(status, detail, **more)


def held(error: Held) -> Response:
    """409: who has it and until when (wire.md section 4)."""
    until = iso(error.until) if error.until else None
    detail = (
        f"已由 {error.holder_name} 接警；请等待其交接或到期，或联系主管 / "
        f"Held by {error.holder_name}; wait for a hand-over or the end of the claim, or ask a supervisor"
    )
    holder = {"id": error.holder_id, "name": error.holder_name}
    return problem(409, detail, held_by=holder, until=until)


def iso(at: datetime) -> str:
    """UTC in the wire's form, milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def on_refusal(_: Request, error: Exception) -> Response:
    """Commands that were understood and not carried out."""
    assert isinstance(error, AnlingError)
    return refusal(error)


async def on_http(_: Request, error: Exception) -> Response:
    """No such page, wrong method, no log-in."""
    assert isinstance(error, HTTPException)
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else None
    return problem(error.status_code, said, error.headers)


async def on_invalid(_: Request, error: Exception) -> Response:
    """What was wrong and where; never the value that was sent, which may be personal."""
    assert isinstance(error, RequestValidationError)
    errors = [{"where": ".".join(str(p) for p in e["loc"]), "what": e["msg"]} for e in error.errors()]
    return problem(422, errors=errors)


async def on_unfit(_: Request, error: Exception) -> Response:
    """A character that no text holds, a number too large: not our fault, and trying again would not help."""
    del error
    return problem(422)


def install(api: FastAPI) -> None:
    """Every error leaves as problem+json."""
    api.add_exception_handler(AnlingError, on_refusal)
    api.add_exception_handler(HTTPException, on_http)
    api.add_exception_handler(Unfit, on_unfit)
    # Only what came in is ever written down by pydantic; our own answers go another way.
    api.add_exception_handler(PydanticSerializationError, on_unfit)
    api.add_exception_handler(RequestValidationError, on_invalid)
