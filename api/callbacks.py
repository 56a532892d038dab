"""Where the telephone network and the 120 desk answer us: signed, or not heard.

A success is said only after the commit (P10). When the ledger does not take a key press,
the answer is a 5xx whose words are "not recorded": no caller ever hears otherwise.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from xml.etree import ElementTree as xml

import orjson
import structlog
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import care
from api.answers import as_json
from api.doors import Doors, doors
from api.last_word import place
from api.problems import problem
from channels import wording
from channels.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, verify
from channels.twilio_signature import verify_twilio
from channels.twiml import (
    after_key_twiml,
    answer_twiml,
    closed_twiml,
    code_twiml,
    digits_meaning,
    next_twiml,
)
from domain.contacts import Letter
from domain.errors import Refused

_LOG = structlog.get_logger("anling.api")

router = APIRouter(prefix="/callbacks")

_UNSIGNED = (
    "签名缺失或不正确 / The signature is missing or wrong; sign with the shared secret and the public URL"
)


async def _from_twilio(request: Request) -> Mapping[str, str]:
    """The form of a request that really is from Twilio; 403 for every other."""
    settings = doors(request).app.settings
    form = {k: v for k, v in (await request.form()).multi_items() if isinstance(v, str)}
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{settings.public_url.rstrip('/')}{request.url.path}{query}"
    given = request.headers.get("x-twilio-signature")
    if not settings.twilio_auth_token or not verify_twilio(settings.twilio_auth_token, url, form, given):
        raise HTTPException(403, _UNSIGNED)
    return form


Form = Annotated[Mapping[str, str], Depends(_from_twilio)]


@router.post("/twilio/voice")
async def voice(request: Request, form: Form, token: str = "", via: str = "") -> Response:
    """Somebody (or a voicemail) answered: say who needs help, and wait for a key. Without a token somebody rings us."""
    here = doors(request)
    if not token:
        return await _spoken(here, lambda: _caller(here, form.get("From", "")))
    if care.mine(here, token):
        return await _spoken(here, lambda: care.message(here, token, Talk(token).url(here, "gather")) or _lost(here))
    return await _spoken(here, lambda: _message(here, Talk(token, via)))


@router.post("/twilio/gather")
async def gather(request: Request, form: Form, token: str = "", via: str = "") -> Response:
    """A key was pressed, or none: commit, then say what became of it."""
    here, digits = doors(request), form.get("Digits", "")
    if not token:
        return await _spoken(here, lambda: _codes(here, form.get("From", ""), digits))
    if care.mine(here, token):
        again = Talk(token).url(here, "gather")
        return await _spoken(here, lambda: care.key(here, token, digits, again) or _lost(here))
    return await _spoken(here, lambda: _key(here, Talk(token, via), digits))


@router.post("/twilio/status")
async def status(request: Request, form: Form, token: str = "") -> Response:
    """How a call or a message goes; in any order, any number of times (P21)."""
    said = form.get("CallStatus") or form.get("MessageStatus") or form.get("SmsStatus") or ""
    reference = form.get("CallSid") or form.get("MessageSid") or form.get("SmsSid") or ""
    here = doors(request)
    if care.mine(here, token):
        await here.lanes.doors.run(lambda: care.ended(here, token, said))
        return Response(status_code=204)
    await here.lanes.doors.run(
        lambda: here.app.callbacks.status(token, said, reference, form.get("ErrorCode"))
    )
    return Response(status_code=204)


@router.post("/twilio/sms")
async def sms(request: Request, form: Form) -> Response:
    """A person answers by SMS; they are told what was recorded."""
    here, sid = doors(request), form.get("MessageSid") or form.get("SmsSid")
    stamp = f"sms\n{sid}" if sid else None
    words = await here.lanes.doors.run(
        lambda: here.app.callbacks.sms_reply(form.get("From", ""), form.get("Body", ""), stamp)
    )
    return _xml(_message_twiml(words))


@router.post("/dispatch-120")
async def dispatch_120(request: Request) -> Response:
    """The 120 desk tells how a case goes; a named clerk claims by it (wire.md section 5)."""
    here = doors(request)
    body, headers, settings = await request.body(), request.headers, here.app.settings
    given = headers.get(TIMESTAMP_HEADER), headers.get(SIGNATURE_HEADER)
    said = _object(body)
    if not verify(settings.desk_secret or "", *given, body, here.app.wall()):
        case = str((said or {}).get("case"))
        own = await here.lanes.doors.run(lambda: here.app.callbacks.desk_secrets(case)) if given[1] else ()
        if not verify(own, *given, body, here.app.wall()):
            return problem(403, _UNSIGNED)
    if said is None:
        return problem(422, "请发送 JSON 对象 / Send a JSON object with case, status, at, by, note")
    # The same bytes of the same second again are a repeat, or somebody who recorded them: answered, not obeyed anew.
    told, stamp = said, f"{given[0]}\n{hashlib.sha256(body).hexdigest()}"
    return await here.lanes.doors.run(
        lambda: here.answers.once("dispatch-120", stamp, body, lambda: _desk_said(here, told, stamp))
    )


def _desk_said(here: Doors, said: dict[str, object], stamp: str) -> Response:
    try:
        return as_json(here.app.callbacks.desk_callback(said, stamp))
    except Refused as refused:
        return problem(422, str(refused))


def _object(body: bytes) -> dict[str, object] | None:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None


@dataclass(frozen=True, slots=True)
class Talk:
    """One alert in one call. ``via``: who rings us is known by the number (``in``) or by codes (``pin``)."""

    token: str
    via: str = ""

    def url(self, here: Doors, door: str) -> str:
        """Where the call goes on."""
        said = {"token": self.token} | ({"via": self.via} if self.via else {})
        return f"{here.app.settings.public_url.rstrip('/')}/callbacks/twilio/{door}?{urlencode(said)}"


#: how the person is known -> the proof of a claim
_PROOFS = {"": "key_press", "in": "call_back", "pin": "pin"}


def _message(here: Doors, talk: Talk) -> str:
    letter = here.app.callbacks.letter(talk.token)
    if letter is None:
        return _lost(here)
    moved_on = here.app.callbacks.moved_on(letter)
    if moved_on is not None:
        return _after(here, letter, talk, moved_on)
    others = [other for token, other in here.app.callbacks.agenda(talk.token) if token != talk.token]
    return answer_twiml(letter, talk.url(here, "gather"), here.app.wall(), others)


def _key(here: Doors, talk: Talk, digits: str) -> str:
    letter = here.app.callbacks.letter(talk.token)
    if letter is None:
        return _lost(here)
    meaning = digits_meaning(digits, letter)
    if meaning not in ("claim", "decline"):
        return _after(here, letter, talk, meaning)
    proof = _PROOFS.get(talk.via, "key_press")
    return _after(here, letter, talk, here.app.callbacks.answered(talk.token, meaning, proof))


def _after(here: Doors, letter: Letter, talk: Talk, result: str) -> str:
    said, _, name = result.partition(":")
    known = {"taken": "already_taken"}.get(said, said)
    gather_url, now = talk.url(here, "gather"), here.app.wall()
    return after_key_twiml(letter, known, gather_url, now, name or None, _following(here, letter, talk))


def _following(here: Doors, letter: Letter, talk: Talk) -> str | None:
    """Where the call goes on with the next alert that waits for this person (P13)."""
    waiting = [token for token, x in here.app.callbacks.agenda(talk.token) if x.alert_id != letter.alert_id]
    return Talk(waiting[0], talk.via).url(here, "voice") if waiting else None


def _caller(here: Doors, number: str) -> str:
    """Somebody rings our number: the person's open alerts, a home's own word, or a question for codes (P27)."""
    caller = here.app.callbacks.caller(number)
    if caller is None and (home := here.app.numbers.answer(number, here.app.wall())) is not None:
        return next_twiml(Talk(home, "in").url(here, "voice"))
    if caller is None:
        return code_twiml(_codes_url(here), wording.caller("ask_codes", "zh"))
    language = caller.person.language
    if not caller.agenda:
        return closed_twiml(language, wording.caller("none_open", language))
    return next_twiml(Talk(caller.agenda[0][0], "in").url(here, "voice"))


def _codes(here: Doors, number: str, keys: str) -> str:
    """A strange telephone has given codes."""
    token = here.app.callbacks.by_code(number, keys)
    if token is None:
        return closed_twiml("zh", wording.caller("wrong_codes", "zh"))
    return next_twiml(Talk(token, "pin").url(here, "voice"))


def _codes_url(here: Doors) -> str:
    return f"{here.app.settings.public_url.rstrip('/')}/callbacks/twilio/gather"


def _lost(here: Doors) -> str:
    return closed_twiml("zh", here.words.say("phone.lost", "zh"))


async def _spoken(here: Doors, say: Callable[[], str]) -> Response:
    """The spoken answer; 503 and "not recorded" when anything at all went wrong on the way."""
    try:
        return _xml(await here.lanes.doors.run(say))
    except Exception as error:
        _LOG.error("call_not_answered", error=type(error).__name__, at=place(error))
        return _xml(closed_twiml("zh", here.words.say("phone.not_recorded", "zh")), 503)


def _message_twiml(words: str) -> str:
    root = xml.Element("Response")
    if words:
        xml.SubElement(root, "Message").text = words
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode")


def _xml(document: str, status: int = 200) -> Response:
    return Response(document, status, media_type="text/xml")
