"""The ledger of alerts: load what must be decided about, save what was decided, in bulk.

Only ``escalation`` uses this module; everybody else reads ``store.views``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from domain.alerts import (
    Alert,
    Called,
    Cause,
    Entry,
    Outcome,
    Severity,
    Stage,
    Subject,
    Track,
    TrackState,
    changed,
)
from domain.errors import LedgerCollision
from domain.events import Kind
from store import notes
from store.bulk import Insert, among, fetch, listed, read_instant, run
from store.columns import dumps
from store.ledger import Tx
from store.tables import AlertRow, TimelineRow, TrackRow

ALERTS = AlertRow.__table__  # type: ignore[attr-defined]
TRACKS = TrackRow.__table__  # type: ignore[attr-defined]
TIMELINE = TimelineRow.__table__  # type: ignore[attr-defined]
_INSERT, _INSERT_TRACK, _INSERT_ENTRY = Insert(ALERTS), Insert(TRACKS), Insert(TIMELINE)

_TRACK_FIELDS = (
    "name", "started_at", "joined", "round", "round_at", "gen", "last_at", "next_at", "saved", "claimed_at",
    "claimant", "claimant_name", "claimant_role", "claim_until", "offer_to", "offer_until",
)  # fmt: skip
_ALERT_FIELDS = (
    "id", "raised_at", "plan", "drill", "late", "replayed", "signals", "cancel_requested", "decided_at", "version",
    "previous", "closed_at", "closed_by", "entries", "head",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One decision to be kept."""

    before: Alert | None
    after: Alert
    entries: Sequence[Entry]


def open_of(tx: Tx, subjects: Iterable[tuple[str, bool]]) -> dict[tuple[str, bool], Alert]:
    """The open alerts of these (subject key, drill) pairs, locked."""
    wanted = set(subjects)
    keys = {key for key, _ in wanted}
    found = _load(tx, ALERTS.c.subject.in_(keys) & (ALERTS.c.state == "open"), "update")
    return {pair: alert for alert in found if (pair := (alert.subject.key, alert.drill)) in wanted}


def latest_of(tx: Tx, subject: str) -> str | None:
    """The id of the subject's newest alert, open or closed."""
    query = sa.select(ALERTS.c.id).where(ALERTS.c.subject == subject).order_by(ALERTS.c.id.desc()).limit(1)
    return tx.execute(query).scalar()


def newest_of(tx: Tx, subjects: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Subject key -> id of its newest alert, and whether any of its alerts is open."""
    sql = (
        "SELECT subject, max(id), max(CASE WHEN state = 'open' THEN 1 ELSE 0 END)"
        f" FROM alerts WHERE {among(tx, 'subject')} GROUP BY subject"
    )
    return {row[0]: (row[1], bool(row[2])) for row in fetch(tx, sql, listed(tx, subjects))}


def load(tx: Tx, ids: Iterable[str]) -> dict[str, Alert]:
    """These alerts, locked until the transaction ends."""
    return {a.id: a for a in _load(tx, ALERTS.c.id.in_(set(ids)), "update")}


def due(tx: Tx, now: datetime, limit: int) -> dict[str, Alert]:
    """Alerts with a timer that has run out, oldest first; those another engine works on are left to it."""
    ids = due_ids(tx, now, limit)
    return {a.id: a for a in _load(tx, ALERTS.c.id.in_(ids), "skip")} if ids else {}


def due_ids(tx: Tx, now: datetime, limit: int) -> list[str]:
    """Ids of alerts with a timer that has run out, oldest first."""
    query = sa.select(TRACKS.c.alert_id).where(TRACKS.c.due_at <= now).order_by(TRACKS.c.due_at).limit(limit)
    return list(dict.fromkeys(row[0] for row in tx.execute(query)))


def next_due(tx: Tx) -> datetime | None:
    """When the next timer runs out. One that cannot be read has run out: it must not hold up all others (P6)."""
    rows = fetch(tx, "SELECT due_at FROM tracks WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1")
    try:
        return read_instant(tx, rows[0][0]) if rows else None
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def newest_time(tx: Tx) -> datetime | None:
    """The newest engine time any decision was made at."""
    query = sa.select(sa.func.max(ALERTS.c.decided_at, type_=ALERTS.c.decided_at.type))
    return tx.execute(query).scalar()


def save(tx: Tx, changes: Sequence[Change]) -> list[Alert]:
    """Keep the decisions. Raises ``LedgerCollision`` when an alert was changed by somebody else meanwhile."""
    chained = [_chain(tx, change) for change in changes]
    new = [a for (a, _), c in zip(chained, changes, strict=True) if c.before is None]
    old = [(a, c) for (a, _), c in zip(chained, changes, strict=True) if c.before is not None]
    if new:
        _INSERT(tx, [{**_alert_row(a), "lit": ""} for a in new])
    _update(tx, [(a, c.before) for a, c in old if c.before], closing=False)
    _put_tracks(tx, chained, changes)
    _update(tx, [(a, c.before) for a, c in old if c.before], closing=True)
    _INSERT_ENTRY(tx, [row for _, rows in chained for row in rows])
    return [a for a, _ in chained]


def put_timers_right(tx: Tx, found: Iterable[Alert]) -> None:
    """Let the column that the engine searches say what these alerts' tracks say."""
    for alert in found:
        for track in alert.tracks:
            this = (TRACKS.c.alert_id == alert.id, TRACKS.c.name == track.name)
            tx.execute(sa.update(TRACKS).where(*this).values(due_at=track.due_at))


def overwrite(tx: Tx, alert: Alert) -> None:
    """Put this alert in place of one whose row cannot be read any more, whatever that says (P6)."""
    row = {name: value for name, value in _alert_row(alert).items() if name != "id"}
    tx.execute(sa.delete(TRACKS).where(TRACKS.c.alert_id == alert.id))
    tx.execute(sa.update(ALERTS).where(ALERTS.c.id == alert.id).values(**row))
    tracks = [_track_row(alert, track, n) for n, track in enumerate(alert.tracks)]
    _INSERT_TRACK(tx, [track | {"alert_state": row["state"]} for track in tracks])


def timeline(tx: Tx, alert_id: str) -> list[Mapping[str, Any]]:
    """The raw timeline rows of one alert, in order."""
    query = sa.select(TIMELINE).where(TIMELINE.c.alert_id == alert_id).order_by(TIMELINE.c.seq)
    return [notes.with_bare(tx, row._mapping) for row in tx.execute(query)]


def chain_hash(head: str, row: Mapping[str, Any]) -> str:
    """SHA-256 over the previous hash and this entry; free text enters as ciphertext, so erasure keeps the chain."""
    text = "|".join((
        head, row["alert_id"], str(row["seq"]), row["at"].isoformat(), row["type"], row["by"], row["data"], ""
    ))  # fmt: skip
    return sha256(text.encode() + bytes(row["note"] or b"")).hexdigest()


def _chain(tx: Tx, change: Change) -> tuple[Alert, list[dict[str, Any]]]:
    seq, head, rows = change.after.entries, change.after.head, []
    for entry in change.entries:
        seq += 1
        row: dict[str, Any] = {
            "alert_id": change.after.id, "seq": seq, "at": entry.at, "type": entry.type, "by": entry.by,
            "data": dumps(entry.data), "note": None,
        }  # fmt: skip
        if entry.note:
            row["note"] = tx.sealer.seal(entry.note.encode(), notes.of_timeline(change.after.id, seq))
        head = row["hash"] = chain_hash(head, row)
        rows.append(row)
    return changed(change.after, entries=seq, head=head), rows


def _update(tx: Tx, changed: Sequence[tuple[Alert, Alert]], closing: bool) -> None:
    """Open alerts before their tracks, closed ones after them: so the constraints hold at every statement."""
    rows = [
        {**{f"n_{k}": v for k, v in _alert_row(after).items()}, "b_version": before.version}
        for after, before in changed
        if after.open is not closing
    ]  # fmt: skip
    if not rows:
        return
    done = tx.execute(_UPDATE, rows).rowcount
    if done not in (len(rows), -1):
        raise LedgerCollision("an alert was changed by somebody else meanwhile; read it again")


def _put_tracks(tx: Tx, chained: Sequence[tuple[Alert, Any]], changes: Sequence[Change]) -> None:
    fresh, known = [], []
    for (alert, _), change in zip(chained, changes, strict=True):
        old = {t.name: t for t in change.before.tracks} if change.before else {}
        for n, track in enumerate(alert.tracks):
            if track.name not in old:
                fresh.append(_track_row(alert, track, n))
            elif old[track.name] is not track:
                row = _track_row(alert, track, n)
                known.append({f"n_{k}": v for k, v in row.items() if k != "alert_state"})
    if known:
        tx.execute(_UPDATE_TRACK, known)
    _INSERT_TRACK(tx, fresh)


def _alert_row(alert: Alert) -> dict[str, Any]:
    row = {name: getattr(alert, name) for name in _ALERT_FIELDS}
    subject = alert.subject
    return row | {
        "state": "open" if alert.open else "closed",
        "subject": subject.key,
        "home_id": subject.home,
        "device_id": subject.device,
        "street": subject.street,
        "doctor_team": subject.doctor_team,
        "facts": sorted(subject.facts),
        "kind": str(alert.kind),
        "severity": str(alert.severity),
        "stage": str(alert.stage),
        "outcome": alert.outcome and str(alert.outcome),
        "cause": alert.cause and str(alert.cause),
    }


def _track_row(alert: Alert, track: Track, n: int) -> dict[str, Any]:
    row = {name: getattr(track, name) for name in _TRACK_FIELDS}
    called = {id: c.plain() for id, c in track.called.items()}
    return row | {
        "alert_id": alert.id, "alert_state": "open", "n": n, "state": str(track.state), "due_at": track.due_at,
        "called": called,
    }  # fmt: skip


_UPDATE = (
    sa.update(ALERTS)
    .where(ALERTS.c.id == sa.bindparam("n_id"), ALERTS.c.version == sa.bindparam("b_version"))
    .values({c: sa.bindparam(f"n_{c.name}") for c in ALERTS.c if c.name not in ("id", "lit")})
)
_UPDATE_TRACK = (
    sa.update(TRACKS)
    .where(TRACKS.c.alert_id == sa.bindparam("n_alert_id"), TRACKS.c.name == sa.bindparam("n_name"))
    .values({c: sa.bindparam(f"n_{c.name}") for c in TRACKS.c if c.name not in ("alert_id", "name", "alert_state")})
)


def _load(tx: Tx, where: Any, lock: str) -> list[Alert]:
    query = sa.select(ALERTS).where(where)
    if tx.postgres and lock != "none":
        query = query.with_for_update(skip_locked=lock == "skip")
    rows = tx.execute(query).mappings().all()
    if not rows:
        return []
    tracks: dict[str, list[Track]] = {row["id"]: [] for row in rows}
    query = sa.select(TRACKS).where(TRACKS.c.alert_id.in_(tracks)).order_by(TRACKS.c.n)
    for track in tx.execute(query).mappings():
        tracks[track["alert_id"]].append(_track(track))
    return [_alert(row, tuple(tracks[row["id"]])) for row in rows]


def _alert(row: Mapping[str, Any], tracks: tuple[Track, ...]) -> Alert:
    return Alert(
        subject=Subject(row["home_id"], row["device_id"], row["street"], row["doctor_team"], frozenset(row["facts"])),
        kind=Kind(row["kind"]),
        severity=Severity(row["severity"]),
        stage=Stage(row["stage"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        cause=Cause(row["cause"]) if row["cause"] else None,
        tracks=tracks,
        **{name: row[name] for name in _ALERT_FIELDS},
    )


def _track(row: Mapping[str, Any]) -> Track:
    called = {id: Called.read(raw) for id, raw in row["called"].items()}
    return Track(state=TrackState(row["state"]), called=called, **{name: row[name] for name in _TRACK_FIELDS})


def peek(tx: Tx, id: str) -> Alert | None:
    """One alert as it is, unlocked; for a look, never for a decision."""
    return next(iter(_load(tx, ALERTS.c.id == id, "none")), None)


def ids_after(tx: Tx, id: str, limit: int) -> list[str]:
    """The next alerts in the order of their ids."""
    return [str(row[0]) for row in fetch(tx, "SELECT id FROM alerts WHERE id > ? ORDER BY id LIMIT ?", id, limit)]


def unlit(tx: Tx, limit: int) -> list[tuple[str, str, str, bool]]:
    """(alert, device, stage, never) where the device at home has not been shown the present stage, or never any."""
    sql = "SELECT id, device_id, stage, lit FROM alerts WHERE lit <> stage ORDER BY id DESC LIMIT ?"
    return [(row[0], row[1] or "", row[2], not row[3]) for row in fetch(tx, sql, limit)]


def light(tx: Tx, shown: Sequence[tuple[str, str]]) -> None:
    """Note which stage was shown: (alert, stage)."""
    run(tx, "UPDATE alerts SET lit = ? WHERE id = ?", [(stage, id) for id, stage in shown])
