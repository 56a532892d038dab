"""The auditor's own questions to the ledger: nothing that decides, calls or keeps uses them.

Each asks for what must not be there and gives the first few that are. Those about time walk
an index from its overdue end, those about shape walk the live rows once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.errors import Unreadable
from store import notes
from store.bulk import fetch, instant, read_instant
from store.ledger import Tx
from store.tables import AlertRow, AttemptRow, OutboxRow, TimelineRow, TrackRow

_ALERTS = AlertRow.__table__  # type: ignore[attr-defined]
_TRACKS = TrackRow.__table__  # type: ignore[attr-defined]
_TIMELINE = TimelineRow.__table__  # type: ignore[attr-defined]
_OUTBOX = OutboxRow.__table__  # type: ignore[attr-defined]
_ATTEMPTS = AttemptRow.__table__  # type: ignore[attr-defined]
#: more than this is not counted: that it is many is enough
MOST = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that must not be there: its id, and since when."""

    id: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One alert with all that is written about it, as it stands in the ledger."""

    alert: Mapping[str, Any]
    tracks: tuple[Mapping[str, Any], ...]
    entries: tuple[Mapping[str, Any], ...]
    contacts: tuple[Mapping[str, Any], ...]
    attempts: tuple[Mapping[str, Any], ...]


def overdue(tx: Tx, before: datetime) -> list[Seen]:
    """Timers that ran out before this and were not looked at (invariants 5 and 20), oldest first."""
    return _seen(tx, "SELECT alert_id, due_at FROM tracks WHERE due_at < ? ORDER BY due_at", instant(tx, before))


def unleased(tx: Tx, first: datetime, repeats: datetime) -> list[Seen]:
    """Contacts that were ready before ``first`` (repeats: before ``repeats``) and that no sender has taken.

    Those of a person who is being called at this moment about the same alert wait rightly.
    """
    sql = (
        "SELECT o.key, o.not_before FROM outbox o WHERE o.status = 'pending'"
        " AND ((o.repeats = 0 AND o.not_before < ?) OR o.not_before < ?)"
        " AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.alert_id = o.alert_id AND b.person = o.person"
        " AND b.status = 'leased')"
    )
    return _seen(tx, sql, instant(tx, first), instant(tx, repeats))


def expired_leases(tx: Tx, before: datetime) -> list[Seen]:
    """Leases that ended before this and were taken back by nobody (invariant 10)."""
    sql = "SELECT key, lease_until FROM outbox WHERE status = 'leased' AND lease_until < ?"
    return _seen(tx, sql, instant(tx, before))


def unjudged(tx: Tx) -> list[Seen]:
    """Messages that are kept and not judged yet."""
    return _seen(tx, "SELECT id, received_at FROM inbox WHERE outcome = 'pending' ORDER BY id")


def far_timers(tx: Tx, after: datetime) -> list[Seen]:
    """Calling tracks whose next look is later than any plan allows (invariant 5)."""
    sql = "SELECT alert_id, due_at FROM tracks WHERE due_at > ? AND state = 'calling'"
    return _seen(tx, sql, instant(tx, after))


def misshapen(tx: Tx, claim_end: datetime, looked: datetime) -> list[Seen]:
    """Live tracks that are neither calling nor claimed, or both (invariants 1, 2, 6, 20).

    ``claim_end``: no claim may last longer; ``looked``: nobody may have been called last before this.
    """
    sql = (
        "SELECT alert_id, due_at FROM tracks WHERE due_at IS NOT NULL AND ("
        " alert_state <> 'open'"
        " OR (state = 'calling' AND (next_at IS NULL OR due_at <> next_at OR claimant IS NOT NULL"
        "     OR claim_until IS NOT NULL OR offer_to IS NOT NULL OR last_at IS NULL OR last_at < ?))"
        " OR (state = 'claimed' AND (next_at IS NOT NULL OR claimant IS NULL OR claim_until IS NULL"
        "     OR claim_until > ? OR offer_until > claim_until OR (offer_to IS NULL) <> (offer_until IS NULL)"
        "     OR due_at <> coalesce(offer_until, claim_until)))"
        " OR state NOT IN ('calling', 'claimed'))"
    )
    return _seen(tx, sql, instant(tx, looked), instant(tx, claim_end))


def trackless(tx: Tx) -> list[Seen]:
    """Open alerts that no timer drives (invariant 2)."""
    held = "SELECT count(DISTINCT alert_id) FROM tracks WHERE due_at IS NOT NULL"
    if fetch(tx, held) == fetch(tx, "SELECT count(*) FROM alerts WHERE state = 'open'"):
        return []
    sql = (
        "SELECT a.id, a.raised_at FROM alerts a WHERE a.state = 'open'"
        " AND NOT EXISTS (SELECT 1 FROM tracks t WHERE t.alert_id = a.id AND t.due_at IS NOT NULL)"
    )
    return _seen(tx, sql)


def unheard(tx: Tx, before: datetime) -> list[Seen]:
    """Tracks begun before this that have called nobody and reported no gap (invariant 19)."""
    sql = (
        "SELECT t.alert_id, t.started_at FROM tracks t WHERE t.due_at IS NOT NULL AND t.called = '{}'"
        " AND t.started_at < ? AND NOT EXISTS"
        " (SELECT 1 FROM timeline l WHERE l.alert_id = t.alert_id AND l.type = 'gap')"
    )
    return _seen(tx, sql, instant(tx, before))


def doubled(tx: Tx) -> list[Seen]:
    """Subjects with more than one open alert (invariant 16)."""
    sql = "SELECT subject, NULL FROM alerts WHERE state = 'open' GROUP BY subject, drill HAVING count(*) > 1"
    return _seen(tx, sql)


def mixed(tx: Tx) -> list[Seen]:
    """Contacts under way that are a drill where their alert is real, or the reverse (invariant 15)."""
    sql = (
        "SELECT o.key, o.created_at FROM outbox o JOIN alerts a ON a.id = o.alert_id"
        " WHERE o.status IN ('pending', 'leased') AND o.drill <> a.drill"
    )
    return _seen(tx, sql)


def passed_over(tx: Tx, ready: datetime, taken: datetime) -> list[Seen]:
    """First contacts ready before ``ready`` that no sender took, while one took a repeat by the same channel.

    ``taken``: since when that repeat was begun (invariant 21). Who is being called at this moment waits rightly.
    """
    sql = (
        "SELECT o.key, o.not_before FROM outbox o WHERE o.status = 'pending' AND o.repeats = 0"
        " AND o.purpose = 'contact' AND o.not_before < ?"
        " AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.alert_id = o.alert_id AND b.person = o.person"
        " AND b.status = 'leased')"
        " AND o.channel IN (SELECT r.channel FROM attempts a JOIN outbox r ON r.key = a.key"
        " WHERE a.started_at > ? AND r.repeats > 0 AND r.purpose = 'contact')"
    )
    return _seen(tx, sql, instant(tx, ready), instant(tx, taken))


def newest_attempts(tx: Tx, since: datetime, limit: int = 500) -> list[tuple[str, str]]:
    """Channel and outcome of the newest attempts since then that have come back."""
    sql = (
        "SELECT o.channel, a.status FROM (SELECT key, status FROM attempts WHERE started_at > ?"
        " ORDER BY started_at DESC LIMIT ?) a JOIN outbox o ON o.key = a.key WHERE a.status <> 'sending'"
    )
    return [(row[0], row[1]) for row in fetch(tx, sql, instant(tx, since), limit)]


def clock(tx: Tx) -> datetime | None:
    """The database server's own idea of the time; None where it has none but ours (SQLite)."""
    return read_instant(tx, fetch(tx, "SELECT clock_timestamp()")[0][0]) if tx.postgres else None


def walk(tx: Tx, after: str, limit: int, only_open: bool) -> list[str]:
    """The next alerts by id, for a walk that sees all of them in time."""
    which = "state = 'open' AND " if only_open else ""
    return [row[0] for row in fetch(tx, f"SELECT id FROM alerts WHERE {which}id > ? ORDER BY id LIMIT ?", after, limit)]


def stories(tx: Tx, ids: Sequence[str]) -> list[Story]:
    """These alerts whole."""
    alerts = _grouped(tx, sa.select(_ALERTS).where(_ALERTS.c.id.in_(ids)), "id")
    tracks = _grouped(tx, sa.select(_TRACKS).where(_TRACKS.c.alert_id.in_(ids)).order_by(_TRACKS.c.n))
    stories = _grouped(tx, sa.select(_TIMELINE).where(_TIMELINE.c.alert_id.in_(ids)).order_by(_TIMELINE.c.seq))
    entries = {id: tuple(_bare(tx, row) for row in rows) for id, rows in stories.items()}
    contacts = _grouped(tx, sa.select(_OUTBOX).where(_OUTBOX.c.alert_id.in_(ids)).order_by(_OUTBOX.c.created_at))
    tried = sa.select(_ATTEMPTS, _OUTBOX.c.alert_id).join(_OUTBOX, _OUTBOX.c.key == _ATTEMPTS.c.key)
    attempts = _grouped(tx, tried.where(_OUTBOX.c.alert_id.in_(ids)))
    return [
        Story(alert, tracks.get(id, ()), entries.get(id, ()), contacts.get(id, ()), attempts.get(id, ()))
        for id, (alert,) in alerts.items()
    ]


def _bare(tx: Tx, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The note as it was sealed first; one that nobody can open stays as it is, and the chain shows it."""
    try:
        return notes.with_bare(tx, row)
    except Unreadable:
        return row


def _grouped(tx: Tx, query: Any, by: str = "alert_id") -> dict[str, tuple[Mapping[str, Any], ...]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in tx.execute(query).mappings():
        found.setdefault(row[by], []).append(dict(row))
    return {id: tuple(rows) for id, rows in found.items()}


def _seen(tx: Tx, sql: str, *values: Any) -> list[Seen]:
    rows = fetch(tx, f"{sql} LIMIT {MOST}", *values)
    return [Seen(row[0], read_instant(tx, row[1])) for row in rows]
