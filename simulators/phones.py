"""The phone network's front door: Twilio's REST API for calls and messages, on this machine only."""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.behaviour import Behaviour
from simulators.calls import Exchange, check_events, source_of
from simulators.messages import Texting
from simulators.stage import Stage
from simulators.twilio_params import (
    CREATE_CALL,
    CREATE_MESSAGE,
    LIST_CALLS,
    LIST_MESSAGES,
    UPDATE_CALL,
    Form,
    Param,
    Refused,
    check,
    first,
)
from simulators.twilio_resources import account_path, call_resource, matching, message_resource, page

_ROOT = account_path("{account}")
#: HTTP statuses and Twilio's codes for what a carrier may refuse.
_HTTP_CODES = {401: 20003, 403: 20403, 404: 20404, 429: 20429}
_CODE_HTTP = {code: status for status, code in _HTTP_CODES.items()}

_Door = Callable[[Request], Awaitable[Response]]
_Table = Mapping[str, Param]


class Phones:
    """Everything under ``/2010-04-01``."""

    def __init__(self, stage: Stage) -> None:
        self.exchange = Exchange(stage)
        self.texting = Texting(stage)
        self._stage = stage
        self._second = 0
        self._asked = 0

    def routes(self) -> list[Route]:
        """Return the doors of the API."""
        doors: list[tuple[str, str, _Door]] = [
            (f"{_ROOT}.json", "GET", self._account),
            (f"{_ROOT}/Calls.json", "POST", self._create_call),
            (f"{_ROOT}/Calls.json", "GET", self._list_calls),
            (f"{_ROOT}/Calls/{{sid}}.json", "GET", self._fetch_call),
            (f"{_ROOT}/Calls/{{sid}}.json", "POST", self._update_call),
            (f"{_ROOT}/Messages.json", "POST", self._create_message),
            (f"{_ROOT}/Messages.json", "GET", self._list_messages),
            (f"{_ROOT}/Messages/{{sid}}.json", "GET", self._fetch_message),
        ]
        return [Route(path, self._guarded(door), methods=[method]) for path, method, door in doors]

    def _guarded(self, door: _Door) -> _Door:
        """Check who asks, and turn every refusal into Twilio's error shape."""

        async def guarded(request: Request) -> Response:
            try:
                self._authenticate(request)
                return await door(request)
            except Refused as refusal:
                self._stage.journal.went_wrong(refusal.code, refusal.message, {"path": request.url.path})
                return JSONResponse(refusal.json(), refusal.status)

        return guarded

    def _authenticate(self, request: Request) -> None:
        sid, token = _basic(request.headers.get("authorization", ""))
        settings = self._stage.settings
        if (sid, token) != (settings.twilio_sid, settings.twilio_token) or request.path_params[
            "account"
        ] != sid:
            raise Refused(20003, "Authenticate", 401)

    async def _account(self, request: Request) -> Response:
        sid = request.path_params["account"]
        uri = f"{account_path(sid)}.json"
        return JSONResponse(
            {"sid": sid, "friendly_name": "simulated", "status": "active", "type": "Full", "uri": uri}
        )

    async def _create_call(self, request: Request) -> Response:
        form = await self._read(request, CREATE_CALL)
        if not (first(form, "Url") or first(form, "Twiml") or first(form, "ApplicationSid")):
            raise Refused(21205, "Url parameter is required.")
        check_events(form)
        behaviour = self._carry(form, "voice")
        call = await self.exchange.place(request.path_params["account"], form, behaviour)
        shown = call_resource(call)
        await self._stage.wait(behaviour.api_slow)
        return JSONResponse(shown, 201)

    async def _list_calls(self, request: Request) -> Response:
        form = self._query(request, LIST_CALLS)
        found = [call for call in reversed(self.exchange.calls.values()) if matching(form, call)]
        return JSONResponse(page(request.url.path, form, "calls", [call_resource(call) for call in found]))

    async def _fetch_call(self, request: Request) -> Response:
        return JSONResponse(call_resource(_found(self.exchange.calls, request)))

    async def _update_call(self, request: Request) -> Response:
        call = _found(self.exchange.calls, request)
        form = await self._read(request, UPDATE_CALL)
        if "Status" in form:
            self.exchange.hang_up(call, first(form, "Status"))
        elif "Url" in form or "Twiml" in form:
            self.exchange.redirect(call, source_of(form))
        return JSONResponse(call_resource(call))

    async def _create_message(self, request: Request) -> Response:
        form = await self._read(request, CREATE_MESSAGE)
        _check_message(form)
        behaviour = self._carry(form, "sms")
        message = await self.texting.send(request.path_params["account"], form, behaviour)
        shown = message_resource(message) | {"status": "queued"}
        await self._stage.wait(behaviour.api_slow)
        return JSONResponse(shown, 201)

    async def _list_messages(self, request: Request) -> Response:
        form = self._query(request, LIST_MESSAGES)
        found = [item for item in reversed(self.texting.messages.values()) if matching(form, item)]
        return JSONResponse(page(request.url.path, form, "messages", [message_resource(m) for m in found]))

    async def _fetch_message(self, request: Request) -> Response:
        return JSONResponse(message_resource(_found(self.texting.messages, request)))

    def _carry(self, form: Form, channel: str) -> Behaviour:
        """Return how the person called behaves; raise what the carrier refuses first."""
        self._count()
        to = first(form, "To")
        behaviour = self._stage.faults.bend(self._stage.people.turn(to, channel), to, channel)
        if behaviour.api_error is not None:
            raise carrier_error(behaviour.api_error)
        return behaviour

    def _count(self) -> None:
        second, limit = int(time.monotonic()), self._stage.settings.calls_per_second
        self._asked = self._asked + 1 if second == self._second else 1
        self._second = second
        if limit and self._asked > limit:
            raise Refused(20429, "Too Many Requests", 429)

    async def _read(self, request: Request, table: _Table) -> Form:
        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
        return self._checked(pairs, table)

    def _query(self, request: Request, table: _Table) -> Form:
        return self._checked(request.query_params.multi_items(), table)

    def _checked(self, pairs: list[tuple[str, str]], table: _Table) -> Form:
        form: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            form[name] = (*form.get(name, ()), value)
        for name in check(table, form):
            self._stage.journal.went_wrong(
                20001, f"parameter {name[:60]!r} is unknown to Twilio and was ignored"
            )
        return form


def carrier_error(number: int) -> Refused:
    """Return the refusal for an HTTP status below 1000 or for one of Twilio's codes."""
    if number < 1000:
        return Refused(_HTTP_CODES.get(number, 20000 + number), "the carrier refuses (simulated)", number)
    return Refused(number, "the carrier refuses (simulated)", _CODE_HTTP.get(number, 400))


def _check_message(form: Form) -> None:
    if not (first(form, "From") or first(form, "MessagingServiceSid")):
        raise Refused(21603, "A 'From' phone number is required.")
    if not (first(form, "Body") or first(form, "MediaUrl") or first(form, "ContentSid")):
        raise Refused(21602, "Message body is required.")
    if len(first(form, "Body")) > 1600:
        raise Refused(21617, "The concatenated message body exceeds the 1600 character limit.")


def _found(items: dict[str, Any], request: Request) -> Any:
    item = items.get(request.path_params["sid"])
    if item is None:
        raise Refused(20404, f"The requested resource {request.url.path} was not found", 404)
    return item


def _basic(header: str) -> tuple[str, str]:
    """Read HTTP Basic credentials; empty ones when there are none to read."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        sid, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return sid, token
