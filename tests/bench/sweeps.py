"""How long one sweep of the daily check-in needs over very many homes: opening, settling by signs, and asking.

    .venv/bin/python tests/bench/sweeps.py                       # 30,000 homes, on SQLite and PostgreSQL
    .venv/bin/python tests/bench/sweeps.py --homes 1000000 --database postgresql

Needs no broker and no web server: the sweep itself, on a real ledger whose register is put in by bulk.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import sqlalchemy as sa
from timers import database

from homes.steps import TEMPLATE, read_steps
from homes.sweep import Sweep, Swept
from store import schema
from store.bulk import instant
from store.ledger import Ledger
from store.seal import Sealer
from tests.town import SECRET, Town, site

Figures = dict[str, float]
SHANGHAI = ZoneInfo("Asia/Shanghai")
#: of a hundred homes so many have moved by the time that the rest is asked
_MOVED = 95
#: seconds that one sweep may take, by the number of homes
LIMITS = ((30_000, 10.0), (1_000_000, 60.0))
HEAD = "| | 住户 homes | 开窗 opening | 见平安 settling 95 % | 再看 again, nothing new | 询问 asking the other 5 % |"
_DAY = (2026, 11, 21)


def measure(url: str, homes: int, say: Callable[[str], None] = lambda text: None) -> Figures:
    """Seconds of the four sweeps of a morning; raises AssertionError when one of them did not do its work."""
    ledger = Ledger(url, Sealer(SECRET))
    try:
        schema.upgrade(ledger)
        town = Town(ledger)
        town.settle_in(site())
        say(f"{homes:,} homes")
        fill(town, homes)
        found: Figures = {}
        sweep = Sweep(ledger, town.standing, town.clock, read_steps(TEMPLATE.read_text("utf-8")), SHANGHAI)
        found["open_s"] = _sweep(town, sweep, (5, 0), lambda done: done.opened >= homes)
        moved(town, homes)
        found["settle_s"] = _sweep(town, sweep, (8, 59), lambda done: done.settled >= homes * _MOVED // 100)
        found["again_s"] = _sweep(town, sweep, (8, 59), lambda done: done.settled == 0)
        found["ask_s"] = _sweep(town, sweep, (9, 0), lambda done: done.stepped >= homes * (100 - _MOVED) // 100)
        return found | {"slowest_s": max(found.values())}
    finally:
        ledger.close()


def _sweep(town: Town, sweep: Sweep, at: tuple[int, int], right: Callable[[Swept], bool]) -> float:
    """One sweep, ten seconds into this minute."""
    when = datetime(*_DAY, *at, tzinfo=SHANGHAI) + timedelta(seconds=10)
    town.clock.forward((when - town.clock.now()).total_seconds())
    start = time.perf_counter()
    done = sweep.turn()
    spent = time.perf_counter() - start
    assert right(done), done
    return spent


def fill(town: Town, homes: int) -> None:
    """So many homes, each with a motion sensor, asked by 09:30 from 05:00 on."""
    with town.ledger.transaction() as tx:
        empty = "CAST('{}' AS JSON)" if tx.connection.dialect.name == "postgresql" else "'{}'"
        since = instant(tx, datetime(2026, 1, 1, tzinfo=SHANGHAI))
        moment = "CAST(:since AS timestamptz)" if tx.connection.dialect.name == "postgresql" else ":since"
        numbers = f"WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < {homes})"
        at = sa.text(
            f"INSERT INTO homes (id, street, category, address, checkin_opens, checkin_by, checkin_activity,"
            f" checkin_since) {numbers} SELECT 'bench-' || CAST(10000000 + g AS TEXT), 'north', 'lives_alone', {empty},"
            f" 300, 570, TRUE, {moment} FROM n"
        )
        tx.connection.execute(at, {"since": since})
        tx.connection.execute(sa.text(
            f"INSERT INTO devices (id, home_id, role, dialect) {numbers} SELECT 'move-' || CAST(10000000 + g AS TEXT),"
            " 'bench-' || CAST(10000000 + g AS TEXT), 'motion_sensor', 'z2m' FROM n"
        ))  # fmt: skip
    _analyse(town)


def moved(town: Town, homes: int) -> None:
    """The first 95 of each hundred have moved at 06:30."""
    with town.ledger.transaction() as tx:
        at = instant(tx, datetime(*_DAY, 6, 30, tzinfo=SHANGHAI))
        value = "CAST(:at AS timestamptz)" if tx.connection.dialect.name == "postgresql" else ":at"
        tx.connection.execute(sa.text(
            f"INSERT INTO device_states (device_id, first_at, last_seen, kind, last_life, received, missing)"
            f" SELECT id, {value}, {value}, 'activity', {value}, 0, 0"
            f" FROM devices WHERE id LIKE 'move-%' AND CAST(substr(id, 6) AS INTEGER) % 100 < {_MOVED}"
        ), {"at": at})  # fmt: skip
    _analyse(town)


def _analyse(town: Town) -> None:
    """What a database does by itself in the background, before it is measured."""
    with town.ledger.transaction() as tx:
        tx.connection.execute(sa.text("ANALYZE"))


def main() -> int:
    """Measure and print; exit status 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=30_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    missed = 0
    print("\n".join([HEAD, "|---|---|---|---|---|---|"]), flush=True)
    for name in ("sqlite", "postgresql"):
        if options.database in (name, "both"):
            with database(name) as url:
                found = measure(url, options.homes)
            print(
                f"| {name} | {options.homes:,} | {found['open_s']:.1f} s | {found['settle_s']:.1f} s |"
                f" {found['again_s']:.1f} s | {found['ask_s']:.1f} s |", flush=True,
            )  # fmt: skip
            missed += any(options.homes <= homes and found["slowest_s"] > limit for homes, limit in LIMITS)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
