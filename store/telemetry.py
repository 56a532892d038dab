"""Telemetry: last values of each device and the raw messages of the last days, written in groups."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.events import Event, Heard, Kind
from store import traces
from store.bulk import Insert
from store.ledger import Tx
from store.tables import TelemetryRow
from store.traces import STATES

TELEMETRY = TelemetryRow.__table__  # type: ignore[attr-defined]
#: somebody is there: moved, pressed, spoke, was measured
_AT_REST = frozenset({"off", "out", "clear", "idle", False})
_LIFE = frozenset({
    Kind.CHECKIN_OK, Kind.SOS, Kind.CANCEL, Kind.HELP_ARRIVED, Kind.GEOFENCE_EXIT,
})  # fmt: skip
_INSERT = Insert(TELEMETRY, ("device_id", "kind", "received_at", "payload"))
_INSERT_READING = Insert(TELEMETRY, ("device_id", "kind", "received_at", "payload", "reading"))
_OLDER_BOOT = "excluded.online IS FALSE AND excluded.boot < device_states.boot"
_UPSERT = Insert(
    STATES,
    conflict=f"""(device_id) DO UPDATE SET
    last_seen = CASE WHEN excluded.online IS FALSE THEN device_states.last_seen ELSE excluded.last_seen END,
    online = CASE WHEN {_OLDER_BOOT} THEN device_states.online ELSE coalesce(excluded.online, device_states.online) END,
    boot = CASE WHEN {_OLDER_BOOT} THEN device_states.boot ELSE coalesce(excluded.boot, device_states.boot) END,
    kind = CASE WHEN {_OLDER_BOOT} THEN device_states.kind ELSE excluded.kind END,
    battery_pct = coalesce(excluded.battery_pct, device_states.battery_pct),
    last_life = coalesce(excluded.last_life, device_states.last_life),{traces.JOIN}""",
)


def keep(tx: Tx, batch: Sequence[Heard], alive: bool = True) -> int:
    """Keep raw messages and the newest state of each device. Returns how many were kept.

    ``alive``: they are signs of life; what a broker remembered is none.
    """
    rows = [
        {"device_id": h.device, "kind": str(h.event.kind if h.event else Kind.UNREADABLE),
         "received_at": h.message.received_at,
         "payload": tx.sealer.seal(h.message.payload, f"telemetry.payload|{h.device}")}
        for h in batch
        if h.device
    ]  # fmt: skip
    if any(h.event and _is_foreign(h) for h in batch):
        named = [h for h in batch if h.device]
        _INSERT_READING(tx, [row | _reading(tx, h) for row, h in zip(rows, named, strict=True)])
    else:
        _INSERT(tx, rows)
    if alive:
        seen(tx, (h for h in batch if h.event))
    return len(rows)


def _is_foreign(h: Heard) -> bool:
    return h.message.topic.startswith(("vendor/", "http:/"))


def _reading(tx: Tx, h: Heard) -> dict[str, bytes | None]:
    """What another maker's bytes say in our words: nobody behind this line can read the bytes themselves."""
    if h.event is None or h.event.noise or not _is_foreign(h):
        return {"reading": None}
    said = {"type": str(h.event.kind), "data": dict(h.event.data), "foreign": True}
    return {"reading": tx.sealer.seal_json(said, f"telemetry.reading|{h.device}")}


def seen(tx: Tx, heard: Iterable[Heard]) -> None:
    """Note the last sign of each device. A will of an older boot changes nothing."""
    newest: dict[str, dict[str, Any]] = {}
    for h in heard:
        if h.event is not None and h.device is not None:
            newest[h.device] = _state(h, h.event, newest.get(h.device))
    # In one order always: presses and telemetry write the same rows at the same moment, and must not wait in a ring.
    _UPSERT(tx, [newest[device] for device in sorted(newest)])


def seen_since(tx: Tx, since: datetime) -> list[str]:
    """Devices that gave a sign of life since then."""
    return [row[0] for row in tx.execute(sa.select(STATES.c.device_id).where(STATES.c.last_seen >= since))]


def prune(tx: Tx, before: datetime, limit: int = 20_000) -> int:
    """Forget raw telemetry older than ``before``, a bounded piece at a time."""
    old = sa.select(TELEMETRY.c.id).where(TELEMETRY.c.received_at < before).limit(limit)
    return int(tx.execute(sa.delete(TELEMETRY).where(TELEMETRY.c.id.in_(old))).rowcount)


def _state(h: Heard, event: Event, known: dict[str, Any] | None) -> dict[str, Any]:
    battery = event.data.get("battery_pct")
    at = h.message.received_at
    fresh = {
        "device_id": h.device,
        "first_at": at,
        "last_seen": at,
        "online": event.kind is not Kind.OFFLINE,
        "boot": event.boot,
        "kind": str(event.kind),
        "battery_pct": float(battery) if isinstance(battery, int | float) and 0 <= battery <= 100 else None,
        "last_life": at if _alive(event) else None,
        **traces.told(event, at, _is_foreign(h)),
    }
    if known is None:
        return fresh
    if event.kind is Kind.OFFLINE and (event.boot or 0) < (known["boot"] or 0):
        return known
    fresh["received"] += known["received"]
    return {k: known[k] if v is None else v for k, v in fresh.items()}


def _alive(event: Event) -> bool:
    """A wristband on the table measures nothing, a sensor that reports rest has seen nobody: no sign of anybody."""
    if event.kind is Kind.ACTIVITY:
        return event.data.get("state") not in _AT_REST
    if event.kind is Kind.VITALS:
        return any(isinstance(event.data.get(name), int | float) for name in ("hr_bpm", "spo2_pct", "resp_rpm"))
    return event.kind in _LIFE
