"""Practice homes: nobody lives there, everything that speaks for them is a probe; what rules raise there is a drill."""

from store.bulk import fetch
from store.ledger import Tx


def is_practice(tx: Tx, home: str) -> bool:
    """Whether a home has devices and all of them are probes. Anything else may be somebody's home, and is real."""
    roles = fetch(tx, "SELECT role FROM devices WHERE home_id = ? AND revoked_at IS NULL", home)
    said = {role for (role,) in roles}
    return said == {"probe"}
