"""Pulses: the last sign of life of each running part, and the newest engine time, so that others can doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from domain.health import Health
from store import meta
from store.bulk import overwrite
from store.ledger import Tx
from store.tables import PulseRow

PULSES = PulseRow.__table__  # type: ignore[attr-defined]
_TIME = "engine_time"
#: a part that has beaten within this is alive
_ALIVE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What one part of one process last said of itself."""

    part: str
    instance: str
    at: datetime
    ok: bool
    detail: str
    #: seconds since the part last did something, as it says itself
    age_s: float | None = None


def beat(tx: Tx, instance: str, at: datetime, parts: Mapping[str, Health]) -> None:
    """Say that these parts live, or what ails them."""
    overwrite(tx, PULSES, [
        {"part": part, "instance": instance, "at": at, "ok": h.ok, "detail": h.detail[:500], "age_s": h.age_s}
        for part, h in parts.items()
    ])  # fmt: skip


def newest(tx: Tx) -> dict[str, Pulse]:
    """The newest pulse of each part, over all instances; a healthy one before a sick one of the same age."""
    found: dict[str, Pulse] = {}
    for row in tx.execute(sa.select(PULSES).order_by(PULSES.c.at, PULSES.c.ok)).mappings():
        found[row["part"]] = Pulse(**row)
    return found


def alive(tx: Tx, now: datetime) -> list[str]:
    """Parts that have beaten lately, of any process, by name: somebody serves this ledger."""
    return sorted(part for part, pulse in newest(tx).items() if abs(now - pulse.at) < _ALIVE)


def forget(tx: Tx, before: datetime) -> None:
    """Drop pulses of instances that have long gone."""
    tx.execute(sa.delete(PULSES).where(PULSES.c.at < before))


def save_time(tx: Tx, now: datetime) -> None:
    """Remember the engine's time: after a restart it never starts earlier."""
    meta.write(tx, _TIME, now.isoformat())


def saved_time(tx: Tx) -> datetime | None:
    """The newest engine time that was saved."""
    value = meta.read(tx, _TIME)
    return datetime.fromisoformat(value) if value else None
