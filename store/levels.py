"""Levels: which alarm of which device is set, since when, and which alert has heard of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from store.bulk import Insert, among, fetch, instant, listed, read_instant, run
from store.ledger import Tx
from store.tables.signals import LevelRow

LEVELS = LevelRow.__table__  # type: ignore[attr-defined]
_UPSERT = Insert(
    LEVELS,
    conflict="""(device_id, kind) DO UPDATE SET is_on = excluded.is_on, told_at = excluded.told_at,
    since = CASE WHEN levels.is_on THEN levels.since ELSE excluded.since END,
    alert_id = coalesce(excluded.alert_id, levels.alert_id)""",
)


@dataclass(frozen=True, slots=True)
class Level:
    """One state that lasts, as far as the ledger knows."""

    device: str
    kind: str
    is_on: bool
    told_at: datetime
    alert: str | None
    #: the alert that heard of it is open
    open: bool
    closed_at: datetime | None


def of(tx: Tx, devices: Iterable[str]) -> dict[tuple[str, str], Level]:
    """Every known level of these devices, by device and kind."""
    sql = (
        "SELECT l.device_id, l.kind, l.is_on, l.told_at, l.alert_id, a.state, a.closed_at FROM levels l"
        f" LEFT JOIN alerts a ON a.id = l.alert_id WHERE {among(tx, 'l.device_id')}"
    )
    return {
        (device, kind): Level(
            device, kind, bool(on), read_instant(tx, told), alert, state == "open", read_instant(tx, closed)
        )
        for device, kind, on, told, alert, state, closed in fetch(tx, sql, listed(tx, devices))
    }


def set_on(tx: Tx, told: Sequence[tuple[str, str, datetime, str | None]]) -> None:
    """These (device, kind) are set and were told of now, to this alert if any."""
    newest = {(device, kind): (at, alert) for device, kind, at, alert in told}
    _UPSERT(tx, [
        {"device_id": device, "kind": kind, "is_on": True, "since": at, "told_at": at, "alert_id": alert}
        for (device, kind), (at, alert) in newest.items()
    ])  # fmt: skip


def set_off(tx: Tx, pairs: Sequence[tuple[str, str, datetime]]) -> None:
    """These are over; what was never set stays unknown."""
    sql = "UPDATE levels SET is_on = ?, since = ? WHERE device_id = ? AND kind = ? AND is_on = ?"
    run(tx, sql, [(False, instant(tx, at), device, kind, True) for device, kind, at in pairs])
