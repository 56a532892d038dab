"""A text message by Twilio. Answers come back only from numbers outside the mainland."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from channels import wording
from channels.health import Health, Pulse
from channels.routes import MAINLAND, e164
from channels.twilio_line import TwilioLine, newest
from domain.clock import wall_now
from domain.contacts import Accepted, Letter, Result


class TwilioSms:
    """``channel = "sms"``. To +86 it asks for no answer: none could arrive (libraries, finding 1)."""

    name = "sms"
    paced = True

    def __init__(
        self,
        line: TwilioLine,
        public_url: str,
        token: Callable[[Letter], str],
        wall: Callable[[], datetime] = wall_now,
    ) -> None:
        """``token`` names the outbox row and attempt in the status address (P22)."""
        self._line = line
        self._callbacks = public_url.rstrip("/") + "/callbacks/twilio"
        self._token = token
        self._wall = wall
        self._pulse = Pulse(self.name, wall)

    def send(self, letter: Letter) -> Result:
        """Hand it over; what comes of it is told by status callbacks."""
        return self._pulse.watch(self._deliver, letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    def find(self, to: str, since: datetime) -> str | None:
        """The newest message to this number made at or after ``since``; raises ``Unreachable``."""
        messages = self._line.ask(lambda client: client.messages.list(**self._line.between(to)))
        return newest(messages, since)

    def status(self, sid: str) -> str:
        """What Twilio says now of a message; raises ``Unreachable``."""
        return self._line.ask(lambda client: str(client.messages(sid).fetch().status))

    def _deliver(self, letter: Letter) -> Result:
        to = e164(letter.address)
        # How long ago is counted on the clock that stamped the alert.
        body = wording.sms(letter, letter.sent_at, replies=not to.startswith(MAINLAND))
        token = quote(self._token(letter), safe="")
        answer = self._line.request(
            lambda client: client.messages.create(
                to=to,
                from_=self._line.number,
                body=body,
                status_callback=f"{self._callbacks}/status?token={token}",
            ).sid
        )
        return Accepted(reference=answer, pending=True) if isinstance(answer, str | None) else answer
