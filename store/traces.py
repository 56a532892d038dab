"""Traces of devices: messages that are missing, a clock that is wrong, a configuration that has changed.

They stand in the row of a device's last value and are counted in the statement that writes it: a heartbeat is
read once, when it comes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.events import TELEMETRY, Event
from store.tables import DeviceStateRow

STATES = DeviceStateRow.__table__  # type: ignore[attr-defined]
#: a clock further off is wrong (wire.md, "Clock")
_SKEW = timedelta(seconds=60)
#: of a day's messages this share may be missing, and so many at least are counted
_LOSS, _ENOUGH = 0.05, 100
#: more numbers than these at once are a counter that was set anew, no loss
_JUMP = 1_000
_SILENT: Mapping[str, Any] = {
    "seq": None, "day": None, "received": 0, "missing": 0, "config_first": None, "config": None, "clock_ok": None,
}  # fmt: skip

_SAME_DAY = "excluded.day IS NULL OR device_states.day = excluded.day"
#: numbers left out since the telemetry before; events take some too, far fewer than count as loss
_GAP = "(excluded.seq - device_states.seq - excluded.received)"
#: how new traces join the old ones, for ON CONFLICT
JOIN = f"""
    seq = coalesce(excluded.seq, device_states.seq),
    day = coalesce(excluded.day, device_states.day),
    received = CASE WHEN {_SAME_DAY} THEN device_states.received ELSE 0 END + excluded.received,
    missing = CASE WHEN {_SAME_DAY} THEN device_states.missing ELSE 0 END
        + CASE WHEN coalesce(device_states.boot, -1) <> coalesce(excluded.boot, -1) OR {_GAP} <= 0 THEN 0
          WHEN {_GAP} > {_JUMP} THEN {_JUMP} ELSE coalesce({_GAP}, 0) END,
    config_first = coalesce(device_states.config_first, excluded.config_first),
    config = coalesce(excluded.config, device_states.config),
    clock_ok = coalesce(excluded.clock_ok, device_states.clock_ok)"""


def told(event: Event, at: datetime, foreign: bool) -> Mapping[str, Any]:
    """What one message that came ``at`` tells of its device; only telemetry of our own protocol is numbered."""
    if foreign or event.kind not in TELEMETRY:
        return _SILENT
    config = event.data.get("config_hash")
    config = config[:64] if isinstance(config, str) else None
    return {
        "seq": event.seq, "day": at.date().isoformat(), "received": int(event.seq is not None), "missing": 0,
        "config_first": config, "config": config, "clock_ok": _clock_ok(event, at),
    }  # fmt: skip


def wrong(fault: str) -> Any:
    """Condition: the device's traces show this fault."""
    s = STATES.c
    lossy = s.missing > _LOSS * (s.received + s.missing)
    return {"clock": s.clock_ok.is_(False), "config": s.config != s.config_first,
            "sequence_gap": sa.and_(s.received >= _ENOUGH, lossy)}[fault]  # fmt: skip


def well(fault: str) -> Any:
    """Condition: the device's traces show that this fault is over."""
    s = STATES.c
    whole = s.missing <= _LOSS * (s.received + s.missing)
    return {"clock": s.clock_ok.is_(True), "config": s.config == s.config_first,
            "sequence_gap": sa.and_(s.received >= _ENOUGH, whole)}[fault]  # fmt: skip


def _clock_ok(event: Event, at: datetime) -> bool | None:
    """None: it does not say."""
    if event.clock == "unsynced":
        return False
    return None if event.ts is None else abs(at - event.ts) <= _SKEW
