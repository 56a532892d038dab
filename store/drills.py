"""Drill windows: a press marked as drill is believed only in a home whose window is open."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.ids import new_id
from domain.people import Scope
from store.ledger import Ledger, Tx
from store.register import HOMES
from store.tables import DrillRow

_LOG = structlog.get_logger("anling.drills")
DRILLS = DrillRow.__table__  # type: ignore[attr-defined]
_MAY = frozenset({"administrator", "supervisor", "dispatcher", "drill", "probe"})
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
            row = tx.execute(sa.select(DRILLS).where(DRILLS.c.id == drill_id)).mappings().first()
            if row is None or not _in_streets(tx, scope, row["homes"]):
                raise NotFound(f"no drill {drill_id}")
            until = min(row["closes_at"], now)
            tx.execute(sa.update(DRILLS).where(DRILLS.c.id == drill_id).values(closes_at=until))
        return _shown({**row, "closes_at": until})


def _in_streets(tx: Tx, scope: Scope, homes: Sequence[str]) -> bool:
    """Ending another street's drill early would make its next presses real."""
    if not scope.streets:
        return True
    streets = tx.execute(sa.select(HOMES.c.street).where(HOMES.c.id.in_(homes)).distinct())
    return any(scope.sees(street) for (street,) in streets)


def homes_in_drill(tx: Tx, at: Any) -> frozenset[str]:
    """Homes whose window is open at ``at``. A window that cannot be read is none: those presses are real (P6)."""
    query = sa.select(DRILLS.c.homes).where(DRILLS.c.closes_at > at)
    try:
        return frozenset(home for (homes,) in tx.execute(query) for home in homes)
    except (ValueError, TypeError) as error:
        _LOG.error("drill_windows_unusable", error=type(error).__name__)
        return frozenset()


def _shown(row: Any) -> dict[str, Any]:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
