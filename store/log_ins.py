"""Log-ins at the broker: whose secret or certificate lets them in, and whose no longer does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.errors import ConfigurationError
from domain.passwords import hash_secret
from store.bulk import upsert
from store.ledger import Ledger, Tx
from store.register import DEVICES, HUBS, touch
from store.tables import RevokedCertificateRow

REVOKED = RevokedCertificateRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class HubLogIn:
    """A hub of another maker: it may speak for its own site only."""

    secret_hash: str
    dialect: str
    site: str


@dataclass(frozen=True, slots=True)
class LogIns:
    """Everybody whom the broker may let in. Secrets are hashes in Mosquitto's own format."""

    devices: Mapping[str, str]
    hubs: Mapping[str, HubLogIn]
    #: serial number in hexadecimal -> when it stopped counting
    revoked: Mapping[str, datetime]


def log_ins(tx: Tx) -> LogIns:
    """As the register has it now; what was shut out is absent."""
    d, h = DEVICES.c, HUBS.c
    devices = sa.select(d.id, d.secret_hash).where(d.secret_hash.is_not(None), d.revoked_at.is_(None))
    hubs = sa.select(h.id, h.secret_hash, h.dialect, h.site).where(h.secret_hash.is_not(None), h.revoked_at.is_(None))
    return LogIns(
        dict(tx.execute(devices.order_by(d.id)).all()),
        {id: HubLogIn(secret, dialect, site) for id, secret, dialect, site in tx.execute(hubs.order_by(h.id))},
        dict(tx.execute(sa.select(REVOKED.c.serial, REVOKED.c.revoked_at)).all()),
    )


def certify(ledger: Ledger, device: str, serial: str, at: datetime) -> None:
    """A device got a certificate; the one before no longer counts. Raises ``ConfigurationError`` for a stranger."""
    with ledger.transaction() as tx:
        _revoke_certificate(tx, device, at)
        _change(tx, device, {"certificate": serial})


def shut_out(ledger: Ledger, device: str, at: datetime) -> None:
    """Neither password nor certificate of a device or hub lets it in any more. What it says by other ways is kept."""
    with ledger.transaction() as tx:
        _revoke_certificate(tx, device, at)
        hub = tx.execute(sa.update(HUBS).where(HUBS.c.id == device).values(revoked_at=at)).rowcount
        if not hub:
            _change(tx, device, {"revoked_at": at, "certificate": None})
        touch(tx)


def new_secret(ledger: Ledger, device: str, secret: str) -> None:
    """Another secret from now on; a device that was shut out may come in again."""
    with ledger.transaction() as tx:
        _change(tx, device, {"secret_hash": hash_secret(secret), "revoked_at": None})
        touch(tx)


def _revoke_certificate(tx: Tx, device: str, at: datetime) -> None:
    serial = tx.execute(sa.select(DEVICES.c.certificate).where(DEVICES.c.id == device)).scalar()
    if serial:
        row = {"serial": serial, "device_id": device, "revoked_at": at}
        tx.execute(upsert(tx, REVOKED).on_conflict_do_nothing(), [row])


def _change(tx: Tx, device: str, values: dict[str, object]) -> None:
    if not tx.execute(sa.update(DEVICES).where(DEVICES.c.id == device).values(**values)).rowcount:
        raise ConfigurationError([f"no device {device!r} in the register; provision it first"])
