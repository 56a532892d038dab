"""An alert whose row can no longer be read: its own story, and what of the row may still be trusted (P6)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.alerts import Alert, Severity, Subject
from domain.events import Kind
from store.bulk import fetch, read_instant, read_json
from store.ledger import Tx

_FIELDS = (
    "id", "state", "home_id", "device_id", "street", "doctor_team", "facts", "kind", "severity", "raised_at", "plan",
    "drill", "late", "replayed", "signals", "cancel_requested", "decided_at", "version", "previous",
)  # fmt: skip

W = TypeVar("W", bound=StrEnum)
V = TypeVar("V")


def is_open(tx: Tx, id: str) -> bool:
    """Whether somebody still waits for this alert."""
    rows = fetch(tx, "SELECT state FROM alerts WHERE id = ?" + (" FOR UPDATE" if tx.postgres else ""), id)
    return bool(rows) and rows[0][0] == "open"


def story(tx: Tx, id: str) -> list[Mapping[str, Any]]:
    """What each decision changed, from the timeline. Raises ``ValueError`` when that is broken too."""
    rows = fetch(tx, "SELECT data FROM timeline WHERE alert_id = ? ORDER BY seq", id)
    return [change for row in rows if (change := read_json(row[0]).get("set")) is not None]


def chain_end(tx: Tx, id: str) -> tuple[int, str]:
    """Number of the last entry and its hash, from the timeline itself."""
    rows = fetch(tx, "SELECT seq, hash FROM timeline WHERE alert_id = ? ORDER BY seq DESC LIMIT 1", id)
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")


def orphans(tx: Tx, limit: int) -> list[str]:
    """Alerts of which only the story is left."""
    sql = (
        "SELECT DISTINCT t.alert_id FROM timeline t LEFT JOIN alerts a ON a.id = t.alert_id"
        " WHERE a.id IS NULL ORDER BY t.alert_id LIMIT ?"
    )
    return [str(row[0]) for row in fetch(tx, sql, limit)]


def newest_gen(tx: Tx, id: str) -> int:
    """The highest generation that any contact of this alert was ordered in."""
    rows = fetch(tx, "SELECT max(gen) FROM outbox WHERE alert_id = ?", id)
    return int(rows[0][0] or 0)


def remains(tx: Tx, id: str, now: datetime) -> Alert:
    """The alert without tracks, each field as far as it can be read: what cannot be is taken for the worse."""
    row = dict(zip(_FIELDS, fetch(tx, f"SELECT {', '.join(_FIELDS)} FROM alerts WHERE id = ?", id)[0], strict=True))
    entries, head = chain_end(tx, id)
    home, device = row["home_id"], row["device_id"]
    facts: frozenset[str] = _or(lambda: frozenset(map(str, read_json(row["facts"]))), frozenset[str]())
    return Alert(
        id, Subject(home, device or (None if home else id), row["street"], row["doctor_team"], facts),
        _word(Kind, row["kind"], Kind.UNREADABLE), _word(Severity, row["severity"], Severity.CRITICAL),
        _or(lambda: read_instant(tx, row["raised_at"]), now), str(row["plan"]),
        drill=row["drill"] in (True, 1), late=bool(row["late"]), replayed=bool(row["replayed"]),
        signals=_or(lambda: int(row["signals"]), 1), cancel_requested=False,
        decided_at=_or(lambda: read_instant(tx, row["decided_at"]), now),
        version=_or(lambda: int(row["version"]), 0), previous=row["previous"], entries=entries, head=head,
    )  # fmt: skip


def _word(words: type[W], value: Any, otherwise: W) -> W:
    return _or(lambda: words(value), otherwise)


def _or(read: Callable[[], V], otherwise: V) -> V:
    """What can be read of it, else ``otherwise``."""
    try:
        return read()
    except (TypeError, ValueError, AttributeError):
        return otherwise
