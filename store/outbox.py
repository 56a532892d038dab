"""The outbox: every contact decided, once; leased before it is dialed, settled after.

Only ``escalation`` uses this module; everybody else reads ``store.views``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.alerts import ALERTS, TRACKS
from store.ledger import Tx
from store.tables import AttemptRow, OutboxRow

OUTBOX = OutboxRow.__table__  # type: ignore[attr-defined]
ATTEMPTS = AttemptRow.__table__  # type: ignore[attr-defined]


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
    if not items:
        return
    repeats = [i for i in items if i.repeats and i.purpose == "contact"]
    if repeats:
        rows = [
            {"v_a": i.alert_id, "v_t": i.track, "v_p": i.person, "v_n": i.repeats, "v_at": i.created_at}
            for i in repeats
        ]
        tx.execute(_OUTDATE, rows)
    insert = postgresql.insert if tx.postgres else sqlite.insert
    statement = insert(OUTBOX).on_conflict_do_nothing(index_elements=["key"])
    tx.execute(statement, [_row(i) for i in items])


def lease(tx: Tx, owner: str, now: datetime, until: datetime, limit: int) -> list[Leased]:
    """Take rows that are ready, first contacts before repeats; one at a time per person and alert."""
    c = OUTBOX.c
    query = (
        sa.select(OUTBOX, *_CONTEXT)
        .join(ALERTS, ALERTS.c.id == c.alert_id)
        .outerjoin(TRACKS, (TRACKS.c.alert_id == c.alert_id) & (TRACKS.c.name == c.track))
        .where(c.status == "pending", c.not_before <= now)
        .order_by(c.repeats, c.not_before)
        .limit(limit)
    )
    if tx.postgres:
        query = query.with_for_update(skip_locked=True, of=OUTBOX)
    rows = tx.execute(query).mappings().all()
    if not rows:
        return []
    busy = _busy(tx, {row["alert_id"] for row in rows if row["repeats"] or row["purpose"] != "contact"})
    chosen = []
    for row in rows:
        pair = (row["alert_id"], row["person"])
        if pair not in busy:
            busy.add(pair)
            chosen.append(_leased(row))
    if chosen:
        tx.execute(_LEASE, [{"v_key": x.item.key, "v_o": owner, "v_u": until, "v_n": x.attempt} for x in chosen])
    return chosen


def _busy(tx: Tx, alerts: set[str]) -> set[tuple[str, str]]:
    """(alert, person) pairs that are being dialed at this moment."""
    if not alerts:
        return set()
    query = sa.select(OUTBOX.c.alert_id, OUTBOX.c.person).where(
        OUTBOX.c.alert_id.in_(alerts), OUTBOX.c.status == "leased"
    )
    return {(alert, person) for alert, person in tx.execute(query)}


def start(tx: Tx, attempts: Sequence[Mapping[str, Any]]) -> None:
    """Row before dial: ``key``, ``n``, ``started_at``, ``digit``."""
    tx.execute(sa.insert(ATTEMPTS), [{"status": "sending", **a} for a in attempts])


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


def settle(tx: Tx, settled: Sequence[Settled]) -> None:
    """Write down the results."""
    if not settled:
        return
    rows = [
        {"v_key": s.key, "v_n": s.n, "v_w": s.word, "v_s": s.status, "v_at": s.at, "v_nb": s.not_before,
         "v_fin": None if s.status == "pending" else s.at, "v_ref": s.reference, "v_c": s.code, "v_r": s.reason}
        for s in settled
    ]  # fmt: skip
    tx.execute(_SETTLE, rows)
    dialed = [r for r in rows if r["v_n"]]
    if dialed:
        tx.execute(_SETTLE_ATTEMPT, dialed)


def reclaim(tx: Tx, now: datetime, owners: Sequence[str] = ()) -> int:
    """Give back leases that ran out, and those of senders known to be dead. Returns how many."""
    c = OUTBOX.c
    lost = (c.lease_until <= now) | c.lease_owner.in_(list(owners)) if owners else c.lease_until <= now
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


def next_ready(tx: Tx) -> datetime | None:
    """When the next pending row becomes ready."""
    query = sa.select(sa.func.min(OUTBOX.c.not_before, type_=OUTBOX.c.not_before.type)).where(
        OUTBOX.c.status == "pending"
    )
    return tx.execute(query).scalar()


def get(tx: Tx, key: str) -> tuple[Leased, str] | None:
    """One row and its status."""
    query = (
        sa.select(OUTBOX, *_CONTEXT)
        .join(ALERTS, ALERTS.c.id == OUTBOX.c.alert_id)
        .outerjoin(TRACKS, (TRACKS.c.alert_id == OUTBOX.c.alert_id) & (TRACKS.c.name == OUTBOX.c.track))
        .where(OUTBOX.c.key == key)
    )
    row = tx.execute(query).mappings().first()
    return (_leased(row), row["status"]) if row else None


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


def newest_case(tx: Tx, alert_id: str, person: str) -> str | None:
    """The case number that the desk gave this alert, if it accepted one."""
    query = (
        sa.select(ATTEMPTS.c.reference)
        .join(OUTBOX, OUTBOX.c.key == ATTEMPTS.c.key)
        .where(OUTBOX.c.alert_id == alert_id, OUTBOX.c.person == person, OUTBOX.c.channel == "dispatch_120")
        .where(ATTEMPTS.c.reference.is_not(None))
        .order_by(ATTEMPTS.c.started_at.desc())
        .limit(1)
    )
    return tx.execute(query).scalar()


def open_for(tx: Tx, person: str) -> list[str]:
    """Open alerts for which this person was contacted, newest first."""
    query = (
        sa.select(ALERTS.c.id)
        .join(OUTBOX, OUTBOX.c.alert_id == ALERTS.c.id)
        .where(ALERTS.c.state == "open", OUTBOX.c.person == person, OUTBOX.c.purpose == "contact")
        .distinct()
        .order_by(ALERTS.c.id.desc())
    )
    return [row[0] for row in tx.execute(query)]


_CONTEXT = (
    ALERTS.c.state.label("alert_state"),
    ALERTS.c.kind.label("alert_kind"),
    ALERTS.c.severity.label("alert_severity"),
    ALERTS.c.raised_at.label("alert_raised_at"),
    ALERTS.c.home_id.label("alert_home"),
    ALERTS.c.device_id.label("alert_device"),
    TRACKS.c.state.label("track_state"),
    TRACKS.c.gen.label("track_gen"),
)
#: a newer contact of the same person on the same track replaces one that was never sent
_OUTDATE = (
    sa.update(OUTBOX)
    .where(
        OUTBOX.c.alert_id == sa.bindparam("v_a"), OUTBOX.c.person == sa.bindparam("v_p"),
        OUTBOX.c.track == sa.bindparam("v_t"), OUTBOX.c.status == "pending", OUTBOX.c.purpose == "contact",
        OUTBOX.c.repeats < sa.bindparam("v_n"),
    )
    .values(status="superseded", finished_at=sa.bindparam("v_at"), reason="a newer contact replaces it")
)  # fmt: skip
_LEASE = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.key == sa.bindparam("v_key"))
    .values(
        status="leased",
        lease_owner=sa.bindparam("v_o"),
        lease_until=sa.bindparam("v_u"),
        attempts=sa.bindparam("v_n"),
    )
)
_SETTLE = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.key == sa.bindparam("v_key"), OUTBOX.c.status.in_(("leased", "pending")))
    .values(
        status=sa.bindparam("v_s"), lease_owner=None, lease_until=None, not_before=sa.bindparam("v_nb"),
        finished_at=sa.bindparam("v_fin"), reason=sa.bindparam("v_r"),
    )
)  # fmt: skip
_SETTLE_ATTEMPT = (
    sa.update(ATTEMPTS)
    .where(ATTEMPTS.c.key == sa.bindparam("v_key"), ATTEMPTS.c.n == sa.bindparam("v_n"))
    .values(
        status=sa.bindparam("v_w"), settled_at=sa.bindparam("v_at"), reason=sa.bindparam("v_r"), code=sa.bindparam("v_c"),
        reference=sa.func.coalesce(sa.bindparam("v_ref"), ATTEMPTS.c.reference),
    )
)  # fmt: skip


def _row(item: Item) -> dict[str, Any]:
    return {
        "key": item.key, "alert_id": item.alert_id, "track": item.track, "gen": item.gen, "purpose": item.purpose,
        "person": item.person, "role": item.role, "channel": item.channel, "point": item.point,
        "fallbacks": list(item.fallbacks), "drill": item.drill, "repeats": item.repeats, "about": item.about,
        "created_at": item.created_at, "not_before": item.created_at, "status": "pending", "attempts": 0,
    }  # fmt: skip


def _leased(row: Mapping[Any, Any]) -> Leased:
    item = Item(
        row["key"], row["alert_id"], row["track"], row["gen"], row["purpose"], row["person"], row["role"],
        row["channel"], row["point"], tuple(row["fallbacks"]), row["drill"], row["repeats"], row["about"],
        row["created_at"],
    )  # fmt: skip
    current = row["purpose"] != "contact" or (
        row["alert_state"] == "open" and row["track_state"] == "calling" and row["track_gen"] == row["gen"]
    )
    return Leased(
        item, row["attempts"] + 1, current, row["alert_kind"], row["alert_severity"], row["alert_raised_at"],
        row["alert_home"], row["alert_device"],
    )  # fmt: skip
