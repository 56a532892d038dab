"""What every channel has in common: a letter is delivered under watch, so that a fault is a value and is counted."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime

from channels.exchange import Answer, Exchange, Failed
from channels.health import Health, Pulse
from domain.clock import wall_now
from domain.contacts import FailedForGood, FailedForNow, Letter, Result


class Pulsed(ABC):
    """A channel; how a letter is delivered is for the heirs to say."""

    name: str

    def __init__(self, wall: Callable[[], datetime] = wall_now) -> None:
        self._wall = wall
        self._pulse = Pulse(self.name, wall)

    def send(self, letter: Letter) -> Result:
        """Hand it over; blocks at most some ten seconds and never raises."""
        return self._pulse.watch(self._deliver, letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    @abstractmethod
    def _deliver(self, letter: Letter) -> Result:
        """Hand it over; what it raises is counted as a failure for now."""


class Posting(Pulsed):
    """A channel that posts over kept lines."""

    def __init__(self, exchange: Exchange | None = None, wall: Callable[[], datetime] = wall_now) -> None:
        super().__init__(wall)
        self._exchange = exchange or Exchange()

    def close(self) -> None:
        """Hang up the kept lines."""
        self._exchange.close()


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
