"""Proving: a contact point works once a person has answered there; it does not once a provider knows no such number."""

from datetime import date, datetime

import structlog

from channels import aliyun_codes, twilio_codes
from domain.clock import Clock
from domain.contacts import FailedForGood, Result
from domain.errors import AnlingError
from domain.people import Responder
from escalation.letters import point_of
from store import proofs
from store.ledger import Ledger, Tx
from store.outbox import Item

_DEAD_NUMBERS = twilio_codes.DEAD_NUMBERS | aliyun_codes.DEAD_NUMBERS
_LOG = structlog.get_logger("anling.proving")


class Prover:
    """Notes that somebody answered; once a day for each contact point, so that a storm of claims costs nothing."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._noted: dict[tuple[str, str, str], date] = {}

    def heard(self, responder: str, channel: str, address: str) -> None:
        """A person answered there. Never raises: what was answered is recorded already, this is by the way."""
        now, point = self._clock.now(), (responder, channel, address)
        if self._noted.get(point) == now.date():
            return
        try:
            with self._ledger.transaction(patient=True) as tx:
                proofs.prove(tx, responder, channel, address, now)
        except AnlingError as error:
            _LOG.warning("proof_not_noted", responder=responder, channel=channel, error=type(error).__name__)
            return
        self._noted[point] = now.date()

    def heard_from(self, person: Responder, channel: str) -> None:
        """As ``heard``, by the only contact point of that channel; of several nobody knows which it was."""
        points = [point for point in person.contacts if point.channel == channel and not point.drill]
        if len(points) == 1:
            self.heard(person.id, channel, points[0].address)


def note_refusal(tx: Tx, person: Responder | None, item: Item, result: Result, now: datetime) -> None:
    """The provider says that this number will never answer: coverage counts it as none (P4)."""
    if isinstance(result, FailedForGood) and result.code in _DEAD_NUMBERS:
        point = point_of(person, item.point, item.channel)
        if point is not None:
            proofs.refuse(tx, item.person, item.channel, point.address, now, result.code or "")
