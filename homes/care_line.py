"""The care line: what a care call says, and what a key on it means. Pressing 2 is a cry for help."""

from datetime import datetime, timedelta

from domain.checkins import CheckinState, Way
from domain.clock import Clock
from domain.contacts import Letter, Purpose
from domain.events import Kind
from domain.people import Responder
from escalation import own_word
from escalation.alarms import alarm
from escalation.standing import Standing
from escalation.tokens import Tokens
from store import care, checkins, register
from store.care import CareCall
from store.ledger import Ledger, Tx
from store.practice import is_practice
from store.rounds import waiting_in_streets

PREFIX = "care/"
#: calls that ask about a fall
FALL = "care/fall/"
#: somebody of the home rang us
INBOUND = "care/in/"
#: the street's people hear how many devices wait: ``care/round/{street}/{begun}/{person}``
ROUND = "care/round/"
_AWAY = ("away", "hospital")
#: a caller's number can be forged: who rang us is away for a day, then the home is asked again
_BY_WHO_RANG = timedelta(days=1)


class CareLine:
    """Writes the letters of care calls and takes in their answers. Keys carry the prefix ``care/``."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock, tokens: Tokens) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._tokens = tokens

    def mine(self, token: str) -> bool:
        """Whether this call-back is about a care call."""
        named = self._tokens.read_call(token)
        return named is not None and named[0].startswith(PREFIX)

    def token_of(self, reference: str) -> str | None:
        """The token of a care call by the provider's reference."""
        with self._ledger.reading() as tx:
            key = care.by_reference(tx, reference)
        return None if key is None else self._tokens.call(key, 1)

    def letter(self, token: str) -> Letter | None:
        """What to say; None for a token that is not ours or has expired."""
        with self._ledger.reading() as tx:
            call = self._find(tx, token)
            return None if call is None else self.write(tx, call)

    def write(self, tx: Tx, call: CareCall) -> Letter | None:
        """The letter of one call; None when there is nothing to say any more."""
        if call.key.startswith(ROUND):
            return self._round(tx, call)
        now = self._clock.now()
        person = self._standing.roster(tx).responders.get(call.responder or "")
        cards = register.residents_of(tx, [call.home])[call.home]
        home = register.homes_of(tx, [call.home]).get(call.home)
        return Letter(
            key=call.key, purpose=Purpose.CONTACT, attempt=1, alert_id="", track="", kind=Kind.CHECKIN_MISSED,
            severity="routine", raised_at=now, drill=is_practice(tx, call.home),
            responder_id=call.responder or "resident",
            responder_name=person.name if person else "", role=_role(call, person), language=_language(person, cards),
            channel=call.channel, address=call.address, secret=None, ack_url="", sent_at=now, home=home,
            residents=tuple({"name": c.get("name"), "birth": c.get("birth")} for c in cards),
            about={"event": "care", "asks": _asks(call)},
        )  # fmt: skip

    def _round(self, tx: Tx, call: CareCall) -> Letter | None:
        street = call.key.removeprefix(ROUND).split("/", 1)[0]
        waiting = waiting_in_streets(tx).get(street)
        person = self._standing.roster(tx).responders.get(call.responder or "")
        if waiting is None or person is None:
            return None
        return Letter(
            key=call.key, purpose=Purpose.INFORM, attempt=1, alert_id="", track="", kind=Kind.DEVICE_SILENT,
            severity="routine", raised_at=waiting.oldest, drill=False, responder_id=person.id,
            responder_name=person.name, role=person.role, language=person.language, channel=call.channel,
            address=call.address, secret=None, ack_url="", sent_at=self._clock.now(),
            about={"event": "round", "count": waiting.devices},
        )  # fmt: skip

    def answered(self, token: str, meaning: str) -> str:
        """A key: ``well`` ``help`` ``away`` ``hospital`` ``back`` ``going`` ``cannot`` ``over``, after the commit."""
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            call = self._find(tx, token)
            if call is None:
                return "over"
            word = self._act(tx, call, meaning, now)
            care.answer(tx, call.key, word, now)
            return word

    def ended(self, token: str, status: str) -> None:
        """The provider's last word. Nobody answered: the next step comes at its own time."""
        if status not in ("busy", "failed", "no-answer", "canceled", "undelivered"):
            return
        named = self._tokens.read_call(token)
        if named is not None:
            with self._ledger.transaction() as tx:
                care.settle(tx, named[0], "failed", self._clock.now(), reason=status)

    def _find(self, tx: Tx, token: str) -> CareCall | None:
        named = self._tokens.read_call(token)
        return None if named is None else care.find(tx, named[0])

    def _act(self, tx: Tx, call: CareCall, meaning: str, now: datetime) -> str:
        if call.responder is not None:
            return self._neighbour(tx, call, meaning, now)
        if meaning == "claim":
            checkins.settle(tx, call.day, call.home, CheckinState.OK, Way.VOICE, now, "resident")
            return "well"
        if meaning in _AWAY:
            until = now + _BY_WHO_RANG if call.key.startswith(INBOUND) else None
            own_word.gone(tx, call.home, meaning, Way.VOICE, now, call.day, until)
            return meaning
        if meaning == "back":
            own_word.back(tx, call.home, Way.VOICE, now)
            return "back"
        raised = alarm(tx, self._standing, call.home, Kind.SOS, "care_call", {"trigger": "care_call"}, now)
        checkins.settle(tx, call.day, call.home, CheckinState.MISSED, Way.VOICE, now, "resident", raised)
        return "help"

    def _neighbour(self, tx: Tx, call: CareCall, meaning: str, now: datetime) -> str:
        """A promise to look in settles nothing: only what was found there does."""
        if meaning == "claim":
            return "going"
        checkins.hurry(tx, call.day, call.home, now)
        return "cannot"


def _asks(call: CareCall) -> str:
    return "fall" if call.key.startswith(FALL) else "in" if call.key.startswith(INBOUND) else "day"


def _role(call: CareCall, person: Responder | None) -> str:
    if call.responder is None:
        return "resident"
    return person.role if person else "neighbour"


def _language(person: Responder | None, cards: list[dict[str, object]]) -> str:
    if person is not None:
        return person.language
    return str(next((c["language"] for c in cards if c.get("language")), "zh"))
