"""Telemetry: last values of each device and the raw messages of the last days, written in groups."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.events import Event, Heard, Kind
from store.ledger import Tx
from store.tables import DeviceStateRow, TelemetryRow

STATES = DeviceStateRow.__table__  # type: ignore[attr-defined]
TELEMETRY = TelemetryRow.__table__  # type: ignore[attr-defined]


def keep(tx: Tx, batch: Sequence[Heard]) -> int:
    """Keep raw messages and the newest state of each device. Returns how many were kept."""
    rows = [
        {"device_id": h.device, "kind": str(h.event.kind if h.event else Kind.UNREADABLE),
         "received_at": h.message.received_at,
         "payload": tx.sealer.seal(h.message.payload, f"telemetry.payload|{h.device}")}
        for h in batch
        if h.device
    ]  # fmt: skip
    if rows:
        tx.execute(sa.insert(TELEMETRY), rows)
    seen(tx, (h for h in batch if h.event))
    return len(rows)


def seen(tx: Tx, heard: Iterable[Heard]) -> None:
    """Note the last sign of each device. A will of an older boot changes nothing."""
    newest: dict[str, dict[str, Any]] = {}
    for h in heard:
        if h.event is not None and h.device is not None:
            newest[h.device] = _state(h.device, h.event, h.message.received_at, newest.get(h.device))
    if not newest:
        return
    insert = (postgresql.insert if tx.postgres else sqlite.insert)(STATES)
    new = insert.excluded
    older_boot = sa.and_(new.online.is_(False), new.boot.is_not(None), STATES.c.boot > new.boot)
    statement = insert.on_conflict_do_update(
        index_elements=["device_id"],
        set_={
            "last_seen": sa.case((new.online.is_(False), STATES.c.last_seen), else_=new.last_seen),
            "online": sa.case((older_boot, STATES.c.online), else_=sa.func.coalesce(new.online, STATES.c.online)),
            "seq": sa.func.coalesce(new.seq, STATES.c.seq),
            "boot": sa.case((older_boot, STATES.c.boot), else_=sa.func.coalesce(new.boot, STATES.c.boot)),
            "kind": new.kind,
            "battery_pct": sa.func.coalesce(new.battery_pct, STATES.c.battery_pct),
        },
    )
    tx.execute(statement, list(newest.values()))


def prune(tx: Tx, before: datetime, limit: int = 20_000) -> int:
    """Forget raw telemetry older than ``before``, a bounded piece at a time."""
    old = sa.select(TELEMETRY.c.id).where(TELEMETRY.c.received_at < before).limit(limit)
    return int(tx.execute(sa.delete(TELEMETRY).where(TELEMETRY.c.id.in_(old))).rowcount)


def _state(device: str, event: Event, at: datetime, known: dict[str, Any] | None) -> dict[str, Any]:
    battery = event.data.get("battery_pct")
    fresh = {
        "device_id": device,
        "last_seen": at,
        "online": event.kind is not Kind.OFFLINE,
        "seq": event.seq,
        "boot": event.boot,
        "kind": str(event.kind),
        "battery_pct": float(battery) if isinstance(battery, int | float) and 0 <= battery <= 100 else None,
    }
    if known is None:
        return fresh
    if event.kind is Kind.OFFLINE and (event.boot or 0) < (known["boot"] or 0):
        return known
    return {k: known[k] if v is None else v for k, v in fresh.items()}
