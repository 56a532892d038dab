"""Whose log-ins and whose reads somebody may look over who supervises some streets: those of the streets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import Scope
from store.ledger import Tx
from store.reads import AUDIT
from store.register import HOMES
from store.second_factor import OPERATORS


def log_ins_seen(tx: Tx, scope: Scope) -> list[Any]:
    """Conditions on ``OPERATORS``: log-ins of one of these streets, and the own; not those of the district."""
    if not scope.streets:
        return []
    return [OPERATORS.c.name.in_([n for n, streets in _log_ins(tx) if streets & {*scope.streets}] + [scope.operator])]


def reads_seen(tx: Tx, scope: Scope) -> list[Any]:
    """Conditions on ``AUDIT``: what anybody read or changed about these streets' homes and log-ins.

    All lines of log-ins that see nothing but these streets, and the own ones, are among them.
    """
    if not scope.streets:
        return []
    known, mine = _log_ins(tx), {*scope.streets}
    inside = [name for name, streets in known if streets and streets <= mine] + [scope.operator]
    about = [name for name, streets in known if streets & mine]
    homes = sa.select(HOMES.c.id).where(HOMES.c.street.in_(scope.streets))
    c = AUDIT.c
    return [sa.or_(c.operator.in_(inside), c.subject.in_(homes), c.subject.in_(about))]


def _log_ins(tx: Tx) -> list[tuple[str, set[str]]]:
    rows = tx.execute(sa.select(OPERATORS.c.name, OPERATORS.c.streets))
    return [(name, {*(streets or ())}) for name, streets in rows]


@dataclass(frozen=True, slots=True)
class Reads:
    """Which lines of the audit: by whom, about what, from when, until when."""

    by: str = ""
    #: part of the id that was read or changed, or of the alert for whose sake
    about: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[Any]:
        """On ``AUDIT``."""
        c, where = AUDIT.c, []
        if self.by:
            where.append(c.operator == self.by)
        if self.about:
            here = c.reason.startswith("alert ") & c.reason.contains(self.about, autoescape=True)
            where.append(sa.or_(c.subject.contains(self.about, autoescape=True), here))
        if self.since:
            where.append(c.at >= self.since)
        if self.until:
            where.append(c.at < self.until)
        return where
