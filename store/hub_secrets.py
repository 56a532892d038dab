"""Secrets of hubs: kept as Mosquitto's hashes, and found by one look-up although each has a salt of its own.

The salt of a hub's hash is made from the secret itself with the installation's key: whoever has both finds
the row at once, and nobody without the key learns anything from it. Hashes from before have random salts; they
are compared one by one, once, and then kept in the new way.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from domain.passwords import check_secret, hash_with
from store.ledger import Ledger, Tx
from store.seal import Sealer
from store.tables import HubRow

HUBS = HubRow.__table__  # type: ignore[attr-defined]
#: the number of rounds tells a hash that can be looked up from one of before (101)
_ROUNDS = 103
_SALT = 12
_MOST = 1000


def keep(sealer: Sealer, secret: str) -> str:
    """The hash to keep."""
    return _hashes(sealer, secret)[0]


def hub_of(ledger: Ledger, dialect: str, secret: str, id: str | None, thorough: bool) -> tuple[str, str] | None:
    """Id and site of the hub of this dialect that has this secret; ``id`` where the caller gave one.

    ``thorough``: also among the hashes of before, up to a thousand of them; what is found is found at once next time.
    """
    with ledger.reading() as tx:
        for kept in _hashes(tx.sealer, secret):
            if row := tx.execute(_hubs(dialect, id).where(HUBS.c.secret_hash == kept)).first():
                return row[0], row[1]
        rows = _of_before(tx, dialect, id) if thorough else []
    found = next(((hub, site) for hub, site, kept in rows if check_secret(secret, kept)), None)
    if found is not None:
        with ledger.transaction() as tx:
            renewed = {"secret_hash": keep(tx.sealer, secret)}
            tx.execute(sa.update(HUBS).where(HUBS.c.id == found[0]).values(**renewed))
    return found


def _of_before(tx: Tx, dialect: str, id: str | None) -> list[tuple[str, str, str]]:
    looked_up = HUBS.c.secret_hash.like(f"$7${_ROUNDS}$%")
    query = _hubs(dialect, id).where(HUBS.c.secret_hash.is_not(None), ~looked_up).order_by(HUBS.c.id).limit(_MOST)
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def _hubs(dialect: str, id: str | None) -> sa.Select[tuple[str, str, str]]:
    c = HUBS.c
    query = sa.select(c.id, c.site, c.secret_hash).where(c.dialect == dialect, c.revoked_at.is_(None))
    return query.where(c.id == id) if id else query


def _hashes(sealer: Sealer, secret: str) -> Sequence[str]:
    """As the present key makes it, then as earlier ones did."""
    return [hash_with(secret, bytes.fromhex(mark)[:_SALT], _ROUNDS) for mark in sealer.marks(f"hub secret|{secret}")]
