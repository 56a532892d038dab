"""Signs of homes: by the hour, and the newest of each kind; derived from telemetry after it was stored.

The telemetry's writer knows nothing of this. A mark says how far it was read; whoever moves the mark
writes what was read with it, in one transaction, so that any number of processes count each message once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store import meta
from store.bulk import Insert, among, fetch, instant, listed, read_instant, run
from store.ledger import Tx
from store.tables import HourlySignRow, LastSignRow

HOURLY = HourlySignRow.__table__  # type: ignore[attr-defined]
LAST = LastSignRow.__table__  # type: ignore[attr-defined]
_MARK = "telemetry_digested"
#: what the homes' rules read; a heartbeat tells of its device alone
_TELLING = "'activity', 'vitals', 'location'"
#: the hours stay when the raw telemetry is gone
KEPT = timedelta(days=400)
_COUNT = Insert(
    HOURLY,
    conflict="""(home_id, kind, hour) DO UPDATE SET count = hourly_signs.count + excluded.count,
    last_at = CASE WHEN excluded.last_at > hourly_signs.last_at THEN excluded.last_at ELSE hourly_signs.last_at END""",
)
_NEWEST = Insert(
    LAST,
    conflict="""(home_id, kind) DO UPDATE SET device_id = excluded.device_id, at = excluded.at, value = excluded.value
    WHERE excluded.at >= last_signs.at""",
)


@dataclass(frozen=True, slots=True)
class Sign:
    """One message of telemetry, of a device that belongs to a home."""

    n: int
    device: str
    role: str
    home: str
    street: str
    at: datetime
    kind: str
    #: as the device sent it, or what another maker's message says in our words; None when it cannot be read
    body: Mapping[str, Any] | None


def mark(tx: Tx) -> int:
    """How far telemetry was read."""
    return int(meta.read(tx, _MARK) or 0)


def newest(tx: Tx) -> int:
    """The newest message there is."""
    return int(fetch(tx, "SELECT coalesce(max(id), 0) FROM telemetry")[0][0])


def move_mark(tx: Tx, old: int, new: int) -> bool:
    """True for the one process that reads on from ``old``."""
    if not old:
        meta.begin(tx, {_MARK: "0"})
    sql = f"UPDATE meta SET value = ? WHERE key = '{_MARK}' AND value = ?"
    return run(tx, sql, [(str(new), str(old))]) == 1


def after(tx: Tx, old: int, until: int, limit: int) -> tuple[list[Sign], int]:
    """The next messages that tell of a home, and how far was read; those of devices without a home are passed over."""
    rows = fetch(tx,
        "SELECT t.id, t.device_id, d.role, h.id, h.street, t.received_at, t.kind, t.payload, t.reading FROM"
        f" (SELECT * FROM telemetry WHERE id > ? AND id <= ? AND kind IN ({_TELLING}) ORDER BY id LIMIT ?) t"
        " LEFT JOIN devices d ON d.id = t.device_id LEFT JOIN homes h ON h.id = d.home_id ORDER BY t.id",
        old, until, limit)  # fmt: skip
    signs = [
        Sign(n, device, role, home, street, read_instant(tx, at), kind, _body(tx, device, payload, reading))
        for n, device, role, home, street, at, kind, payload, reading in rows if home is not None
    ]  # fmt: skip
    return signs, (rows[-1][0] if len(rows) == limit else until)


def count(tx: Tx, counted: Mapping[tuple[str, str, datetime], tuple[int, datetime]]) -> None:
    """So many more signs: ``(home, kind, hour)`` -> how many, the last of them."""
    _COUNT(tx, [
        {"home_id": home, "kind": kind, "hour": hour, "count": n, "last_at": last}
        for (home, kind, hour), (n, last) in sorted(counted.items())
    ])  # fmt: skip


def set_last(tx: Tx, found: Mapping[tuple[str, str], tuple[str, datetime, Mapping[str, Any] | None]]) -> None:
    """The newest sign of each kind of a home: device, moment, and what it measured (sealed)."""
    _NEWEST(tx, [
        {"home_id": home, "kind": kind, "device_id": device, "at": at,
         "value": tx.sealer.seal_json(value, _place(home, kind)) if value is not None else None}
        for (home, kind), (device, at, value) in sorted(found.items())
    ])  # fmt: skip


def last_of(tx: Tx, homes: Iterable[str], opened: bool = False) -> dict[str, dict[str, dict[str, Any]]]:
    """Home -> kind -> device, moment; ``opened``: and the value, which the caller audits."""
    sql = f"SELECT home_id, kind, device_id, at, value FROM last_signs WHERE {among(tx, 'home_id')}"
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for home, kind, device, at, value in fetch(tx, sql, listed(tx, homes)):
        shown: dict[str, Any] = {"device": device, "at": read_instant(tx, at)}
        if opened and value is not None:
            shown["value"] = tx.sealer.peek_json(value, _place(home, kind))
        found.setdefault(home, {})[kind] = shown
    return found


def hours_of(tx: Tx, homes: Iterable[str], since: datetime) -> dict[str, dict[str, dict[datetime, int]]]:
    """Home -> kind -> hour -> how many signs."""
    sql = f"SELECT home_id, kind, hour, count FROM hourly_signs WHERE hour >= ? AND {among(tx, 'home_id')}"
    found: dict[str, dict[str, dict[datetime, int]]] = {}
    for home, kind, hour, n in fetch(tx, sql, instant(tx, since), listed(tx, homes)):
        found.setdefault(home, {}).setdefault(kind, {})[read_instant(tx, hour)] = n
    return found


def hours_within(
    tx: Tx, homes: Iterable[str], kinds: Sequence[str], spans: Sequence[tuple[datetime, datetime]]
) -> dict[str, dict[str, dict[datetime, int]]]:
    """As ``hours_of``, only these kinds and within these times."""
    any_of = " OR ".join(["hour >= ? AND hour < ?"] * len(spans))
    sql = (
        "SELECT home_id, kind, hour, count FROM hourly_signs"
        f" WHERE kind IN ({', '.join(repr(str(kind)) for kind in kinds)}) AND ({any_of}) AND {among(tx, 'home_id')}"
    )
    found: dict[str, dict[str, dict[datetime, int]]] = {}
    at = [instant(tx, edge) for span in spans for edge in span]
    for home, kind, hour, n in fetch(tx, sql, *at, listed(tx, homes)):
        found.setdefault(home, {}).setdefault(kind, {})[read_instant(tx, hour)] = n
    return found


def quiet_homes(tx: Tx, newest_before: datetime, newest_after: datetime) -> dict[str, datetime]:
    """Homes whose newest sign of life lies between these, and when it was; without those that are away or ended."""
    sql = (
        "SELECT d.home_id, max(s.last_life) AS newest FROM devices d JOIN device_states s ON s.device_id = d.id"
        " JOIN homes h ON h.id = d.home_id WHERE s.last_life IS NOT NULL AND h.ended_at IS NULL"
        " GROUP BY d.home_id HAVING max(s.last_life) < ? AND max(s.last_life) > ?"
    )
    rows = fetch(tx, sql, instant(tx, newest_before), instant(tx, newest_after))
    return {home: read_instant(tx, at) for home, at in rows}


def newest_life(tx: Tx, homes: Iterable[str]) -> dict[str, datetime]:
    """Home -> its newest sign of life."""
    sql = (
        "SELECT d.home_id, max(s.last_life) FROM devices d JOIN device_states s ON s.device_id = d.id"
        f" WHERE s.last_life IS NOT NULL AND {among(tx, 'd.home_id')} GROUP BY d.home_id"
    )
    return {home: read_instant(tx, at) for home, at in fetch(tx, sql, listed(tx, homes))}


def prune(tx: Tx, before: datetime, limit: int = 20_000) -> int:
    """Forget the hours of long ago, a bounded piece at a time."""
    c = HOURLY.c
    old = sa.select(c.home_id, c.kind, c.hour).where(c.hour < before).limit(limit)
    found: Sequence[Any] = tx.execute(old).all()
    if not found:
        return 0
    keys = sa.tuple_(c.home_id, c.kind, c.hour).in_([tuple(row) for row in found])
    return int(tx.execute(sa.delete(HOURLY).where(keys)).rowcount)


def _body(tx: Tx, device: str, payload: bytes, reading: bytes | None) -> Mapping[str, Any] | None:
    if reading is not None:
        said = tx.sealer.peek_json(reading, f"telemetry.reading|{device}")
    else:
        said = tx.sealer.peek_json(payload, f"telemetry.payload|{device}")
    return said if isinstance(said, dict) else None


def _place(home: str, kind: str) -> str:
    return f"last_signs.value|{home}/{kind}"
