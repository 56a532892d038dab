"""Who may sign a plan, and whether two log-ins are one person."""

import sqlalchemy as sa

from domain.people import LEADS, Scope
from store.ledger import Tx
from store.proofs import PROOFS
from store.second_factor import OPERATORS


def anybody_signs(tx: Tx) -> bool:
    """Before there is the first administrator or supervisor (a new installation) a name alone is believed."""
    c = OPERATORS.c
    signers = sa.select(c.name).where(c.role.in_(LEADS), c.disabled.is_(False)).limit(1)
    return tx.execute(signers).first() is None


def signer(tx: Tx, name: str) -> Scope | None:
    """The open log-in of this name, if it may sign at all."""
    c = OPERATORS.c
    wanted = sa.select(c.name, c.role, c.streets, c.responder).where(c.name == name, c.disabled.is_(False))
    row = tx.execute(wanted.where(c.role.in_(LEADS))).first()
    return Scope(row[0], row[1], tuple(row[2] or ()), row[3]) if row else None


def same_person(tx: Tx, one: str, other: str) -> bool:
    """Two names of one log-in, two log-ins of one responder, or of two whose telephones were proved to be the same.

    Log-ins that are linked to no responder say nothing about who uses them: those count as two.
    """
    if _plain(one) == _plain(other):
        return True
    first, second = _responders(tx, one), _responders(tx, other)
    return bool(first & second) or bool(_proved(tx, first) & _proved(tx, second))


def _plain(name: str) -> str:
    return name.strip().casefold()


def _responders(tx: Tx, name: str) -> set[str]:
    """Whoever this log-in is linked to; names that differ in spelling only are looked at together."""
    rows = tx.execute(sa.select(OPERATORS.c.name, OPERATORS.c.responder).where(OPERATORS.c.responder.is_not(None)))
    return {responder for known, responder in rows if _plain(known) == _plain(name)}


def _proved(tx: Tx, responders: set[str]) -> set[tuple[str, str]]:
    """(channel, mark of the address) at which somebody has answered as one of these."""
    c = PROOFS.c
    found = sa.select(c.channel, c.mark).where(c.responder.in_(responders), c.proved_at.is_not(None))
    return {(channel, mark) for channel, mark in tx.execute(found)}
