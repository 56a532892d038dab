"""The reconciler: asks the provider about calls whose end nobody has told us, and stops calls that are in vain.

The third part of the shell (design, "The engine"). It wakes when something was committed or
an answer is overdue; it opens no transaction while it waits for a provider.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog

from domain.clock import Clock
from domain.contacts import Askable, Channel
from domain.errors import AnlingError
from escalation.callbacks import Callbacks
from escalation.letters import point_of
from escalation.lines import Lines
from escalation.standing import Standing
from store import calls
from store.calls import Underway
from store.ledger import Ledger

_LOG = structlog.get_logger("anling.reconciler")
#: whatever was dealt with longer ago has no end that could still matter
_HORIZON = timedelta(hours=1)
#: after this an accepted call must have ended, a message must have been delivered; then the provider is asked
_OVERDUE = {"voice": timedelta(seconds=45), "sms": timedelta(seconds=60)}
#: when nobody can say what became of a call after this, it counts as not answered
_GIVEN_UP = timedelta(minutes=3)
#: before the second question about the same call; each wait is twice the one before
_AGAIN_S = 20.0
_POLL_S = 5.0
#: questions about messages in one turn: calls that ring in vain must not wait until the last of them is answered
_MESSAGES = 20
#: a breath between two turns, so that a storm of commits costs few looks
_PACE_S = 0.25
#: seconds after a commit in which whoever calls a person goes first
_PATIENCE = 0.05


@dataclass(frozen=True, slots=True)
class _Line:
    """A channel that can be asked, and the address that was called."""

    channel: Askable
    address: str


class Reconciler:
    """One loop. Any number may run on one ledger: asking twice is harmless."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, channels: Mapping[str, Channel], callbacks: Callbacks
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._all = channels
        self._channels = {name: cast(Askable, c) for name, c in channels.items() if hasattr(c, "find")}
        self._callbacks = callbacks
        self._lines = Lines(ledger, clock, channels)
        #: (key, attempt) -> monotonic second of the next question and the wait after it; calls that were told to stop
        self._asked: dict[tuple[str, int], tuple[float, float]] = {}
        self._stopped: set[tuple[str, int]] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        #: monotonic second of the last completed turn
        self.turned_at = time.monotonic()

    def start(self) -> None:
        """Run the loop in a thread."""
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End the loop after its present turn."""
        self._stop.set()
        self._ledger.doorbell.ring()
        if self._thread:
            self._thread.join(timeout)

    def turn(self) -> float:
        """Stop what rings in vain, ask what is overdue, look at the lines; seconds until the next turn."""
        now = self._clock.now()
        with self._ledger.reading() as tx:
            open_ends = calls.underway(tx, now - _HORIZON)
            held = {x.person for x in open_ends if not x.current and calls.riders(tx, x.person)}
        self._forget(open_ends)
        messages = 0
        for one in open_ends:
            if self._stop.is_set():
                break
            self.turned_at = time.monotonic()
            if _in_vain(one) and (one.key, one.n) not in self._stopped and one.person not in held:
                self._hang_up(one)
            elif self._is_overdue(one, now) and messages < _MESSAGES:
                messages += one.channel != "voice"
                self._ask(one, now)
        self._lines.look()
        self._callbacks.own_phone.send(self._all)
        return self._pause(open_ends, now)

    def _forget(self, open_ends: list[Underway]) -> None:
        known = {(x.key, x.n) for x in open_ends}
        self._asked = {name: when for name, when in self._asked.items() if name in known}
        self._stopped &= known

    def _is_overdue(self, one: Underway, now: datetime) -> bool:
        late = _OVERDUE[one.channel] if one.word != "unknown" else timedelta(seconds=2)
        following, _ = self._asked.get((one.key, one.n), (0.0, 0.0))
        return now - one.started_at >= late and following <= time.monotonic()

    def _ask(self, one: Underway, now: datetime) -> None:
        """What became of it? A word is noted like a call-back; no answer at all for long counts as none."""
        _, wait = self._asked.get((one.key, one.n), (0.0, _AGAIN_S))
        self._asked[one.key, one.n] = (time.monotonic() + wait, wait * 2)
        line = self._line(one)
        word, reference = None, one.reference
        try:
            if line is not None and reference is None:
                with self._ledger.reading() as tx:
                    others = calls.references(tx, one.started_at)
                reference = line.channel.find(line.address, one.started_at, others)
            if line is not None and reference is not None:
                word = line.channel.status(line.address, reference)
        except AnlingError as error:
            _LOG.info("provider_not_asked", key=one.key, error=str(error))
        if word is None and one.channel == "voice" and now - one.started_at > _GIVEN_UP:
            word = "no-answer"
        if word is not None:
            self._callbacks.note_status(one.key, one.n, word, reference)

    def _hang_up(self, one: Underway) -> None:
        """Somebody else has it: let this telephone be quiet. Who has answered already goes on listening (P7)."""
        line = self._line(one)
        self._stopped.add((one.key, one.n))
        if line is None or one.reference is None:
            return
        try:
            line.channel.stop(line.address, one.reference)
            _LOG.info("call_stopped", key=one.key)
        except AnlingError as error:
            _LOG.info("call_not_stopped", key=one.key, error=str(error))

    def _line(self, one: Underway) -> _Line | None:
        channel = self._channels.get(one.channel)
        with self._ledger.reading() as tx:
            person = self._standing.roster(tx).responders.get(one.person)
        point = point_of(person, one.point, one.channel)
        return _Line(channel, point.address) if channel is not None and point is not None else None

    def _pause(self, open_ends: list[Underway], now: datetime) -> float:
        """Until the next answer is overdue, at most the poll."""
        due = [one.started_at + _OVERDUE[one.channel] for one in open_ends if (one.key, one.n) not in self._asked]
        soonest = min(((at - now).total_seconds() for at in due), default=_POLL_S)
        return min(_POLL_S, max(_PACE_S, soonest))

    def _loop(self) -> None:
        waiter = self._ledger.doorbell.watch(_PATIENCE)
        while not self._stop.is_set():
            pause = _POLL_S
            try:
                pause = self.turn()
                self.turned_at = time.monotonic()
            except AnlingError as error:
                _LOG.info("reconciler_waits", error=str(error))
            except Exception as error:  # the loop must never end; whoever watches its age sees it stand still
                _LOG.error("reconciler_failed", error=type(error).__name__, text=str(error)[:300])
            self._stop.wait(_PACE_S)
            waiter.wait(pause)
        self._ledger.doorbell.leave(waiter)


def _in_vain(one: Underway) -> bool:
    """It rings for something that somebody else has by now, or that is over."""
    return one.channel == "voice" and not one.current and one.row_status == "accepted" and one.word in _RINGING


_RINGING = ("accepted", "queued", "initiated", "ringing")
