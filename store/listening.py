"""Listening: when we ourselves could hear nobody. What a device did not say then, we could not have heard."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from store.bulk import fetch, upsert
from store.ledger import Tx
from store.register import META

_KEY = "listening"


def known(tx: Tx) -> tuple[datetime | None, list[tuple[datetime, datetime]]]:
    """When we last listened, and the times in which we could not."""
    rows = fetch(tx, f"SELECT value FROM meta WHERE key = '{_KEY}'")
    if not rows:
        return None, []
    said = orjson.loads(rows[0][0])
    pairs = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in said["deaf"]]
    return datetime.fromisoformat(said["at"]), pairs


def keep(tx: Tx, at: datetime, deaf: Sequence[tuple[datetime, datetime]]) -> None:
    """We listened until now."""
    value = orjson.dumps({"at": at.isoformat(), "deaf": [(a.isoformat(), b.isoformat()) for a, b in deaf]}).decode()
    row = {"key": _KEY, "value": value}
    statement = upsert(tx, META).values([row])
    tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
