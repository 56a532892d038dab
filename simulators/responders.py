"""Responders with a webhook: a team's own system that takes our contacts and may claim, or fail to."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.behaviour import Behaviour
from simulators.journal import Contact
from simulators.signing import anling_signature_holds
from simulators.stage import Stage


class Responders:
    """Everybody who is reached by webhook, each under ``/{responder}``."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def receive(self, request: Request) -> Response:
        """Log what arrived, then react as this responder does."""
        who = request.path_params["who"]
        secret = self._stage.people.find(who).secret or self._stage.settings.webhook_secret
        contact = self._stage.journal.arrived(await read_contact(request, who, "webhook", secret))
        asked = contact.type == "contact"
        behaviour = (self._stage.people.turn if asked else self._stage.people.now)(who, "webhook")
        await self._stage.wait(behaviour.delay)
        answer, status = self._react(contact, behaviour, asked)
        contact.status = str(status)
        self._stage.journal.touch(contact)
        return JSONResponse(answer, status)

    def _react(self, contact: Contact, behaviour: Behaviour, asked: bool) -> tuple[dict[str, Any], int]:
        """Return the answer and its HTTP status. Only a contact is claimed; news is just taken."""
        if behaviour.webhook == "error":
            return {"error": "simulated"}, behaviour.status
        if not asked or behaviour.webhook == "accept":
            return {}, 200
        self._stage.spawn(self._follow(contact, behaviour))
        claims = behaviour.webhook == "claim"
        return ({"ack": "claim", "responder": contact.who} if claims else {}), 200

    async def _follow(self, contact: Contact, behaviour: Behaviour) -> None:
        """Act through the page of the alert: claim or decline later, then report progress."""
        if behaviour.webhook != "claim":
            await self._stage.wait(self._stage.draw(behaviour.claim_after))
            await self._act(contact, {"action": behaviour.webhook.removesuffix("_later")})
        if behaviour.webhook == "decline":
            return
        waited = 0.0
        for step, after in behaviour.progress:
            await self._stage.wait(max(after - waited, 0.0))
            waited = max(after, waited)
            await self._act(contact, {"action": "progress", "step": step})

    async def _act(self, contact: Contact, action: Mapping[str, str]) -> None:
        url = contact.body.get("ack_url") if isinstance(contact.body, dict) else None
        if not isinstance(url, str):
            self._stage.journal.went_wrong(0, "the contact carries no ack_url", {"who": contact.who})
            return
        answer = await self._stage.line.json(url, action)
        contact.replies.append({**action, "http": answer.status})
        self._stage.journal.touch(contact)
        if not answer.good:
            reason = f"ack_url was answered {answer.status}: {answer.text[:200]}"
            self._stage.journal.went_wrong(answer.status, reason, {"who": contact.who})


async def read_contact(request: Request, who: str, channel: str, secret: str) -> Contact:
    """Return what arrived as a contact; a body that is not JSON is kept as text."""
    raw = await request.body()
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = raw.decode("utf-8", "replace")
    known = body if isinstance(body, dict) else {}
    alert = known.get("alert")
    alert = alert if isinstance(alert, dict) else {"id": alert}
    home = alert.get("home")
    return Contact(
        who,
        channel,
        type=str(known.get("type", "unreadable")),
        key=known.get("key"),
        alert=alert.get("id"),
        home=home.get("id") if isinstance(home, dict) else home,
        drill=known.get("drill", alert.get("drill")),
        signed=anling_signature_holds(secret, request.headers, raw) if secret else None,
        body=body,
    )
