"""Approved plans: immutable by version, and which one is in force."""

from datetime import datetime

import sqlalchemy as sa

from store.ledger import Tx
from store.register import touch
from store.tables import PlanRow

PLANS = PlanRow.__table__  # type: ignore[attr-defined]


def text_of(tx: Tx, version: str) -> str | None:
    """The text of one version."""
    return tx.execute(sa.select(PLANS.c.text).where(PLANS.c.version == version)).scalar()


def calendar(tx: Tx) -> list[tuple[datetime, str]]:
    """When each approved version came, or comes, into effect; oldest first."""
    query = sa.select(PLANS.c.effective_from, PLANS.c.version).order_by(PLANS.c.effective_from, PLANS.c.version)
    return [(at, version) for at, version in tx.execute(query)]


def in_force(tx: Tx, at: datetime) -> str | None:
    """The version in force at ``at``: the one that came into effect last."""
    begun = [version for start, version in calendar(tx) if start <= at]
    return begun[-1] if begun else None


def approve(tx: Tx, version: str, text: str, by: str, at: datetime) -> None:
    """Put a plan in force from ``at`` on; the text of a known version never changes."""
    known = text_of(tx, version)
    if known is None:
        row = {"version": version, "text": text, "approved_by": by, "effective_from": at}
        tx.execute(sa.insert(PLANS), [row])
    elif known == text:
        tx.execute(sa.update(PLANS).where(PLANS.c.version == version).values(effective_from=at, approved_by=by))
    else:
        raise ValueError(f"plan version {version} is in the ledger with another text; give the new text a new version")
    touch(tx)
