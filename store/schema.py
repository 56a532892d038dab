"""The schema's age: migrate forward, and refuse to run on a ledger that is newer than this program (P34)."""

from pathlib import Path

import sqlalchemy as sa

from domain.errors import ConfigurationError
from store import numbers
from store.key_ring import verify_key as verify_key
from store.ledger import Ledger

#: the newest migration in ``store/migrations/versions``; a test keeps it so
HEAD = "0021"
_FOLDER = Path(__file__).parent / "migrations"


def age(ledger: Ledger) -> str | None:
    """The ledger's migration, None for an empty one."""
    with ledger.reading() as tx:
        if not sa.inspect(tx.connection).has_table("alembic_version"):
            return None
        return tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(ledger: Ledger) -> str | None:
    """Migrate to ``HEAD``. Returns the age before, None when nothing was there."""
    before = age(ledger)
    if before == HEAD:
        numbers.fill(ledger)
        return before
    if before is not None and before > HEAD:
        raise ConfigurationError(
            [f"the ledger is at migration {before}, newer than this program ({HEAD}): start the newer program"]
        )
    from alembic import command

    with ledger.transaction() as tx:
        if tx.postgres:
            # Of two processes that start together the second waits here, and then finds nothing to do.
            tx.execute(sa.text("SELECT pg_advisory_xact_lock(20251)"))
        config = config_for()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
    numbers.fill(ledger)
    return before


def config_for() -> "Config":  # type: ignore[name-defined]  # noqa: F821 - alembic is imported when it is needed
    """Alembic's configuration, without a file of its own."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def require_current(ledger: Ledger) -> None:
    """Refuse to start on a ledger of another age."""
    found = age(ledger)
    if found != HEAD:
        raise ConfigurationError([f"the ledger is at migration {found}, not {HEAD}: run `anling db upgrade` first"])
