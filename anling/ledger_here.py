"""The installation's ledger for one command: of this program's age, written with this key, closed afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anling.settings import Settings
    from store.ledger import Ledger


@contextmanager
def ledger_here(settings: "Settings | None" = None, upgrade: bool = False) -> "Iterator[Ledger]":
    """``upgrade``: an older ledger is migrated, else refused. Raises ``ConfigurationError``.

    What is heavy is imported only when a command runs.
    """
    from anling.house import open_ledger
    from anling.settings import read_settings
    from store import schema

    ledger = open_ledger(settings or read_settings())
    try:
        if upgrade:
            schema.upgrade(ledger)
        else:
            schema.require_current(ledger)
        schema.verify_key(ledger)
        yield ledger
    finally:
        ledger.close()
