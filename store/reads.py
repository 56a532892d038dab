"""The book of reads: who saw whose card, when and why; also what else a shift must be able to show later."""

from datetime import datetime

import sqlalchemy as sa

from domain.ids import new_id
from store.ledger import Tx
from store.tables import ReadAuditRow

AUDIT = ReadAuditRow.__table__  # type: ignore[attr-defined]


def write_down(tx: Tx, at: datetime, operator: str, what: str, subject: str, reason: str) -> None:
    """One line. ``subject`` and ``reason`` are ids and codes; no names, no addresses."""
    row = {"id": new_id(), "at": at, "operator": operator, "what": what, "subject": subject, "reason": reason}
    tx.execute(sa.insert(AUDIT), [row])


def written_since(tx: Tx, since: datetime, operator: str, what: str, subject: str) -> bool:
    """Whether the book has such a line from ``since`` on."""
    c = AUDIT.c
    query = sa.select(c.id).where(c.at >= since, c.operator == operator, c.what == what, c.subject == subject)
    return tx.execute(query.limit(1)).first() is not None
