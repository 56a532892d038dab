"""The register's edition: whoever remembers the register asks whether it has changed since."""

import base64
import os

from store.bulk import fetch, upsert
from store.ledger import Tx
from store.tables import Meta

META = Meta.__table__  # type: ignore[attr-defined]
_KEY = "register"


def version(tx: Tx) -> str:
    """Changes whenever the register, duty, or the plan in force does."""
    if tx.edition is None:
        rows = fetch(tx, "SELECT value FROM meta WHERE key = ?", _KEY)
        tx.edition = str(rows[0][0]) if rows else "0"
    return tx.edition


def touch(tx: Tx) -> None:
    """Make everybody read the register again."""
    tx.edition = None
    insert = upsert(tx, META)
    row = {"key": _KEY, "value": base64.b32encode(os.urandom(10)).decode()}
    tx.execute(insert.on_conflict_do_update(index_elements=["key"], set_={"value": insert.excluded.value}), [row])
