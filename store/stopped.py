"""Who forbade messages: a contact point that was stopped is as good as none, until the register has another address."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from store.bulk import overwrite
from store.ledger import Tx
from store.tables import StoppedContactRow

STOPPED = StoppedContactRow.__table__  # type: ignore[attr-defined]


def stop(tx: Tx, responder: str, channel: str, address: str, at: datetime, why: str) -> None:
    """No more of this channel to this address."""
    sealed = tx.sealer.seal(address.encode(), _place(responder, channel))
    row = {"responder_id": responder, "channel": channel, "address": sealed, "at": at, "why": why}
    overwrite(tx, STOPPED, [row])


def allow(tx: Tx, responder: str, channel: str) -> bool:
    """The person wants messages again. Returns whether they had been stopped."""
    gone = tx.execute(sa.delete(STOPPED).where(STOPPED.c.responder_id == responder, STOPPED.c.channel == channel))
    return int(gone.rowcount) > 0


def stopped(tx: Tx) -> Mapping[tuple[str, str], str]:
    """(responder, channel) -> the address that gets no more; one that cannot be opened stops nothing (fail open)."""
    found, c = {}, STOPPED.c
    for row in tx.execute(sa.select(c.responder_id, c.channel, c.address)).mappings():
        address = tx.sealer.peek(row["address"], _place(row["responder_id"], row["channel"]))
        if address is not None:
            found[row["responder_id"], row["channel"]] = address.decode()
    return found


def _place(responder: str, channel: str) -> str:
    return f"stopped_contacts.address|{responder}/{channel}"
