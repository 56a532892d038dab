"""Buttons: what a person at home calls with, and whether it would be heard."""

from collections.abc import Iterable
from datetime import datetime

from store.bulk import among, fetch, listed, read_instant
from store.ledger import Tx

#: roles of devices that a person calls with
BUTTONS = ("sos_button", "wristband", "pull_cord", "keypad")
_ROLES = ", ".join(f"'{role}'" for role in BUTTONS)
IS_BUTTON = f"d.revoked_at IS NULL AND d.role IN ({_ROLES})"
#: of a device ``d`` with its state ``s``
WORKS = (
    "s.device_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM device_faults f WHERE f.fault = 'silent'"
    " AND f.device_id IN (d.id, d.gateway))"
)


def buttons_of(tx: Tx, homes: Iterable[str]) -> dict[str, tuple[bool, datetime | None]]:
    """Home -> whether one of its buttons works, and since when the first of them is known.

    A button works that has spoken, is not silent, and whose hub is not silent. A home without a button is absent.
    """
    sql = (
        f"SELECT d.home_id, max(CASE WHEN {WORKS} THEN 1 ELSE 0 END), min(s.first_at) FROM devices d"
        " LEFT JOIN device_states s ON s.device_id = d.id"
        f" WHERE {IS_BUTTON} AND {among(tx, 'd.home_id')} GROUP BY d.home_id"
    )
    return {home: (bool(works), read_instant(tx, at)) for home, works, at in fetch(tx, sql, listed(tx, homes))}
