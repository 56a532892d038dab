"""The desk's cases: one row for an alert and a desk, moved on by what the desk says, never back."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.desk import ENDED, Case, CaseState, moves
from store.bulk import overwrite
from store.ledger import Tx
from store.tables.desk import DeskCaseRow

CASES = DeskCaseRow.__table__  # type: ignore[attr-defined]
#: a desk that has accepted and of which nobody speaks for this long is silent
SILENT_AFTER = timedelta(seconds=60)
#: states in which somebody at the desk still has to speak
_WAITS = frozenset({CaseState.ACCEPTED})


def note(tx: Tx, case: Case) -> bool:
    """Move a case on; False when it has already got there, or further."""
    known = find(tx, case.alert, case.person)
    before = known.state if known and not _anew(known, case) else None
    if not moves(before, case.state):
        return False
    row = {
        "alert_id": case.alert, "person": case.person, "key": case.key,
        "number": case.number or (known.number if known else None), "state": str(case.state), "at": case.at,
        "clerk": case.clerk or (known.clerk if known else None), "reason": case.reason,
        "silent_at": case.at + SILENT_AFTER if case.state in _WAITS else None,
        "story": [*_story(tx, case), _line(case)],
    }  # fmt: skip
    overwrite(tx, CASES, [row])
    return True


def _anew(known: Case, case: Case) -> bool:
    """The desk has ended its case and taken the same alert up under another number."""
    return known.state in ENDED and case.state is CaseState.ACCEPTED and case.number not in (None, known.number)


def overtaken(tx: Tx, case: Case) -> bool:
    """Whether the desk, by its own clock, said this before it cancelled: then it comes late and takes nothing up."""
    if case.told_at is None:
        return False
    cancelled = [line.get("told_at") for line in _story(tx, case) if line["state"] == CaseState.CANCELLED]
    return any(case.told_at < datetime.fromisoformat(at) for at in cancelled if at)


def find(tx: Tx, alert: str, person: str) -> Case | None:
    """One desk's case of one alert."""
    row = tx.execute(sa.select(CASES).where(CASES.c.alert_id == alert, CASES.c.person == person)).mappings().first()
    return None if row is None else _case(row)


def of_alert(tx: Tx, alert: str) -> list[dict[str, Any]]:
    """All desks' cases of an alert, for the screen."""
    rows = tx.execute(sa.select(CASES).where(CASES.c.alert_id == alert).order_by(CASES.c.person)).mappings()
    return [
        {"desk": r["person"], "case": r["number"], "status": r["state"], "at": r["at"].isoformat(), "clerk": r["clerk"],
         "reason": r["reason"], "story": r["story"]}
        for r in rows
    ]  # fmt: skip


def silent(tx: Tx, now: datetime, limit: int = 100) -> list[Case]:
    """Cases that were accepted and of which nobody has spoken since, locked against other processes."""
    query = sa.select(CASES).where(CASES.c.silent_at <= now).order_by(CASES.c.silent_at).limit(limit)
    return [_case(row) for row in tx.execute(query.with_for_update(skip_locked=True)).mappings()]


def any_silent(tx: Tx, now: datetime) -> bool:
    """Whether there is one."""
    return tx.execute(sa.select(CASES.c.key).where(CASES.c.silent_at <= now).limit(1)).first() is not None


def heard(tx: Tx, cases: Iterable[Case]) -> None:
    """The silence of these was dealt with; they are not looked at again until the desk accepts anew."""
    for case in cases:
        this = (CASES.c.alert_id == case.alert, CASES.c.person == case.person)
        tx.execute(sa.update(CASES).where(*this).values(silent_at=None))


def _story(tx: Tx, case: Case) -> list[Any]:
    query = sa.select(CASES.c.story).where(CASES.c.alert_id == case.alert, CASES.c.person == case.person)
    return list(tx.execute(query).scalar() or [])


def _line(case: Case) -> dict[str, Any]:
    line = {"state": case.state, "at": case.at.isoformat(), "by": case.clerk}
    return line | ({"told_at": case.told_at.isoformat()} if case.told_at else {})


def _case(row: Any) -> Case:
    return Case(
        row["alert_id"], row["person"], row["key"], row["number"], CaseState(row["state"]), row["at"], row["clerk"],
        row["reason"],
    )  # fmt: skip
