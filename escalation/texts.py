"""Text messages that come back: a claim, "cannot", STOP; strict: a claim by mistake silences the ladder (P26)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from channels import wording
from channels.replies import Reply, reply
from channels.wording import reply_code
from domain.alerts import Actor
from domain.clock import Clock
from domain.errors import Forbidden, Held, NotFound, Refused
from domain.people import Responder
from escalation import stops
from escalation.commands import Commands
from escalation.own_phone import OwnPhone
from escalation.phonebook import owners_of
from escalation.proving import Prover
from escalation.standing import Standing
from escalation.strangers import Strangers
from store.asked import Asked, asked_of
from store.ledger import Ledger, Tx
from store.stopped import stopped

#: a code of an alert that was closed is still known for so long
_REMEMBERED = timedelta(days=30)

Say = Callable[..., str]


class Texts:
    """Answers text messages, each by what was recorded."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, commands: Commands, strangers: Strangers,
        own_phone: OwnPhone,
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._commands = commands
        self._strangers = strangers
        self._own_phone = own_phone
        self._prover = Prover(ledger, clock)

    def answer(self, number: str, body: str) -> str:
        """The words to answer; empty when nothing should be sent back."""
        said = reply(body)
        with self._ledger.reading() as tx:
            people = owners_of(tx, self._standing.roster(tx), number)
            asked = asked_of(tx, [p.id for p in people], self._clock.now() - _REMEMBERED) if people else []
        if not people:
            return self._stranger(number, said)
        say = partial(_say, people[0].language)
        if said.meaning in ("stop", "start"):
            return self._stop(people, said.meaning, say)
        if said.meaning is None:
            return say("not_understood")
        return self._known(people, asked, said, say)

    def _known(self, people: Sequence[Responder], asked: Sequence[Asked], said: Reply, say: Say) -> str:
        waiting = {a.alert: a for a in reversed(asked) if a.open}
        meant = {id: a for id, a in waiting.items() if said.code in (None, reply_code(id))}
        if len(meant) == 1:
            (one,) = meant.values()
            person = next(p for p in people if p.id == one.person)
            answer = self._act(one.alert, person, said, "sms", say)
            self._prover.heard_from(person, "sms")
            return answer
        codes = ", ".join(reply_code(id) for id in sorted(waiting, reverse=True))
        if said.code is None and not waiting and self._tested(people):
            return wording.tested(people[0].language)
        if said.code is None:
            return say("which", codes=codes) if waiting else say("none_open")
        if meant:
            return say("which_of_two")
        return self._stale(asked, said.code, codes, say)

    def _tested(self, people: Sequence[Responder]) -> bool:
        """Nothing is open: the "1" answers a test that the person asked for."""
        with self._ledger.transaction() as tx:
            return sum(self._own_phone.texted(tx, person.id) for person in people) > 0

    def _stale(self, asked: Sequence[Asked], code: str, codes: str, say: Say) -> str:
        """A code that is no open alert's: who closed it, and what is open now; it never touches another."""
        still = say("open_now", codes=codes) if codes else say("nothing_open")
        gone = next((a for a in asked if not a.open and reply_code(a.alert) == code), None)
        if gone is None:
            return say("no_such_code", code=code, open=still)
        return say("closed_by", code=code, name=self._name(gone.closed_by), open=still)

    def _name(self, id: str | None) -> str:
        with self._ledger.reading() as tx:
            known = self._standing.roster(tx).responders.get(id or "")
        return known.name if known else id or "?"

    def _act(self, alert: str, person: Responder, said: Reply, proof: str, say: Say) -> str:
        actor = Actor(person.id, person.name, role=person.role)
        try:
            if said.meaning == "claim":
                self._commands.claim(alert, actor, None, proof)
                return say("recorded")
            self._commands.decline(alert, actor)
            return say("declined")
        except Held as held:
            return say("taken", name=held.holder_name)
        except (Refused, Forbidden, NotFound):
            return say("none_open")

    def _stop(self, people: Sequence[Responder], meaning: str, say: Say) -> str:
        """Twilio has confirmed it to the person already; our own words would not be let through."""
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            for person in people:
                if meaning == "start":
                    stops.allow(tx, person.id, "sms", now)
                    continue
                for address in self._sms_of(tx, person):
                    stops.stop(tx, self._standing, person.id, "sms", address, "reply", now)
        return say("started") if meaning == "start" else ""

    def _sms_of(self, tx: Tx, person: Responder) -> list[str]:
        kept = stopped(tx).get((person.id, "sms"))
        return [c.address for c in person.contacts if c.channel == "sms"] or ([kept] if kept else [])

    def _stranger(self, number: str, said: Reply) -> str:
        """Another telephone: only with the alert's code and the person's own code, and it is noted (P27)."""
        code = said.code
        if code is None or said.pin is None or said.meaning is None:
            return _say("zh", "unknown")
        found = self._strangers.find(number, said.pin, lambda known: known == code)
        if found is None:
            return _say("zh", "unknown")
        alert, person = found
        answer = self._act(alert, person, said, "pin", partial(_say, person.language))
        self._strangers.flag(alert, person)
        return answer


def _say(language: str, key: str, **values: str) -> str:
    return wording.reply(key, language, **values)
