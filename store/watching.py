"""What a watch writes down and reads of its own: its findings, who its operators are, the plans' texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import ContactPoint, is_probe
from store.bulk import fetch, upsert
from store.ledger import Tx
from store.tables import PulseRow, ResponderRow, TeamRow, WatchRow

_WATCHES = WatchRow.__table__  # type: ignore[attr-defined]
_PULSES = PulseRow.__table__  # type: ignore[attr-defined]
_RESPONDERS = ResponderRow.__table__  # type: ignore[attr-defined]
_TEAMS = TeamRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Report:
    """What one watch last found."""

    instance: str
    at: datetime
    ok_at: datetime | None
    #: ``{"code", "count", "about", "detail"}`` each
    findings: tuple[Mapping[str, Any], ...] = ()
    probe_at: datetime | None = None
    probe_ms: float | None = None


def report(tx: Tx, told: Report) -> None:
    """Write it over the last one; what is not known now stays as it was."""
    row = {
        "instance": told.instance, "at": told.at, "ok_at": told.ok_at, "findings": list(told.findings),
        "probe_at": told.probe_at, "probe_ms": told.probe_ms,
    }  # fmt: skip
    insert = upsert(tx, _WATCHES)
    kept = {name: sa.func.coalesce(insert.excluded[name], _WATCHES.c[name]) for name in row if name != "instance"}
    tx.execute(insert.on_conflict_do_update(index_elements=["instance"], set_=kept), [row])


def reports(tx: Tx) -> list[Report]:
    """Every watch that has ever run here and was not retired."""
    rows = tx.execute(sa.select(_WATCHES).order_by(_WATCHES.c.instance)).mappings()
    return [Report(**{**row, "findings": tuple(row["findings"] or ())}) for row in rows]


def retire(tx: Tx, instance: str) -> bool:
    """Forget a watch that will not come back: nobody misses it any more."""
    return bool(tx.execute(sa.delete(_WATCHES).where(_WATCHES.c.instance == instance)).rowcount)


def signs(tx: Tx) -> list[Mapping[str, Any]]:
    """All pulses of all parts of all processes, as they stand."""
    return [dict(row) for row in tx.execute(sa.select(_PULSES)).mappings()]


def plan_texts(tx: Tx) -> dict[str, str]:
    """Every plan in the ledger, by version."""
    return {row[0]: row[1] for row in fetch(tx, "SELECT version, text FROM plans")}


def contact_points(tx: Tx) -> dict[str, Sequence[ContactPoint]]:
    """Responder -> contact points, opened; those of people whose card cannot be opened are empty."""
    found: dict[str, Sequence[ContactPoint]] = {}
    for row in tx.execute(sa.select(_RESPONDERS.c.id, _RESPONDERS.c.contacts)):
        raw = tx.sealer.peek_json(row[1], f"responders.contacts|{row[0]}") or []
        found[row[0]] = [
            ContactPoint(n, c["channel"], c["address"], c.get("secret"), bool(c.get("drill")))
            for n, c in enumerate(raw)
        ]
    return found


def people_of(tx: Tx, role: str) -> list[tuple[str, str]]:
    """(id, language) of the responders of a role and of those in its teams, without the watch's own."""
    team = sa.select(_TEAMS.c.shifts, _TEAMS.c.street).where(_TEAMS.c.role == role)
    named = {s["responder"] for shifts, street in tx.execute(team) if not is_probe(street) for s in shifts}
    c = _RESPONDERS.c
    query = sa.select(c.id, c.language, c.street)
    query = query.where(c.ended_at.is_(None), sa.or_(c.role == role, c.id.in_(named))).order_by(c.id)
    return [(id, language) for id, language, street in tx.execute(query) if not is_probe(street)]
