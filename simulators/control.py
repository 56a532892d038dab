"""The strings of the puppet theatre: drills and the demo set behaviours here and read who was reached."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.behaviour import BadBehaviour
from simulators.desk import Desk
from simulators.journal import Contact, contact_json
from simulators.phones import Phones
from simulators.stage import BadSettings, Stage

_Door = Callable[[Request], Awaitable[Response]]


class BadRequest(ValueError):
    """The body or a parameter of a control request cannot be used."""


class Control:
    """Everything under ``/_sim``: unsigned, for this machine only."""

    def __init__(self, stage: Stage, phones: Phones, desk: Desk) -> None:
        self._stage = stage
        self._phones = phones
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the doors of the control API."""
        doors: list[tuple[str, str, _Door]] = [
            ("/_sim/contacts", "GET", self._contacts),
            ("/_sim/errors", "GET", self._errors),
            ("/_sim/people", "GET", self._everybody),
            ("/_sim/people/{who}", "PUT", self._teach),
            ("/_sim/settings", "PUT", self._settings),
            ("/_sim/reset", "POST", self._reset),
            ("/_sim/sms", "POST", self._sms),
            ("/_sim/health", "GET", self._health),
        ]
        return [Route(path, _explained(door), methods=[method]) for path, method, door in doors]

    async def _contacts(self, request: Request) -> Response:
        """``after``: arrived since; ``changed_after``: arrived or changed since (a call that went on);
        ``limit``: at most so many, 0 for all."""
        journal = self._stage.journal
        if "changed_after" in request.query_params:
            changed = journal.changed(_whole(request, "changed_after", 0))
            following = changed[-1].changed if changed else _whole(request, "changed_after", 0)
            return _listed(changed, following)
        after, limit = _whole(request, "after", 0), _whole(request, "limit", 0)
        found = journal.contacts(after, limit or None)
        return _listed(found, found[-1].seq if found else after)

    async def _errors(self, request: Request) -> Response:
        return JSONResponse({"items": self._stage.journal.errors()})

    async def _everybody(self, request: Request) -> Response:
        return JSONResponse(self._stage.people.shown())

    async def _teach(self, request: Request) -> Response:
        person = self._stage.people.teach(request.path_params["who"], await _json(request))
        return JSONResponse({"id": person.id, "phone": person.phone, "kind": person.kind})

    async def _settings(self, request: Request) -> Response:
        self._stage.change(await _json(request))
        return JSONResponse({})

    async def _reset(self, request: Request) -> Response:
        self._stage.reset()
        self._phones.texting.reset()
        self._desk.reset()
        return JSONResponse({})

    async def _sms(self, request: Request) -> Response:
        raw = await _json(request)
        wanted = ("from", "to", "body")
        if not isinstance(raw, dict) or not all(isinstance(raw.get(name), str) for name in wanted):
            raise BadRequest('send {"from": "+852…", "to": "+852…", "body": "1"}')
        if not self._stage.settings.sms_url:
            raise BadRequest('set {"sms_url": …} with PUT /_sim/settings first')
        sender = self._stage.people.find(raw["from"]).phone or raw["from"]
        status = await self._phones.texting.receive(sender, raw["to"], raw["body"])
        return JSONResponse({"http": status})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})


def _explained(door: _Door) -> _Door:
    """Answer 400 with the reason when a drill asks for something that does not exist."""

    async def explained(request: Request) -> Response:
        try:
            return await door(request)
        except (BadBehaviour, BadSettings, BadRequest) as error:
            return JSONResponse({"error": str(error)}, 400)

    return explained


def _listed(contacts: list[Contact], following: int) -> Response:
    body = orjson.dumps({"items": [contact_json(contact) for contact in contacts], "next": following})
    return Response(body, media_type="application/json")


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal():
        raise BadRequest(f"{name} must be a whole number")
    return int(text)


async def _json(request: Request) -> Any:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
