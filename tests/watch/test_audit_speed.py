"""The auditor at 100,000 open alerts (P33): a look under a second on both databases. ``make prove`` runs it."""

import os
import time
from pathlib import Path

import pytest

from store import pulses
from tests.town import Town
from watch.auditor import Auditor

OPEN = 100_000
#: where the figures are written, for docs/measurements.md
BOOK = os.environ.get("ANLING_AUDIT_FIGURES")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("ANLING_PROVE"), reason="takes minutes: make prove"),
]


def copy(town: Town, table: str, columns: dict[str, str]) -> None:
    """``OPEN`` copies of the rows of a table, with these columns made anew for each number."""
    names = list(town.rows(f"SELECT * FROM {table} LIMIT 1")[0])
    chosen = ", ".join(columns.get(name, f"r.{name}") for name in names)
    if town.ledger.sqlite:
        series = "WITH RECURSIVE s(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM s WHERE number < :most)"
        source, numbers = f"{table} r", "s"
    else:
        series, source, numbers = "", f"{table} r", "generate_series(1, :most) AS s(number)"
    listed = ", ".join(names)
    town.change(f"INSERT INTO {table} ({listed}) {series} SELECT {chosen} FROM {source}, {numbers}", most=OPEN)


def fill(town: Town) -> None:
    """One press that was called, and a hundred thousand like it."""
    town.press()
    town.deliver()
    town.forward(1)
    n = "CAST(number AS text)"
    copy(town, "alerts", {"id": f"r.id || {n}", "subject": f"r.subject || {n}"})
    copy(town, "tracks", {"alert_id": f"r.alert_id || {n}"})
    copy(town, "timeline", {"alert_id": f"r.alert_id || {n}"})
    copy(town, "outbox", {"key": f"r.key || '/' || {n}", "alert_id": f"r.alert_id || {n}"})
    copy(town, "attempts", {"key": f"r.key || '/' || {n}"})
    if not town.ledger.sqlite:
        town.change("ANALYZE")


def test_a_look_at_a_hundred_thousand_open_alerts(town: Town) -> None:
    """Every look takes less than a second, and misses nothing: one overdue timer is found."""
    fill(town)
    with town.ledger.transaction() as tx:
        pulses.save_time(tx, town.clock.now())
    auditor = Auditor(town.ledger)
    took = []
    for _ in range(6):
        auditor.turn()
        assert auditor.reading is not None
        took.append(auditor.reading.took)
        time.sleep(0.2)
    codes = {f.code for f in auditor.reading.findings if "no process" not in f.detail}
    town.change("UPDATE tracks SET due_at = :at, next_at = :at WHERE alert_id = (SELECT min(alert_id) FROM tracks)",
                at=town.rows("SELECT started_at FROM tracks LIMIT 1")[0]["started_at"])  # fmt: skip
    with town.ledger.transaction() as tx:
        pulses.save_time(tx, town.clock.forward(6))
    auditor.turn()

    named = {f.code for f in auditor.reading.findings}
    line = f"{'SQLite' if town.ledger.sqlite else 'PostgreSQL'}: {', '.join(f'{t * 1000:.0f}' for t in took)} ms"
    print(line)
    if BOOK:
        with Path(BOOK).open("a") as book:
            book.write(line + "\n")
    # the copies' stories are those of the first: their chains name another alert
    assert {"chain", "replay", "engine_clock"} >= codes
    assert "overdue" in named
    assert max(took) < 1.0
