"""Telephone calls: from queued over ringing to completed, busy, no-answer, failed or canceled."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from simulators.behaviour import Behaviour
from simulators.callbacks import Callbacks
from simulators.conversation import Conversation, Source
from simulators.journal import Contact
from simulators.stage import Stage
from simulators.twilio_params import Form, Refused, first
from simulators.twilio_resources import API_VERSION, stamp

ENDED = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
#: Seconds before the network starts to dial, and before an engaged telephone says so.
_DIALING, _ENGAGED = 0.1, 0.5
#: What the callback calls the event, when it is not the status itself.
_STATUS_OF = {"answered": "in-progress"}


@dataclass(slots=True)
class Call:
    """One call, and how far it has come."""

    sid: str
    account: str
    to: str
    from_: str
    form: Form
    behaviour: Behaviour
    callbacks: Callbacks
    contact: Contact
    source: Source
    created: datetime
    updated: datetime
    status: str = "queued"
    started: datetime | None = None
    ended: datetime | None = None
    answered_by: str | None = None
    direction: str = "outbound-api"
    told: int = 0
    task: asyncio.Task[None] | None = None
    talk: asyncio.Task[None] | None = None
    events: frozenset[str] = field(default_factory=frozenset)


class Exchange:
    """Places calls and sees them through to their end."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.calls: dict[str, Call] = {}

    async def place(self, account: str, form: Form, behaviour: Behaviour) -> Call:
        """Accept a checked request and start dialing. An early line tells the product before we return."""
        call = self._book(account, form, behaviour)
        self.calls[call.sid] = call
        if behaviour.callbacks == "early":
            self._tell(call, "initiated")
            await call.callbacks.settled()
        call.task = self._stage.spawn(self._live(call))
        return call

    def hang_up(self, call: Call, verdict: str) -> None:
        """End a call on the product's word; ``canceled`` only works before it is answered."""
        if call.status in ENDED or (verdict == "canceled" and call.status == "in-progress"):
            raise Refused(21220, f"Call is {call.status}; it cannot be {verdict}.")
        self._finish(call, verdict)
        if call.task is not None:
            call.task.cancel()

    def redirect(self, call: Call, source: Source) -> None:
        """Give a call in progress another document."""
        if call.status != "in-progress" or call.talk is None:
            raise Refused(21220, "Call is not in-progress. Cannot redirect.")
        call.source = source
        call.talk.cancel()

    def _book(self, account: str, form: Form, behaviour: Behaviour) -> Call:
        to, sid, now = first(form, "To"), self._stage.sid("CA"), datetime.now(UTC)
        who = self._stage.people.find(to).id
        key, alert, home = named_in(form)
        contact = Contact(
            who, "voice", key=key, alert=alert, home=home, body=flat(form), status="queued", sid=sid
        )
        self._stage.journal.arrived(contact)
        url, method = first(form, "StatusCallback"), first(form, "StatusCallbackMethod", "POST")
        return Call(
            sid=sid,
            account=account,
            to=to,
            from_=first(form, "From"),
            form=form,
            behaviour=behaviour,
            callbacks=Callbacks(self._stage, url, method, behaviour),
            contact=contact,
            source=source_of(form),
            created=now,
            updated=now,
            events=_events(form),
        )

    async def _live(self, call: Call) -> None:
        try:
            outcome = await self._dial(call)
            if outcome == "answered":
                await self._answered(call)
                outcome = "completed"
        except asyncio.CancelledError:
            if call.status not in ENDED:
                self._finish(call, "failed")
            raise
        else:
            self._finish(call, outcome)

    async def _dial(self, call: Call) -> str:
        """Return how the ringing ended: ``answered`` or the call's last status."""
        if call.told == 0:
            self._tell(call, "initiated")
        await self._stage.wait(_DIALING)
        answers = call.behaviour.answers
        if answers == "busy":
            await self._stage.wait(_ENGAGED)
            return "busy"
        self._become(call, "ringing")
        self._tell(call, "ringing")
        patience = float(first(call.form, "Timeout", "60"))
        rings = self._stage.draw(call.behaviour.after)
        if answers in ("ignore", "sms_reply") or rings > patience:
            await self._stage.wait(patience)
            return "no-answer"
        await self._stage.wait(rings)
        return "busy" if answers == "decline" else "answered"

    async def _answered(self, call: Call) -> None:
        call.started = datetime.now(UTC)
        self._become(call, "in-progress")
        self._tell(call, "answered")
        self._detect(call)
        params = self._params(call) | {"CallStatus": "in-progress"}
        talk = Conversation(self._stage, call.behaviour, call.contact, params)
        if call.behaviour.answers == "hangup":
            await self._hangs_up(call, talk)
            return
        source: Source | None = None
        while call.source is not source:
            source = call.source
            await self._talk(call, talk, source)

    async def _talk(self, call: Call, talk: Conversation, source: Source) -> None:
        """Talk until the end, or until another document takes over."""
        call.talk = self._stage.spawn(talk.run(source))
        try:
            await asyncio.wait([call.talk])
        except asyncio.CancelledError:
            call.talk.cancel()
            raise

    async def _hangs_up(self, call: Call, talk: Conversation) -> None:
        call.talk = self._stage.spawn(talk.run(call.source))
        try:
            await self._stage.wait(self._stage.draw(call.behaviour.think))
        finally:
            call.talk.cancel()

    def _detect(self, call: Call) -> None:
        """Tell man from machine when the product asked for it."""
        if not first(call.form, "MachineDetection"):
            return
        call.answered_by = "machine_start" if call.behaviour.answers == "voicemail" else "human"
        url = first(call.form, "AsyncAmdStatusCallback")
        if first(call.form, "AsyncAmd") == "true" and url:
            method = first(call.form, "AsyncAmdStatusCallbackMethod", "POST")
            Callbacks(self._stage, url, method, call.behaviour).tell(self._params(call))

    def _finish(self, call: Call, status: str) -> None:
        call.ended = datetime.now(UTC)
        self._become(call, status)
        self._tell(call, "completed")
        call.callbacks.close()

    def _become(self, call: Call, status: str) -> None:
        call.status = status
        call.updated = datetime.now(UTC)
        call.contact.status = status
        self._stage.journal.touch(call.contact)

    def _tell(self, call: Call, event: str) -> None:
        if event not in call.events:
            return
        status = call.status if event == "completed" else _STATUS_OF.get(event, event)
        params = self._params(call) | {
            "CallStatus": status,
            "SequenceNumber": str(call.told),
            "Timestamp": stamp(datetime.now(UTC)) or "",
            "CallbackSource": "call-progress-events",
        }
        if event == "completed":
            params |= _durations(call)
        call.told += 1
        call.callbacks.tell(params)

    def _params(self, call: Call) -> dict[str, str]:
        params = {
            "CallSid": call.sid,
            "AccountSid": call.account,
            "From": call.from_,
            "To": call.to,
            "Caller": call.from_,
            "Called": call.to,
            "Direction": call.direction,
            "ApiVersion": API_VERSION,
        }
        return params | ({"AnsweredBy": call.answered_by} if call.answered_by else {})


def source_of(form: Form) -> Source:
    """Return the document a request names: ``Twiml`` wins over ``Url``."""
    return Source(
        url=first(form, "Url"),
        method=first(form, "Method", "POST"),
        twiml=first(form, "Twiml"),
        fallback=first(form, "FallbackUrl"),
        fallback_method=first(form, "FallbackMethod", "POST"),
    )


def check_events(form: Form) -> None:
    """Raise ``Refused`` for a status callback event that does not exist."""
    unknown = set(form.get("StatusCallbackEvent", ())) - _EVENTS
    if unknown:
        raise Refused(21626, f"Invalid StatusCallbackEvent: {', '.join(sorted(unknown))}")


def named_in(form: Form) -> tuple[str | None, str | None, str | None]:
    """Return the key, alert and home that the product wrote into its own addresses, as far as it did.

    A ``token`` that names the attempt serves as the key.
    """
    query: dict[str, list[str]] = {}
    for name in ("Url", "StatusCallback"):
        query = parse_qs(urlsplit(first(form, name)).query) | query
    said = {name: values[0] for name, values in query.items()}
    return said.get("key") or said.get("token"), said.get("alert"), said.get("home")


def _events(form: Form) -> frozenset[str]:
    return frozenset(form.get("StatusCallbackEvent", ("completed",)))


def _durations(call: Call) -> Mapping[str, str]:
    seconds = int((call.ended - call.started).total_seconds()) if call.ended and call.started else 0
    return {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}


def flat(form: Form) -> dict[str, str | list[str]]:
    """Form fields as JSON: one value as text, several as a list."""
    return {name: values[0] if len(values) == 1 else list(values) for name, values in form.items()}
