"""A responder tries the own telephone: a call or message marked as a rehearsal, by the way that real ones go."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from channels.twiml import SPOKEN_DIGITS
from domain.clock import Clock
from domain.contacts import Accepted, Channel, Letter, Purpose
from domain.errors import NotFound, Refused
from domain.people import ContactPoint, Responder
from escalation.letters import point_of
from escalation.standing import Standing
from store import contact_tests, proofs
from store.contact_tests import PhoneTest
from store.ledger import Ledger, Tx
from store.stopped import stopped

_LOG = structlog.get_logger("anling.own_phone")
#: keys of tests begin so; an alert's id never does
PREFIX = "test/"
#: channels that a person can answer
TRIED = ("voice", "sms")


class OwnPhone:
    """Orders tests, sends them, and notes who answered."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock

    def order(self, responder: str, channel: str, by: str) -> str:
        """A test of the person's first contact point of that channel; its id. Raises ``Refused``, ``NotFound``."""
        if channel not in TRIED:
            raise Refused(f"only {' and '.join(TRIED)} can be tried")
        with self._ledger.transaction() as tx:
            person = self._standing.roster(tx).responders.get(responder)
            if person is None:
                raise NotFound(f"no responder {responder}")
            point = next((p for p in person.contacts if p.channel == channel), None)
            if point is None:
                raise Refused(f"the register has no {channel} number of yours; ask the street office")
            digit = secrets.choice(SPOKEN_DIGITS)
            return contact_tests.order(tx, responder, channel, point.n, digit, by, self._clock.now())

    def ways(self, responder: str) -> list[dict[str, Any]]:
        """How the person is reached: the channel, the last digits, when it was proved; never a whole number."""
        with self._ledger.reading() as tx:
            person = self._standing.roster(tx).responders.get(responder)
            if person is None:
                return []
            known = proofs.known_of(tx, {person.id: person})
            gone = [channel for who, channel in stopped(tx) if who == responder]
        ways = [_way(point, known.get((person.id, point.n))) for point in person.contacts]
        return ways + [{"channel": channel, "ends": "", "proved_at": None, "stopped": True} for channel in gone]

    def latest(self, responder: str) -> list[Mapping[str, Any]]:
        """The newest tests of one person."""
        with self._ledger.reading() as tx:
            return contact_tests.latest(tx, responder)

    def send(self, channels: Mapping[str, Channel]) -> bool:
        """Send the next test, if one waits: row before dial, no transaction while it rings."""
        now = self._clock.now()
        with self._ledger.reading() as tx:
            if not contact_tests.waiting(tx):
                return False
        with self._ledger.transaction() as tx:
            test = contact_tests.take(tx, now)
            letter = self._letter(tx, test, now) if test else None
        if test is None:
            return False
        channel = channels.get(test.channel)
        if letter is None or channel is None:
            values: dict[str, Any] = {"status": "failed", "reason": "no such contact point or channel"}
        else:
            result = channel.send(letter)
            if isinstance(result, Accepted):
                values = {"status": "accepted", "reference": result.reference}
            else:
                values = {"status": "failed", "word": result.code, "reason": result.reason}
        with self._ledger.transaction() as tx:
            contact_tests.note(tx, test.id, **values)
        _LOG.info("contact_tested", test=test.id, channel=test.channel, status=values["status"])
        return True

    def letter(self, key: str) -> Letter | None:
        """The letter of a test by its key."""
        with self._ledger.reading() as tx:
            test = contact_tests.get(tx, key.removeprefix(PREFIX))
            return self._letter(tx, test, self._clock.now()) if test else None

    def status(self, key: str, word: str, reference: str | None) -> None:
        """The provider's word on a test."""
        with self._ledger.transaction() as tx:
            known = {"reference": reference} if reference else {}
            contact_tests.note(tx, key.removeprefix(PREFIX), word=word, **known)

    def answered(self, key: str) -> None:
        """A person pressed the digit: this contact point is proved."""
        with self._ledger.transaction() as tx:
            test = contact_tests.get(tx, key.removeprefix(PREFIX))
            if test is None:
                raise NotFound("this test is not known")
            self._prove(tx, test)

    def texted(self, tx: Tx, person: str) -> bool:
        """A person answered a test message. Returns whether one was waiting."""
        test = contact_tests.unanswered(tx, person, "sms", self._clock.now())
        if test is not None:
            self._prove(tx, test)
        return test is not None

    def _prove(self, tx: Tx, test: PhoneTest) -> None:
        now = self._clock.now()
        contact_tests.proved(tx, test.id, now)
        point = point_of(self._standing.roster(tx).responders.get(test.responder), test.point, test.channel)
        if point is not None:
            proofs.prove(tx, test.responder, test.channel, point.address, now)

    def _letter(self, tx: Tx, test: PhoneTest, now: datetime) -> Letter | None:
        person = self._standing.roster(tx).responders.get(test.responder)
        point = point_of(person, test.point, test.channel)
        return _letter(test, person, point.address, now) if person is not None and point is not None else None


def _way(point: ContactPoint, proof: proofs.Proof | None) -> dict[str, Any]:
    ends = f"…{point.address[-4:]}" if point.channel in TRIED else ""
    return {"channel": point.channel, "ends": ends, "proved_at": proof.proved_at if proof else None, "stopped": False}


def _letter(test: PhoneTest, person: Responder, address: str, now: datetime) -> Letter:
    digit = test.digit if test.channel == "voice" else None
    return Letter(
        PREFIX + test.id, Purpose.CONTACT, 1, PREFIX + test.id, "test", "manual", "routine", test.ordered_at, True,
        person.id, person.name, person.role, person.language, test.channel, address, None, "", now,
        about={"event": "test"}, digit=digit,
    )  # fmt: skip
