"""Traces of devices: messages that are missing, a clock that is wrong, a configuration that has changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from store import faults
from store.bulk import Insert, among, fetch, listed, read_instant
from store.faults import TRACES
from store.ledger import Tx
from store.tasks import settle_tasks

_KEEP = Insert(
    TRACES,
    conflict="""(device_id) DO UPDATE SET day = excluded.day, received = excluded.received, missing = excluded.missing,
    seq = excluded.seq, boot = excluded.boot, config_first = excluded.config_first, config = excluded.config""",
)
#: a clock further off is wrong (wire.md, "Clock")
_SKEW = timedelta(seconds=60)
#: of a day's messages this share may be missing, and so many at least are counted
_LOSS, _ENOUGH = 0.05, 100
_COUNTS = frozenset({"heartbeat", "activity", "vitals", "location"})


@dataclass(frozen=True, slots=True)
class Trace:
    """One device's day, as its telemetry tells it."""

    device: str
    first_at: datetime
    day: str | None
    received: int
    missing: int
    seq: int | None
    boot: int | None
    config_first: str | None
    config: str | None
    clock_ok: bool | None = None
    changed: bool = False

    def after(self, body: Mapping[str, Any], at: datetime) -> "Trace":
        """With one more message."""
        if body.get("foreign") or body.get("type") not in _COUNTS:
            return self
        day = at.date().isoformat()
        fresh = self if day == self.day else replace(self, day=day, received=0, missing=0)
        data = body.get("data")
        config = data.get("config_hash") if isinstance(data, Mapping) else None
        config = config[:64] if isinstance(config, str) else self.config
        return replace(
            fresh, received=fresh.received + 1, missing=fresh.missing + self._lost(body), seq=_whole(body.get("seq")),
            boot=_whole(body.get("boot")), config_first=self.config_first or config, config=config,
            clock_ok=_clock_ok(body, at), changed=True,
        )  # fmt: skip

    def _lost(self, body: Mapping[str, Any]) -> int:
        """Numbers left out since the telemetry before; events take some too, far fewer than count as loss."""
        seq, boot = _whole(body.get("seq")), _whole(body.get("boot"))
        if seq is None or self.seq is None or boot != self.boot:
            return 0
        return min(max(0, seq - self.seq - 1), 1_000)

    @property
    def lossy(self) -> bool:
        """Too much of the day was lost."""
        return self.received >= _ENOUGH and self.missing > _LOSS * (self.received + self.missing)


def traces_of(tx: Tx, devices: Iterable[str]) -> dict[str, Trace]:
    """Those that are known."""
    sql = (
        "SELECT device_id, first_at, day, received, missing, seq, boot, config_first, config FROM device_traces"
        f" WHERE {among(tx, 'device_id')}"
    )
    return {row[0]: Trace(row[0], read_instant(tx, row[1]), *row[2:]) for row in fetch(tx, sql, listed(tx, devices))}


def keep_traces(tx: Tx, traces: Iterable[Trace], now: datetime) -> None:
    """Keep what changed; note faults, and take back those that are over."""
    changed = [t for t in traces if t.changed]
    _KEEP(tx, [
        {"device_id": t.device, "first_at": t.first_at, "day": t.day, "received": t.received, "missing": t.missing,
         "seq": t.seq, "boot": t.boot, "config_first": t.config_first, "config": t.config} for t in changed
    ])  # fmt: skip
    _mark(tx, "clock", [t.device for t in changed if t.clock_ok is False], [t.device for t in changed if t.clock_ok],
          now)  # fmt: skip
    drifted = [t.device for t in changed if t.config and t.config != t.config_first]
    same = [t.device for t in changed if t.config and t.config == t.config_first]
    _mark(tx, "config", drifted, same, now)
    lossy = [t.device for t in changed if t.lossy]
    _mark(tx, "sequence_gap", lossy, [t.device for t in changed if t.received >= _ENOUGH and not t.lossy], now)


def _mark(tx: Tx, fault: str, wrong: list[str], well: list[str], now: datetime) -> None:
    if wrong:
        faults.note(tx, wrong, fault, now)
    known = faults.noted(tx, fault, well) if well else []
    if known:
        faults.clear(tx, [(device, fault) for device in known])
        settle_tasks(tx, [f"fault:{fault}:{device}" for device in known], now, "well again")


def _clock_ok(body: Mapping[str, Any], at: datetime) -> bool | None:
    """None: it does not say."""
    if body.get("clock") == "unsynced":
        return False
    try:
        told = datetime.fromisoformat(str(body.get("ts")))
    except ValueError:
        return None
    return None if told.tzinfo is None else abs(at - told) <= _SKEW


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
