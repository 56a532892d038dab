"""The sweep: every home is asked once a day, settled by any sign that it is well, and else moved on, step by step.

The ticker only rings; what is due stands in the ledger. A sweep may run late, twice, or in several
processes at once, and be killed in the middle: each piece is a transaction that can be run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from domain.checkins import Action, Checkin, CheckinState, Step
from domain.clock import Clock
from domain.errors import LedgerCollision, LedgerUnavailable
from domain.events import Kind
from domain.tasks import Task, TaskKind
from escalation import own_word
from escalation.alarms import alarm
from escalation.standing import Standing
from homes.asking import Asking
from homes.steps import instant, next_time, passed
from store import checkins
from store.checkins import Opening
from store.ledger import Ledger, Tx
from store.tasks import open_tasks

_LOG = structlog.get_logger("anling.checkins")
#: homes in one transaction: short enough for a press to pass
_PIECE = 1_000
_DUE = 100
#: a window that opens later than this after its time is marked late
_LATE = timedelta(minutes=5)
_DAY = timedelta(days=1)
#: that we swept is written down this often
_NOTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    opened: int = 0
    settled: int = 0
    stepped: int = 0
    alerted: int = 0


class Sweep:
    """Walks through all homes. One ``turn`` is one sweep; it is safe to interrupt and to repeat."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, steps: tuple[Step, ...], zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._steps = steps
        self._zone = zone
        self._asking = Asking(standing)
        self._opened: set[tuple[date, int, int]] = set()
        self._noted: datetime | None = None

    def turn(self) -> Swept:
        """Open what begins, settle what is well, move on what is due."""
        now = self._clock.now()
        opened = sum(self._open(opening) for opening in self._openings(now))
        settled = sum(self._settle(day, now) for day in self._days(now))
        stepped, alerted = self._step_all()
        if self._noted is None or now - self._noted > _NOTE:
            with self._ledger.transaction(patient=True) as tx:
                own_word.seen_again(tx, now)
                checkins.note_sweep(tx, now)
            self._noted = now
        return Swept(opened, settled, stepped, alerted)

    def _days(self, now: datetime) -> tuple[date, date]:
        """Yesterday's last questions end today."""
        today = now.astimezone(self._zone).date()
        return today - _DAY, today

    def _openings(self, now: datetime) -> list[Opening]:
        """Windows that have begun and were not opened by this process; yesterday's if nobody was there to do it."""
        with self._ledger.reading() as tx:
            windows, swept = checkins.windows(tx), checkins.swept_until(tx)
        found = []
        for day in self._days(now):
            for window in windows:
                opened_at, by_at = (instant(day, m, self._zone) for m in (window.opens, window.by))
                missed_yesterday = swept is not None and swept < opened_at
                today = day == now.astimezone(self._zone).date()
                if opened_at <= now and (today or missed_yesterday) and (day, *_pair(window)) not in self._opened:
                    first_at = by_at + self._steps[0].after
                    found.append(Opening(window, day, opened_at, by_at, first_at, now > opened_at + _LATE))
        return found

    def _open(self, opening: Opening) -> int:
        opened, after = 0, ""
        while True:
            with self._ledger.transaction(patient=True) as tx:
                homes = checkins.homes_of(tx, opening.window, after, _PIECE)
                if homes:
                    opened += checkins.open_day(tx, opening, homes[0], homes[-1])
            if len(homes) < _PIECE:
                break
            after = homes[-1]
        self._opened = {known for known in self._opened if known[0] >= opening.day - _DAY}
        self._opened.add((opening.day, *_pair(opening.window)))
        return opened

    def _settle(self, day: date, now: datetime) -> int:
        settled = 0
        with self._ledger.reading() as tx:
            pieces = checkins.open_pieces(tx, day, _PIECE)
        for first, last in pieces:
            with self._ledger.transaction(patient=True) as tx:
                settled += checkins.excuse(tx, day, first, last, now)
                settled += checkins.settle_by_words(tx, day, first, last)
                settled += checkins.settle_by_signs(tx, day, first, last, now)
        return settled

    def _step_all(self) -> tuple[int, int]:
        stepped = alerted = 0
        with self._ledger.reading() as tx:
            soonest = checkins.next_due(tx)
        while soonest is not None and soonest <= self._clock.now():
            with self._ledger.transaction() as tx:
                due = checkins.due(tx, self._clock.now(), _DUE)
                alerted += sum(self._one(tx, checkin) for checkin in self._ask_all(tx, due))
            stepped += len(due)
            if len(due) < _DUE:
                break
        return stepped, alerted

    def _ask_all(self, tx: Tx, due: Sequence[Checkin]) -> Sequence[Checkin]:
        """Whose device is to be asked is asked together. Returns the others; all, where that failed for one of them."""
        now = self._clock.now()
        steps = [(checkin, passed(self._steps, checkin, now)) for checkin in due]
        mass = [(checkin, n) for checkin, n in steps if self._steps[n].action is Action.ASK_DEVICE]
        if not mass:
            return due
        try:
            with tx.savepoint():
                self._asking.ask_devices(tx, [checkin for checkin, _ in mass], now)
                moves = [(checkin, n + 1, next_time(self._steps, checkin, n + 1, now)) for checkin, n in mass]
                checkins.move_all(tx, moves, now)
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:  # each is tried by itself, so that only the broken one waits
            _LOG.error("checkin_ask_failed", homes=len(mass), error=type(error).__name__)
            return due
        return [checkin for checkin, n in steps if self._steps[n].action is not Action.ASK_DEVICE]

    def _one(self, tx: Tx, checkin: Checkin) -> bool:
        """A home that cannot be asked costs no other its question; it is shown, and tried again in a minute (P6)."""
        try:
            with tx.savepoint():
                return self._step(tx, checkin)
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:  # whatever is wrong with one home's cards
            _LOG.error("checkin_step_failed", home=checkin.home, error=type(error).__name__)
            now, day = self._clock.now(), checkin.day.isoformat()
            checkins.move_on(tx, checkin, 0, now, now + timedelta(minutes=1))
            open_tasks(tx, [Task(
                f"checkin:{checkin.home}:{day}", TaskKind.OPERATOR, now, checkin.by_at, checkin.street, checkin.home,
                data={"what": "checkin_step_failed", "error": type(error).__name__},
            )])  # fmt: skip
            return False

    def _step(self, tx: Tx, checkin: Checkin) -> bool:
        """Take one step; True when it raised an alert."""
        now = self._clock.now()
        taken = passed(self._steps, checkin, now)
        action = self._steps[taken].action
        if action is Action.ALERT:
            return self.alert(tx, checkin.day.isoformat(), checkin.home, now, {"steps": taken})
        self._asking.take(tx, checkin, action, taken, now)
        next_at = next_time(self._steps, checkin, taken + 1, now)
        checkins.move_on(tx, checkin, taken + 1 - checkin.step, now, next_at)
        return False

    def alert(self, tx: Tx, day: str, home: str, now: datetime, data: dict[str, object]) -> bool:
        """The home stays silent, or asked for help: from now on the plan calls."""
        raised = alarm(tx, self._standing, home, Kind.CHECKIN_MISSED, "checkin", {"day": day} | data, now)
        if raised is None:
            _LOG.error("checkin_without_home", day=day)
        return checkins.settle(tx, day, home, CheckinState.MISSED, None, now, "checkin", raised)


def _pair(window: checkins.Window) -> tuple[int, int]:
    return window.opens, window.by
