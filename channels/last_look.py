"""What a channel asks of the ledger right before it dials; without one all is wanted and nothing is spent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.contacts import Letter


def _always(letter: Letter) -> bool:
    del letter
    return True


def _never(letter: Letter) -> Sequence[float]:
    del letter
    return ()


@dataclass(frozen=True, slots=True)
class LastLook:
    """Two questions; neither may raise, and a ledger that cannot answer says "wanted" and "nothing spent"."""

    #: whether the letter is still to be sent: nobody has taken the alert meanwhile (P7)
    wanted: Callable[[Letter], bool] = _always
    #: how many seconds ago this telephone was called or written to, by whatever process, of the last day
    spent: Callable[[Letter], Sequence[float]] = _never
