"""Lines: a transaction finds a connection that works, and leaves none open."""

import pytest
import sqlalchemy as sa

from domain.errors import LedgerCollision, LedgerUnavailable
from store.bulk import Insert, fetch, run
from store.ledger import Ledger
from store.meta import META

_INSERT = Insert(META)
_PUT = "INSERT INTO meta (key, value) VALUES (?, ?)"


def _put(ledger: Ledger, key: str, value: str = "x") -> None:
    with ledger.transaction() as tx:
        run(tx, _PUT, [(key, value)])


def _keys(ledger: Ledger) -> set[str]:
    with ledger.reading() as tx:
        return {row[0] for row in fetch(tx, "SELECT key FROM meta")}


def test_a_line_is_used_again(ledger: Ledger) -> None:
    """One thread, one line: the next transaction finds the pages and statements of the last still warm."""
    lines = []
    for _ in range(3):
        with ledger.transaction() as tx:
            lines.append(tx.connection)

    assert 1 == len({id(line) for line in lines})


def test_the_drivers_own_refusal_is_a_collision(ledger: Ledger) -> None:
    """The hot path speaks to the driver itself; who calls it sees the same errors, and the line stays good."""
    _put(ledger, "twice")

    with pytest.raises(LedgerCollision) as caught:
        _put(ledger, "twice", "secret-name")

    assert "secret-name" not in str(caught.value)
    _put(ledger, "after")
    assert {"twice", "after"} <= _keys(ledger)


def test_a_write_that_waited_is_refused_before_the_commit(ledger: Ledger) -> None:
    """PostgreSQL gets writes in one journey, at the end; a refused one still undoes the whole stage."""
    with pytest.raises(LedgerCollision):
        _insert_each(ledger, "a", "b", "a")

    assert set() == {"a", "b"} & _keys(ledger)
    _insert_each(ledger, "a", "b")
    assert {"a", "b"} <= _keys(ledger)


def test_a_write_that_waited_is_seen_by_the_next_look(ledger: Ledger) -> None:
    """Whoever asks inside the transaction gets the answer as if nothing had waited, by either way of asking."""
    with ledger.transaction() as tx:
        _INSERT(tx, [{"key": "a", "value": "1"}])
        by_driver = fetch(tx, "SELECT value FROM meta WHERE key = 'a'")
        _INSERT(tx, [{"key": "b", "value": "2"}])
        by_sqlalchemy = tx.execute(sa.select(META.c.value).where(META.c.key == "b")).scalar()

    assert ([("1",)], "2") == ([tuple(row) for row in by_driver], by_sqlalchemy)


def test_a_write_refused_in_a_savepoint_stays_in_it(ledger: Ledger) -> None:
    """One message that cannot be kept costs no neighbour its row (P6)."""
    with ledger.transaction() as tx:
        _INSERT(tx, [{"key": "kept", "value": "1"}])
        with pytest.raises(ledger.engine.dialect.loaded_dbapi.IntegrityError), tx.savepoint():
            _INSERT(tx, [{"key": "kept", "value": "2"}])

    assert "kept" in _keys(ledger)


def test_a_line_that_the_server_cut_is_replaced(ledger: Ledger) -> None:
    """PostgreSQL restarted while nobody spoke: the next transaction gets a new line and hears nothing of it."""
    if ledger.sqlite:
        pytest.skip("SQLite has no server")
    with ledger.reading() as tx:
        number = fetch(tx, "SELECT pg_backend_pid()")[0][0]
    other = Ledger(ledger.url, ledger.sealer)
    with other.reading() as tx:
        fetch(tx, "SELECT pg_terminate_backend(?)", number)
    other.close()
    _let_rest(ledger)

    _put(ledger, "after")

    assert "after" in _keys(ledger)


def test_a_line_cut_in_the_middle_is_dropped(ledger: Ledger) -> None:
    """The server goes away inside a transaction: unavailable, nothing kept, and the next one works."""
    if ledger.sqlite:
        pytest.skip("SQLite has no server")
    with pytest.raises(LedgerUnavailable):
        _cut(ledger)

    assert "half" not in _keys(ledger)


def test_closing_hangs_up(ledger: Ledger) -> None:
    """Also the line of a transaction that ends after ``close``."""
    with ledger.reading() as tx:
        rested = tx.connection
    with ledger.transaction() as tx:
        ledger.close()

    assert rested.closed
    assert tx._line.sa.closed


def _insert_each(ledger: Ledger, *keys: str) -> None:
    with ledger.transaction() as tx:
        for key in keys:
            _INSERT(tx, [{"key": key, "value": "x"}])


def _cut(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        run(tx, _PUT, [("half", "x")])
        fetch(tx, "SELECT pg_terminate_backend(pg_backend_pid())")


def _let_rest(ledger: Ledger) -> None:
    """As if the lines had not been used for a while."""
    for idle in ledger._lines._idle.values():
        for line in idle:
            line.used -= 60


def test_a_commit_that_fails_leaves_a_line_that_works(ledger: Ledger) -> None:
    """A full disk, a constraint looked at last: the next transaction on the same line goes through."""
    with ledger.transaction() as tx:
        tx.execute(sa.text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        tx.execute(sa.text("CREATE TABLE child (p INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"))
    for _ in range(2):
        with pytest.raises(LedgerCollision), ledger.transaction() as tx:
            tx.execute(sa.text("INSERT INTO child VALUES (1)"))

    with ledger.transaction() as tx:
        tx.execute(sa.text("INSERT INTO parent VALUES (1)"))
        tx.execute(sa.text("INSERT INTO child VALUES (1)"))

    with ledger.reading() as tx:
        assert 1 == tx.execute(sa.text("SELECT count(*) FROM child")).scalar()
