"""The schema: migrations make exactly the tables that the code expects, and age is checked."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from domain.errors import ConfigurationError
from store import schema
from store.indexes import metadata
from store.ledger import Ledger

Open = Callable[..., Ledger]


def test_an_empty_database_is_migrated_to_the_newest_age(empty_url: str, open_ledger: Open) -> None:
    """The first start makes the whole schema."""
    ledger = open_ledger(empty_url)

    before = schema.upgrade(ledger)

    assert (None, schema.HEAD) == (before, schema.age(ledger))


def test_migrating_twice_changes_nothing(ledger: Ledger) -> None:
    """Every start may migrate."""
    assert schema.HEAD == schema.upgrade(ledger)
    assert schema.HEAD == schema.age(ledger)


def test_the_migrations_make_what_the_code_expects(ledger: Ledger) -> None:
    """A column in the code that no migration made would be found at the first write, at night."""
    with ledger.transaction() as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert [] == differences


def test_what_was_known_of_devices_goes_on_in_its_new_place(empty_url: str, open_ledger: Open) -> None:
    """Counts of the day and the first configuration move to the last value; who has none keeps what it has (P34)."""
    ledger = open_ledger(empty_url)
    with ledger.transaction() as tx:
        config = schema.config_for()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0020")
        tx.execute(sa.text(
            "INSERT INTO device_states (device_id, last_seen, kind, seq, boot) VALUES"
            " ('a', '2026-11-20T04:00:00+00:00', 'heartbeat', 900, 7), ('b', '2026-11-20T04:00:00+00:00', 'sos', 5, 1)"
        ))  # fmt: skip
        tx.execute(sa.text(
            "INSERT INTO device_traces (device_id, first_at, day, received, missing, seq, boot, config_first, config)"
            " VALUES ('a', '2026-11-01T04:00:00+00:00', '2026-11-20', 100, 3, 899, 7, 'x', 'y')"
        ))  # fmt: skip

    schema.upgrade(ledger)

    names = "device_id, seq, boot, day, received, missing, config_first, config"
    with ledger.reading() as tx:
        rows = tx.execute(sa.text(f"SELECT {names}, first_at = last_seen FROM device_states ORDER BY device_id")).all()
    assert [
        ("a", 899, 7, "2026-11-20", 100, 3, "x", "y", False),
        ("b", None, 1, None, 0, 0, None, None, True),
    ] == [tuple(row) for row in rows]


def test_head_is_the_newest_file() -> None:
    """The constant that start-up compares is the migration that was written last."""
    folder = Path(schema.__file__).parent / "migrations" / "versions"

    newest = max(path.name.split("_")[0] for path in folder.glob("[0-9]*.py"))

    assert newest == schema.HEAD


def test_a_newer_ledger_is_refused(ledger: Ledger) -> None:
    """An old program on a new schema would write what the new one cannot read (P34)."""
    with ledger.transaction() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match="start the newer program"):
        schema.upgrade(ledger)
    with pytest.raises(ConfigurationError, match="9999"):
        schema.require_current(ledger)


def test_an_unmigrated_ledger_is_not_served(empty_url: str, open_ledger: Open) -> None:
    """A room that does not migrate says what to run."""
    with pytest.raises(ConfigurationError, match="anling db upgrade"):
        schema.require_current(open_ledger(empty_url))


def test_two_that_migrate_at_once_end_alike(empty_url: str, open_ledger: Open) -> None:
    """Two processes started together find one migrated ledger."""
    code = (
        "import sys; from store import schema; from store.ledger import Ledger; from store.seal import Sealer;"
        "x = Ledger(sys.argv[1], Sealer('k' * 32)); schema.upgrade(x); x.close()"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, empty_url]) for _ in range(2)]

    ends = [process.wait(60) for process in started]

    assert [0, 0] == ends
    assert schema.HEAD == schema.age(open_ledger(empty_url))
