"""A message on its way from the broker to the ledger, and whom to tell that it got there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.events import Message


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message and what is needed to acknowledge it."""

    message: Message
    #: bytes on the wire; the payload is cut to ``payload.LIMIT``
    length: int
    #: the broker's number for it, good on one connection only
    mid: int
    #: the connection it came by
    epoch: int
    #: monotonic seconds
    at: float
    lane: "Acknowledges"


class Acknowledges(Protocol):
    """Whoever brought it."""

    def ack(self, arrivals: Sequence[Arrival]) -> bool:
        """Let the broker forget them; False when some connection of theirs is gone."""
        ...
