"""A telephone call by Twilio that asks for a key. Accepted means dialled: a person is a key press away."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from channels.last_look import LastLook
from channels.pulsed import Pulsed
from channels.routes import e164
from channels.twilio_line import TwilioLine, newest
from channels.twilio_numbers import TwilioNumbers
from channels.twiml import answer_twiml
from domain.contacts import Letter, Result

#: seconds a telephone rings before it counts as not answered; the next attempt is due after 60
RING = 30

EVENTS = ["initiated", "ringing", "answered", "completed"]


class TwilioVoice(Pulsed):
    """``channel = "voice"`` for numbers that Twilio may call (not the mainland's)."""

    name = "voice"

    def __init__(
        self,
        line: TwilioLine,
        public_url: str,
        token: Callable[[Letter], str],
        ring: int = RING,
        look: LastLook | None = None,
    ) -> None:
        """``token`` names the outbox row and attempt in our addresses, so that a callback finds its row
        before we know the call's SID (P22)."""
        super().__init__()
        self.line = line
        self.numbers = TwilioNumbers(line, look)
        self._callbacks = public_url.rstrip("/") + "/callbacks/twilio"
        self._token = token
        self._ring = ring

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        """The newest call to this number made at or after ``since``, for a dial whose outcome is unknown.

        ``None``: there was none, dialling again is safe. Raises ``Unreachable``.
        """
        return self.line.ask(lambda client: self._look(client, to, since, others))

    def status(self, to: str, reference: str) -> str:
        """What Twilio says now of a call; raises ``Unreachable``."""
        del to
        return self.line.ask(lambda client: str(client.calls(reference).fetch().status))

    def stop(self, to: str, reference: str) -> None:
        """Stop a telephone that still rings; one that was answered goes on. Raises ``Unreachable``."""
        del to
        self.line.ask(lambda client: client.calls(reference).update(status="canceled"))

    def _look(self, client: Any, to: str, since: datetime, others: frozenset[str]) -> str | None:
        return newest((one for query in self.line.between(to) for one in client.calls.list(**query)), since, others)

    def _deliver(self, letter: Letter) -> Result:
        if letter.about.get("event") == "watch":
            return self._announce(letter)
        token = quote(self._token(letter), safe="")

        def dial(client: Any, number: str) -> str | None:
            sid: str | None = client.calls.create(
                to=e164(letter.address),
                from_=number,
                url=f"{self._callbacks}/voice?token={token}",
                method="POST",
                status_callback=f"{self._callbacks}/status?token={token}",
                status_callback_method="POST",
                status_callback_event=EVENTS,
                timeout=self._ring,
            ).sid
            return sid

        return self.numbers.send(letter, dial, lambda client: self._made(client, letter))

    def _announce(self, letter: Letter) -> Result:
        """The watch speaks because our own pages may be down: the call brings its words along, and asks nothing."""

        def dial(client: Any, number: str) -> str | None:
            words = answer_twiml(letter, "", letter.sent_at)
            sid: str | None = client.calls.create(
                to=e164(letter.address), from_=number, twiml=words, timeout=self._ring
            ).sid
            return sid

        return self.numbers.send(letter, dial, lambda client: None)

    def _made(self, client: Any, letter: Letter) -> str | None:
        doubt = letter.doubt
        return self._look(client, letter.address, doubt.since, doubt.others) if doubt else None
