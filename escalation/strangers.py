"""An answer from a strange telephone: heard with the alert's and the person's own code, and flagged (P27)."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from channels import wording
from domain.alerts import Actor
from domain.people import Responder
from escalation.commands import Commands
from escalation.standing import Standing
from store import pins
from store.asked import everybody_asked
from store.ledger import Ledger

#: the letters of an alert's code as they stand on a telephone's keys
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


class Strangers:
    """Knows people by two codes; slow with whoever guesses."""

    def __init__(self, ledger: Ledger, standing: Standing, commands: Commands) -> None:
        self._ledger = ledger
        self._standing = standing
        self._commands = commands
        self._guesses = Guesses()

    def find(self, number: str, pin: str, fits: Callable[[str], bool]) -> tuple[str, Responder] | None:
        """The open alert whose code ``fits``, and who of the people asked for it has this code."""
        if not self._guesses.allowed(number):
            return None
        with self._ledger.reading() as tx:
            asked = [(alert, person) for alert, person in everybody_asked(tx) if fits(wording.reply_code(alert))]
            owner = pins.whose(tx, pin, [person for _, person in asked])
            known = self._standing.roster(tx).responders.get(owner or "")
        if known is None:
            self._guesses.failed(number)
            return None
        return next((alert, known) for alert, person in asked if person == known.id)

    def flag(self, alert: str, person: Responder) -> None:
        """Say in the story that the answer came from a telephone that is not the person's."""
        self._commands.note(alert, Actor(person.id, person.name, role=person.role), wording.reply("flagged", "zh"))


def keypad(code: str) -> str:
    """The keys that write an alert's code: 7K3M is 7536."""
    return code.upper().translate(_KEYS)


class Guesses:
    """Slows down whoever guesses codes: five tries of one number, fifty of all, in a quarter of an hour."""

    _WINDOW = 900.0
    _EACH, _ALL = 5, 50

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=self._ALL)

    def allowed(self, number: str) -> bool:
        """Whether another try is heard."""
        since = self._ticks() - self._WINDOW
        with self._lock:
            mine = [at for at in self._tries.get(number, ()) if at > since]
            everybody = [at for at in self._all if at > since]
        return len(mine) < self._EACH and len(everybody) < self._ALL

    def failed(self, number: str) -> None:
        """A wrong code."""
        with self._lock:
            self._tries.setdefault(number, deque(maxlen=self._EACH)).append(self._ticks())
            self._all.append(self._ticks())
            while len(self._tries) > 1000:
                self._tries.popitem(last=False)
