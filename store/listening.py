"""Listening: when we ourselves could hear nobody. What a device did not say then, we could not have heard."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from store import meta
from store.ledger import Tx

_KEY = "listening"


def known(tx: Tx) -> tuple[datetime | None, list[tuple[datetime, datetime]]]:
    """When we last listened, and the times in which we could not."""
    kept = meta.read(tx, _KEY)
    if kept is None:
        return None, []
    said = orjson.loads(kept)
    pairs = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in said["deaf"]]
    return datetime.fromisoformat(said["at"]), pairs


def keep(tx: Tx, at: datetime, deaf: Sequence[tuple[datetime, datetime]]) -> None:
    """We listened until now."""
    spans = [(a.isoformat(), b.isoformat()) for a, b in deaf]
    meta.write(tx, _KEY, orjson.dumps({"at": at.isoformat(), "deaf": spans}).decode())
