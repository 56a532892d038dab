"""Devices that speak HTTP instead of MQTT: the same envelope, the same promise."""

import base64
import binascii

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import as_json
from api.doors import doors
from api.problems import iso, problem
from domain.events import Message, Receipt

router = APIRouter()

_WHO = {"WWW-Authenticate": 'Basic realm="anling"'}


@router.post("/ingest/anling/{dev}/event")
async def event(request: Request, dev: str) -> Response:
    """200 with the receipt after the commit; 4xx only when nothing was stored (wire.md section 3)."""
    here = doors(request)
    id, secret = _basic(request.headers.get("authorization", ""))
    body = await request.body()
    message = Message(f"http:/anling/{dev}/event", body, here.app.wall())

    def take_in() -> Receipt | Response | None:
        if id != dev or not here.app.accounts.device_secret_ok(dev, secret):
            return problem(401, "设备编号或密钥不正确 / Wrong device id or secret", _WHO)
        return here.app.ingest(message)

    receipt = await here.lanes.doors.run(take_in)
    return receipt if isinstance(receipt, Response) else _answer(dev, receipt, iso(here.app.wall()))


@router.api_route("/ingest/anling/{dev}/event", methods=["GET", "HEAD"])
async def address_check(dev: str) -> Response:
    """A platform asks whether this address exists; it always does."""
    return as_json({"v": 1, "dev": dev, "result": "ready"})


def _answer(dev: str, receipt: Receipt | None, at: str) -> Response:
    """The receipt as ``down/{dev}/ack`` has it. Stored but not yet judged: 503, so the device repeats."""
    if receipt is None:
        return problem(
            503, "已保存，尚未处理完；请重发 / Kept but not judged yet; send it again", {"Retry-After": "1"}
        )
    return as_json({
        "v": 1, "id": receipt.id, "dev": receipt.device, "result": receipt.result,
        "alert": receipt.alert, "srv_ts": at, "reason": receipt.reason,
    })  # fmt: skip


def _basic(header: str) -> tuple[str, str]:
    """User and password of HTTP Basic; empty strings when there is none."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret
