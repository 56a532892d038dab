"""The callers: make the care calls that were ordered, and say the words that wait for devices."""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from domain.clock import Clock
from domain.contacts import Accepted, Channel, FailedForGood, FailedForNow, Letter, Result
from homes.care_line import CareLine
from store import care, errands
from store.care import CareCall
from store.ledger import Ledger

_LOG = structlog.get_logger("anling.checkins")
_BATCH = 20


class CareCaller:
    """Lease, commit, dial, settle; no transaction is open while a telephone rings."""

    def __init__(self, ledger: Ledger, clock: Clock, channels: Mapping[str, Channel], line: CareLine) -> None:
        self._ledger = ledger
        self._clock = clock
        self._channels = channels
        self._line = line

    def turn(self) -> int:
        """Make what is ordered. Returns how many calls were tried."""
        tried = 0
        with self._ledger.reading() as tx:
            waits = care.any_waiting(tx)
        while waits:
            with self._ledger.transaction(patient=True) as tx:
                leased = care.lease(tx, self._clock.now(), _BATCH)
                letters = [(call, self._line.write(tx, call)) for call in leased]
            for call, letter in letters:
                self._settle(call, self._say(call, letter))
            tried += len(leased)
            waits = len(leased) == _BATCH
        return tried

    def _say(self, call: CareCall, letter: Letter | None) -> Result:
        if letter is None:
            return FailedForGood("nothing to say any more")
        channel = self._channels.get(call.channel)
        return channel.send(letter) if channel else FailedForGood(f"no channel {call.channel}")

    def _settle(self, call: CareCall, result: Result) -> None:
        """A call that could not be made is not made again: the next step comes soon, and asks in another way."""
        now = self._clock.now()
        with self._ledger.transaction(patient=True) as tx:
            if isinstance(result, Accepted):
                care.settle(tx, call.key, "sent", now, reference=result.reference)
                return
            unknown = isinstance(result, FailedForNow) and result.unknown
            care.settle(tx, call.key, "sent" if unknown else "failed", now, reason=result.reason)


class Errands:
    """Says ``ask_checkin`` and other words to devices; ``publish(device, command, data)`` says if it could."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], datetime], publish: Callable[[str, str, Mapping[str, object]], bool]
    ) -> None:
        self._ledger = ledger
        self._now = clock
        self._publish = publish

    def turn(self) -> int:
        """Say what waits. Returns how many words were said."""
        now = self._now()
        with self._ledger.reading() as tx:
            waiting = errands.unsaid(tx, now, 500)
        said = [e["id"] for e in waiting if self._publish(e["device_id"], e["command"], e["data"])]
        if said:
            with self._ledger.transaction(patient=True) as tx:
                errands.said(tx, said, now)
        return len(said)
