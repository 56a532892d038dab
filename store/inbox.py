"""The inbox: every message that may need a person, raw bytes first; a natural key makes repeats harmless."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from domain.errors import Unreadable
from domain.events import Message
from store.bulk import Insert, among, fetch, instant, listed, run
from store.ledger import Tx
from store.tables import Inbox

_LOG = structlog.get_logger("anling.inbox")
INBOX = Inbox.__table__  # type: ignore[attr-defined]
_INSERT = Insert(INBOX)
#: said of a cancel that was an answer to our question: it refers to no alert
ANSWERED = "answered the question about a fall"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger knows of a message that was there before."""

    id: str
    event_id: str | None
    outcome: str
    alert_id: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message on its way into the inbox."""

    id: str
    natural_key: str
    message: Message
    device_id: str | None
    event_id: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a kept message."""

    id: str
    outcome: str
    alert_id: str | None = None
    reason: str | None = None


def known(tx: Tx, keys: Iterable[str]) -> dict[str, Kept]:
    """Messages kept before, by natural key."""
    sql = f"SELECT natural_key, id, event_id, outcome, alert_id, reason FROM inbox WHERE {among(tx, 'natural_key')}"
    return {row[0]: Kept(*row[1:]) for row in fetch(tx, sql, listed(tx, keys))}


def put(tx: Tx, arrivals: Sequence[Arrival], verdicts: Mapping[str, Verdict]) -> None:
    """Keep the raw messages with what became of them; without a verdict they are ``pending``."""
    _INSERT(tx, [_row(tx, a, verdicts.get(a.id)) for a in arrivals])


def judge(tx: Tx, verdicts: Sequence[Verdict]) -> None:
    """Write down what became of messages kept earlier."""
    sql = "UPDATE inbox SET outcome = ?, alert_id = ?, reason = ? WHERE id = ?"
    run(tx, sql, [(v.outcome, v.alert_id, v.reason, v.id) for v in verdicts])


def any_pending(tx: Tx) -> bool:
    """Whether something waits to be judged again."""
    return bool(fetch(tx, "SELECT 1 FROM inbox WHERE outcome = 'pending' LIMIT 1"))


def pending(tx: Tx, limit: int = 100) -> list[tuple[Message, str, str]]:
    """Messages whose judging failed, with their row id and natural key; oldest first, of more than ``limit`` any.

    Drawn by lot, so that those which never can be judged do not keep the others waiting (P6).
    """
    query = sa.select(INBOX).where(INBOX.c.outcome == "pending").order_by(sa.func.random()).limit(limit)
    if tx.postgres:
        query = query.with_for_update(skip_locked=True)
    rows = sorted(tx.execute(query).mappings(), key=lambda row: str(row["id"]))
    return [(message, row["id"], row["natural_key"]) for message, row in _readable(tx, rows)]


def unread(tx: Tx, ids: Iterable[str] | None = None, limit: int = 1000) -> list[tuple[Message, str]]:
    """What no decoder could read and no alert speaks of, oldest first, locked; ``ids``: only these."""
    c = INBOX.c
    query = sa.select(INBOX).where(c.kind.in_(("unreadable", "unknown")), c.alert_id.is_(None), c.outcome != "pending")
    if ids is not None:
        query = query.where(c.id.in_(list(ids)))
    query = query.order_by(c.id).limit(limit)
    if tx.postgres:
        query = query.with_for_update(skip_locked=True)
    return [(message, str(row["id"])) for message, row in _readable(tx, tx.execute(query).mappings())]


def reread(tx: Tx, arrivals: Sequence[Arrival]) -> None:
    """Write down what kept messages turned out to be, after a decoder was mended."""
    sql = "UPDATE inbox SET natural_key = ?, device_id = ?, event_id = ?, kind = ? WHERE id = ?"
    run(tx, sql, [(a.natural_key, a.device_id, a.event_id, a.kind, a.id) for a in arrivals])


def loose_cancels(tx: Tx, devices: Iterable[str], since: datetime) -> list[tuple[str, str, bytes]]:
    """Cancels that came before what they refer to: device, row id, raw bytes (none where they cannot be opened)."""
    sql = (
        "SELECT device_id, id, payload FROM inbox WHERE kind = 'cancel' AND alert_id IS NULL"
        f" AND (reason IS NULL OR reason <> ?) AND received_at >= ? AND {among(tx, 'device_id')}"
    )
    rows = fetch(tx, sql, ANSWERED, instant(tx, since), listed(tx, devices))
    return [(device, id, _bytes(tx, id, sealed)) for device, id, sealed in rows]


def _bytes(tx: Tx, id: str, sealed: bytes) -> bytes:
    plain = tx.sealer.peek(sealed, _place(id))
    if plain is None:
        _LOG.error("message_unusable", row=id)
    return plain or b""


def one(tx: Tx, id: str) -> tuple[Message, str]:
    """One kept message, with its natural key. Raises ``Unreadable`` when its bytes cannot be opened."""
    row = tx.execute(sa.select(INBOX).where(INBOX.c.id == id)).mappings().one()
    return _message(tx, row), row["natural_key"]


def listed_rows(tx: Tx, limit: int, unread_only: bool) -> list[dict[str, Any]]:
    """Kept messages without their bytes, newest first."""
    c = INBOX.c
    query = sa.select(c.id, c.received_at, c.outcome, c.kind, c.device_id, c.topic, c.reason, c.alert_id)
    if unread_only:
        query = query.where(c.kind.in_(("unreadable", "unknown")))
    return [dict(row) for row in tx.execute(query.order_by(c.id.desc()).limit(limit)).mappings()]


def payload(tx: Tx, id: str) -> bytes:
    """The raw bytes of one kept message."""
    sealed = tx.execute(sa.select(INBOX.c.payload).where(INBOX.c.id == id)).scalar_one()
    return tx.sealer.open(sealed, _place(id))


def _readable(tx: Tx, rows: Iterable[Mapping[Any, Any]]) -> Iterator[tuple[Message, Mapping[Any, Any]]]:
    """Each message with its row; one whose bytes cannot be opened is told and passed over (P6)."""
    for row in rows:
        try:
            yield _message(tx, row), row
        except Unreadable as error:
            _LOG.error("message_unusable", row=row["id"], why=str(error))


def _place(id: str) -> str:
    return f"inbox.payload|{id}"


def _row(tx: Tx, arrival: Arrival, verdict: Verdict | None) -> dict[str, Any]:
    message = arrival.message
    return {
        "id": arrival.id,
        "natural_key": arrival.natural_key,
        "topic": message.topic[:512],
        "device_id": arrival.device_id,
        "event_id": arrival.event_id,
        "kind": arrival.kind,
        "received_at": message.received_at,
        "payload": tx.sealer.seal(message.payload, _place(arrival.id)),
        "retain": message.retain,
        "site": message.site,
        "outcome": verdict.outcome if verdict else "pending",
        "reason": verdict.reason if verdict else None,
        "alert_id": verdict.alert_id if verdict else None,
    }


def _message(tx: Tx, row: Mapping[Any, Any]) -> Message:
    plain = tx.sealer.open(row["payload"], _place(row["id"]))
    return Message(row["topic"], plain, row["received_at"], retain=row["retain"], site=row["site"])
