"""Alerts over JSON: the lists, one alert, and everything a person may do with it."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.answers import as_json
from api.pages import address
from api.parts import App
from api.problems import iso, problem, refusal
from api.sessions import Asking, Knock
from domain.alerts import Actor, Alert, Cause, Outcome, Step, VoiceCheck
from domain.errors import AnlingError, NotFound
from domain.events import RAISING, Kind
from domain.people import Scope

router = APIRouter(prefix="/api/v1/alerts")

Limit = Annotated[int, Query(ge=1, le=500)]
#: where a list of what has an id of ours goes on
Cursor = Annotated[str | None, Query(pattern=r"^[0-9A-Za-z]{26}$")]
RequestKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
Act = Callable[[App, Actor], Alert]


class Body(BaseModel):
    """What commands carry: exact types, nothing turned into something else."""

    model_config = ConfigDict(strict=True)


Text = Annotated[str, Field(max_length=2000)]


class Claim(Body):
    """``track`` None: the one of the caller's role, else every calling one."""

    track: str | None = None


class Progress(Body):
    """A step on the way."""

    step: Annotated[Step, Field(strict=False)]
    note: Text | None = None


class Spoken(Body):
    """What came of speaking with the home."""

    result: Annotated[VoiceCheck, Field(strict=False)]


class Offer(Body):
    """To whom it is offered."""

    to: Annotated[str, Field(min_length=1, max_length=100)]


class Summons(Body):
    """Whom to call now: ``dispatch_120``, or a role of one of the plan's branches."""

    role: Annotated[str, Field(min_length=1, max_length=40)]


class Note(Body):
    """A remark."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


class Close(Body):
    """How it ended."""

    outcome: Annotated[Outcome, Field(strict=False)]
    cause: Annotated[Cause | None, Field(strict=False)] = None
    note: Text | None = None


class Call(Body):
    """Somebody telephoned for a home, or for an address we do not know."""

    home: str | None = None
    address: str | dict[str, Any] | None = None
    kind: Annotated[Kind, Field(strict=False)] = Kind.MANUAL
    note: Text | None = None
    caller_phone: Annotated[str, Field(max_length=40)] | None = None
    drill: bool = False


@router.get("")
async def alerts(
    asking: Asking,
    state: Literal["open", "closed"] | None = None,
    street: str | None = None,
    home: str | None = None,
    drill: bool | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Newest first, within the caller's streets."""
    here = asking.doors
    what = (state or "open", street, home, drill, limit, cursor)
    key = ("alerts", asking.token, *what)

    def read() -> bytes:
        return orjson.dumps(here.app.views.alerts(asking.scope(), *what))

    known = here.shelf.peek(key)
    return as_json(known or await here.lanes.reads.run(lambda: here.shelf.fetch(key, read)))


@router.get("/{id}")
async def alert(asking: Asking, id: str) -> Response:
    """Everything about one alert; the read is audited."""
    views = asking.doors.app.views
    return await asking.doors.lanes.reads.run(lambda: as_json(views.alert(asking.scope(), id)))


async def command(asking: Knock, key: str | None, request: str, act: Act, status: int = 200) -> Response:
    """Carry out a command and answer with the alert as it is afterwards.

    The answer is made only after the command has committed (P10); refusals are answers
    too, so that the same Idempotency-Key meets the same one.
    """
    app = asking.doors.app

    def carry_out() -> Response:
        scope = asking.scope()

        def answer() -> Response:
            try:
                done = act(app, app.accounts.actor(scope))
            except AnlingError as error:
                return refusal(error)
            return as_json(_seen(app, scope, done), status)

        return asking.doors.answers.once(scope.operator, key, request.encode(), answer)

    return await asking.doors.lanes.commands.run(carry_out)


def _seen(app: App, scope: Scope, done: Alert) -> dict[str, Any]:
    """The alert; who may raise one and not read it hears that it is recorded, never that there is none (P10)."""
    try:
        return app.views.alert(scope, done.id)
    except NotFound:
        return {
            "id": done.id, "kind": done.kind, "severity": done.severity, "state": "open" if done.open else "closed",
            "drill": done.drill, "raised_at": iso(done.raised_at), "tracks": [], "timeline": [], "contacts": [],
        }  # fmt: skip


@router.post("")
async def raise_by_hand(asking: Asking, call: Call, key: RequestKey = None) -> Response:
    """Someone telephoned: an alert like any other."""
    if not (call.home or call.address):
        return problem(422, "请给出 home 或 address / Name the home, or give an address")
    if call.kind not in RAISING:
        kinds = " ".join(sorted(RAISING))
        return problem(422, f"{call.kind} 不能人工上报；可用 / cannot be raised by hand; use one of: {kinds}")
    return await command(asking, key, f"raise\n{call.model_dump_json()}", _raising(call), 201)


def _raising(call: Call) -> Act:
    written = call.address if isinstance(call.address, str) else address({"home": {"address": call.address}})
    return lambda app, actor: app.commands.raise_by_hand(
        actor,
        home=call.home,
        address=written or None,
        kind=call.kind,
        note=call.note,
        caller_phone=call.caller_phone,
        drill=call.drill,
    )


_NO_TRACK = Claim()


@router.post("/{id}/claim")
async def claim(asking: Asking, id: str, body: Claim = _NO_TRACK, key: RequestKey = None) -> Response:
    """I take it: the others are not called any more."""
    said = f"{id}/claim\n{body.model_dump_json()}"
    return await command(asking, key, said, lambda app, actor: app.commands.claim(id, actor, body.track))


@router.post("/{id}/progress")
async def progress(asking: Asking, id: str, body: Progress, key: RequestKey = None) -> Response:
    """Where I am; the claim is renewed."""
    said = f"{id}/progress\n{body.model_dump_json()}"
    return await command(
        asking, key, said, lambda app, actor: app.commands.progress(id, actor, body.step, body.note)
    )


@router.post("/{id}/voice-check")
async def voice_check(asking: Asking, id: str, body: Spoken, key: RequestKey = None) -> Response:
    """What the home said; no answer makes it more urgent, as the plan says."""
    said = f"{id}/voice-check\n{body.model_dump_json()}"
    return await command(
        asking, key, said, lambda app, actor: app.commands.voice_check(id, actor, body.result)
    )


@router.post("/{id}/summon")
async def summon(asking: Asking, id: str, body: Summons, key: RequestKey = None) -> Response:
    """Call this role now, by the plan's own ways, whatever the ladder still waits for."""
    said = f"{id}/summon\n{body.model_dump_json()}"
    return await command(asking, key, said, lambda app, actor: app.commands.summon(id, actor, body.role))


@router.post("/{id}/decline")
async def decline(asking: Asking, id: str, key: RequestKey = None) -> Response:
    """I cannot: the next one is called."""
    return await command(asking, key, f"{id}/decline", lambda app, actor: app.commands.decline(id, actor))


@router.post("/{id}/release")
async def release(asking: Asking, id: str, body: Claim = _NO_TRACK, key: RequestKey = None) -> Response:
    """I give it back: calling goes on from where it stood."""
    said = f"{id}/release\n{body.model_dump_json()}"
    return await command(asking, key, said, lambda app, actor: app.commands.release(id, actor, body.track))


@router.post("/{id}/offer")
async def offer(asking: Asking, id: str, body: Offer, key: RequestKey = None) -> Response:
    """Will you take it? The duty stays with me until you accept."""
    said = f"{id}/offer\n{body.model_dump_json()}"
    return await command(
        asking,
        key,
        said,
        lambda app, actor: app.commands.offer(id, actor, app.views.responder_actor(body.to)),
    )


@router.post("/{id}/accept")
async def accept(asking: Asking, id: str, key: RequestKey = None) -> Response:
    """I take what was offered to me."""
    return await command(asking, key, f"{id}/accept", lambda app, actor: app.commands.accept(id, actor))


@router.post("/{id}/note")
async def note(asking: Asking, id: str, body: Note, key: RequestKey = None) -> Response:
    """A remark for the timeline."""
    said = f"{id}/note\n{body.model_dump_json()}"
    return await command(asking, key, said, lambda app, actor: app.commands.note(id, actor, body.text))


@router.post("/{id}/close")
async def close(asking: Asking, id: str, body: Close, key: RequestKey = None) -> Response:
    """How it ended; everybody who was called is told."""
    said = f"{id}/close\n{body.model_dump_json()}"
    return await command(
        asking,
        key,
        said,
        lambda app, actor: app.commands.close(id, actor, body.outcome, body.cause, body.note),
    )
