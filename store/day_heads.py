"""One head for each day: a hash over the day's entries of all timelines, signed with the installation's key.

An alert's own chain shows that an entry was changed; only the head of its day shows that a whole alert is gone.
Probes of the watch stand outside: they are forgotten on purpose.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from domain.people import PROBE_MARK
from store import meta
from store.bulk import fetch, read_instant
from store.ledger import Ledger, Tx

_BATCH = 5_000
_KEY = "day_head|"
#: entries of a day may still be on their way to the ledger so long after its end (UTC)
_LATE = timedelta(hours=1)


def heads(ledger: Ledger) -> dict[date, str]:
    """Every day's head, worked out anew."""
    days: dict[date, Any] = {}
    for alert, seq, at, known in _entries(ledger):
        days.setdefault(at.date(), sha256()).update(f"{alert}|{seq}|{known}\n".encode())
    return {day: found.hexdigest() for day, found in sorted(days.items())}


def disputed(tx: Tx, found: dict[date, str]) -> list[date]:
    """Days whose signed head is not what the ledger makes now, or was signed by somebody without the key."""
    signed = _signed(tx)
    return [
        day
        for day, (head, mark) in sorted(signed.items())
        if found.get(day) != head or mark not in tx.sealer.marks(_text(day, head))
    ]


def sign(tx: Tx, found: dict[date, str], now: datetime) -> list[date]:
    """Sign the heads of days that are over and have none yet; a signed one never changes."""
    known = _signed(tx)
    due = [day for day in found if day not in known and _over(day, now)]
    meta.begin(tx, {f"{_KEY}{day}": f"{found[day]} {tx.sealer.mark(_text(day, found[day]))}" for day in due})
    return due


def _signed(tx: Tx) -> dict[date, tuple[str, str]]:
    c = meta.META.c
    rows = tx.execute(sa.select(c.key, c.value).where(c.key.like(f"{_KEY}%")))
    parts = ((key.removeprefix(_KEY), value.partition(" ")) for key, value in rows)
    return {date.fromisoformat(day): (head, mark) for day, (head, _, mark) in parts}


def _over(day: date, now: datetime) -> bool:
    end = datetime(day.year, day.month, day.day, tzinfo=now.tzinfo) + timedelta(days=1)
    return now > end + _LATE


def _text(day: date, head: str) -> str:
    return f"day head|{day}|{head}"


def _entries(ledger: Ledger) -> Iterator[tuple[str, int, datetime, str]]:
    """All entries by alert and number, in short looks: nobody waits for us."""
    alert, seq = "", 0
    sql = (
        "SELECT t.alert_id, t.seq, t.at, t.hash FROM timeline t LEFT JOIN alerts a ON a.id = t.alert_id"
        f" WHERE (t.alert_id, t.seq) > (?, ?) AND (a.street IS NULL OR a.street NOT LIKE '{PROBE_MARK}%')"
        f" ORDER BY t.alert_id, t.seq LIMIT {_BATCH}"
    )
    while True:
        with ledger.reading() as tx:
            rows = [(r[0], int(r[1]), read_instant(tx, r[2]), r[3]) for r in fetch(tx, sql, alert, seq)]
        yield from rows
        if len(rows) < _BATCH:
            return
        alert, seq = rows[-1][0], rows[-1][1]
