"""Where Aliyun pushes to: keys pressed, ends of calls, text messages that came back.

Its pushes carry no signature; the address holds a secret instead. What names nothing that we
know yet is answered 503, so that it is pushed again after our commit (P22).
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import as_json
from api.care import COUNTS
from api.doors import Doors, doors
from api.problems import problem
from channels.aliyun_codes import call_code, call_word
from channels.twiml import digits_meaning
from domain.contacts import Letter
from domain.errors import NotFound

_LOG = structlog.get_logger("anling.api")

router = APIRouter(prefix="/callbacks/aliyun/{secret}")
Report = Mapping[str, Any]


@router.post("/voice")
async def voice(request: Request, secret: str) -> Response:
    """Stages and ends of calls, and the key that was pressed."""
    return await _taken(request, secret, _call)


@router.post("/sms")
async def sms(request: Request, secret: str) -> Response:
    """Ends of text messages, and those that people sent back."""
    return await _taken(request, secret, _text)


async def _taken(request: Request, secret: str, take: Callable[[Doors, Report], None]) -> Response:
    here = doors(request)
    ours = here.app.settings.aliyun_push_secret
    if not ours or not hmac.compare_digest(ours.encode(), secret.encode()):
        return problem(403, "地址不正确 / This address is not one of ours")
    try:
        said = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return problem(422, "请发送 JSON 数组 / Send a JSON array")
    reports = [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, dict)]
    lost = await here.lanes.doors.run(lambda: _each(here, reports, take))
    if lost:
        return problem(503, "尚未登记，请重推 / Not known yet, push again")
    return as_json({"code": 0, "msg": "成功"})


def _each(here: Doors, reports: Sequence[Report], take: Callable[[Doors, Report], None]) -> int:
    """Each report alone: one that names nothing keeps no other back. Returns how many did."""
    lost = 0
    for report in reports:
        try:
            take(here, report)
        except NotFound:
            lost += 1
    if lost:
        _LOG.warning("aliyun_report_unknown", reports=lost)
    return lost


def _call(here: Doors, report: Report) -> None:
    reference, digits = str(report.get("call_id") or ""), str(report.get("dtmf") or "").strip()
    said = str(report.get("status_code") or "")
    app, word = here.app, call_word(said)
    if app.care is not None and (care := app.care.token_of(reference)) is not None:
        if meaning := _meaning(app.care.letter(care), digits):
            app.care.answered(care, meaning)
        app.care.ended(care, word)
        return
    token = _token(here, reference)
    if meaning := _meaning(app.callbacks.letter(token), digits):
        app.callbacks.answered(token, meaning)
    app.callbacks.status(token, word, reference, call_code(said))


def _meaning(letter: Letter | None, digits: str) -> str | None:
    """What the last key said to this letter, if anything that counts."""
    meaning = digits_meaning(digits[-1:], letter) if letter is not None and digits else None
    return meaning if meaning in COUNTS else None


def _text(here: Doors, report: Report) -> None:
    if "content" in report:
        here.app.callbacks.sms_reply(_e164(str(report.get("phone_number") or "")), str(report["content"]))
        return
    reference = str(report.get("biz_id") or "")
    word = "delivered" if report.get("success") else "undelivered"
    here.app.callbacks.status(_token(here, reference), word, reference, str(report.get("err_code") or "") or None)


def _token(here: Doors, reference: str) -> str:
    token = here.app.callbacks.token_of(reference) if reference else None
    if token is None:
        raise NotFound("this report names nothing that we know yet")
    return token


def _e164(number: str) -> str:
    return number if number.startswith("+") else f"+86{number.removeprefix('86')}"
