"""Written down: who read or changed whose record, when and why."""

from datetime import datetime

import sqlalchemy as sa

from domain.ids import new_id
from store.ledger import Tx
from store.tables import ReadAuditRow

AUDIT = ReadAuditRow.__table__  # type: ignore[attr-defined]


def written(tx: Tx, at: datetime, operator: str, what: str, subject: str, reason: str) -> None:
    """One line of the audit, in the transaction of what it is about."""
    row = {"id": new_id(), "at": at, "operator": operator, "what": what, "subject": subject, "reason": reason}
    tx.execute(sa.insert(AUDIT), [row])
