"""The 120 desk: accepts an incident with a case number, then a clerk and an ambulance carry it on.

Accepting is delivery. The clerk's signed callbacks that follow are a person speaking (wire, section 5).
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.behaviour import Behaviour
from simulators.journal import Contact
from simulators.responders import read_contact
from simulators.signing import anling_signature
from simulators.stage import Stage


@dataclass(slots=True)
class Case:
    """One incident at one desk."""

    number: str
    desk: str
    contact: Contact
    #: The callbacks still to come.
    walk: asyncio.Task[None] | None = None


class Desk:
    """All 120 desks; each keeps its own cases, one per alert."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._cases: dict[tuple[str, str], Case] = {}
        self._numbers = 0

    def reset(self) -> None:
        """Forget all cases; case numbers go on."""
        self._cases.clear()

    async def receive(self, request: Request) -> Response:
        """Log what arrived, then accept, reject or fail."""
        who = request.path_params["who"]
        secret = self._stage.people.find(who).secret or self._stage.settings.desk_secret
        contact = self._stage.journal.arrived(await read_contact(request, who, "dispatch_120", secret))
        case = self._cases.get(_place(contact))
        new = case is None and contact.type == "contact"
        behaviour = (self._stage.people.turn if new else self._stage.people.now)(who, "dispatch_120")
        await self._stage.wait(behaviour.delay)
        answer, status = self._decide(contact, behaviour)
        contact.status = answer.get("result", str(status))
        contact.sid = answer.get("case")
        self._stage.journal.touch(contact)
        return JSONResponse(answer, status)

    def _decide(self, contact: Contact, behaviour: Behaviour) -> tuple[dict[str, str], int]:
        """Return the answer. A repeat gets the case it already has; a stand-down ends the walk."""
        case = self._cases.get(_place(contact))
        if behaviour.desk == "error":
            return {"error": "simulated"}, behaviour.status
        if case is None and behaviour.desk == "reject":
            return {"result": "rejected", "reason": behaviour.reason}, 200
        case = case or self._open(contact, behaviour)
        if contact.type == "stand_down" and case.walk is not None:
            case.walk.cancel()
        return {"result": "accepted", "case": case.number}, 200

    def _open(self, contact: Contact, behaviour: Behaviour) -> Case:
        self._numbers += 1
        number = f"120-{time.strftime('%Y%m%d')}-{self._numbers:05d}"
        case = Case(number, contact.who, contact)
        self._cases[_place(contact)] = case
        case.walk = self._stage.spawn(self._carry_on(case, behaviour))
        return case

    async def _carry_on(self, case: Case, behaviour: Behaviour) -> None:
        waited = 0.0
        for status, after in behaviour.steps:
            await self._stage.wait(after - waited)
            waited = after
            await self._report(case, status, behaviour.clerk)

    async def _report(self, case: Case, status: str, clerk: str) -> None:
        """POST one signed callback; ``by`` is left out when no clerk stands behind it."""
        settings = self._stage.settings
        told = {"case": case.number, "status": status, "at": datetime.now(UTC).isoformat(), "note": ""}
        body = orjson.dumps(told | ({"by": clerk} if clerk else {}))
        timestamp = str(int(time.time()))
        secret = self._stage.people.find(case.desk).secret or settings.desk_secret
        headers = {"X-Anling-Timestamp": timestamp}
        if secret:
            headers["X-Anling-Signature"] = anling_signature(secret, timestamp, body)
        answer = await self._stage.line.post(f"{settings.public_url}/callbacks/dispatch-120", body, headers)
        case.contact.replies.append({"action": status, "http": answer.status})
        self._stage.journal.touch(case.contact)
        if not answer.good:
            reason = f"desk callback {status} was answered {answer.status}: {answer.text[:200]}"
            self._stage.journal.went_wrong(answer.status, reason, {"who": case.desk})


def _place(contact: Contact) -> tuple[str, str]:
    """A case belongs to a desk and an alert; without an alert each key is its own case."""
    return contact.who, str(contact.alert or contact.key)
