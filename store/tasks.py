"""The tasks: opened by a natural key, done by somebody, kept for ever."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import NotFound, Refused
from domain.people import DESK, Scope
from domain.tasks import Task, TaskKind, own_review
from store.alerts import ALERTS
from store.bulk import among, fetch, listed, upsert
from store.home_sight import NARROW, theirs
from store.ledger import Ledger, Tx
from store.notes import opened
from store.register import HOMES
from store.sight import bound, mine, only, plain, rows_of
from store.tables.tasks import TaskRow

TASKS = TaskRow.__table__  # type: ignore[attr-defined]
#: who works through the list. A drill account has no part in it: "dial 120" is about somebody real
_DOES = DESK | {"street_office", "family_doctor", "dispatch_120"}
_SEES = _DOES | {"auditor"}


def open_tasks(tx: Tx, tasks: Iterable[Task]) -> None:
    """Open what is not there yet. A task that was done under the same key stays done."""
    rows = [_row(task) for task in tasks]
    if rows:
        tx.execute(upsert(tx, TASKS).on_conflict_do_nothing(), rows)


def reopen_tasks(tx: Tx, tasks: Iterable[Task]) -> None:
    """Open them, also those that were done under the same key: what is wrong again is to do again."""
    for row in map(_row, tasks):
        again = row | {"done_at": None, "done_by": None, "result": None, "note": None}
        changed = {name: value for name, value in again.items() if name != "key"}
        statement = upsert(tx, TASKS).values([again])
        tx.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_=changed, where=TASKS.c.done_at.is_not(None))
        )


def refresh_tasks(tx: Tx, tasks: Iterable[Task]) -> None:
    """Open them, also those that were done; what is open already is told as it is now."""
    for row in map(_row, tasks):
        statement = upsert(tx, TASKS).values([row])
        anew = statement.excluded
        changed = {
            "opened_at": sa.case((TASKS.c.done_at.is_(None), TASKS.c.opened_at), else_=anew.opened_at),
            "due_at": anew.due_at, "data": anew.data, "done_at": None, "done_by": None, "result": None, "note": None,
        }  # fmt: skip
        tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))


def settle_tasks(tx: Tx, keys: Iterable[str], at: datetime, result: str, by: str = "system") -> None:
    """Done without a person's word: the cause has gone (a silent device spoke). Never for an alert."""
    changes = {"done_at": at, "done_by": by, "result": result}
    tx.execute(sa.update(TASKS).where(TASKS.c.key.in_(list(keys)), TASKS.c.done_at.is_(None)).values(**changes))


def open_of(tx: Tx, keys: Iterable[str]) -> set[str]:
    """Those of ``keys`` that are still to do."""
    sql = f"SELECT key FROM tasks WHERE done_at IS NULL AND {among(tx, 'key')}"
    return {key for (key,) in fetch(tx, sql, listed(tx, keys))}


def waiting(tx: Tx, kinds: Iterable[TaskKind]) -> list[str]:
    """Keys of what is still to do, oldest first."""
    query = sa.select(TASKS.c.key).where(TASKS.c.kind.in_(list(kinds)), TASKS.c.done_at.is_(None))
    return [key for (key,) in tx.execute(query.order_by(TASKS.c.opened_at, TASKS.c.key))]


class Tasks:
    """The list that people work through."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def page(
        self, scope: Scope, state: str = "open", kind: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> dict[str, Any]:
        """Tasks in scope by key, ``open`` or ``done``; what has no street everybody on the list may see."""
        only(scope, _SEES)
        c = TASKS.c
        query = sa.select(TASKS).where(c.done_at.is_(None) if state == "open" else c.done_at.is_not(None))
        if kind:
            query = query.where(c.kind == kind)
        if cursor:
            query = query.where(c.key > cursor)
        with self._ledger.reading() as tx:
            rows = rows_of(tx, query.where(*_in_sight(tx, scope)).order_by(c.key).limit(bound(limit) + 1))
            items = [_shown(tx, row) for row in rows[: bound(limit)]]
        return {"items": items, "next_cursor": items[-1]["key"] if len(rows) > bound(limit) else None}

    def of_alert(self, scope: Scope, alert_id: str) -> list[dict[str, Any]]:
        """What waits for a person about one alert, found by its keys (``review:ALERT``); none for who sees no tasks."""
        if scope.role not in _SEES:
            return []
        c = TASKS.c
        keys = [f"{kind}:{alert_id}" for kind in TaskKind]
        with self._ledger.reading() as tx:
            query = sa.select(TASKS).where(c.key.in_(keys), c.done_at.is_(None), *_in_sight(tx, scope))
            return [_shown(tx, row) for row in rows_of(tx, query.order_by(c.key))]

    def finish(self, scope: Scope, key: str, result: str, note: str | None = None) -> dict[str, Any]:
        """Done, with what came of it. ``Refused``: done already, or the review of one's own close; ``NotFound``."""
        only(scope, _DOES)
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            rows = rows_of(tx, sa.select(TASKS).where(TASKS.c.key == key, *_in_sight(tx, scope)))
            if not rows:
                raise NotFound(f"no task {key}")
            if rows[0]["done_at"] is not None:
                raise Refused(f"done already, by {rows[0]['done_by']}")
            if own_review(rows[0], scope.persons):
                raise Refused("you closed this alert yourself; another log-in must look at it")
            sealed = tx.sealer.seal(note.encode(), _place(key)) if note else None
            changes = {"done_at": now, "done_by": scope.operator, "result": result, "note": sealed}
            tx.execute(sa.update(TASKS).where(TASKS.c.key == key).values(**changes))
            return _shown(tx, {**rows[0], **changes})


def _in_sight(tx: Tx, scope: Scope) -> list[Any]:
    """Conditions on ``TASKS``: one's streets; doctors and the 120 desk only what is about their homes and alerts."""
    c = TASKS.c
    where: list[Any] = [sa.or_(c.street.in_(scope.streets), c.street.is_(None))] if scope.streets else []
    if scope.role in NARROW:
        homes, asked = sa.select(HOMES.c.id).where(*theirs(tx, scope)), sa.select(ALERTS.c.id).where(*mine(scope))
        where.append(sa.or_(c.home_id.in_(homes), c.alert_id.in_(asked)))
    return where


def _row(task: Task) -> dict[str, Any]:
    return {
        "key": task.key, "kind": task.kind.value, "street": task.street, "home_id": task.home,
        "device_id": task.device, "alert_id": task.alert, "opened_at": task.opened_at, "due_at": task.due_at,
        "data": dict(task.data),
    }  # fmt: skip


def _shown(tx: Tx, row: Any) -> dict[str, Any]:
    return plain({**row, "note": opened(tx, row["note"], _place(row["key"]))})


def _place(key: str) -> str:
    return f"tasks.note|{key}"
