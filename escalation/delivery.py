"""Delivery: lease, commit, call, settle. No transaction is open while a telephone rings.

One thread leases rows that are ready, a pool of threads talks to providers (as many as
rate times latency asks for, bounded), one thread settles what came back, in groups.
"""

import queue
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from channels.twiml import SPOKEN_DIGITS
from domain.alerts import Actor, Severity
from domain.clock import Clock
from domain.contacts import Accepted, Channel, FailedForGood, Letter, Purpose, Result
from domain.errors import AnlingError, LedgerCollision, LedgerUnavailable
from escalation import owners
from escalation.commands import Commands
from escalation.desk_cases import note_attempts
from escalation.letters import Letters
from escalation.outcome import settle
from escalation.proving import Prover
from escalation.standing import Standing
from store import outbox
from store.ledger import Ledger, Tx
from store.outbox import Leased, Settled

_LOG = structlog.get_logger("anling.delivery")
#: longer than any channel's own time-out, so that a lease only runs out when its sender died
_LEASE = timedelta(seconds=30)
_POLL = 1.0
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt that has come back."""

    leased: Leased
    letter: Letter | None
    result: Result


class Delivery:
    """Sends what the outbox holds. Any number may run on one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        standing: Standing,
        clock: Clock,
        channels: Mapping[str, Channel],
        letters: Letters,
        commands: Commands,
        size: int = 256,
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._channels = channels
        self._letters = letters
        self._commands = commands
        self._prover = Prover(ledger, clock)
        self._size = size
        self._owner = owners.me()
        self._pool = ThreadPoolExecutor(size, "sender")
        self._done: queue.SimpleQueue[Sent | None] = queue.SimpleQueue()
        self._free = threading.Semaphore(size)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._flying = 0
        self._counting = threading.Lock()
        #: monotonic second of the last completed turn of the leasing loop
        self.turned_at = time.monotonic()
        self.sent = 0
        self.accepted = 0

    @property
    def in_flight(self) -> int:
        """Letters being sent at this moment."""
        return self._flying

    def start(self) -> None:
        """Begin to send, first of all what a sender that died had taken."""
        for target, name in ((self._lease_loop, "delivery"), (self._settle_loop, "settler")):
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 5.0) -> None:
        """Take nothing new, let what flies come back, settle it."""
        self._stop.set()
        self._ledger.doorbell.ring()
        if self._threads:
            self._threads[0].join(timeout)
        self._pool.shutdown(wait=True, cancel_futures=False)
        self._done.put(None)
        if self._threads:
            self._threads[1].join(timeout)

    def _lease_loop(self) -> None:
        waiter = self._ledger.doorbell.watch()
        reclaimed = 0.0
        while not self._stop.is_set():
            pause = _POLL
            try:
                if time.monotonic() - reclaimed > 1.5:
                    self._reclaim()
                    reclaimed = time.monotonic()
                pause = self._turn()
                self.turned_at = time.monotonic()
            except AnlingError as error:
                _LOG.warning("lease_failed", error=str(error))
            except Exception as error:  # the loop must never end; whoever watches its age sees it stand still
                _LOG.error("lease_failed", error=type(error).__name__, text=str(error)[:300])
            if pause > 0:
                waiter.wait(pause)
        self._ledger.doorbell.leave(waiter)

    def _reclaim(self) -> None:
        """Rows leased by senders that are no more become ready again."""
        now = self._clock.now()
        with self._ledger.reading() as tx:
            held = outbox.lease_owners(tx) - {self._owner}
            overdue = outbox.overdue(tx, now)
        dead = [o for o in held if owners.dead(o)]
        if dead or overdue:
            with self._ledger.transaction() as tx:
                count = outbox.reclaim(tx, now, dead)
            _LOG.warning("leases_reclaimed", rows=count)

    def _turn(self) -> float:
        """Lease what is ready and hand it to the pool; returns how long to sleep."""
        now = self._clock.now()
        # A look takes no writer's turn; most rings are about something else.
        with self._ledger.reading() as tx:
            following = None if outbox.ready(tx, now) else outbox.next_ready(tx) or now + _LEASE
        if following is not None:
            return min(_POLL, max(0.001, (following - now) / timedelta(seconds=1)))
        room = min(_BATCH, self._size - self._flying)
        if room <= 0:
            return 0.005
        taken = self._lease(room)
        for leased, letter in taken:
            with self._counting:
                self._flying += 1
            self._pool.submit(self._send, leased, letter)
        return 0.0 if taken else 0.02

    def _lease(self, room: int) -> list[tuple[Leased, Letter | None]]:
        """One transaction: take rows, drop those that are void, write the attempt before the dial."""
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            rows = outbox.lease(tx, self._owner, now, now + _LEASE, room, self._standing.apart(tx, now))
            live = [r for r in rows if r.current]
            void = [r for r in rows if not r.current]
            outbox.settle(tx, [_superseded(r, now) for r in void])
            if not live:
                return []
            letters = self._letters.write(tx, live, self._standing.roster(tx), now)
            letters |= {key: replace(x, digit=_chance()) for key, x in letters.items() if x and _spoken_digit(x)}
            outbox.start(tx, [
                {"key": r.item.key, "n": r.attempt, "started_at": now, "digit": _digit(letters[r.item.key])}
                for r in live
            ])  # fmt: skip
        return [(r, letters[r.item.key]) for r in live]

    def _send(self, leased: Leased, letter: Letter | None) -> None:
        """In a pool thread: say it, and hand back what came of it. Never raises (P5)."""
        try:
            result = self._say(leased, letter)
        except Exception as error:  # whatever a channel does, its row is settled and the others go on
            _LOG.error("channel_raised", channel=leased.item.channel, error=type(error).__name__)
            result = FailedForGood(f"the channel broke: {type(error).__name__}")
        self._done.put(Sent(leased, letter, result))

    def _say(self, leased: Leased, letter: Letter | None) -> Result:
        channel = self._channels.get(leased.item.channel)
        if letter is None:
            return FailedForGood("person or contact point is no longer in the register")
        if channel is None:
            return FailedForGood(f"no channel {leased.item.channel!r} is configured")
        return channel.send(letter)

    def _settle_loop(self) -> None:
        """Settle in groups: whatever came back while the last group was written."""
        while True:
            first = self._done.get()
            if first is None:
                return
            group, last = [first], False
            while not self._done.empty() and len(group) < _BATCH:
                sent = self._done.get()
                if sent is None:
                    last = True
                    break
                group.append(sent)
            self._settle(group)
            if last:
                return

    def _settle(self, group: Sequence[Sent]) -> None:
        """Write the results, for ever until the ledger takes them: an unsettled call would be made again."""
        pause, plan_too = 0.1, True
        while True:
            try:
                with self._ledger.transaction() as tx:
                    self._settle_in(tx, group, plan_too)
                break
            except (LedgerCollision, LedgerUnavailable) as error:
                _LOG.warning("settle_failed", error=str(error), rows=len(group))
            except Exception as error:
                _LOG.error("settle_failed", error=type(error).__name__, text=str(error)[:300], rows=len(group))
                if len(group) > 1:
                    for sent in group:
                        self._settle([sent])
                    return
                plan_too = False
            if self._stop.is_set() and pause > 1:
                return
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
        with self._counting:
            self._flying -= len(group)
        self.sent += len(group)
        self.accepted += sum(isinstance(s.result, Accepted) for s in group)
        for sent in group:
            self._claimed(sent)

    def _settle_in(self, tx: Tx, group: Sequence[Sent], plan_too: bool) -> None:
        """Without the plan when the alert cannot be decided: its result must not hold up everybody else's (P6)."""
        now = self._clock.now()
        sent = [(s.leased, s.result) for s in group]
        settle(tx, self._standing, sent, now, plan_too)
        note_attempts(tx, sent, now)

    def _claimed(self, sent: Sent) -> None:
        """A person answered in the same breath: the claim is a command like any other."""
        if not isinstance(sent.result, Accepted) or not sent.result.claimed_by or sent.letter is None:
            return
        if sent.result.claimed_by != sent.letter.responder_id:
            _LOG.warning("claim_by_another", alert=sent.letter.alert_id)
            return
        actor = Actor(sent.letter.responder_id, sent.letter.responder_name, role=sent.letter.role)
        try:
            self._commands.claim_as_asked(sent.letter.alert_id, actor, sent.letter.track, "webhook")
            self._prover.heard(sent.letter.responder_id, sent.letter.channel, sent.letter.address)
        except AnlingError as error:
            _LOG.info("claim_refused", alert=sent.letter.alert_id, why=type(error).__name__)
        except Exception as error:  # one claim that cannot be decided must not end the settling of all others
            _LOG.error("claim_failed", alert=sent.letter.alert_id, error=type(error).__name__, text=str(error)[:300])


def _spoken_digit(letter: Letter) -> bool:
    """A critical call is claimed by a digit spoken in it, so that no voicemail or pocket presses it (P11)."""
    return letter.channel == "voice" and letter.severity == Severity.CRITICAL and letter.purpose is Purpose.CONTACT


def _chance() -> str:
    return secrets.choice(SPOKEN_DIGITS)


def _digit(letter: Letter | None) -> str | None:
    return letter.digit if letter else None


def _superseded(row: Leased, now: datetime) -> Settled:
    return Settled(row.item.key, 0, "superseded", "superseded", now, now, reason="the alert moved on")
