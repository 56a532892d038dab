"""Unread: plans, duty, register or drills that nobody could read are passed over, a task until they can be read."""

from collections.abc import Collection
from datetime import datetime

from domain.tasks import Task, TaskKind
from store.ledger import Tx
from store.tasks import open_tasks, reopen_tasks, settle_tasks, waiting

_MARK = "unread:"


def tell_operator(tx: Tx, plans: Collection[str], places: Collection[str], now: datetime) -> None:
    """One task for each plan that cannot be used, and for each place; those of places that can be read are settled."""
    unread = {_MARK + place.replace("|", ":"): place for place in places}
    open_tasks(tx, [
        Task(f"plan:{version}", TaskKind.OPERATOR, now, data={"why": "plan_unusable", "version": version})
        for version in plans
    ])  # fmt: skip
    reopen_tasks(tx, [
        Task(key, TaskKind.OPERATOR, now, data={"why": _why(place), "place": place})
        for key, place in unread.items()
    ])  # fmt: skip
    known = [key for key in waiting(tx, [TaskKind.OPERATOR]) if key.startswith(_MARK)]
    settle_tasks(tx, [key for key in known if key not in unread], now, "it can be read again")


def _why(place: str) -> str:
    """A drill that nobody can read is no drill: whoever practises there calls real people."""
    return "drill_window_unreadable" if place.startswith("drills|") else "row_unreadable"
