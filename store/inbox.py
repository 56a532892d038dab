"""The inbox: every message that may need a person, raw bytes first; a natural key makes repeats harmless."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.events import Message
from store.ledger import Tx
from store.tables import Inbox

INBOX = Inbox.__table__  # type: ignore[attr-defined]


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
    c = INBOX.c
    query = sa.select(c.natural_key, c.id, c.event_id, c.outcome, c.alert_id, c.reason).where(
        c.natural_key.in_(list(keys))
    )
    return {row[0]: Kept(*row[1:]) for row in tx.execute(query)}


def put(tx: Tx, arrivals: Sequence[Arrival]) -> None:
    """Keep the raw messages, as ``pending``."""
    if arrivals:
        tx.execute(sa.insert(INBOX), [_row(tx, a) for a in arrivals])


def judge(tx: Tx, verdicts: Sequence[Verdict]) -> None:
    """Write down what became of them."""
    if verdicts:
        rows = [{"v_id": v.id, "v_o": v.outcome, "v_a": v.alert_id, "v_r": v.reason} for v in verdicts]
        tx.execute(_JUDGE, rows)


_JUDGE = (
    sa.update(INBOX)
    .where(INBOX.c.id == sa.bindparam("v_id"))
    .values(outcome=sa.bindparam("v_o"), alert_id=sa.bindparam("v_a"), reason=sa.bindparam("v_r"))
)


def pending(tx: Tx, limit: int = 100) -> list[tuple[Message, str]]:
    """Messages whose judging failed, oldest first, with their row id."""
    query = sa.select(INBOX).where(INBOX.c.outcome == "pending").order_by(INBOX.c.id).limit(limit)
    if tx.postgres:
        query = query.with_for_update(skip_locked=True)
    return [(_message(tx, row), row["id"]) for row in tx.execute(query).mappings()]


def loose_cancels(tx: Tx, devices: Iterable[str], since: datetime) -> dict[str, list[str]]:
    """Cancels that came before what they refer to: device -> row ids."""
    c = INBOX.c
    query = sa.select(c.device_id, c.id).where(
        c.device_id.in_(list(devices)), c.kind == "cancel", c.alert_id.is_(None), c.received_at >= since
    )
    found: dict[str, list[str]] = {}
    for device, id in tx.execute(query):
        found.setdefault(device, []).append(id)
    return found


def payload(tx: Tx, id: str) -> bytes:
    """The raw bytes of one kept message."""
    sealed = tx.execute(sa.select(INBOX.c.payload).where(INBOX.c.id == id)).scalar_one()
    return tx.sealer.open(sealed, f"inbox.payload|{id}")


def _row(tx: Tx, arrival: Arrival) -> dict[str, Any]:
    message = arrival.message
    return {
        "id": arrival.id, "natural_key": arrival.natural_key, "topic": message.topic[:512],
        "device_id": arrival.device_id, "event_id": arrival.event_id, "kind": arrival.kind,
        "received_at": message.received_at, "retain": message.retain, "outcome": "pending",
        "payload": tx.sealer.seal(message.payload, f"inbox.payload|{arrival.id}"),
    }  # fmt: skip


def _message(tx: Tx, row: Mapping[Any, Any]) -> Message:
    plain = tx.sealer.open(row["payload"], f"inbox.payload|{row['id']}")
    return Message(row["topic"], plain, row["received_at"], retain=row["retain"])
