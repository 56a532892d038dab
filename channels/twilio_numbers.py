"""Our caller numbers at Twilio, for one channel: one that is refused or blocked gives way to the next (P14)."""

from collections.abc import Callable
from typing import Any

from channels.breaker import Breaker
from channels.last_look import LastLook
from channels.twilio_line import TwilioLine
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result, Unwanted

#: (client, caller number) -> reference of what was made
Make = Callable[[Any, str], str | None]
#: client -> reference of what a doubtful attempt made after all, if it did
Look = Callable[[Any], str | None]


class TwilioNumbers:
    """Makes calls or messages from the first number that works."""

    def __init__(self, line: TwilioLine, look: LastLook | None = None) -> None:
        self._line = line
        self._last_look = look or LastLook()
        self._numbers = {f"twilio:{n}": number for n, number in enumerate(line.numbers)}
        self.breaker = Breaker(tuple(self._numbers))

    def send(self, letter: Letter, make: Make, look: Look) -> Result:
        """Make it, unless an earlier attempt is found to have been carried out (P16)."""
        made = self._made(letter, look)
        if made is not None:
            return Accepted(made, pending=True, note="it had been made: found at the provider")
        result: Result = FailedForNow("no caller number")
        for name in self.breaker.order():
            result = self._try(name, letter, make)
            if not (isinstance(result, FailedForGood) and result.ours):
                return result
        return result

    def probe(self) -> None:
        """Ask whether the account is there, so that a dead line is known, and one that is back, while nobody is called.

        Whoever answers that there is no such page answers.
        """
        answer = self._line.request(lambda client: client.api.accounts(client.account_sid).fetch().status, rank=1)
        if isinstance(answer, FailedForNow | FailedForGood):
            self.breaker.answers(answer.reason if answer.ours else None)
        else:
            self.breaker.answers(None if str(answer) == "active" else f"our account is {answer}")

    def _try(self, name: str, letter: Letter, make: Make) -> Result:
        number = self._numbers[name]
        answer = self._line.request(
            lambda client: make(client, number), min(letter.repeats, 1), lambda: self._last_look.wanted(letter)
        )
        if isinstance(answer, Unwanted):
            return answer
        if isinstance(answer, FailedForNow | FailedForGood):
            if answer.ours:
                hard = isinstance(answer, FailedForGood)
                self.breaker.failed(name, answer.reason, hard, refused=hard and _of_a_number(answer.code))
            else:
                self.breaker.worked(name)
            return answer
        if not answer:
            self.breaker.failed(name, "yes, and no name for what was made")
            return FailedForNow("the answer could not be read", code="answer", unknown=True, ours=True)
        self.breaker.worked(name)
        return Accepted(answer, pending=True, line=name)

    def _made(self, letter: Letter, look: Look) -> str | None:
        """What the doubtful attempt made. Nobody to ask: rather call twice than not at all."""
        if letter.doubt is None:
            return None
        if letter.doubt.made is not None:
            return letter.doubt.made
        found = self._line.request(look)
        return found if isinstance(found, str) else None


def _of_a_number(code: str | None) -> bool:
    """Whether a fault of ours is one caller number's; the account's and the log-in's begin with 10 and 20."""
    return bool(code) and not str(code).startswith(("10", "20", "4"))
