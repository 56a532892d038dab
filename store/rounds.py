"""What waits in each street for somebody to look at: faults of devices that are tasks."""

from dataclasses import dataclass
from datetime import datetime

from store.bulk import fetch, read_instant
from store.ledger import Tx


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in one street for somebody to look: how many devices, since when the newest and the oldest."""

    devices: int
    newest: datetime
    oldest: datetime


def waiting_in_streets(tx: Tx) -> dict[str, Waiting]:
    """Street -> the faults that are tasks there; those of practice devices are nobody's to look at."""
    sql = (
        "SELECT t.street, count(*), max(t.opened_at), min(t.opened_at)"
        " FROM tasks t JOIN devices d ON d.id = t.device_id"
        " WHERE t.kind = 'device_fault' AND t.done_at IS NULL AND t.street IS NOT NULL AND d.role <> 'probe'"
        " GROUP BY t.street ORDER BY t.street"
    )
    return {
        street: Waiting(n, read_instant(tx, newest), read_instant(tx, oldest))
        for street, n, newest, oldest in fetch(tx, sql)
    }
