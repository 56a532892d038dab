"""The code by which a responder is known on somebody else's telephone: kept sealed, compared in constant time."""

import hmac
import re
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from domain.errors import Refused
from store.bulk import overwrite
from store.ledger import Tx
from store.tables import PinRow

PINS = PinRow.__table__  # type: ignore[attr-defined]
SHAPE = r"\d{6}"


def set_pin(tx: Tx, responder: str, pin: str, at: datetime) -> None:
    """Keep a new code. Raises ``Refused`` when it is not six digits, or one that everybody guesses first."""
    if not re.fullmatch(SHAPE, pin, re.ASCII) or len(set(pin)) < 3 or pin in "01234567890 09876543210":
        raise Refused("the code must be six digits, not all alike and not in a row")
    row = {"responder_id": responder, "pin": tx.sealer.seal(pin.encode(), _place(responder)), "set_at": at}
    overwrite(tx, PINS, [row])


def whose(tx: Tx, pin: str, among: Iterable[str]) -> str | None:
    """The one of these responders who has this code; None when nobody, or more than one, has."""
    wanted = set(among)
    query = sa.select(PINS.c.responder_id, PINS.c.pin).where(PINS.c.responder_id.in_(wanted))
    found = [id for id, sealed in tx.execute(query) if _fits(tx, id, sealed, pin)]
    return found[0] if len(found) == 1 else None


def _fits(tx: Tx, responder: str, sealed: bytes, pin: str) -> bool:
    kept = tx.sealer.peek(sealed, _place(responder))
    return kept is not None and hmac.compare_digest(kept, pin.encode())


def _place(responder: str) -> str:
    return f"responder_pins.pin|{responder}"
