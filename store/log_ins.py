"""Log-ins at the broker: whose secret or certificate lets them in, and whose no longer does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.errors import ConfigurationError
from domain.passwords import hash_secret
from store import hub_secrets
from store.bulk import upsert
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.register import DEVICES, HUBS, touch
from store.tables import RevokedCertificateRow

_CLI = "command line"
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


def shut_out(ledger: Ledger, device: str, at: datetime, by: str = _CLI) -> None:
    """Neither password nor certificate of a device or hub lets it in any more. What it says by other ways is kept."""
    with ledger.transaction() as tx:
        _revoke_certificate(tx, device, at)
        hub = tx.execute(sa.update(HUBS).where(HUBS.c.id == device).values(revoked_at=at)).rowcount
        if not hub:
            _change(tx, device, {"revoked_at": at, "certificate": None})
        write_down(tx, at, by, "device shut out", device, "-")
        touch(tx)


def let_in(ledger: Ledger, id: str, secret: str, at: datetime, by: str = _CLI) -> None:
    """Another secret for a device or hub, from now on; one that was shut out may come in again."""
    with ledger.transaction() as tx:
        kept = {"secret_hash": hub_secrets.keep(tx.sealer, secret), "revoked_at": None}
        if not tx.execute(sa.update(HUBS).where(HUBS.c.id == id).values(**kept)).rowcount:
            _change(tx, id, {"secret_hash": hash_secret(secret), "revoked_at": None})
        write_down(tx, at, by, "device given a secret", id, "-")
        touch(tx)


def shut_at(tx: Tx, id: str) -> datetime | None:
    """Since when a device or hub is shut out; None: it is not."""
    for table in (DEVICES, HUBS):
        found = tx.execute(sa.select(table.c.revoked_at).where(table.c.id == id)).first()
        if found:
            return found[0] if isinstance(found[0], datetime) else None
    return None


def _revoke_certificate(tx: Tx, device: str, at: datetime) -> None:
    serial = tx.execute(sa.select(DEVICES.c.certificate).where(DEVICES.c.id == device)).scalar()
    if serial:
        row = {"serial": serial, "device_id": device, "revoked_at": at}
        tx.execute(upsert(tx, REVOKED).on_conflict_do_nothing(), [row])


def _change(tx: Tx, device: str, values: Mapping[str, object]) -> None:
    if not tx.execute(sa.update(DEVICES).where(DEVICES.c.id == device).values(**values)).rowcount:
        raise ConfigurationError([f"no device or hub {device!r} in the register; provision or import it first"])
