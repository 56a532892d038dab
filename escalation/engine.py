"""The engine: wakes when a timer runs out or something was committed, and decides what is due."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from domain.alerts import Alert
from domain.clock import Clock
from domain.errors import AnlingError, LedgerCollision, LedgerUnavailable
from escalation.command import Tick
from escalation.rescue import rescue
from escalation.stage import apply
from escalation.standing import Standing
from escalation.unread import tell_operator
from store import alerts
from store.drills import unreadable_windows
from store.ledger import Ledger, Tx

_LOG = structlog.get_logger("anling.engine")
#: alerts decided in one transaction
_BATCH = 200
#: the safety poll: a lost ring costs at most this
_POLL = 1.0
#: an alert that cannot be decided is tried again after this, while all others go on (P6)
_SET_ASIDE = 15.0
#: seconds after a commit in which whoever calls a person goes first
_PATIENCE = 0.02


class Engine:
    """One loop. Any number of engines may run on one ledger: each takes what no other holds."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, rejudge: Callable[[], int] | None = None
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._rejudge = rejudge
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._aside: dict[str, float] = {}
        #: plans and places that cannot be used and that the operator has been told of; nothing at the start
        self._told: tuple[frozenset[str], frozenset[str]] | None = None
        #: windows of drills that cannot be read: what is pressed in them counts as real
        self._windows: frozenset[str] = frozenset()
        #: monotonic second of the last completed turn of the loop
        self.turned_at = time.monotonic()
        self.ticks = 0

    def start(self) -> None:
        """Run the loop in a thread."""
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """End the loop after its present turn."""
        self._stop.set()
        self._ledger.doorbell.ring()
        if self._thread:
            self._thread.join(timeout)

    def tick(self, now: datetime) -> int:
        """Decide everything that is due at ``now``, at most a batch. Returns how many alerts were decided."""
        with self._ledger.transaction() as tx:
            due = alerts.due(tx, now, _BATCH + len(self._aside))
            due = {id: a for id, a in due.items() if not self._is_aside(id)}
            if due:
                after = apply(tx, self._standing, due, [(id, Tick()) for id in due], now)
                self._put_right(tx, [alert for id, alert in due.items() if after[id] is alert])
        return len(due)

    def _put_right(self, tx: Tx, idle: Sequence[Alert]) -> None:
        """Nothing was due after all: a timer that says otherwise than its track would be looked at for ever (P6)."""
        if idle:
            _LOG.error("timers_put_right", alerts=[alert.id for alert in idle])
            alerts.put_timers_right(tx, idle)

    def _loop(self) -> None:
        waiter = self._ledger.doorbell.watch(_PATIENCE)
        judged = 0.0
        while not self._stop.is_set():
            pause = _POLL
            try:
                pause = self._turn()
                if self._rejudge and time.monotonic() - judged > 5:
                    judged = time.monotonic()
                    self._rejudge()
                    self._look_up()
                self._tell_operator(self._clock.now())
            except AnlingError as error:
                _LOG.warning("engine_turn_failed", error=str(error))
            except Exception as error:  # the loop must never end; whoever watches its age sees it stand still
                _LOG.error("engine_turn_failed", error=type(error).__name__, text=str(error)[:300])
            else:
                self.turned_at = time.monotonic()
            # A breath, so that a storm of commits costs one look and not one each.
            self._stop.wait(0.05)
            waiter.wait(pause)
        self._ledger.doorbell.leave(waiter)

    def _turn(self) -> float:
        """Decide what is due; returns seconds until the next timer, at most the safety poll."""
        now = self._clock.now()
        with self._ledger.reading() as tx:
            following = alerts.next_due(tx)
        while following is not None and following <= now and not self._stop.is_set():
            done = self._try_tick(now)
            self.ticks += done
            if done < _BATCH:
                break
        if following is None:
            return _POLL
        return min(_POLL, max(0.0, (following - self._clock.now()) / timedelta(seconds=1)))

    def _try_tick(self, now: datetime) -> int:
        try:
            return self.tick(now)
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:
            _LOG.error("batch_not_decided", error=type(error).__name__, text=str(error)[:300])
            return self._one_by_one(now)

    def _one_by_one(self, now: datetime) -> int:
        """A batch failed: decide each alert alone; the one that cannot be decided is rescued."""
        with self._ledger.reading() as tx:
            ids = alerts.due_ids(tx, now, _BATCH + len(self._aside))
        done = 0
        for id in ids:
            if self._is_aside(id):
                continue
            try:
                with self._ledger.transaction() as tx:
                    loaded = alerts.load(tx, [id])
                    apply(tx, self._standing, loaded, [(id, Tick())], now)
                done += 1
            except (LedgerCollision, LedgerUnavailable):
                raise
            except Exception as error:
                _LOG.error("alert_not_decided", alert=id, error=type(error).__name__, text=str(error)[:300])
                self._rescue(id, type(error).__name__, now)
        return done

    def _rescue(self, id: str, why: str, now: datetime) -> None:
        """Call for it all the same and tell the operator; if even that fails, set it aside and try again later."""
        try:
            with self._ledger.transaction() as tx:
                rescue(tx, self._standing, id, why, now)
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:
            self._aside[id] = time.monotonic() + _SET_ASIDE
            _LOG.error("alert_set_aside", alert=id, error=type(error).__name__, text=str(error)[:300])

    def _tell_operator(self, now: datetime) -> None:
        """What cannot be used is a task, besides a line in the log: plans, and places of the ledger passed over."""
        wrong = frozenset(self._standing.lacking), self._standing.unread | self._windows
        if wrong != self._told:
            with self._ledger.transaction() as tx:
                tell_operator(tx, *wrong, now)
            self._told = wrong

    def _look_up(self) -> None:
        """Read again what has changed in the register, also while nothing is due; and which drills nobody can read."""
        with self._ledger.reading() as tx:
            self._standing.edition(tx)
            self._windows = unreadable_windows(tx, self._clock.now())

    def _is_aside(self, id: str) -> bool:
        until = self._aside.get(id)
        if until is not None and until <= time.monotonic():
            del self._aside[id]
            return False
        return until is not None
