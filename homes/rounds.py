"""Rounds: the street's people hear by day how many devices wait to be looked at.

Nothing of this is an emergency: a message and no call, at most one in each span of the day, and only when something
new waits or a new day begins. A home left without a working button is called about at once (``homes.devices``).
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.alerts import Subject
from domain.clock import Clock
from domain.people import Responder
from escalation.standing import Standing
from homes.care_line import ROUND
from homes.rules_devices import Supervision, round_of
from store import care
from store.care import CareCall
from store.ledger import Ledger, Tx
from store.rounds import waiting_in_streets

#: whose day it is
_ROLE = "street_office"
#: ways that ring nobody
_QUIET = ("sms", "wecom", "dingtalk", "feishu", "mail")


class Rounds:
    """Orders the messages; whoever makes the care calls sends them. One ``turn`` may be run again, by any process."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock, rules: Supervision, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._rules = rules
        self._zone = zone

    def turn(self) -> int:
        """Order what is to be told now. Returns how many messages."""
        now = self._clock.now()
        begun = round_of(self._rules, now, self._zone)
        if begun is None:
            return 0
        with self._ledger.reading() as tx:
            found = list(self._messages(tx, begun, now))
        if found:
            with self._ledger.transaction(patient=True) as tx:
                care.order(tx, found, now)
        return len(found)

    def _messages(self, tx: Tx, begun: datetime, now: datetime) -> Iterator[CareCall]:
        local = begun.astimezone(self._zone)
        first = local.time() == self._rules.day[0]
        for street, waiting in waiting_in_streets(tx).items():
            told = care.newest(tx, f"{ROUND}{street}/")
            if told is not None and (told >= begun or (not first and waiting.newest <= told)):
                continue
            for person in self._standing.roster(tx).on_duty(_ROLE, Subject(None, None, street), now):
                yield from _to(person, f"{ROUND}{street}/{local:%Y-%m-%dT%H%M}/{person.id}", f"{local:%Y-%m-%d}")


def _to(person: Responder, key: str, day: str) -> Iterator[CareCall]:
    """By the first way of this person that rings nobody; a line for drills is not one."""
    for point in person.contacts:
        if point.channel in _QUIET and not point.drill:
            yield CareCall(key, "", day, person.id, point.channel, point.address)
            return
