"""What the rules remember of homes: a suspicion, an alarm that still holds, whom they have asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.bulk import among, fetch, listed, overwrite, read_instant, read_json, upsert
from store.ledger import Tx
from store.tables import CareCallRow, RuleStateRow

RULES = RuleStateRow.__table__  # type: ignore[attr-defined]
CARE = CareCallRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule at one home."""

    home: str
    rule: str
    state: str
    since: datetime
    next_at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def of(tx: Tx, rule: str, homes: Iterable[str]) -> dict[str, RuleState]:
    """Home -> what ``rule`` remembers of it."""
    sql = f"SELECT home_id, state, since, next_at, data FROM rule_states WHERE rule = ? AND {among(tx, 'home_id')}"
    return {
        home: RuleState(home, rule, state, read_instant(tx, since), read_instant(tx, next_at), read_json(data))
        for home, state, since, next_at, data in fetch(tx, sql, rule, listed(tx, homes))
    }


def every(tx: Tx, rule: str) -> list[RuleState]:
    """All that ``rule`` remembers."""
    c = RULES.c
    return _states(tx, sa.select(RULES).where(c.rule == rule).order_by(c.home_id))


def due(tx: Tx, rules: Iterable[str], now: datetime, limit: int = 100) -> list[RuleState]:
    """What is due, locked against other processes."""
    c = RULES.c
    query = sa.select(RULES).where(c.next_at <= now, c.rule.in_(list(rules))).order_by(c.next_at).limit(limit)
    return _states(tx, query.with_for_update(skip_locked=True))


def keep(tx: Tx, states: Iterable[RuleState]) -> None:
    """Remember these."""
    overwrite(tx, RULES, [_row(state) for state in states])


def begin(tx: Tx, states: Iterable[RuleState]) -> None:
    """Remember these where nothing is remembered yet: two processes begin one thing once."""
    rows = [_row(state) for state in states]
    if rows:
        tx.execute(upsert(tx, RULES).on_conflict_do_nothing(), rows)


def begin_one(tx: Tx, state: RuleState) -> bool:
    """Remember it; False where something is remembered there already."""
    insert = upsert(tx, RULES).values([_row(state)]).on_conflict_do_nothing()
    return bool(tx.execute(insert.execution_options(preserve_rowcount=True)).rowcount)


def locked(tx: Tx, rule: str) -> list[RuleState]:
    """All that ``rule`` remembers and no other process is at, locked against them."""
    c = RULES.c
    query = sa.select(RULES).where(c.rule == rule).order_by(c.home_id)
    return _states(tx, query.with_for_update(skip_locked=True))


def end(tx: Tx, state: RuleState) -> bool:
    """It is over; True for the one who ends it."""
    c = RULES.c
    here = (c.rule == state.rule, c.home_id == state.home, c.since == state.since)
    return bool(tx.execute(sa.delete(RULES).where(*here)).rowcount)


def forget(tx: Tx, rule: str, homes: Iterable[str]) -> None:
    """It is over at these homes."""
    tx.execute(sa.delete(RULES).where(RULES.c.rule == rule, RULES.c.home_id.in_(list(homes))))


def answered_well(tx: Tx, home: str, since: datetime) -> bool:
    """Whether somebody at home said by a key that all is well."""
    c = CARE.c
    query = sa.select(c.key).where(c.home_id == home, c.answer == "well", c.settled_at >= since).limit(1)
    return tx.execute(query).first() is not None


def _states(tx: Tx, query: Any) -> list[RuleState]:
    rows = tx.execute(query).mappings()
    return [RuleState(r["home_id"], r["rule"], r["state"], r["since"], r["next_at"], r["data"]) for r in rows]


def _row(state: RuleState) -> dict[str, Any]:
    return {
        "home_id": state.home, "rule": state.rule, "state": state.state, "since": state.since,
        "next_at": state.next_at, "data": dict(state.data),
    }  # fmt: skip
