"""Ends: somebody moved away, died, or comes no more. The row stays for what happened before, and may resume."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.errors import NotFound
from store import card_lacks
from store.accounts import change_log_in
from store.ledger import Tx
from store.reads import write_down
from store.register import HOMES, RESIDENTS, RESPONDERS, TEAMS, edited, resident_name, touch
from store.second_factor import OPERATORS

#: what may end, and the word for it in the audit
_WORDS = {"residents": "resident", "responders": "responder"}
_TABLES = {"residents": RESIDENTS, "responders": RESPONDERS}


def end(tx: Tx, noun: str, id: str, at: datetime, by: str) -> None:
    """From now on nobody is asked for them, calls them, or finds a home by their number; written down.

    A responder leaves all shifts, and the log-ins that belong to them are shut.
    """
    _mark(tx, noun, id, {"ended_at": at, "ended_by": by})
    _looked_over_anew(tx, noun, id)
    if noun == "responders":
        _out_of_shifts(tx, id)
        _shut_out(tx, id, at, by)
        edited(tx, at, by)
    touch(tx)
    write_down(tx, at, by, f"{_WORDS[noun]} ended", id, noun)


def resume(tx: Tx, noun: str, id: str, at: datetime, by: str) -> None:
    """As before, but for a responder's shifts and log-in: those are given anew."""
    _mark(tx, noun, id, {"ended_at": None, "ended_by": None})
    _looked_over_anew(tx, noun, id)
    if noun == "responders":
        edited(tx, at, by)
    touch(tx)
    write_down(tx, at, by, f"{_WORDS[noun]} resumed", id, noun)


def ended_at(tx: Tx, noun: str, id: str) -> datetime | None:
    """Since when; None for who is still there, and for what never ends so."""
    if noun not in _TABLES:
        return None
    c = _TABLES[noun].c
    found: datetime | None = tx.execute(sa.select(c.ended_at).where(c.id == id)).scalar()
    return found


def gone_from(tx: Tx, home: str) -> list[dict[str, Any]]:
    """Who lived there, with names: the cards are opened."""
    c = RESIDENTS.c
    query = sa.select(c.id, c.card, c.ended_at).where(c.home_id == home, c.ended_at.is_not(None)).order_by(c.ended_at)
    return [{"id": id, "name": resident_name(tx, id, card) or id, "ended_at": at.isoformat()}
            for id, card, at in tx.execute(query)]  # fmt: skip


def gone_people(tx: Tx) -> list[dict[str, Any]]:
    """Responders who come no more, the last ones first."""
    c = RESPONDERS.c
    query = sa.select(c.id, c.name, c.role, c.street, c.ended_at).where(c.ended_at.is_not(None))
    return [{**row, "ended_at": row["ended_at"].isoformat()}
            for row in tx.execute(query.order_by(c.ended_at.desc())).mappings()]  # fmt: skip


def _mark(tx: Tx, noun: str, id: str, values: Mapping[str, Any]) -> None:
    """Ending twice keeps the first end."""
    c = _TABLES[noun].c
    known = tx.execute(sa.select(c.ended_at).where(c.id == id)).first()
    if known is None:
        raise NotFound(f"no {id} in {noun}")
    if (known[0] is None) != (values["ended_at"] is None):
        tx.execute(sa.update(_TABLES[noun]).where(c.id == id).values(**values))


def _looked_over_anew(tx: Tx, noun: str, id: str) -> None:
    """A home that somebody left or came back to lacks other things."""
    if noun == "residents":
        homes = card_lacks.homes_of(tx, [id])
        tx.execute(sa.select(HOMES.c.id).where(HOMES.c.id.in_(homes)).with_for_update())
        card_lacks.forget(tx, homes)


def _out_of_shifts(tx: Tx, person: str) -> None:
    """Their shifts go, and where they only stood in for somebody nobody does."""
    for id, shifts in tx.execute(sa.select(TEAMS.c.id, TEAMS.c.shifts)).all():
        left = [_without(shift, person) for shift in shifts or () if shift.get("responder") != person]
        if left != list(shifts or ()):
            tx.execute(sa.update(TEAMS).where(TEAMS.c.id == id).values(shifts=left))


def _without(shift: Mapping[str, Any], person: str) -> dict[str, Any]:
    return {**shift, "deputy": None} if shift.get("deputy") == person else dict(shift)


def _shut_out(tx: Tx, person: str, at: datetime, by: str) -> None:
    c = OPERATORS.c
    mine = [name for (name,) in tx.execute(sa.select(c.name).where(c.responder == person, c.disabled.is_(False)))]
    for name in mine:
        change_log_in(tx, name, at, by, "log-in shut", "responders", disabled=True)


Change = Callable[[Tx, str, str, datetime, str], None]
CHANGES: Mapping[str, Change] = {"end": end, "resume": resume}
