"""The dispatcher's seat: the work beside the alerts, a door code that is asked for, the sound that was tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import Forbidden, NotFound
from domain.people import Scope
from domain.tasks import Task, TaskKind
from store import register
from store.alerts import ALERTS
from store.home_sight import may_see
from store.ledger import Ledger, Tx
from store.reads import AUDIT, write_down
from store.sight import PERSONAL, WIDE, mine, plain, rows_of
from store.tasks import TASKS, reopen_tasks, settle_tasks

#: the order in which tasks are shown; what is not named comes last
_RANK = (
    TaskKind.DIAL_120, TaskKind.OPERATOR, TaskKind.UNREADABLE, TaskKind.NETWORK_INCIDENT, TaskKind.COVERAGE,
    TaskKind.DEVICE_FAULT, TaskKind.VISIT, TaskKind.SERVICE, TaskKind.REVIEW, TaskKind.FOLLOW_UP, TaskKind.UNPROTECTED,
)  # fmt: skip
_SOUND = "sound test"
_SHIFT = timedelta(hours=8)
_WORKERS = WIDE | {"street_office", "family_doctor", "dispatch_120"}


@dataclass(frozen=True, slots=True)
class Aside:
    """What stands beside the alerts on the board."""

    #: open tasks by kind
    counts: Mapping[str, int]
    #: the most urgent ones, with ``home`` {id, address, street} where they have one
    tasks: list[dict[str, Any]]


class Seat:
    """Read and written by the console only."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def aside(self, scope: Scope, limit: int = 30) -> Aside:
        """Open tasks in scope, the most urgent first; those without a street are everybody's."""
        if scope.role not in _WORKERS:
            return Aside({}, [])
        c = TASKS.c
        where = [c.done_at.is_(None)]
        if scope.streets:
            where.append(sa.or_(c.street.in_(scope.streets), c.street.is_(None)))
        rank = sa.case({kind.value: n for n, kind in enumerate(_RANK)}, value=c.kind, else_=len(_RANK))
        with self._ledger.reading() as tx:
            counted = tx.execute(sa.select(c.kind, sa.func.count()).where(*where).group_by(c.kind))
            counts = {row[0]: row[1] for row in counted}
            rows = rows_of(tx, sa.select(TASKS).where(*where).order_by(rank, c.opened_at, c.key).limit(limit))
            homes = _homes_of(tx, rows)
            places = register.homes_of(tx, set(homes.values()))
        return Aside(counts, [_task(row, places.get(homes.get(row["key"], ""))) for row in rows])

    def reveal(self, scope: Scope, alert_id: str) -> str | None:
        """The door's code; written down before it is shown. None: the card has none."""
        if scope.role not in PERSONAL:
            raise Forbidden("your log-in may not see door codes")
        with self._ledger.transaction() as tx:
            query = sa.select(ALERTS.c.home_id).where(ALERTS.c.id == alert_id, *mine(scope))
            home = tx.execute(query).scalar()
            if home is None:
                raise NotFound(f"no alert {alert_id} of a home, or not in your streets")
            write_down(tx, self._clock.now(), scope.operator, "door code", home, f"alert {alert_id}")
        return self._code(home)

    def reveal_home(self, scope: Scope, home: str) -> str | None:
        """The door's code outside of an alert; written down before it is shown. None: the card has none."""
        if scope.role not in PERSONAL:
            raise Forbidden("your log-in may not see door codes")
        with self._ledger.transaction() as tx:
            if not may_see(tx, scope, home):
                raise NotFound(f"no home {home}, or not in your streets")
            write_down(tx, self._clock.now(), scope.operator, "door code", home, "home page")
        return self._code(home)

    def _code(self, home: str) -> str | None:
        with self._ledger.reading() as tx:
            card = register.home_of(tx, home) or {}
        return str(card.get("access", {}).get("door_code") or "") or None

    def sound_tested(self, scope: Scope, heard: bool) -> None:
        """The shift's sound test; not heard is work for the operator until it is heard (P37)."""
        now, key = self._clock.now(), f"sound:{scope.operator}"
        with self._ledger.transaction() as tx:
            write_down(tx, now, scope.operator, _SOUND, scope.operator, "heard" if heard else "not heard")
            if heard:
                settle_tasks(tx, [key], now, "heard", scope.operator)
            else:
                reopen_tasks(tx, [Task(key, TaskKind.OPERATOR, now, now, data={"cause": "sound_not_heard"})])

    def wants_sound_test(self, scope: Scope) -> bool:
        """Whether this log-in has not said in this shift that it hears the alarm."""
        c, since = AUDIT.c, self._clock.now() - _SHIFT
        query = sa.select(c.id).where(c.at > since, c.operator == scope.operator, c.what == _SOUND).limit(1)
        with self._ledger.reading() as tx:
            return tx.execute(query).first() is None


def _homes_of(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Task key -> home: its own, else its alert's."""
    alerts = {r["alert_id"] for r in rows if r["alert_id"] and not r["home_id"]}
    query = sa.select(ALERTS.c.id, ALERTS.c.home_id).where(ALERTS.c.id.in_(alerts), ALERTS.c.home_id.is_not(None))
    of_alert = {row[0]: row[1] for row in tx.execute(query)} if alerts else {}
    found = {r["key"]: r["home_id"] or of_alert.get(r["alert_id"]) for r in rows}
    return {key: home for key, home in found.items() if home}


def _task(row: Mapping[str, Any], home: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = {"id": home["id"], "address": home["address"], "street": home["street"]} if home else None
    hidden = ("note", "done_at", "done_by", "result")
    return {k: v for k, v in plain(row).items() if k not in hidden} | {"home": shown}
