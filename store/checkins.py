"""Check-ins: opened, settled and moved on in sets, so that thirty thousand homes are one sweep of seconds.

Every statement may be run again, by any number of processes: a day's question is one row by its
key, and a row moves only from where it stood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.checkins import Checkin, CheckinState
from store import meta
from store.aways import AWAYS, holds
from store.bulk import among, fetch, instant, listed, run, upsert
from store.inbox import INBOX
from store.ledger import Tx
from store.register import DEVICES, HOMES
from store.tables import CheckinRow
from store.traces import STATES

CHECKINS = CheckinRow.__table__  # type: ignore[attr-defined]
_SWEPT = "checkins_swept"
_COLUMNS = (
    "day", "home_id", "street", "state", "opened_at", "by_at", "late", "step", "last_at", "next_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """Homes that share their minutes share their instants of one day."""

    opens: int
    by: int


def windows(tx: Tx) -> list[Window]:
    """Every window that some home has."""
    c = HOMES.c
    pairs = sa.select(c.checkin_opens, c.checkin_by).where(c.checkin_by.is_not(None)).distinct()
    return [Window(*row) for row in tx.execute(pairs.order_by(c.checkin_opens, c.checkin_by))]


def homes_of(tx: Tx, window: Window, after: str, limit: int) -> list[str]:
    """The next homes of a window, by id; empty at the end."""
    c = HOMES.c
    query = sa.select(c.id).where(c.checkin_opens == window.opens, c.checkin_by == window.by, c.id > after)
    return [id for (id,) in tx.execute(query.order_by(c.id).limit(limit))]


@dataclass(frozen=True, slots=True)
class Opening:
    """One window on one day: its instants, and when its first step is due."""

    window: Window
    day: date
    opened_at: datetime
    by_at: datetime
    first_at: datetime
    late: bool


def open_day(tx: Tx, opening: Opening, first: str, last: str) -> int:
    """Ask the homes ``first`` … ``last`` (by id) today; a home from the first window that opens after its rule came."""
    c = HOMES.c
    given = (opening.day.isoformat(), opening.opened_at, opening.by_at, opening.late, opening.first_at)
    day, opened, by, late, due = (sa.literal(v, type_=CHECKINS.c[n].type) for n, v in zip(
        ("day", "opened_at", "by_at", "late", "next_at"), given, strict=True))  # fmt: skip
    zero, nothing = sa.literal(0), sa.cast(sa.null(), CHECKINS.c.last_at.type)
    chosen = sa.select(day, c.id, c.street, sa.literal("open"), opened, by, late, zero, nothing, due).where(
        c.checkin_opens == opening.window.opens, c.checkin_by == opening.window.by,
        c.checkin_since < opening.opened_at, c.id >= first, c.id <= last, c.ended_at.is_(None),
    )  # fmt: skip
    insert = upsert(tx, CHECKINS).from_select(list(_COLUMNS), chosen).on_conflict_do_nothing()
    return int(tx.execute(insert.execution_options(preserve_rowcount=True)).rowcount)


def settle_by_signs(tx: Tx, day: date, first: str, last: str, now: datetime) -> int:
    """Whoever moved since the window opened is well, where any sign of life counts."""
    c, d, s, h = CHECKINS.c, DEVICES.c, STATES.c, HOMES.c
    signs = (s.device_id == d.id) & (d.home_id == c.home_id) & (s.last_life >= c.opened_at)
    newest = sa.select(sa.func.max(s.last_life)).where(signs).correlate(CHECKINS).scalar_subquery()
    # with its bounds said again: PostgreSQL would else walk the homes of the whole district for each piece
    here = (h.id == c.home_id) & (h.id >= first) & (h.id <= last)
    counts = sa.exists().where(here, h.checkin_activity.is_(True)).correlate(CHECKINS)
    return _settle(tx, (day, first, last), sa.and_(sa.exists().where(signs).correlate(CHECKINS), counts),
                   {"state": "ok", "way": "activity", "settled_at": sa.func.coalesce(newest, now)})  # fmt: skip


def settle_by_words(tx: Tx, day: date, first: str, last: str) -> int:
    """Whoever pressed "I am well" is."""
    c, d, i = CHECKINS.c, DEVICES.c, INBOX.c
    said = (i.device_id == d.id) & (d.home_id == c.home_id) & (i.kind == "checkin_ok") & (i.received_at >= c.opened_at)
    first_word = sa.select(sa.func.min(i.received_at)).where(said).correlate(CHECKINS).scalar_subquery()
    return _settle(tx, (day, first, last), sa.exists().where(said).correlate(CHECKINS),
                   {"state": "ok", "way": "button", "settled_at": first_word})  # fmt: skip


def excuse(tx: Tx, day: date, first: str, last: str, now: datetime) -> int:
    """Whoever is away now is not asked today."""
    c, a = CHECKINS.c, AWAYS.c
    away = (a.home_id == c.home_id) & holds(now)
    kind = sa.select(sa.func.max(a.kind)).where(away).correlate(CHECKINS).scalar_subquery()
    return _settle(tx, (day, first, last), sa.exists().where(away).correlate(CHECKINS),
                   {"state": "excused", "way": kind, "settled_at": now})  # fmt: skip


def _settle(tx: Tx, where: tuple[date, str, str], holds: Any, values: Mapping[str, Any]) -> int:
    day, first, last = where
    c = CHECKINS.c
    here = (c.day == day.isoformat(), c.home_id >= first, c.home_id <= last, c.state == "open")
    return int(tx.execute(sa.update(CHECKINS).where(*here, holds).values(next_at=None, **values)).rowcount)


def open_pieces(tx: Tx, day: date, size: int) -> list[tuple[str, str]]:
    """The homes whose question is still open, by id, in pieces of ``size``: the first and the last of each.

    Sorted once: asked for piece by piece, PostgreSQL sorted all that were left for each of a thousand pieces.
    """
    sql = (
        "SELECT min(home_id), max(home_id) FROM ("
        "SELECT home_id, (row_number() OVER (ORDER BY home_id) - 1) / ? AS piece FROM checkins"
        " WHERE day = ? AND state = 'open') AS waiting GROUP BY piece ORDER BY piece"
    )
    return [(first, last) for first, last in fetch(tx, sql, size, day.isoformat())]


def due(tx: Tx, now: datetime, limit: int) -> list[Checkin]:
    """Open ones whose next step is due, the longest due first, locked against other sweeps."""
    c = CHECKINS.c
    # nothing else in the order: fifty thousand are due at one instant, and the index has them as they are wanted
    query = sa.select(CHECKINS).where(c.state == "open", c.next_at <= now).order_by(c.next_at).limit(limit)
    rows = tx.execute(query.with_for_update(skip_locked=True)).mappings()
    return [
        Checkin(r["home_id"], date.fromisoformat(r["day"]), r["street"], r["opened_at"], r["by_at"], r["step"],
                r["last_at"])
        for r in rows
    ]  # fmt: skip


def move_on(tx: Tx, checkin: Checkin, steps: int, now: datetime, next_at: datetime) -> None:
    """``steps`` more were taken; the next is due then."""
    values = {"step": checkin.step + steps, "last_at": now, "next_at": next_at}
    tx.execute(sa.update(CHECKINS).where(*_this(checkin.day.isoformat(), checkin.home)).values(**values))


def move_all(tx: Tx, moves: Iterable[tuple[Checkin, int, datetime]], now: datetime) -> None:
    """Each has taken so many steps now; its next is due then."""
    sql = "UPDATE checkins SET step = ?, last_at = ?, next_at = ? WHERE day = ? AND home_id = ? AND state = 'open'"
    at = instant(tx, now)
    run(tx, sql, [(n, at, instant(tx, due), c.day.isoformat(), c.home) for c, n, due in moves])


def settle(
    tx: Tx, day: str, home: str, state: CheckinState, way: str | None, at: datetime,
    by: str | None = None, alert: str | None = None, note: bytes | None = None,
) -> bool:  # fmt: skip
    """Settle one; False when it was settled before."""
    values = {"state": str(state), "way": way, "settled_at": at, "by": by, "alert_id": alert, "note": note}
    changed = tx.execute(sa.update(CHECKINS).where(*_this(day, home)).values(next_at=None, **values))
    return bool(changed.rowcount)


def hurry(tx: Tx, day: str, home: str, now: datetime) -> None:
    """The next step is due now: a call went unanswered, a number is wrong."""
    tx.execute(sa.update(CHECKINS).where(*_this(day, home), CHECKINS.c.next_at > now).values(next_at=now))


def _this(day: str, home: str) -> tuple[Any, ...]:
    return CHECKINS.c.day == day, CHECKINS.c.home_id == home, CHECKINS.c.state == "open"


def next_due(tx: Tx) -> datetime | None:
    """When the next step of anybody is due."""
    return tx.execute(sa.select(sa.func.min(CHECKINS.c.next_at)).where(CHECKINS.c.state == "open")).scalar()


def swept_until(tx: Tx) -> datetime | None:
    """When the last sweep was; None before the first."""
    value = meta.read(tx, _SWEPT)
    return datetime.fromisoformat(value) if value else None


def note_sweep(tx: Tx, now: datetime) -> None:
    """A sweep went through."""
    meta.write(tx, _SWEPT, now.isoformat())


def prune(tx: Tx, before: date, limit: int = 20_000) -> int:
    """Forget settled questions of long ago, a bounded piece at a time."""
    old = sa.select(CHECKINS.c.home_id, CHECKINS.c.day).where(CHECKINS.c.day < before.isoformat()).limit(limit)
    pairs = [(day, home) for home, day in tx.execute(old)]
    if not pairs:
        return 0
    return int(tx.execute(sa.delete(CHECKINS).where(
        sa.tuple_(CHECKINS.c.day, CHECKINS.c.home_id).in_(pairs), CHECKINS.c.state != "open")).rowcount)  # fmt: skip


def roles_of_devices(tx: Tx, homes: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """Home -> its own-protocol devices that may be asked: ``(device, its gateway or itself)``."""
    wanted: Sequence[str] = list(homes)
    found: dict[str, list[tuple[str, str]]] = {}
    if wanted:
        sql = (
            f"SELECT home_id, id, coalesce(gateway, id) FROM devices WHERE {among(tx, 'home_id')}"
            " AND dialect = 'anling' AND revoked_at IS NULL ORDER BY id"
        )
        for home, device, to in fetch(tx, sql, listed(tx, wanted)):
            found.setdefault(home, []).append((device, to))
    return found


#: settled questions are kept this long
KEPT = timedelta(days=400)
