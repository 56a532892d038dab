"""Plans: proposed by one person, approved by another, immutable by version, and which one is in force where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from domain.errors import Refused
from store.ledger import Tx
from store.register import touch
from store.signers import same_person
from store.tables import PlanRow, ProposalRow

PLANS = PlanRow.__table__  # type: ignore[attr-defined]
PROPOSALS = ProposalRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan's text with what it is about."""

    version: str
    text: str
    street: str | None = None
    base: str | None = None


def text_of(tx: Tx, version: str) -> str | None:
    """The text of one approved version."""
    return tx.execute(sa.select(PLANS.c.text).where(PLANS.c.version == version)).scalar()


def calendar(tx: Tx, street: str | None = None) -> list[tuple[datetime, str]]:
    """When each approved version of the district (or of ``street``) came, or comes, into effect; oldest first."""
    return [(at, version) for at, version, of in whole_calendar(tx) if of == street]


def whole_calendar(tx: Tx) -> list[tuple[datetime, str, str | None]]:
    """(from, version, street or None for the district), oldest first."""
    c = PLANS.c
    # Of two that take effect at the same instant the one approved later counts.
    order = (c.effective_from, sa.func.coalesce(c.approved_at, c.effective_from), c.version)
    rows = tx.execute(sa.select(c.effective_from, c.version, c.street).order_by(*order))
    return [(at, version, street) for at, version, street in rows]


def undated(tx: Tx) -> list[tuple[datetime, str, str | None]]:
    """As ``whole_calendar`` where a date cannot be read: every version, as if it had always been in force."""
    c = PLANS.c
    rows = tx.execute(sa.select(c.version, c.street).order_by(c.version))
    return [(datetime.min.replace(tzinfo=UTC), version, street) for version, street in rows]


def in_force(tx: Tx, at: datetime, street: str | None = None) -> str | None:
    """The district's (or the street's own) version in force at ``at``: the one that came into effect last."""
    begun = [version for start, version in calendar(tx, street) if start <= at]
    return begun[-1] if begun else None


def put_in_force(
    tx: Tx, draft: Draft, by: str, effective_from: datetime, now: datetime, proposed_by: str | None = None
) -> None:  # fmt: skip
    """From then on it counts. The text of a known version never changes (``Refused``); when it takes effect may."""
    known = text_of(tx, draft.version)
    signed = {"approved_by": by, "effective_from": effective_from, "approved_at": now, "proposed_by": proposed_by}
    if known is None:
        row = {"version": draft.version, "text": draft.text, "street": draft.street, "base": draft.base}
        tx.execute(sa.insert(PLANS), [row | signed])
    elif known == draft.text:
        tx.execute(sa.update(PLANS).where(PLANS.c.version == draft.version).values(**signed))
    else:
        raise Refused(f"plan {draft.version} is in the ledger with another text; give the new text a new version")
    tx.execute(sa.delete(PROPOSALS).where(PROPOSALS.c.version == draft.version))
    touch(tx)


def propose(tx: Tx, draft: Draft, by: str, now: datetime) -> None:
    """Lay a plan before a second person. Raises ``Refused`` where its version stands for another text already."""
    known = text_of(tx, draft.version)
    if known is not None and known != draft.text:
        raise Refused(f"{draft.version} is approved with another text; give the new text a version of its own")
    tx.execute(sa.delete(PROPOSALS).where(PROPOSALS.c.version == draft.version))
    row = {
        "version": draft.version, "text": draft.text, "street": draft.street, "base": draft.base,
        "proposed_by": by, "proposed_at": now,
    }  # fmt: skip
    tx.execute(sa.insert(PROPOSALS), [row])


def proposal(tx: Tx, version: str) -> tuple[Draft, str] | None:
    """A plan that waits, and who proposed it."""
    row = tx.execute(sa.select(PROPOSALS).where(PROPOSALS.c.version == version)).mappings().first()
    if row is None:
        return None
    return Draft(row["version"], row["text"], row["street"], row["base"]), row["proposed_by"]


def second_person(tx: Tx, version: str, by: str, effective_from: datetime, now: datetime) -> Draft:
    """Approve what another proposed. Raises ``Refused`` for the proposer, and where nothing waits."""
    waiting = proposal(tx, version)
    if waiting is None:
        raise Refused(f"nobody has proposed {version}; run `anling plan propose FILE --by NAME` first")
    draft, proposer = waiting
    if effective_from > now and version in {in_force(tx, now), in_force(tx, now, draft.street)}:
        raise Refused(f"{version} is in force; moved to a later date it would leave everybody without a plan till then")
    if same_person(tx, proposer, by):
        raise Refused(f"{proposer} proposed {version} and may not approve it, by no log-in; a second person must")
    put_in_force(tx, draft, by, effective_from, now, proposer)
    return draft


def listed(tx: Tx) -> list[Mapping[str, Any]]:
    """Every approved plan, the newest first, then what waits for a second person."""
    approved = tx.execute(sa.select(PLANS).order_by(PLANS.c.effective_from.desc(), PLANS.c.version)).mappings()
    waiting = tx.execute(sa.select(PROPOSALS).order_by(PROPOSALS.c.proposed_at.desc())).mappings()
    return [
        *({**row, "state": "approved"} for row in approved),
        *({**row, "state": "proposed"} for row in waiting),
    ]  # fmt: skip
