"""Falls that are asked about first: when the time is over, or something else happens there, the plan calls."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from domain.clock import Clock
from domain.errors import LedgerCollision, LedgerUnavailable
from domain.events import Kind
from escalation.asked_first import RULE, busy, settle
from escalation.intake import Intake
from escalation.standing import Standing
from homes.alarming import raise_alarm
from homes.care_line import FALL
from store import care, inbox, register, rule_states
from store.care import CareCall
from store.ledger import Ledger, Tx
from store.rule_states import RuleState

_LOG = structlog.get_logger("anling.falls")


class FallWatch:
    """Ends every question in time. One ``turn`` looks at all; safe to repeat, in any number of processes."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, intake: Intake, zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._intake = intake
        self._zone = zone

    def turn(self) -> int:
        """How many falls are alerts now."""
        with self._ledger.reading() as tx:
            if not rule_states.every(tx, RULE):
                return 0
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            asked = rule_states.locked(tx, RULE)
            called = busy(tx, [state.home for state in asked])
            return sum(self._one(tx, state, state.home in called, now) for state in asked)

    def _one(self, tx: Tx, asked: RuleState, called: bool, now: datetime) -> bool:
        """Whether it became an alert. Another alert of the home ends the question too: it joins that one."""
        if rule_states.answered_well(tx, asked.home, asked.since):
            if (verdict := settle(tx, asked, "voice", now)) is not None:
                inbox.judge(tx, [verdict])
            return False
        if called or asked.next_at is None or asked.next_at <= now:
            return self._raise(tx, asked, now)
        if "voice" in asked.data["ways"] and not asked.data.get("rung"):
            care.order(tx, list(_calls(tx, asked, now.astimezone(self._zone))), now)
            rule_states.keep(tx, [RuleState(asked.home, RULE, asked.state, asked.since, asked.next_at,
                                            {**asked.data, "rung": True})])  # fmt: skip
        return False

    def _raise(self, tx: Tx, asked: RuleState, now: datetime) -> bool:
        """As if the message came now. What cannot be judged is raised without its words: rather twice than never."""
        if not rule_states.end(tx, asked):
            return False
        row = str(asked.data["row"])
        try:
            with tx.savepoint():
                raised = self._intake.judge_now(tx, row, (now - asked.since).total_seconds())
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:  # whatever is wrong with the message
            _LOG.error("asked_fall_not_judged", row=row, error=type(error).__name__)
            raised = None
        if raised is None and not asked.data["drill"]:
            told = {"device": asked.data["device"], "event": asked.data["event"], "asked_first": "not readable"}
            raised = raise_alarm(tx, self._standing, asked.home, Kind.FALL, "rule:fall_asked", told, now)
        return raised is not None


def _calls(tx: Tx, asked: RuleState, local: datetime) -> Iterable[CareCall]:
    cards: list[dict[str, Any]] = register.residents_of(tx, [asked.home])[asked.home]
    numbers = dict.fromkeys(str(p) for card in cards for p in card.get("phones") or ())
    day = local.date().isoformat()
    for n, number in enumerate(numbers):
        yield CareCall(f"{FALL}{asked.data['row']}/{n}", asked.home, day, None, "voice", number)
