"""Faults of devices: who has been quiet for too long, who is back, whose battery is low; found in sets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import PROBE_MARK
from store.aways import AWAYS, holds
from store.bulk import Insert, among, fetch, instant, listed, read_instant, run
from store.ledger import Tx
from store.register import DEVICES, HOMES
from store.tables import DeviceFaultRow
from store.traces import STATES, well, wrong

FAULTS = DeviceFaultRow.__table__  # type: ignore[attr-defined]
_INSERT = Insert(FAULTS, conflict="DO NOTHING")
#: registered, in use, in a home where somebody lives
_LIVE = (
    DEVICES.c.revoked_at.is_(None)
    & HOMES.c.ended_at.is_(None)
    & HOMES.c.street.not_like(f"{PROBE_MARK}%")
    & (DEVICES.c.home_id == HOMES.c.id)
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Devices of one role and dialect: silent when last seen before ``seen``, or before ``offline`` with a will."""

    role: str
    dialect: str
    seen: datetime
    offline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one device."""

    device: str
    fault: str
    role: str
    home: str
    street: str
    since: datetime
    incident: str | None
    last_seen: datetime | None
    data: Mapping[str, Any]


def kinds(tx: Tx) -> list[tuple[str, str]]:
    """Every role with its dialect that the register has."""
    return [(r, d) for r, d in tx.execute(sa.select(DEVICES.c.role, DEVICES.c.dialect).distinct())]


def quiet(tx: Tx, limits: Sequence[Limit]) -> list[str]:
    """Devices that have been heard of before, and not for too long. A device that never spoke is not supervised."""
    s = STATES.c
    late = [
        (DEVICES.c.role == x.role) & (DEVICES.c.dialect == x.dialect) & sa.or_(
            s.last_seen < x.seen, *([s.online.is_(False) & (s.last_seen < x.offline)] if x.offline else []))
        for x in limits
    ]  # fmt: skip
    return _found(tx, "silent", sa.or_(sa.false(), *late))


def flat(tx: Tx, low: float) -> list[str]:
    """Devices whose battery is lower than this, and that nobody has noted."""
    return _found(tx, "battery_low", STATES.c.battery_pct < low)


def odd(tx: Tx, fault: str) -> list[str]:
    """Devices whose traces show this fault, and that nobody has noted."""
    return _found(tx, fault, wrong(fault))


def mended(tx: Tx, fault: str) -> list[str]:
    """Devices with this fault whose traces show that it is over."""
    query = sa.select(FAULTS.c.device_id).where(
        FAULTS.c.fault == fault, STATES.c.device_id == FAULTS.c.device_id, well(fault)
    )
    return [id for (id,) in tx.execute(query)]


def idle(tx: Tx, fault: str, limits: Sequence[tuple[str, str, datetime]], most: int) -> list[str]:
    """Devices (by role and dialect) that nobody has used since then; at most so many wait in one street."""
    s = STATES.c
    rows = [
        (DEVICES.c.role == role) & (DEVICES.c.dialect == dialect) & (s.first_at < since)
        & (s.last_life.is_(None) | (s.last_life < since))
        for role, dialect, since in limits
    ]  # fmt: skip
    waits = sa.select(HOMES.c.street, sa.func.count()).where(
        FAULTS.c.fault == fault, FAULTS.c.device_id == DEVICES.c.id, DEVICES.c.home_id == HOMES.c.id
    )  # fmt: skip
    full = {street: int(n) for street, n in tx.execute(waits.group_by(HOMES.c.street))}
    query = sa.select(DEVICES.c.id, HOMES.c.street).where(
        _LIVE, s.device_id == DEVICES.c.id, sa.or_(sa.false(), *rows), ~_noted(fault)
    )  # fmt: skip
    chosen = []
    for device, street in tx.execute(query.order_by(DEVICES.c.id)):
        full[street] = full.get(street, 0) + 1
        if full[street] <= most:
            chosen.append(device)
    return chosen


def used(tx: Tx, fault: str) -> list[str]:
    """Devices that were used since the fault was noted."""
    query = sa.select(FAULTS.c.device_id).where(
        FAULTS.c.fault == fault, STATES.c.device_id == FAULTS.c.device_id, STATES.c.last_life >= FAULTS.c.since
    )  # fmt: skip
    return [id for (id,) in tx.execute(query)]


def charged(tx: Tx, well: float) -> list[str]:
    """Devices whose battery is well again."""
    query = sa.select(FAULTS.c.device_id).where(
        FAULTS.c.fault == "battery_low", STATES.c.device_id == FAULTS.c.device_id, STATES.c.battery_pct >= well,
        STATES.c.last_seen > FAULTS.c.since,
    )  # fmt: skip
    return [id for (id,) in tx.execute(query)]


def returned(tx: Tx) -> list[str]:
    """Silent devices that have spoken since."""
    back = STATES.c.last_seen >= FAULTS.c.since
    query = sa.select(FAULTS.c.device_id).where(
        FAULTS.c.fault == "silent", STATES.c.device_id == FAULTS.c.device_id, back
    )
    return [id for (id,) in tx.execute(query)]


def gone(tx: Tx) -> list[tuple[str, str]]:
    """``(device, fault)`` of devices that were taken out of use, or whose home has ended."""
    live = sa.exists().where(DEVICES.c.id == FAULTS.c.device_id, _LIVE)
    return [(d, f) for d, f in tx.execute(sa.select(FAULTS.c.device_id, FAULTS.c.fault).where(~live))]


def note(tx: Tx, devices: Iterable[str], fault: str, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    """Note a fault; what is noted already stays."""
    _INSERT(tx, [
        {"device_id": d, "fault": fault, "since": now, "told_at": None, "incident": None, "data": dict(data or {})}
        for d in devices
    ])  # fmt: skip


def noted(tx: Tx, fault: str, devices: Iterable[str]) -> list[str]:
    """Those of ``devices`` that have this fault."""
    sql = f"SELECT device_id FROM device_faults WHERE fault = ? AND {among(tx, 'device_id')}"
    return [id for (id,) in fetch(tx, sql, fault, listed(tx, devices))]


def silent_behind(tx: Tx, homes: Iterable[str]) -> set[str]:
    """Devices of these homes that are silent, or whose hub is."""
    sql = (
        "SELECT d.id FROM devices d JOIN device_faults f ON f.fault = 'silent' AND f.device_id IN (d.id, d.gateway)"
        f" WHERE {among(tx, 'd.home_id')}"
    )
    return {id for (id,) in fetch(tx, sql, listed(tx, homes))}


def clear(tx: Tx, pairs: Iterable[tuple[str, str]]) -> None:
    """These faults are over."""
    run(tx, "DELETE FROM device_faults WHERE device_id = ? AND fault = ?", list(pairs))


def forget_done(tx: Tx, before: datetime) -> None:
    """What somebody called done a good while ago is looked at afresh: if it is still so, it is told again."""
    sql = (
        "DELETE FROM device_faults WHERE told_at IS NOT NULL AND EXISTS (SELECT 1 FROM tasks t"
        " WHERE t.key = 'fault:' || device_faults.fault || ':' || device_faults.device_id AND t.done_at < ?)"
    )
    run(tx, sql, [(instant(tx, before),)])


def untold(tx: Tx, now: datetime, silent_before: datetime, limit: int = 1_000) -> list[Fault]:
    """Faults that nobody was told about, oldest first; locked against other turns.

    Without those that an incident speaks for, of homes where nobody is, and silences since ``silent_before``.
    """
    c = FAULTS.c
    ripe = sa.or_(c.fault != "silent", c.since <= silent_before)
    query = _shown().where(c.told_at.is_(None), c.incident.is_(None), ripe, _LIVE, ~_away(now))
    query = query.order_by(c.since, c.device_id)
    rows = tx.execute(query.limit(limit).with_for_update(skip_locked=True, of=FAULTS)).mappings()
    return [Fault(**row) for row in rows]


def untold_homes(tx: Tx, now: datetime) -> dict[str, list[str]]:
    """Street -> homes with a silent device that nobody was told about."""
    c = FAULTS.c
    query = sa.select(HOMES.c.street, DEVICES.c.home_id).distinct().where(
        c.fault == "silent", c.told_at.is_(None), c.incident.is_(None), c.device_id == DEVICES.c.id, _LIVE,
        ~_away(now),
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for street, home in tx.execute(query):
        found.setdefault(street, []).append(home)
    return found


def told(tx: Tx, pairs: Iterable[tuple[str, str]], now: datetime) -> None:
    """Somebody knows of these."""
    run(tx, "UPDATE device_faults SET told_at = ? WHERE device_id = ? AND fault = ?",
        [(instant(tx, now), device, fault) for device, fault in pairs])  # fmt: skip


def join_incident(tx: Tx, key: str, street: str) -> int:
    """Every silent device of a street (``""``: of all) that nobody was told about is part of it."""
    where = " AND h.street = ?" if street else ""
    sql = (
        "UPDATE device_faults SET incident = ? WHERE fault = 'silent' AND told_at IS NULL AND incident IS NULL AND"
        " EXISTS (SELECT 1 FROM devices d JOIN homes h ON h.id = d.home_id WHERE d.id = device_faults.device_id"
        f"{where})"
    )
    return run(tx, sql, [(key, street) if street else (key,)])


def release(tx: Tx, incident: str) -> None:
    """The incident is over for people; who is still silent is a case of its own."""
    run(tx, "UPDATE device_faults SET incident = NULL WHERE incident = ?", [(incident,)])


def incidents(tx: Tx) -> dict[str, dict[str, Any]]:
    """Incident -> how many devices and homes are still silent in it, since when."""
    sql = (
        "SELECT f.incident, count(*), count(DISTINCT d.home_id), min(f.since) FROM device_faults f"
        " JOIN devices d ON d.id = f.device_id WHERE f.incident IS NOT NULL GROUP BY f.incident"
    )
    return {key: {"devices": int(n), "homes": int(homes), "since": read_instant(tx, since).isoformat()}
            for key, n, homes, since in fetch(tx, sql)}  # fmt: skip


def waiting_incidents(tx: Tx) -> list[str]:
    """Incidents whose task waits for a person."""
    return [key for (key,) in fetch(tx, "SELECT key FROM tasks WHERE kind = 'network_incident' AND done_at IS NULL")]


def homes_of(tx: Tx, devices: Iterable[str]) -> set[str]:
    """The homes of these devices."""
    sql = f"SELECT DISTINCT home_id FROM devices WHERE home_id IS NOT NULL AND {among(tx, 'id')}"
    return {home for (home,) in fetch(tx, sql, listed(tx, devices))}


def of_homes(tx: Tx, homes: Iterable[str]) -> dict[str, list[Fault]]:
    """Home -> the faults of its devices."""
    found: dict[str, list[Fault]] = {}
    query = _shown().where(DEVICES.c.home_id.in_(list(homes))).order_by(FAULTS.c.device_id, FAULTS.c.fault)
    for row in tx.execute(query).mappings():
        found.setdefault(row["home"], []).append(Fault(**row))
    return found


def _found(tx: Tx, fault: str, wrong: Any) -> list[str]:
    query = sa.select(DEVICES.c.id).where(_LIVE, STATES.c.device_id == DEVICES.c.id, wrong, ~_noted(fault))
    return [id for (id,) in tx.execute(query.order_by(DEVICES.c.id))]


def _away(now: datetime) -> Any:
    return sa.exists().where(AWAYS.c.home_id == DEVICES.c.home_id, holds(now)).correlate(DEVICES)


def _noted(fault: str) -> Any:
    return sa.exists().where(FAULTS.c.device_id == DEVICES.c.id, FAULTS.c.fault == fault).correlate(DEVICES)


def _shown() -> Any:
    c, d = FAULTS.c, DEVICES.c
    return (
        sa.select(c.device_id.label("device"), c.fault, d.role, d.home_id.label("home"), HOMES.c.street, c.since,
                  c.incident, STATES.c.last_seen, c.data)
        .join(DEVICES, d.id == c.device_id)
        .join(HOMES, HOMES.c.id == d.home_id)
        .outerjoin(STATES, STATES.c.device_id == c.device_id)
    )  # fmt: skip
