"""Where a caller said that help is needed, when the place is in no register: who is sent there must be told."""

import sqlalchemy as sa

from domain.callers import BY_TELEPHONE, place
from store import notes
from store.alerts import ALERTS, TIMELINE
from store.ledger import Tx


def address_of(tx: Tx, alert_id: str, device: str | None) -> str | None:
    """The address as the caller gave it; None for devices, and where it can no longer be read."""
    if device is None or not device.startswith(BY_TELEPHONE):
        return None
    first = _first(tx, alert_id)
    query = sa.select(TIMELINE.c.seq, TIMELINE.c.note).where(TIMELINE.c.alert_id == first).order_by(TIMELINE.c.seq)
    row = tx.execute(query.limit(1)).first()
    if row is None or row.note is None:
        return None
    plain = tx.sealer.peek(row.note, notes.of_timeline(first, row.seq))
    return None if plain is None else place(plain.decode())


def _first(tx: Tx, alert_id: str) -> str:
    """An alert that was raised again hangs on the same call: the first one has the words."""
    query = sa.select(ALERTS.c.previous).where(ALERTS.c.id == sa.bindparam("id"))
    while earlier := tx.execute(query, {"id": alert_id}).scalar():
        alert_id = earlier
    return alert_id
