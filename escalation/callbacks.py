"""Call-backs: what providers and desks report later, and what a person pressed on a telephone.

A provider's status never claims and never closes (invariant 14); at most it says that a way
has failed, and the next way is tried at once. A key press is a person speaking.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson

from channels import twilio_status, wording
from domain.alerts import Actor
from domain.clock import Clock
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter
from domain.errors import Held, NotFound, Refused
from domain.people import Responder
from escalation import stops
from escalation.agenda import Agenda, Caller
from escalation.commands import Commands
from escalation.desk_words import DeskWords
from escalation.heard_once import HeardOnce
from escalation.letters import Letters, point_of
from escalation.outcome import fail_over
from escalation.own_phone import PREFIX, OwnPhone
from escalation.proving import Prover, note_refusal
from escalation.standing import Standing
from escalation.strangers import Strangers, keypad
from escalation.texts import Texts
from escalation.tokens import ResponderToken, Tokens
from store import alerts, calls, outbox
from store.ledger import Ledger, Tx
from store.outbox import Leased

#: a row in one of these has its end; a late word of the provider is only noted
_ENDED = ("answered", "failed", "superseded")
#: a desk's signature is good for five minutes either way
_DESK_KNOWN = timedelta(minutes=15)
#: a provider's signature of a text message never ages
_TEXT_KNOWN = timedelta(days=366)


class Callbacks:
    """Takes in what comes back from outside."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, commands: Commands, letters: Letters, tokens: Tokens
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._commands = commands
        self._tokens = tokens
        self._agenda = Agenda(ledger, standing, clock, letters, tokens)
        self.own_phone = OwnPhone(ledger, standing, clock)
        self._strangers = Strangers(ledger, standing, commands)
        self._texts = Texts(ledger, standing, clock, commands, self._strangers, self.own_phone)
        self._prover = Prover(ledger, clock)
        self._desk = DeskWords(ledger, standing, clock, commands, self._prover)
        self._once = HeardOnce(ledger, clock)

    def letter(self, token: str) -> Letter | None:
        """The letter that a call is about; None for a token that is not ours or has expired."""
        named = self._tokens.read_call(token)
        if named is not None and named[0].startswith(PREFIX):
            return self.own_phone.letter(named[0])
        return self._agenda.letter(token)

    def agenda(self, token: str) -> list[tuple[str, Letter]]:
        """All that a call should speak of, each with its token: its own alert first, while it still stands."""
        letter = self.letter(token)
        if letter is not None and wording.is_test(letter):
            return [(token, letter)]
        return self._agenda.of_call(token)

    def caller(self, number: str) -> Caller | None:
        """Who rings our number, and what waits for that person; None for a number that nobody has (P27)."""
        return self._agenda.of_caller(number)

    def by_code(self, number: str, keys: str) -> str | None:
        """The token of what a stranger's telephone may answer: four keys of the code, six of the person's own (P27)."""
        code, pin = keys[:4], keys[4:]
        found = self._strangers.find(number, pin, lambda known: keypad(known) == code) if len(pin) == 6 else None
        if found is None:
            return None
        alert, person = found
        return next((t for t, letter in self._agenda.waiting(person.id) if letter.alert_id == alert), None)

    def moved_on(self, letter: Letter) -> str | None:
        """What to say to somebody who answers late: ``taken:NAME`` or ``closed``; None while the call stands (P7)."""
        return None if wording.is_test(letter) else self._agenda.moved_on(letter)

    def status(self, token: str, status: str, reference: str | None = None, code: str | None = None) -> None:
        """A provider's word on a call or message; in any order, repeated and late (P21, P22)."""
        named = self._tokens.read_call(token)
        if named is None:
            raise NotFound("this call-back names nothing we sent")
        if named[0].startswith(PREFIX):
            self.own_phone.status(named[0], status, reference)
            return
        self.note_status(named[0], named[1], status, reference, code)

    def token_of(self, reference: str) -> str | None:
        """The token of what a provider gave this reference; for providers that carry no addresses of ours."""
        with self._ledger.reading() as tx:
            named = outbox.by_reference(tx, reference)
        return None if named is None else self._tokens.call(*named)

    def note_status(
        self, key: str, n: int, status: str, reference: str | None = None, code: str | None = None
    ) -> None:  # fmt: skip
        """The same for an attempt by its name: the reconciler asked."""
        with self._ledger.transaction() as tx:
            self._note_status(tx, key, n, status, reference, code)

    def _note_status(self, tx: Tx, key: str, n: int, status: str, reference: str | None, code: str | None) -> None:
        found, attempt = outbox.get(tx, key), outbox.attempt(tx, key, n)
        if found is None or attempt is None:
            raise NotFound("this call-back names nothing we sent")
        leased, row_status = found
        known = None if attempt["status"] in ("sending", "accepted", "unknown") else attempt["status"]
        word = twilio_status.merge(known, status)
        kept = attempt["reference"] or reference
        outbox.note_attempt(tx, key, n, status=word, reference=kept, code=code or attempt["code"])
        outcome = twilio_status.outcome(word, code)
        if outcome is None or isinstance(outcome, Accepted):
            return
        last = leased.attempt - 1
        if n < last and not self._same(tx, key, last, kept, word):
            return  # the end of an earlier try; a later one is on its way
        self._ended(tx, leased, row_status, outcome)

    def _same(self, tx: Tx, key: str, last: int, reference: str | None, word: str) -> bool:
        """Whether the later try found that the earlier one had been made: then it is the same call."""
        adopted = outbox.attempt(tx, key, last)
        if adopted is None or reference is None or adopted["reference"] != reference:
            return False
        outbox.note_attempt(tx, key, last, status=word)
        return True

    def _ended(self, tx: Tx, leased: Leased, row_status: str, outcome: FailedForNow | FailedForGood) -> None:
        now, item = self._clock.now(), leased.item
        person = self._standing.roster(tx).responders.get(item.person)
        note_refusal(tx, person, item, outcome, now)
        if outcome.code in stops.UNSUBSCRIBED:
            point = point_of(person, item.point, item.channel)
            if point is not None:
                stops.stop(tx, self._standing, item.person, item.channel, point.address, outcome.code, now)
        if row_status not in _ENDED:
            fail_over(tx, self._standing, leased, outcome.reason, now)
        if item.channel == "voice":
            self._riders(tx, item.person, row_status, outcome, outcome.code == "canceled")

    def _riders(
        self, tx: Tx, person: str, row_status: str, outcome: FailedForNow | FailedForGood, stopped: bool
    ) -> None:  # fmt: skip
        """Rows that waited for this call: without an answer it has failed for all of them, else they dial now."""
        now = self._clock.now()
        if row_status == "answered" or stopped:
            calls.release(tx, [person], now)
            return
        for key in calls.riders(tx, person):
            found = outbox.get(tx, key)
            if found is not None:
                fail_over(tx, self._standing, found[0], f"{outcome.reason}: the call that would have read it", now)

    def answered(self, token: str, meaning: str, proof: str = "key_press") -> str:
        """A key was pressed: ``recorded`` ``declined`` ``taken:NAME`` ``closed`` ``nothing``, after the commit."""
        letter = self.letter(token)
        named = self._tokens.read_call(token)
        if letter is None or named is None:
            raise NotFound("this call is about nothing we know")
        if wording.is_test(letter):
            if meaning == "claim":
                self.own_phone.answered(named[0])
            return "recorded" if meaning == "claim" else "wrong"
        if self._pressed_before(named[0], meaning):
            return self._again(letter, meaning)
        actor = Actor(letter.responder_id, letter.responder_name, role=letter.role)
        answer = self._act(letter, actor, meaning, proof)
        if proof == "pin" and answer in ("recorded", "declined"):
            self._strangers.flag(letter.alert_id, Responder(actor.id, actor.name, actor.role or ""))
        if answer in ("recorded", "declined"):
            with self._ledger.transaction() as tx:
                outbox.finish(tx, named[0], "answered", self._clock.now(), meaning)
                calls.answered(tx, *named, self._clock.now())
            if proof == "key_press":
                self._prover.heard(letter.responder_id, letter.channel, letter.address)
        return answer

    def _pressed_before(self, key: str, meaning: str) -> bool:
        """Whether this key was pressed for this very row: the request is a repeat, or somebody who recorded it."""
        with self._ledger.reading() as tx:
            return outbox.end(tx, key) == ("answered", meaning)

    def _again(self, letter: Letter, meaning: str) -> str:
        """The answer to a repeat: what is true by now; nothing is claimed by it."""
        if meaning == "decline":
            return "declined"
        with self._ledger.reading() as tx:
            alert = alerts.peek(tx, letter.alert_id)
        if alert is None or not alert.open:
            return "closed"
        mine = any(track.claimant == letter.responder_id for track in alert.tracks)
        return "recorded" if mine else self.moved_on(letter) or "nothing"

    def _act(self, letter: Letter, actor: Actor, meaning: str, proof: str) -> str:
        try:
            if meaning == "claim":
                self._commands.claim_as_asked(letter.alert_id, actor, letter.track, proof)
                return "recorded"
            if meaning == "decline":
                self._commands.decline(letter.alert_id, actor)
                return "declined"
        except Held as held:
            return f"taken:{held.holder_name}"
        except Refused:
            return "closed"
        return "nothing"

    def sms_reply(self, from_number: str, body: str, stamp: str | None = None) -> str:
        """The words to answer to a text message. A bare "1" counts only when one alert is open for that phone.

        ``stamp``: the provider's own name for it; the same message once more claims nothing that came later.
        """
        return self._once.obey(stamp, _TEXT_KNOWN, lambda: self._texts.answer(from_number, body))

    def desk_secrets(self, case: str) -> Sequence[str]:
        """The own secrets of the desk that has this case: it signs as we sign to it."""
        return self._desk.secrets(case)

    def desk_callback(self, body: dict[str, Any], stamp: str | None = None) -> dict[str, Any]:
        """A signed message of the 120 desk. With a clerk's number it is a person speaking: it claims the track.

        ``stamp``: what makes it the same message; its signature ages within minutes, and so does this.
        """
        said = self._once.obey(stamp, _DESK_KNOWN, lambda: orjson.dumps(self._desk.take(body)).decode())
        return dict(orjson.loads(said or b"{}"))

    def read_token(self, token: str) -> ResponderToken | None:
        """What a page token names."""
        return self._tokens.read_page(token)
