"""Text messages: from queued to delivered or lost, and what people send back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.behaviour import Behaviour
from simulators.callbacks import Callbacks
from simulators.calls import flat, named_in
from simulators.conversation import says_drill
from simulators.journal import Contact
from simulators.stage import Stage
from simulators.twilio_params import Form, Refused, first
from simulators.twilio_resources import API_VERSION, segments
from simulators.twiml import TwimlError, parse_messages

#: Seconds between two steps of a message.
_STEP = 0.2
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START = frozenset({"START", "YES", "UNSTOP"})
#: What a message without a better reason failed of: unreachable handset; unknown error.
_UNREACHABLE, _UNKNOWN = 30003, 30008


@dataclass(slots=True)
class Message:
    """One text message, and how far it has come."""

    sid: str
    account: str
    to: str
    from_: str
    body: str
    created: datetime
    updated: datetime
    contact: Contact | None = None
    service: str | None = None
    status: str = "queued"
    direction: str = "outbound-api"
    error: int | None = None
    started: datetime | None = None
    ended: datetime | None = None


class Texting:
    """Sends messages to people, and carries theirs to the product."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.messages: dict[str, Message] = {}
        self._stopped: set[str] = set()

    def reset(self) -> None:
        """Nobody has said STOP any more."""
        self._stopped.clear()

    async def send(self, account: str, form: Form, behaviour: Behaviour) -> Message:
        """Accept a checked request; 21610 when the person has said STOP (P25)."""
        if first(form, "To") in self._stopped:
            raise Refused(21610, "Attempt to send to unsubscribed recipient")
        message = self._book(account, first(form, "To"), first(form, "From"), first(form, "Body"))
        message.service = first(form, "MessagingServiceSid") or None
        message.contact = self._log(message, form)
        callbacks = Callbacks(self._stage, first(form, "StatusCallback"), "POST", behaviour)
        if behaviour.callbacks == "early":
            self._become(message, "sent", callbacks)
            await callbacks.settled()
        self._stage.spawn(self._live(message, behaviour, callbacks))
        return message

    async def receive(self, sender: str, to: str, body: str) -> int:
        """A person sends ``body``; return the HTTP status of the product's door, 0 when nobody answered."""
        word = body.strip().upper()
        if word in _STOP:
            self._stopped.add(sender)
        elif word in _START:
            self._stopped.discard(sender)
        account = self._stage.settings.twilio_sid
        message = self._book(account, to, sender, body)
        message.status, message.direction = "received", "inbound"
        settings = self._stage.settings
        answer = await self._stage.line.twilio(
            "POST", settings.sms_url, _inbound(message), settings.twilio_token
        )
        if not answer.good:
            self._stage.journal.went_wrong(
                11200,
                f"incoming message was answered {answer.status}: {answer.text[:200]}",
                {"sid": message.sid},
            )
            return answer.status
        self._reply(message, answer.text)
        return answer.status

    def _reply(self, received: Message, document: str) -> None:
        """Deliver the ``Message`` verbs of the product's answer."""
        try:
            texts = parse_messages(document)
        except TwimlError as error:
            self._stage.journal.went_wrong(error.code, str(error), {"sid": received.sid})
            return
        for text in texts:
            message = self._book(received.account, received.from_, received.to, text)
            message.status, message.direction = "delivered", "outbound-reply"
            message.contact = self._log(message, {}, "reply")

    def _book(self, account: str, to: str, sender: str, body: str) -> Message:
        now = datetime.now(UTC)
        message = Message(self._stage.sid("SM"), account, to, sender, body, created=now, updated=now)
        self.messages[message.sid] = message
        return message

    def _log(self, message: Message, form: Form, kind: str = "contact") -> Contact:
        key, alert, home = named_in(form)
        contact = Contact(
            self._stage.people.find(message.to).id,
            "sms",
            type=kind,
            spoken=message.body,
            status=message.status,
            sid=message.sid,
            drill=says_drill(message.body),
            body=flat(form),
            key=key,
            alert=alert,
            home=home,
        )
        return self._stage.journal.arrived(contact)

    async def _live(self, message: Message, behaviour: Behaviour, callbacks: Callbacks) -> None:
        await self._stage.wait(_STEP)
        if message.started is None:
            self._become(message, "sent", callbacks)
        if behaviour.sms == "stuck":
            return
        await self._stage.wait(_STEP)
        if behaviour.sms != "delivered":
            default = _UNREACHABLE if behaviour.sms == "undelivered" else _UNKNOWN
            message.error = behaviour.sms_error or default
        self._become(message, behaviour.sms, callbacks)
        callbacks.close()
        if behaviour.answers == "sms_reply" and behaviour.sms == "delivered":
            await self._stage.wait(self._stage.draw(behaviour.think))
            await self._answer(message, behaviour.text or behaviour.digit)

    async def _answer(self, message: Message, words: str) -> None:
        status = await self.receive(message.to, message.from_, words)
        if message.contact is not None:
            message.contact.pressed = words
            message.contact.replies.append({"action": "sms", "text": words, "http": status})
            self._stage.journal.touch(message.contact)

    def _become(self, message: Message, status: str, callbacks: Callbacks) -> None:
        message.status = status
        message.updated = datetime.now(UTC)
        message.started = message.started or message.updated
        if message.contact is not None:
            message.contact.status = status
            self._stage.journal.touch(message.contact)
        callbacks.tell(_progress(message))


def _progress(message: Message) -> dict[str, str]:
    params = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "AccountSid": message.account,
        "From": message.from_,
        "To": message.to,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
        "ApiVersion": API_VERSION,
    }
    return params | ({"ErrorCode": str(message.error)} if message.error else {})


def _inbound(message: Message) -> Mapping[str, str]:
    return {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsMessageSid": message.sid,
        "AccountSid": message.account,
        "From": message.from_,
        "To": message.to,
        "Body": message.body,
        "NumMedia": "0",
        "NumSegments": str(segments(message.body)),
        "SmsStatus": "received",
        "ApiVersion": API_VERSION,
    }
