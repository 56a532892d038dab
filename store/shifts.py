"""The change of shifts: what somebody still holds, and what they tell the one who comes after."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import Forbidden, Refused
from domain.ids import new_id
from domain.people import DESK, Scope
from store.alerts import ALERTS, TRACKS
from store.ledger import Ledger, Tx
from store.notes import opened
from store.register import homes_of
from store.sight import WIDE, iso_or_none, plain, rows_of
from store.tables import ShiftNoteRow

NOTES = ShiftNoteRow.__table__  # type: ignore[attr-defined]
_SHOWN = timedelta(hours=36)


class Shifts:
    """Reads open claims and keeps the notes of a hand-over."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def claims(self, person: str) -> list[dict[str, Any]]:
        """Open alerts that ``person`` holds, the one whose claim ends first on top."""
        return self._tracks(TRACKS.c.claimant == person)

    def offers(self, person: str) -> list[dict[str, Any]]:
        """Open alerts that somebody wants to give to ``person``."""
        return self._tracks(TRACKS.c.offer_to == person)

    def write(self, scope: Scope, to: str | None, note: str) -> dict[str, Any]:
        """Tell the next shift what it must know. Raises ``Forbidden`` and ``Refused`` (nothing said)."""
        if scope.role not in DESK:
            raise Forbidden("only the desk writes notes of a shift")
        if not note.strip():
            raise Refused("the note is empty; write what the next shift must know")
        id = new_id()
        with self._ledger.transaction() as tx:
            sealed = tx.sealer.seal(note.strip().encode(), _place(id))
            row = {
                "id": id, "at": self._clock.now(), "by": scope.operator, "to": to or None,
                "streets": list(scope.streets), "note": sealed,
            }  # fmt: skip
            tx.execute(sa.insert(NOTES), [row])
        return plain({**row, "note": note})

    def notes(self, scope: Scope) -> list[dict[str, Any]]:
        """What was told in the last day and a half, the newest first; for the desk of the same streets."""
        if scope.role not in WIDE:
            return []
        since: datetime = self._clock.now() - _SHOWN
        with self._ledger.reading() as tx:
            rows = rows_of(tx, sa.select(NOTES).where(NOTES.c.at >= since).order_by(NOTES.c.at.desc()))
            return [_shown(tx, row) for row in rows if _shared(scope, row["streets"])]

    def _tracks(self, whose: Any) -> list[dict[str, Any]]:
        a, t = ALERTS.c, TRACKS.c
        told = (a.id, a.kind, a.severity, a.home_id, a.drill, t.name, t.claimant_name, t.claim_until, t.offer_to)
        query = sa.select(*told).join(TRACKS, t.alert_id == a.id).where(t.due_at.is_not(None), whose)
        with self._ledger.reading() as tx:
            rows = rows_of(tx, query.order_by(t.claim_until))
            places = homes_of(tx, {row["home_id"] for row in rows if row["home_id"]})
        return [
            {**row, "claim_until": iso_or_none(row["claim_until"]), "home": places.get(row["home_id"])} for row in rows
        ]


def _shown(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    return plain({**row, "note": opened(tx, row["note"], _place(row["id"]))})


def _shared(scope: Scope, streets: list[str]) -> bool:
    return not scope.streets or not streets or bool(set(scope.streets) & set(streets))


def _place(id: str) -> str:
    return f"shift_notes.note|{id}"
