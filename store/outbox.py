"""The outbox: every contact decided, once; leased before it is dialed, settled after.

Only ``escalation`` uses this module; everybody else reads ``store.views``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from store import calls
from store.bulk import Insert, Update, fetch, instant, read_instant, read_json
from store.calls import Candidate
from store.ledger import Tx
from store.tables import AttemptRow, OutboxRow

OUTBOX = OutboxRow.__table__  # type: ignore[attr-defined]
ATTEMPTS = AttemptRow.__table__  # type: ignore[attr-defined]
_LOG = structlog.get_logger("anling.outbox")
_INSERT = Insert(OUTBOX, conflict="(key) DO NOTHING")
_INSERT_ATTEMPT = Insert(ATTEMPTS)


@dataclass(frozen=True, slots=True)
class Item:
    """One outbox row, as decided."""

    key: str
    alert_id: str
    track: str
    gen: int
    purpose: str
    person: str
    role: str
    channel: str
    point: int
    fallbacks: tuple[int, ...]
    drill: bool
    repeats: int
    about: Mapping[str, Any] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that this sender may dial now, with what is needed to know whether it still should."""

    item: Item
    attempt: int
    #: the alert is open, the track CALLING and the generation current (invariant 11)
    current: bool
    kind: str
    severity: str
    raised_at: datetime
    home_id: str | None
    device_id: str | None


def put(tx: Tx, items: Sequence[Item]) -> None:
    """Order contacts. Ordering the same key twice keeps one (invariant 9)."""
    repeats = [i for i in items if i.repeats and i.purpose == "contact"]
    _OUTDATE(tx, [
        {"at": i.created_at, "alert": i.alert_id, "person": i.person, "track": i.track, "repeats": i.repeats}
        for i in repeats
    ])  # fmt: skip
    _INSERT(tx, [_row(i) for i in items])


def lease(
    tx: Tx, owner: str, now: datetime, until: datetime, limit: int, apart: timedelta = timedelta(0)
) -> list[Leased]:
    """Take rows that are ready, first contacts before repeats; one at a time per person and alert.

    ``apart``: what repeats to one telephone keep between them.
    """
    rows = fetch(tx, _READY + (" FOR UPDATE OF o SKIP LOCKED" if tx.postgres else ""), instant(tx, now), limit)
    found = [leased for row in rows if (leased := _readable(tx, row, now))]
    held = calls.waits(tx, [_candidate(x.item) for x in found if x.current and _rings(x.item)], now, apart)
    calls.hold(tx, held)
    busy: set[tuple[str, str]] = set()
    chosen = []
    for leased in found:
        pair = (leased.item.alert_id, leased.item.person)
        if pair not in busy and leased.item.key not in held:
            busy.add(pair)
            chosen.append(leased)
    _LEASE(tx, [{"owner": owner, "until": until, "n": x.attempt, "key": x.item.key} for x in chosen])
    return chosen


def _rings(item: Item) -> bool:
    return item.purpose == "contact" and item.channel in ("voice", "sms")


def _candidate(item: Item) -> Candidate:
    return Candidate(item.key, item.person, item.channel, item.repeats, item.created_at)


def start(tx: Tx, attempts: Sequence[Mapping[str, Any]]) -> None:
    """Row before dial: ``key``, ``n``, ``started_at``, ``digit``."""
    blank = dict.fromkeys(("settled_at", "reference", "code", "reason", "line")) | {"status": "sending"}
    _INSERT_ATTEMPT(tx, [{**blank, **a} for a in attempts])


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one attempt, and what becomes of its row."""

    key: str
    n: int
    #: of the attempt: ``accepted`` ``failed`` ``unknown`` ``superseded``
    word: str
    #: of the row: ``pending`` (again at ``not_before``), ``accepted``, ``failed``, ``superseded``, ``answered``
    status: str
    at: datetime
    not_before: datetime
    reference: str | None = None
    code: str | None = None
    reason: str | None = None
    #: which provider and number carried it
    line: str | None = None


def settle(tx: Tx, settled: Sequence[Settled]) -> None:
    """Write down the results."""
    rows = [
        {"status": s.status, "not_before": s.not_before, "finished": None if s.status == "pending" else s.at,
         "reason": s.reason, "key": s.key, "word": s.word, "at": s.at, "code": s.code, "reference": s.reference,
         "n": s.n, "line": s.line}
        for s in settled
    ]  # fmt: skip
    _SETTLE(tx, rows)
    _SETTLE_ATTEMPT(tx, [row for row in rows if row["n"]])


def reclaim(tx: Tx, now: datetime, owners: Sequence[str] = ()) -> int:
    """Give back leases that ran out, and those of senders known to be dead. Returns how many.

    Nobody knows what came of their last attempt: it may have rung (P16).
    """
    c, a = OUTBOX.c, ATTEMPTS.c
    lost = (c.lease_until <= now) | c.lease_owner.in_(list(owners)) if owners else c.lease_until <= now
    keys = sa.select(c.key).where(c.status == "leased", lost)
    tx.execute(
        sa.update(ATTEMPTS)
        .where(a.key.in_(keys), a.status == "sending")
        .values(status="unknown", settled_at=now, reason="its sender died")
    )
    done = tx.execute(
        sa.update(OUTBOX)
        .where(c.status == "leased", lost)
        .values(status="pending", lease_owner=None, lease_until=None, not_before=now)
    )
    return int(done.rowcount)


def lease_owners(tx: Tx) -> set[str]:
    """Who holds leases at present."""
    query = sa.select(OUTBOX.c.lease_owner).where(OUTBOX.c.status == "leased").distinct()
    return {row[0] for row in tx.execute(query) if row[0]}


def overdue(tx: Tx, now: datetime) -> bool:
    """Whether some lease has run out."""
    query = sa.select(OUTBOX.c.key).where(OUTBOX.c.status == "leased", OUTBOX.c.lease_until <= now).limit(1)
    return tx.execute(query).first() is not None


def ready(tx: Tx, now: datetime) -> bool:
    """Whether some row may be sent now; one step in an index, however many wait."""
    sql = "SELECT 1 FROM outbox WHERE status = 'pending' AND not_before <= ? ORDER BY repeats, not_before LIMIT 1"
    return bool(fetch(tx, sql, instant(tx, now)))


def next_ready(tx: Tx) -> datetime | None:
    """When the next pending row becomes ready."""
    rows = fetch(tx, "SELECT not_before FROM outbox WHERE status = 'pending' ORDER BY not_before LIMIT 1")
    return read_instant(tx, rows[0][0]) if rows else None


def get(tx: Tx, key: str) -> tuple[Leased, str] | None:
    """One row and its status."""
    rows = fetch(tx, f"{_SELECT} WHERE o.key = ?", key)
    return (_leased(tx, rows[0]), str(rows[0][-1])) if rows else None


def end(tx: Tx, key: str) -> tuple[str, str | None] | None:
    """Status and reason of one row."""
    rows = fetch(tx, "SELECT status, reason FROM outbox WHERE key = ?", key)
    return (str(rows[0][0]), rows[0][1]) if rows else None


def attempt(tx: Tx, key: str, n: int) -> Mapping[str, Any] | None:
    """One attempt row."""
    query = sa.select(ATTEMPTS).where(ATTEMPTS.c.key == key, ATTEMPTS.c.n == n)
    row = tx.execute(query).mappings().first()
    return dict(row) if row else None


def by_reference(tx: Tx, reference: str) -> tuple[str, int] | None:
    """The attempt to which a provider gave this reference."""
    query = sa.select(ATTEMPTS.c.key, ATTEMPTS.c.n).where(ATTEMPTS.c.reference == reference)
    row = tx.execute(query.order_by(ATTEMPTS.c.started_at.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def note_attempt(tx: Tx, key: str, n: int, **values: Any) -> None:
    """Write what a provider reported later."""
    tx.execute(sa.update(ATTEMPTS).where(ATTEMPTS.c.key == key, ATTEMPTS.c.n == n).values(**values))


def finish(tx: Tx, key: str, status: str, at: datetime, reason: str | None) -> None:
    """End a row, with its reason."""
    tx.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.key == key)
        .values(status=status, finished_at=at, reason=reason, lease_owner=None, lease_until=None)
    )


_SELECT = (
    "SELECT o.key, o.alert_id, o.track, o.gen, o.purpose, o.person, o.role, o.channel, o.point, o.fallbacks, o.drill,"
    " o.repeats, o.about, o.created_at, o.attempts, a.state, t.state, t.gen, a.kind, a.severity, a.raised_at,"
    " a.home_id, a.device_id, o.status"
    " FROM outbox o JOIN alerts a ON a.id = o.alert_id"
    " LEFT JOIN tracks t ON t.alert_id = o.alert_id AND t.name = o.track"
)
#: rows of somebody who is being dialed at this moment wait, and stand in nobody's way
_READY = (
    f"{_SELECT} WHERE o.status = 'pending' AND o.not_before <= ?"
    " AND ((o.repeats = 0 AND o.purpose = 'contact') OR NOT EXISTS (SELECT 1 FROM outbox b"
    " WHERE b.alert_id = o.alert_id AND b.person = o.person AND b.status = 'leased'))"
    " ORDER BY o.repeats, o.not_before, o.key LIMIT ?"
)
#: a newer contact of the same person on the same track replaces one that was never sent
_OUTDATE = Update(
    "outbox",
    "status = 'superseded', finished_at = :at, reason = 'a newer contact replaces it'",
    "alert_id = :alert AND person = :person AND track = :track AND repeats < :repeats"
    " AND status = 'pending' AND purpose = 'contact'",
    {"at": "timestamptz", "alert": "text", "person": "text", "track": "text", "repeats": "bigint"},
)
_LEASE = Update(
    "outbox",
    "status = 'leased', lease_owner = :owner, lease_until = :until, attempts = :n",
    "key = :key",
    {"owner": "text", "until": "timestamptz", "n": "bigint", "key": "text"},
)
_SETTLE = Update(
    "outbox",
    "status = :status, lease_owner = NULL, lease_until = NULL, not_before = :not_before, finished_at = :finished,"
    " reason = :reason",
    "key = :key AND status IN ('leased', 'pending')",
    {"status": "text", "not_before": "timestamptz", "finished": "timestamptz", "reason": "text", "key": "text"},
)
_SETTLE_ATTEMPT = Update(
    "attempts",
    # A provider may have called back before us; its word is the later one (P22).
    "status = CASE WHEN status IN ('sending', 'unknown') THEN :word ELSE status END, settled_at = :at,"
    " reason = coalesce(:reason, reason), code = coalesce(:code, code), reference = coalesce(:reference, reference),"
    " line = coalesce(:line, line)",
    "key = :key AND n = :n",
    {
        "word": "text", "at": "timestamptz", "reason": "text", "code": "text", "reference": "text", "line": "text",
        "key": "text", "n": "bigint",
    },
)  # fmt: skip


def _row(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "alert_id": item.alert_id,
        "track": item.track,
        "gen": item.gen,
        "purpose": item.purpose,
        "person": item.person,
        "role": item.role,
        "channel": item.channel,
        "point": item.point,
        "fallbacks": list(item.fallbacks),
        "drill": item.drill,
        "repeats": item.repeats,
        "about": item.about,
        "created_at": item.created_at,
        "not_before": item.created_at,
        "status": "pending",
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
        "finished_at": None,
        "reason": None,
    }


def _readable(tx: Tx, row: Sequence[Any], now: datetime) -> Leased | None:
    """None for a row that cannot be read: it is finished with that reason, and no other waits for it (P6).

    Its alert's next look asks the person again.
    """
    try:
        return _leased(tx, row)
    except (TypeError, ValueError) as error:
        _LOG.error("outbox_row_unusable", key=row[0], error=type(error).__name__)
        finish(tx, row[0], "failed", now, "the row cannot be read")
        return None


def _leased(tx: Tx, row: Sequence[Any]) -> Leased:
    key, alert_id, track, gen, purpose, person, role, channel, point = row[:9]
    fallbacks, about, created_at = tuple(read_json(row[9])), read_json(row[12]), read_instant(tx, row[13])
    item = Item(
        key, alert_id, track, gen, purpose, person, role, channel, point, fallbacks, bool(row[10]), row[11], about,
        created_at,
    )  # fmt: skip
    alert_state, track_state, track_gen = row[15:18]
    current = item.purpose != "contact" or (
        alert_state == "open" and track_state == "calling" and track_gen == item.gen
    )
    return Leased(item, row[14] + 1, current, row[18], row[19], read_instant(tx, row[20]), row[21], row[22])
