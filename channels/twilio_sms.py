"""A text message by Twilio. Answers come back only from numbers outside the mainland."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from channels import wording
from channels.last_look import LastLook
from channels.pulsed import Pulsed
from channels.routes import MAINLAND, e164
from channels.twilio_line import TwilioLine, newest
from channels.twilio_numbers import TwilioNumbers
from domain.clock import wall_now
from domain.contacts import Letter, Result


class TwilioSms(Pulsed):
    """``channel = "sms"``. To +86 it asks for no answer: none could arrive (libraries, finding 1)."""

    name = "sms"

    def __init__(
        self,
        line: TwilioLine,
        public_url: str,
        token: Callable[[Letter], str],
        wall: Callable[[], datetime] = wall_now,
        look: LastLook | None = None,
    ) -> None:
        """``token`` names the outbox row and attempt in the status address (P22)."""
        super().__init__(wall)
        self.line = line
        self.numbers = TwilioNumbers(line, look)
        self._callbacks = public_url.rstrip("/") + "/callbacks/twilio"
        self._token = token

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        """The newest message to this number made at or after ``since``; raises ``Unreachable``."""
        return self.line.ask(lambda client: self._look(client, to, since, others))

    def status(self, to: str, reference: str) -> str:
        """What Twilio says now of a message; raises ``Unreachable``."""
        del to
        return self.line.ask(lambda client: str(client.messages(reference).fetch().status))

    def stop(self, to: str, reference: str) -> None:
        """A message that is on its way arrives."""

    def _look(self, client: Any, to: str, since: datetime, others: frozenset[str]) -> str | None:
        return newest((one for query in self.line.between(to) for one in client.messages.list(**query)), since, others)

    def _deliver(self, letter: Letter) -> Result:
        to = e164(letter.address)
        # How long ago is counted on the clock that stamped the alert.
        body = wording.sms(letter, letter.sent_at, replies=not to.startswith(MAINLAND))
        token = quote(self._token(letter), safe="")

        def write(client: Any, number: str) -> str | None:
            sid: str | None = client.messages.create(
                to=to, from_=number, body=body, status_callback=f"{self._callbacks}/status?token={token}"
            ).sid
            return sid

        return self.numbers.send(letter, write, lambda client: self._made(client, letter))

    def _made(self, client: Any, letter: Letter) -> str | None:
        doubt = letter.doubt
        return self._look(client, letter.address, doubt.since, doubt.others) if doubt else None
