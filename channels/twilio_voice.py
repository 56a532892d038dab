"""A telephone call by Twilio that asks for a key. Accepted means dialled: a person is a key press away."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from channels.health import Health, Pulse
from channels.routes import e164
from channels.twilio_line import TwilioLine, newest
from domain.contacts import Accepted, Letter, Result

#: seconds a telephone rings before it counts as not answered; the next attempt is due after 60
RING = 30

EVENTS = ["initiated", "ringing", "answered", "completed"]


class TwilioVoice:
    """``channel = "voice"`` for numbers that Twilio may call (not the mainland's)."""

    name = "voice"
    paced = True

    def __init__(
        self, line: TwilioLine, public_url: str, token: Callable[[Letter], str], ring: int = RING
    ) -> None:
        """``token`` names the outbox row and attempt in our addresses, so that a callback finds its row
        before we know the call's SID (P22)."""
        self._line = line
        self._callbacks = public_url.rstrip("/") + "/callbacks/twilio"
        self._token = token
        self._ring = ring
        self._pulse = Pulse(self.name)

    def send(self, letter: Letter) -> Result:
        """Dial; what comes of it is told by status callbacks."""
        return self._pulse.watch(self._deliver, letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    def find(self, to: str, since: datetime) -> str | None:
        """The newest call to this number made at or after ``since``, for a dial whose outcome is unknown.

        ``None``: there was none, dialling again is safe. Raises ``Unreachable``.
        """
        calls = self._line.ask(lambda client: client.calls.list(**self._line.between(to)))
        return newest(calls, since)

    def status(self, sid: str) -> str:
        """What Twilio says now of a call; raises ``Unreachable``."""
        return self._line.ask(lambda client: str(client.calls(sid).fetch().status))

    def stop(self, sid: str) -> None:
        """Stop a telephone that still rings; one that was answered goes on. Raises ``Unreachable``."""
        self._line.ask(lambda client: client.calls(sid).update(status="canceled"))

    def _deliver(self, letter: Letter) -> Result:
        token = quote(self._token(letter), safe="")
        answer = self._line.request(
            lambda client: client.calls.create(
                to=e164(letter.address),
                from_=self._line.number,
                url=f"{self._callbacks}/voice?token={token}",
                method="POST",
                status_callback=f"{self._callbacks}/status?token={token}",
                status_callback_method="POST",
                status_callback_event=EVENTS,
                timeout=self._ring,
            ).sid
        )
        return Accepted(reference=answer, pending=True) if isinstance(answer, str | None) else answer
