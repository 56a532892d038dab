"""Call-backs: what providers and desks report later, and what a person pressed on a telephone.

A provider's status never claims and never closes (invariant 14); at most it says that a way
has failed, and the next way is tried at once. A key press is a person speaking.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from channels import twilio_status, wording
from channels.dispatch_120 import desk_status
from channels.replies import reply
from channels.wording import reply_code
from domain.alerts import Actor, Alert, Step, TrackState
from domain.clock import Clock
from domain.contacts import Accepted, Letter
from domain.errors import Forbidden, Held, NotFound, Refused
from domain.people import Responder
from escalation.commands import Commands
from escalation.letters import Letters
from escalation.outcome import fail_over
from escalation.standing import Standing
from escalation.tokens import ResponderToken, Tokens
from store import alerts, outbox
from store.ledger import Ledger, Tx

#: what a desk reports, as the steps of a responder
_DESK_STEPS = {
    "dispatched": Step.EN_ROUTE, "on_scene": Step.AT_DOOR, "patient_on_board": Step.WITH_RESIDENT,
    "at_hospital": Step.AT_HOSPITAL, "handed_over": Step.AT_HOSPITAL,
}  # fmt: skip


class Callbacks:
    """Takes in what comes back from outside."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, commands: Commands, letters: Letters, tokens: Tokens
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._commands = commands
        self._letters = letters
        self._tokens = tokens

    def letter(self, token: str) -> Letter | None:
        """The letter that a call is about; None for a token that is not ours or has expired."""
        named = self._tokens.read_call(token)
        if named is None:
            return None
        key, n = named
        with self._ledger.reading() as tx:
            found = outbox.get(tx, key)
            attempt = outbox.attempt(tx, key, n)
            if found is None or attempt is None:
                return None
            leased = replace(found[0], attempt=n)
            letter = self._letters.write(tx, [leased], self._standing.roster(tx), self._clock.now())[key]
        return replace(letter, digit=attempt["digit"]) if letter else None

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

    def status(self, token: str, status: str, reference: str | None = None, code: str | None = None) -> None:
        """A provider's word on a call or message; in any order, repeated and late (P21, P22)."""
        named = self._tokens.read_call(token)
        if named is None:
            raise NotFound("this call-back names nothing we sent")
        with self._ledger.transaction() as tx:
            self._note_status(tx, named[0], named[1], status, reference, code)

    def _note_status(self, tx: Tx, key: str, n: int, status: str, reference: str | None, code: str | None) -> None:
        found, attempt = outbox.get(tx, key), outbox.attempt(tx, key, n)
        if found is None or attempt is None:
            raise NotFound("this call-back names nothing we sent")
        leased, row_status = found
        sms = leased.item.channel == "sms"
        merge = twilio_status.merge_sms if sms else twilio_status.merge
        known = None if attempt["status"] in ("sending", "accepted", "unknown") else attempt["status"]
        word = merge(known, status)
        kept = attempt["reference"] or reference
        outbox.note_attempt(tx, key, n, status=word, reference=kept, code=code or attempt["code"])
        outcome = (twilio_status.outcome_sms if sms else twilio_status.outcome)(word, code)
        if outcome is None or isinstance(outcome, Accepted) or row_status in ("answered", "failed", "superseded"):
            return
        if n + 1 < leased.attempt:
            return  # the end of an earlier try; a later one is on its way
        fail_over(tx, self._standing, leased, outcome.reason, self._clock.now())

    def answered(self, token: str, meaning: str, digits: str | None) -> str:
        """A key was pressed: ``recorded`` ``declined`` ``taken:NAME`` ``closed`` ``nothing``, after the commit."""
        del digits
        letter = self.letter(token)
        named = self._tokens.read_call(token)
        if letter is None or named is None:
            raise NotFound("this call is about nothing we know")
        actor = Actor(letter.responder_id, letter.responder_name, role=letter.role)
        answer = self._act(letter, actor, meaning)
        if answer in ("recorded", "declined"):
            with self._ledger.transaction() as tx:
                outbox.finish(tx, named[0], "answered", self._clock.now(), meaning)
        return answer

    def _act(self, letter: Letter, actor: Actor, meaning: str, proof: str = "key_press") -> str:
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

    def sms_reply(self, from_number: str, body: str) -> str:
        """The words to answer to a text message. A bare "1" counts only when one alert is open for that phone."""
        said = reply(body)
        with self._ledger.reading() as tx:
            person = self._by_phone(tx, from_number)
            ids = outbox.open_for(tx, person.id) if person else []
        language = person.language if person else "zh"
        say = partial(_say, language)
        if person is None:
            return say("unknown")
        if said.code:
            ids = [i for i in ids if reply_code(i) == said.code]
        if said.meaning not in ("claim", "decline"):
            return say("not_understood")
        if not ids:
            return say("none_open")
        if len(ids) > 1:
            return say("which", codes=", ".join(reply_code(i) for i in ids))
        return self._sms_act(ids[0], person, said.meaning, say)

    def _sms_act(self, alert_id: str, person: Responder, meaning: str, say: Callable[..., str]) -> str:
        actor = Actor(person.id, person.name, role=person.role)
        try:
            if meaning == "claim":
                self._commands.claim(alert_id, actor, None, "sms")
                return say("recorded")
            self._commands.decline(alert_id, actor)
            return say("declined")
        except Held as held:
            return say("taken", name=held.holder_name)
        except (Refused, Forbidden, NotFound):
            return say("none_open")

    def _by_phone(self, tx: Tx, number: str) -> Responder | None:
        digits = _digits(number)
        if not digits:
            return None
        for person in self._standing.roster(tx).responders.values():
            if any(c.channel in ("voice", "sms") and _digits(c.address) == digits for c in person.contacts):
                return person
        return None

    def desk_callback(self, body: dict[str, Any]) -> dict[str, Any]:
        """A signed message of the 120 desk. With a clerk's number it is a person speaking: it claims the track."""
        import orjson

        said = desk_status(orjson.dumps(body))
        with self._ledger.reading() as tx:
            named = outbox.by_reference(tx, said.case)
            found = outbox.get(tx, named[0]) if named else None
            if found is None:
                raise NotFound(f"no alert has case {said.case!r}")
            alert = alerts.peek(tx, found[0].item.alert_id)
            desk = self._standing.roster(tx).responders.get(found[0].item.person)
        if alert is None or desk is None:
            raise NotFound(f"no alert has case {said.case!r}")
        actor = Actor(desk.id, desk.name, role=desk.role)
        if not alert.open:
            return {"result": "closed", "alert": alert.id}
        return {"result": self._desk(alert, actor, found[0].item.track, said), "alert": alert.id}

    def _desk(self, alert: Alert, actor: Actor, track: str, said: Any) -> str:
        note = " ".join(t for t in (f"[{said.status}]", said.by and f"clerk {said.by}", said.note) if t)
        mine = any(t.claimant == actor.id for t in alert.tracks)
        if said.status == "cancelled" and mine:
            self._commands.release(alert.id, actor)
        if said.status == "cancelled" or not said.by:
            self._commands.note(alert.id, actor, note)
            return "released" if said.status == "cancelled" and mine else "noted"
        meant = alert.track(actor.role or "") or alert.track(track)
        if not mine and meant is not None and meant.state is TrackState.CALLING:
            self._commands.claim(alert.id, actor, meant.name, "desk")
            mine = True
        step = _DESK_STEPS.get(said.status)
        if mine and step is not None:
            self._commands.progress(alert.id, actor, step, note)
        else:
            self._commands.note(alert.id, actor, note)
        return "claimed" if mine else "noted"

    def read_token(self, token: str) -> ResponderToken | None:
        """What a page token names."""
        return self._tokens.read_page(token)


def _say(language: str, key: str, **values: str) -> str:
    return wording.reply(key, language, **values)


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())
