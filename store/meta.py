"""Single values that the ledger keeps under a name: marks of how far something was read, editions, the ring of keys."""

from store.bulk import fetch, overwrite, upsert
from store.ledger import Tx
from store.tables import Meta

META = Meta.__table__  # type: ignore[attr-defined]


def read(tx: Tx, key: str) -> str | None:
    """What stands there; None: nothing was ever kept."""
    rows = fetch(tx, "SELECT value FROM meta WHERE key = ?", key)
    return str(rows[0][0]) if rows else None


def write(tx: Tx, key: str, value: str) -> None:
    """From now on this stands there."""
    overwrite(tx, META, [{"key": key, "value": value}])


def begin(tx: Tx, values: dict[str, str]) -> None:
    """These, where nothing stands yet; of two who begin at once the first counts."""
    if values:
        rows = [{"key": key, "value": value} for key, value in values.items()]
        tx.execute(upsert(tx, META).on_conflict_do_nothing(), rows)
