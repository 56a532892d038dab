"""A letter as a signed POST: what the webhook and the 120 desk have in common."""

from collections.abc import Callable, Sequence
from datetime import datetime

from channels.exchange import Answer, Exchange, Failed
from channels.health import Health, Pulse
from channels.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from domain.clock import wall_now
from domain.contacts import FailedForGood, FailedForNow, Letter, Result


class SignedPost:
    """A channel that posts; how a letter is written and its answer read is for the heirs to say."""

    name: str
    paced = False

    def __init__(
        self,
        secrets: Sequence[str] = (),
        exchange: Exchange | None = None,
        wall: Callable[[], datetime] = wall_now,
    ) -> None:
        """``secrets``: the first one signs, unless the contact has its own."""
        self._secrets = tuple(secrets)
        self._exchange = exchange or Exchange()
        self._wall = wall
        self._pulse = Pulse(self.name, wall)

    def send(self, letter: Letter) -> Result:
        """Post it; blocks at most ten seconds."""
        return self._pulse.watch(self._deliver, letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    def close(self) -> None:
        """Hang up the kept lines."""
        self._exchange.close()

    def _deliver(self, letter: Letter) -> Result:
        raise TypeError(f"{type(self).__name__} does not say how it delivers")

    def _post(self, letter: Letter, body: bytes) -> Answer | Failed:
        headers = signed(letter.secret, self._secrets, body, self._wall())
        return self._exchange.post(letter.address, headers, body)


def signed(own: str | None, secrets: Sequence[str], body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a signed POST. The time is the wall clock's: the receiver compares it with theirs."""
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "anling",
        TIMESTAMP_HEADER: timestamp,
    }
    secret = own or next(iter(secrets), None)
    if secret:
        headers[SIGNATURE_HEADER] = sign(secret, timestamp, body)
    return headers


def refusal(answer: Answer | Failed) -> Failed | None:
    """None for 2xx; else for now (429, 5xx, no answer) or for good (every other status)."""
    if not isinstance(answer, Answer):
        return answer
    status = answer.status
    if 200 <= status < 300:
        return None
    if status == 429 or status >= 500:
        return FailedForNow(f"http {status}", code=str(status), retry_after=answer.retry_after)
    return FailedForGood(f"http {status}", code=str(status))
