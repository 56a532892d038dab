"""What a caller said of a place that is in no register: who is sent there must be told where it is."""

import sqlalchemy as sa

from domain.callers import BY_TELEPHONE, Said, heard
from store import notes
from store.alerts import ALERTS, TIMELINE
from store.ledger import Tx


def of_alert(tx: Tx, alert_id: str, device: str | None) -> Said | None:
    """The address as the caller gave it; None for homes and devices, and where it can no longer be read."""
    if device is None or not device.startswith(BY_TELEPHONE):
        return None
    first = _first(tx, alert_id)
    query = sa.select(TIMELINE.c.seq, TIMELINE.c.note).where(TIMELINE.c.alert_id == first).order_by(TIMELINE.c.seq)
    row = tx.execute(query.limit(1)).first()
    if row is None or row.note is None:
        return None
    plain = tx.sealer.peek(row.note, notes.of_timeline(first, row.seq))
    return None if plain is None else heard(plain.decode())


def shown(tx: Tx, alert_id: str, device: str | None) -> dict[str, str | None]:
    """``place`` and ``caller`` of one alert, as pages and the wire show them."""
    said = of_alert(tx, alert_id, device)
    return {"place": said.place if said else None, "caller": said.phone if said else None}


def _first(tx: Tx, alert_id: str) -> str:
    """An alert that was raised again hangs on the same call: the first one has the words."""
    query = sa.select(ALERTS.c.previous).where(ALERTS.c.id == sa.bindparam("id"))
    while earlier := tx.execute(query, {"id": alert_id}).scalar():
        alert_id = earlier
    return alert_id
