"""Watches for homes that are too quiet: asks the device, then the resident, and in the end the plan calls.

Who is away is left alone; a sensor that is itself out of order says nothing about a person. Any sign, a
key on the care call, or a word ends it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from domain.checkins import Action, Checkin
from domain.clock import Clock
from domain.errors import LedgerCollision, LedgerUnavailable
from domain.events import Kind
from domain.tasks import Task, TaskKind
from escalation.standing import Standing
from homes.alarming import raise_alarm
from homes.asking import Asking
from homes.rules_quiet import SIGNS, Quiet, QuietRule, looked_at, too_quiet
from store import aways, faults, listening, register, rule_states, signs
from store.ledger import Ledger, Tx
from store.rule_states import RuleState
from store.tasks import reopen_tasks

_LOG = structlog.get_logger("anling.signs")
RULE = "inactivity"
#: a home without any sign for longer was not lived in when we looked last; the daily check-in asks about it
_LONGEST = timedelta(days=3)
_PIECE = 500
#: so many homes may be too quiet at one look, however small the district is
_ANYWAY = 50
_SOON = timedelta(minutes=1)
#: what tells that somebody was there
_HEARD = (*SIGNS, "vitals", "location")


class QuietWatch:
    """Looks for homes that are too quiet. One ``turn`` is one look."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, rule: QuietRule, zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._rule = rule
        self._zone = zone
        self._asking = Asking(standing)

    def turn(self) -> int:
        """End what was answered, begin what is too quiet, take the steps that are due. Returns how many began."""
        now = self._clock.now()
        self._end(now)
        begun = self._begin(now)
        self._step_all(now)
        return begun

    def _end(self, now: datetime) -> None:
        """Any sign since then ends it; so does being away."""
        with self._ledger.reading() as tx:
            known = rule_states.every(tx, RULE)
            homes = [state.home for state in known]
            newest, away = signs.newest_life(tx, homes), aways.away(tx, now, homes)
            over = [s.home for s in known if s.home in away or newest.get(s.home, s.since) > s.since
                    or rule_states.answered_well(tx, s.home, s.since)]  # fmt: skip
        if over:
            with self._ledger.transaction(patient=True) as tx:
                rule_states.forget(tx, RULE, over)

    def _begin(self, now: datetime) -> int:
        with self._ledger.reading() as tx:
            candidates = signs.quiet_homes(tx, now - self._rule.quiet, self._heard_since(tx, now))
            away = aways.away(tx, now, candidates)
            known = {state.home for state in rule_states.every(tx, RULE)}
            mine = [home for home in candidates if home not in away and home not in known]
            homes = sorted(mine, key=lambda home: (candidates[home], home))  # of one piece: quiet for as long
            found: dict[str, Quiet] = {}
            for n in range(0, len(homes), _PIECE):
                found |= self._judge(tx, homes[n : n + _PIECE], candidates, now)
            too_many = len(found) > max(_ANYWAY, self._rule.most * register.home_count(tx))
        if too_many:
            self._doubt(len(found), now)
            return 0
        if found:
            with self._ledger.transaction(patient=True) as tx:
                rule_states.begin(tx, [self._state(home, quiet, candidates[home], now)
                                       for home, quiet in found.items()])  # fmt: skip
        return len(found)

    def _heard_since(self, tx: Tx, now: datetime) -> datetime:
        """Since when we have heard without a break: who was quiet before may have moved while we were deaf."""
        _, deaf = listening.known(tx)
        return max([now - _LONGEST, *(end for _, end in deaf)])

    def _doubt(self, homes: int, now: datetime) -> None:
        """Not all of them fell at once: something of ours does not hear. The daily check-in asks on its own."""
        _LOG.critical("too_quiet_everywhere", homes=homes)
        task = Task(f"operator/{RULE}", TaskKind.OPERATOR, now, now, data={"what": "too_quiet_everywhere", "n": homes})
        with self._ledger.transaction(patient=True) as tx:
            reopen_tasks(tx, [task])

    def _judge(
        self, tx: Tx, homes: list[str], newest: Mapping[str, datetime], now: datetime
    ) -> dict[str, Quiet]:  # fmt: skip
        spans = looked_at(self._rule, min(newest[home] for home in homes), now, self._zone)
        hours = signs.hours_within(tx, homes, _HEARD, spans)
        last = signs.last_of(tx, homes)
        silent = faults.silent_behind(tx, homes)
        found = {}
        for home in homes:
            telling = {k: v["at"] for k, v in last.get(home, {}).items() if v["device"] not in silent}
            heard = {kind: counts for kind, counts in hours.get(home, {}).items() if kind in telling}
            quiet = too_quiet(self._rule, heard, telling, max([newest[home], *telling.values()]), now, self._zone)
            if quiet is not None:
                found[home] = quiet
        return found

    def _state(self, home: str, quiet: Quiet, since: datetime, now: datetime) -> RuleState:
        told = {
            "step": 0, "sign": quiet.sign, "since": quiet.since.isoformat(), "usual": quiet.usual, "days": quiet.days,
            "until": quiet.by.isoformat(), "begun": now.isoformat(),
        }  # fmt: skip
        return RuleState(home, RULE, "asking", since, now + self._rule.steps[0].after, told)

    def _step_all(self, now: datetime) -> None:
        with self._ledger.reading() as tx:
            if not rule_states.due(tx, [RULE], now, 1):
                return
        with self._ledger.transaction() as tx:
            for state in rule_states.due(tx, [RULE], now):
                self._try(tx, state, now)

    def _try(self, tx: Tx, state: RuleState, now: datetime) -> None:
        """A home that cannot be asked costs no other its question: its next step is tried in a minute (P6)."""
        try:
            with tx.savepoint():
                self._step(tx, state, now)
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:  # whatever is wrong with one home's cards
            _LOG.error("quiet_step_failed", error=type(error).__name__)
            step = min(int(state.data["step"]) + 1, len(self._rule.steps) - 1)
            data = {**state.data, "step": step}
            rule_states.keep(tx, [RuleState(state.home, RULE, state.state, state.since, now + _SOON, data)])

    def _step(self, tx: Tx, state: RuleState, now: datetime) -> None:
        """Ask, or in the end raise. A step that cannot be taken leaves the next one at its time."""
        n = int(state.data["step"])
        step = self._rule.steps[n]
        told = {name: state.data[name] for name in ("sign", "since", "usual", "until")}
        told |= {"days": state.data["days"]} if state.data.get("days") else {}
        if step.action is Action.ALERT:
            told["rule"] = RULE
            raised = raise_alarm(tx, self._standing, state.home, Kind.INACTIVITY, f"rule:{RULE}", told, now)
            _LOG.warning("rule_alarm", rule=RULE, alert=raised)
            rule_states.keep(tx, [RuleState(state.home, RULE, "alarmed", state.since, None, dict(state.data))])
            return
        self._asking.take(tx, self._question(tx, state, now), step.action, _number(state, n, self._zone), now)
        after = self._rule.steps[n + 1].after - step.after
        data: dict[str, Any] = {**state.data, "step": n + 1}
        rule_states.keep(tx, [RuleState(state.home, RULE, "asking", state.since, now + after, data)])

    def _question(self, tx: Tx, state: RuleState, now: datetime) -> Checkin:
        """The question in the shape of the daily one."""
        home = register.homes_of(tx, [state.home]).get(state.home) or {}
        day = now.astimezone(self._zone).date()
        return Checkin(state.home, day, home.get("street"), state.since, now, int(state.data["step"]), None)


def _number(state: RuleState, n: int, zone: ZoneInfo) -> int:
    """A number that no step of the daily check-in has, and no other asking of the same day."""
    begun = datetime.fromisoformat(str(state.data["begun"])).astimezone(zone)
    return 1_000_000 + (begun.hour * 60 + begun.minute) * 100 + n
