"""Care calls at the provider's door: what a resident or a neighbour hears, and what their key means."""

from api.doors import Doors
from channels.twiml import after_key_twiml, answer_twiml, digits_meaning

#: keys that say something
COUNTS = frozenset({"claim", "decline", "away", "hospital", "back"})


def mine(here: Doors, token: str) -> bool:
    """Whether this call is one of the daily check-in, not of an alert."""
    return here.app.care is not None and here.app.care.mine(token)


def message(here: Doors, token: str, gather_url: str) -> str | None:
    """The question; None for a call that is not known any more."""
    letter = here.app.care.letter(token) if here.app.care else None
    return None if letter is None else answer_twiml(letter, gather_url, here.app.wall())


def key(here: Doors, token: str, digits: str, gather_url: str) -> str | None:
    """A key: commit, then say what became of it."""
    letter = here.app.care.letter(token) if here.app.care else None
    if letter is None or here.app.care is None:
        return None
    meaning = digits_meaning(digits, letter)
    result = here.app.care.answered(token, meaning) if meaning in COUNTS else meaning
    return after_key_twiml(letter, result, gather_url, here.app.wall())


def ended(here: Doors, token: str, status: str) -> None:
    """The provider's last word on it."""
    if here.app.care is not None:
        here.app.care.ended(token, status)
