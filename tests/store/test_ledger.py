"""The ledger: one stage commits whole or leaves no trace, and nobody's update is lost."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from domain.errors import ConfigurationError, LedgerCollision, LedgerUnavailable
from store.ledger import Ledger, normal_url
from store.meta import META
from store.tables import PulseRow
from tests.town import together
from tests.waiting import eventually

PULSES = PulseRow.__table__  # type: ignore[attr-defined]
Open = Callable[..., Ledger]
_ADD = """
import sys
import sqlalchemy as sa
from store.ledger import Ledger
from store.seal import Sealer

ledger = Ledger(sys.argv[1], Sealer("k" * 32))
lock = " FOR UPDATE" if not ledger.sqlite else ""
for _ in range(int(sys.argv[2])):
    with ledger.transaction() as tx:
        n = int(tx.execute(sa.text("SELECT value FROM meta WHERE key = 'n'" + lock)).scalar_one())
        tx.execute(sa.text("UPDATE meta SET value = :n WHERE key = 'n'"), {"n": str(n + 1)})
ledger.close()
"""


def _put(ledger: Ledger, key: str, value: str) -> None:
    with ledger.transaction() as tx:
        tx.execute(sa.insert(META), [{"key": key, "value": value}])


def _get(ledger: Ledger, key: str) -> str | None:
    with ledger.reading() as tx:
        return tx.execute(sa.select(META.c.value).where(META.c.key == key)).scalar()


def _fail(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        tx.execute(sa.insert(META), [{"key": "half", "value": "done"}])
        raise ZeroDivisionError


def _add(ledger: Ledger, times: int) -> None:
    """Read, add one, write: the update that gets lost where transactions are not kept apart."""
    lock = "" if ledger.sqlite else " FOR UPDATE"
    for _ in range(times):
        with ledger.transaction() as tx:
            n = int(tx.execute(sa.text("SELECT value FROM meta WHERE key = 'n'" + lock)).scalar_one())
            tx.execute(sa.text("UPDATE meta SET value = :n WHERE key = 'n'"), {"n": str(n + 1)})


def test_threads_lose_no_update(ledger: Ledger) -> None:
    """Eight threads that each add ten make eighty."""
    _put(ledger, "n", "0")

    results = together(*(lambda: _add(ledger, 10) for _ in range(8)))

    assert [None] * 8 == results
    assert "80" == _get(ledger, "n")


def test_processes_lose_no_update(ledger: Ledger, ledger_url: str) -> None:
    """Three processes that each add twenty make sixty; SQLite's writers queue across processes too."""
    _put(ledger, "n", "0")
    started = [subprocess.Popen([sys.executable, "-c", _ADD, ledger_url, "20"]) for _ in range(3)]

    ends = [process.wait(60) for process in started]

    assert [0, 0, 0] == ends
    assert "60" == _get(ledger, "n")


def test_a_stage_that_fails_leaves_no_trace(ledger: Ledger) -> None:
    """Whatever is raised inside, nothing of it is kept, and the caller hears it."""
    with pytest.raises(ZeroDivisionError):
        _fail(ledger)

    assert _get(ledger, "half") is None


def test_a_savepoint_takes_back_only_its_inside(ledger: Ledger) -> None:
    """What was written before it stays."""
    with ledger.transaction() as tx:
        tx.execute(sa.insert(META), [{"key": "before", "value": "kept"}])
        with suppress(ZeroDivisionError), tx.savepoint():
            tx.execute(sa.insert(META), [{"key": "inside", "value": "lost"}])
            raise ZeroDivisionError

    assert ("kept", None) == (_get(ledger, "before"), _get(ledger, "inside"))


def test_the_bell_rings_after_the_commit_only(ledger: Ledger) -> None:
    """Whoever wakes finds what woke them; a stage that failed wakes nobody."""
    waiter = ledger.doorbell.watch()
    with ledger.transaction() as tx:
        tx.execute(sa.insert(META), [{"key": "a", "value": "1"}])

        assert not waiter.wait(0.02)

    assert waiter.wait(0)
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        raise ZeroDivisionError

    assert not waiter.wait(0.02)


def test_the_bell_remembers_a_ring_while_busy_and_forgets_who_left(ledger: Ledger) -> None:
    """Rings are hints: several become one, and one that left is not woken."""
    waiter, gone = ledger.doorbell.watch(), ledger.doorbell.watch()
    ledger.doorbell.leave(gone)
    for n in range(3):
        _put(ledger, str(n), "x")

    assert waiter.wait(0)
    assert not waiter.wait(0)
    assert not gone.wait(0)


def test_a_patient_listener_lets_others_go_first(ledger: Ledger) -> None:
    """It hears every ring, a moment later, and several in that moment as one."""
    waiter = ledger.doorbell.watch(0.05)
    _put(ledger, "a", "x")
    begun = time.monotonic()

    assert waiter.wait(1)
    assert time.monotonic() - begun >= 0.05
    assert not waiter.wait(0)


@pytest.mark.parametrize("serving", [True, False], ids=["a process that serves", "a command"])
def test_another_process_is_heard(ledger: Ledger, ledger_url: str, open_ledger: Open, serving: bool) -> None:
    """A commit elsewhere rings here within a moment."""
    elsewhere = open_ledger(ledger_url)
    if serving:
        elsewhere.listen()
    waiter = ledger.doorbell.watch()
    ledger.listen()
    eventually(lambda: waiter.wait(0.2))
    waiter.wait(0.2)

    _put(elsewhere, "from", "far")

    assert waiter.wait(5)


def test_closing_leaves_no_thread_and_no_line(ledger_url: str, open_ledger: Open) -> None:
    """After ``close`` the ear has gone, so that nothing keeps the file or the server."""
    ledger = open_ledger(ledger_url)
    ledger.listen()
    eventually(lambda: ledger.engine.pool.checkedout() > 0 or not ledger.sqlite)  # type: ignore[attr-defined]

    ledger.close()

    assert [] == [t.name for t in threading.enumerate() if t.name in ("doorbell", "herald")]


def test_a_refused_write_is_a_collision_without_its_values(ledger: Ledger) -> None:
    """Somebody was faster: read again. The text says nothing of what was written."""
    _put(ledger, "twice", "secret-name")

    with pytest.raises(LedgerCollision) as caught:
        _put(ledger, "twice", "secret-name")

    assert "secret-name" not in _told(caught.value)


def test_a_ledger_that_is_away_says_try_again(tmp_path: Any, open_ledger: Open) -> None:
    """No table, no file, no server: unavailable, never a driver's own error."""
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with pytest.raises(LedgerUnavailable, match="not available"):
        _get(open_ledger(url), "x")
    with pytest.raises(LedgerUnavailable, match="not available"):
        _put(open_ledger("postgresql://nobody@127.0.0.1:1/none"), "x", "y")


def test_a_locked_sqlite_file_is_unavailable(tmp_path: Any, migrated_file: Any, open_ledger: Open) -> None:
    """Another process that holds the file for longer than we wait: try again, nothing was kept."""
    import shutil

    path = tmp_path / "locked.db"
    shutil.copy(migrated_file, path)
    first, second = open_ledger(f"sqlite:///{path}"), open_ledger(f"sqlite:///{path}")
    sa.event.listen(second.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=50"))

    with first.transaction(), pytest.raises(LedgerUnavailable, match="locked"):
        _put(second, "x", "y")

    assert _get(first, "x") is None


@pytest.mark.parametrize("value", ["secret-name", datetime(2026, 1, 1)], ids=["text", "naive"])
def test_no_error_text_holds_a_parameter(ledger: Ledger, value: Any) -> None:
    """Errors are logged; a name or a number in one would be in the log for ever."""
    row = {"part": "p", "instance": "secret-name", "at": value, "ok": True, "detail": "secret-name"}

    with pytest.raises(Exception) as caught, ledger.transaction() as tx:  # noqa: PT011
        tx.execute(sa.insert(PULSES), [row])

    assert "secret-name" not in _told(caught.value)


def _told(error: BaseException | None) -> str:
    """Everything a log would show of an error: its text and those of its causes."""
    text = ""
    while error is not None:
        text += f"{error}\n"
        error = error.__cause__
    return text


def test_a_value_the_database_cannot_read_is_not_repeated(ledger: Ledger) -> None:
    """PostgreSQL quotes what it could not read; we do not."""
    if ledger.sqlite:
        pytest.skip("SQLite casts anything")

    with pytest.raises(ValueError, match="does not fit") as caught, ledger.reading() as tx:
        tx.execute(sa.text("SELECT CAST('secret-name' AS integer)"))

    assert "secret-name" not in str(caught.value)


def test_an_instant_comes_back_aware_and_in_utc(ledger: Ledger) -> None:
    """Whatever zone it was written in; a naive one is refused."""
    shanghai = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with ledger.transaction() as tx:
        tx.execute(sa.insert(PULSES), [{"part": "p", "instance": "i", "at": shanghai, "ok": True, "detail": ""}])

    with ledger.reading() as tx:
        found = tx.execute(sa.select(PULSES.c.at)).scalar_one()

    assert datetime(2026, 11, 20, 4, 0, 0, 123456, tzinfo=UTC) == found
    assert timedelta(0) == found.utcoffset()


def test_instants_sort_by_time_whatever_their_zone(ledger: Ledger) -> None:
    """Text on SQLite sorts as instants do."""
    zones = [timezone(timedelta(hours=h)) for h in (-11, 8, 0)]
    instants = [datetime(2026, 11, 20, 12, 0, 0, n, tzinfo=z) for n, z in enumerate(zones)]
    with ledger.transaction() as tx:
        rows = [{"part": str(n), "instance": "i", "at": t, "ok": True, "detail": ""} for n, t in enumerate(instants)]
        tx.execute(sa.insert(PULSES), rows)

    with ledger.reading() as tx:
        found = [row[0] for row in tx.execute(sa.select(PULSES.c.at).order_by(PULSES.c.at))]

    assert sorted(instants) == found


@pytest.mark.parametrize("url", ["mysql://x/y", "anling.db", "sqlite://"])
def test_other_databases_are_refused_with_the_remedy(url: str) -> None:
    """Only what is tested runs."""
    with pytest.raises(ConfigurationError, match="ANLING_DATABASE_URL"):
        normal_url(url)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("size", [10_000, 4_000_000])
def test_megabytes_that_wait_for_the_commit_are_written(ledger: Ledger, size: int) -> None:
    """More than a socket takes at once: sent piece by piece, or a commit would wait for ever for its answer."""
    text = "INSERT INTO meta (key, value) VALUES (%s, %s)" if not ledger.sqlite else "INSERT INTO meta VALUES (?, ?)"
    with ledger.transaction() as tx:
        for n in range(3):
            tx.later(text, (f"large-{n}", "x" * size))

    with ledger.reading() as tx:
        found = tx.execute(sa.text("SELECT length(value) FROM meta WHERE key LIKE 'large-%'")).scalars().all()
    assert [size] * 3 == list(found)
