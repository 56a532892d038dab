"""Drill windows: a press marked as drill is believed only in a home whose window is open."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.ids import new_id
from domain.people import DESK, LEADS, Scope
from store.bulk import fetch, instant, read_json
from store.ledger import Ledger, Tx
from store.register import HOMES
from store.sight import WIDE, only
from store.tables import DrillRow, DrillVerdictRow

_LOG = structlog.get_logger("anling.drills")
DRILLS = DrillRow.__table__  # type: ignore[attr-defined]
VERDICTS = DrillVerdictRow.__table__  # type: ignore[attr-defined]
_MAY = DESK | {"drill", "probe"}
_LONGEST = 8 * 60


class Drills:
    """Opens and closes drill windows."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def open(self, scope: Scope, name: str, homes: Sequence[str], minutes: float) -> dict[str, Any]:
        """Open a window for ``homes``. Raises ``Forbidden``, ``NotFound`` (unknown homes) or ``Refused``."""
        if scope.role not in _MAY:
            raise Forbidden("only a dispatcher, supervisor, administrator or drill account may open a drill")
        if not homes or not 0 < minutes <= _LONGEST:
            raise Refused(f"name at least one home, and a length of up to {_LONGEST} minutes")
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            found = {r[0]: r[1] for r in tx.execute(sa.select(HOMES.c.id, HOMES.c.street).where(HOMES.c.id.in_(homes)))}
            missing = [h for h in homes if h not in found or not scope.sees(found[h])]
            if missing:
                raise NotFound(f"no such homes: {', '.join(missing)}")
            row = {
                "id": new_id(), "name": name, "homes": list(homes), "opened_at": now, "opened_by": scope.operator,
                "closes_at": now + timedelta(minutes=minutes),
            }  # fmt: skip
            tx.execute(sa.insert(DRILLS), [row])
        return _shown(row)

    def close(self, scope: Scope, drill_id: str) -> dict[str, Any]:
        """Close a window now; later drill presses are real."""
        if scope.role not in _MAY:
            raise Forbidden("only a dispatcher, supervisor, administrator or drill account may close a drill")
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            row = _window(tx, scope, drill_id)
            until = min(row["closes_at"], now)
            tx.execute(sa.update(DRILLS).where(DRILLS.c.id == drill_id).values(closes_at=until))
        return _shown({**row, "closes_at": until})

    def judge(self, scope: Scope, drill_id: str, passed: bool, report: Mapping[str, Any]) -> dict[str, Any]:
        """Lay down what the judge of a drill found. The same one again is harmless, another one is ``Refused``.

        Only the log-in that opened the window, a supervisor or an administrator may.
        """
        with self._ledger.transaction() as tx:
            row = _window(tx, scope, drill_id)
            if scope.operator != row["opened_by"] and scope.role not in LEADS:
                raise Forbidden("only who opened the drill, a supervisor or an administrator lays down its verdict")
            known = _verdict(tx, drill_id)
            if known is not None and (known["passed"], known["report"]) != (passed, dict(report)):
                raise Refused("this drill has its verdict already; run it again to have another")
            if known is None:
                found = {"drill_id": drill_id, "at": self._clock.now(), "by": scope.operator, "passed": passed}
                tx.execute(sa.insert(VERDICTS), [found | {"report": dict(report)}])
        return {"id": drill_id, "passed": passed}

    def drill(self, scope: Scope, drill_id: str) -> dict[str, Any]:
        """One drill with its whole verdict, None while it has none."""
        only(scope, WIDE)
        with self._ledger.reading() as tx:
            row = _window(tx, scope, drill_id)
            found = _verdict(tx, drill_id)
        return _shown(row) | {"verdict": _shown(found) if found else None}


def verdicts_of(tx: Tx, drills: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Drill -> whether it passed, who said so and when; absent: nobody judged it."""
    c = VERDICTS.c
    rows = tx.execute(sa.select(c.drill_id, c.passed, c.at, c.by).where(c.drill_id.in_(drills)))
    return {row[0]: {"passed": row[1], "at": row[2].isoformat(), "by": row[3]} for row in rows}


def _window(tx: Tx, scope: Scope, drill_id: str) -> Mapping[str, Any]:
    """One drill of the caller's streets. Raises ``NotFound``."""
    row = tx.execute(sa.select(DRILLS).where(DRILLS.c.id == drill_id)).mappings().first()
    if row is None or not _in_streets(tx, scope, row["homes"]):
        raise NotFound(f"no drill {drill_id}, or not in your streets")
    return dict(row)


def _verdict(tx: Tx, drill_id: str) -> Mapping[str, Any] | None:
    row = tx.execute(sa.select(VERDICTS).where(VERDICTS.c.drill_id == drill_id)).mappings().first()
    return dict(row) if row else None


def _in_streets(tx: Tx, scope: Scope, homes: Sequence[str]) -> bool:
    """Ending another street's drill early would make its next presses real."""
    if not scope.streets:
        return True
    streets = tx.execute(sa.select(HOMES.c.street).where(HOMES.c.id.in_(homes)).distinct())
    return any(scope.sees(street) for (street,) in streets)


def homes_in_drill(tx: Tx, at: datetime) -> frozenset[str]:
    """Homes whose window is open at ``at``. A window that cannot be read is none: its presses are real (P6)."""
    return frozenset(home for _, homes in _windows(tx, at) for home in homes or ())


def unreadable_windows(tx: Tx, at: datetime) -> frozenset[str]:
    """Places of the windows that are open at ``at`` and that nobody can read; the operator must know of each."""
    return frozenset(f"drills|{id}" for id, homes in _windows(tx, at) if homes is None)


def _windows(tx: Tx, at: datetime) -> Iterator[tuple[str, list[str] | None]]:
    """Each open window with its homes, None where they cannot be read; one bad row costs no other window."""
    for id, kept in fetch(tx, "SELECT id, homes FROM drills WHERE closes_at > ?", instant(tx, at)):
        try:
            homes = read_json(kept)
            if not (isinstance(homes, list) and all(isinstance(home, str) for home in homes)):
                raise ValueError("no list of homes")
        except ValueError as error:
            _LOG.error("drill_window_unusable", drill=id, error=type(error).__name__)
            homes = None
        yield id, homes


def _shown(row: Any) -> dict[str, Any]:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
