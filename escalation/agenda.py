"""What a call is about: its own alert, then every other one that asks for the same person, one after another (P13)."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from channels.twiml import SPOKEN_DIGITS
from domain.alerts import Severity, TrackState
from domain.clock import Clock
from domain.contacts import Letter, Purpose
from domain.people import Responder
from escalation.letters import Letters
from escalation.phonebook import owners_of
from escalation.standing import Standing
from escalation.tokens import Tokens
from store import alerts, calls, outbox
from store.ledger import Ledger, Tx


@dataclass(frozen=True, slots=True)
class Caller:
    """Who rings our number, and what waits for that person's answer: (token, letter), oldest first."""

    person: Responder
    agenda: Sequence[tuple[str, Letter]]


class Agenda:
    """Finds the letters that a call is about, by its token or by the number that rings us."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, letters: Letters, tokens: Tokens
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._letters = letters
        self._tokens = tokens

    def letter(self, token: str) -> Letter | None:
        """The letter that a call is about; None for a token that is not ours or has expired."""
        named = self._tokens.read_call(token)
        if named is None:
            return None
        with self._ledger.reading() as tx:
            return self._letter(tx, *named)

    def of_call(self, token: str) -> list[tuple[str, Letter]]:
        """What this call should speak of, each with its token: its own alert first, while it still stands."""
        own = self.letter(token)
        if own is None:
            return []
        if own.purpose is not Purpose.CONTACT:
            return [(token, own)]
        with self._ledger.reading() as tx:
            first = [(token, own)] if self.moved_on(own) is None else []
            others = self._waiting(tx, own.responder_id)
        return first + [(t, letter) for t, letter in others if letter.alert_id != own.alert_id]

    def of_caller(self, number: str) -> Caller | None:
        """Who rings us, and what waits for that person; None for a number that nobody has."""
        with self._ledger.reading() as tx:
            people = owners_of(tx, self._standing.roster(tx), number)
            found = [Caller(person, self._waiting(tx, person.id)) for person in people]
        busy = [caller for caller in found if caller.agenda]
        return next(iter(busy or found), None)

    def waiting(self, person: str) -> list[tuple[str, Letter]]:
        """What waits for this person's answer."""
        with self._ledger.reading() as tx:
            return self._waiting(tx, person)

    def moved_on(self, letter: Letter) -> str | None:
        """What to say to somebody who answers late: ``taken:NAME`` or ``closed``; None while the call stands (P7)."""
        with self._ledger.reading() as tx:
            alert = alerts.peek(tx, letter.alert_id)
        if alert is None or not alert.open:
            return "closed"
        track = alert.track(letter.track)
        if track is not None and track.state is TrackState.CLAIMED and track.claimant != letter.responder_id:
            return f"taken:{track.claimant_name}"
        return None

    def _waiting(self, tx: Tx, person: str) -> list[tuple[str, Letter]]:
        found = []
        for alert, key, attempts in calls.calling_for(tx, person):
            letter = None if self._declined(tx, alert, key, person) else self._letter(tx, key, attempts)
            if letter is not None:
                found.append((self._tokens.call(key, attempts), letter))
        return found

    def _declined(self, tx: Tx, alert_id: str, key: str, person: str) -> bool:
        alert = alerts.peek(tx, alert_id)
        track = alert.track(key.split("/")[1]) if alert else None
        known = track.called.get(person) if track else None
        return bool(known and known.declined)

    def _letter(self, tx: Tx, key: str, n: int) -> Letter | None:
        """As it is spoken; ``n`` 0: not sent yet, but read out in a call about something else."""
        found, attempt = outbox.get(tx, key), outbox.attempt(tx, key, n) if n else None
        if found is None or (n and attempt is None):
            return None
        leased = replace(found[0], attempt=max(n, 1))
        roster, now = self._standing.roster(tx), self._clock.now()
        for channel in dict.fromkeys((leased.item.channel, "voice", "sms")):
            if channel not in ("voice", "sms"):
                continue
            spoken = replace(leased, item=replace(leased.item, channel=channel))
            letter = self._letters.write(tx, [spoken], roster, now)[key]
            if letter is not None:
                return replace(letter, doubt=None, digit=attempt["digit"] if attempt else _digit(letter))
        return None


def _digit(letter: Letter) -> str | None:
    """A critical alert that is read out in another's call has its own digit too (P11)."""
    if letter.severity != Severity.CRITICAL or letter.purpose is not Purpose.CONTACT:
        return None
    return SPOKEN_DIGITS[zlib.crc32(letter.key.encode()) % len(SPOKEN_DIGITS)]
