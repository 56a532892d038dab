"""A letter as a signed POST: what the webhook and the 120 desk have in common."""

from collections.abc import Callable, Sequence
from datetime import datetime

from channels.exchange import Answer, Exchange, Failed
from channels.pulsed import Posting
from channels.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from domain.clock import wall_now
from domain.contacts import Letter


class SignedPost(Posting):
    """A channel that signs what it posts; how a letter is written and its answer read is for the heirs to say."""

    def __init__(
        self,
        secrets: Sequence[str] = (),
        exchange: Exchange | None = None,
        wall: Callable[[], datetime] = wall_now,
    ) -> None:
        """``secrets``: the first one signs, unless the contact has its own."""
        super().__init__(exchange, wall)
        self._secrets = tuple(secrets)

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
