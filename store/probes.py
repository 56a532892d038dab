"""The watch's probe in the register: a device, a home, one responder for every role, on a street of their own.

Nobody else can be on that street: no site file can name it, and duty never crosses its border
(``domain.people.PROBE_MARK``).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.people import PROBE_MARK
from store import meta
from store.bulk import fetch, overwrite
from store.columns import dumps
from store.edition import touch
from store.ledger import Tx
from store.tables import AlertRow, AttemptRow, OutboxRow, metadata

_ALERTS = AlertRow.__table__  # type: ignore[attr-defined]
_OUTBOX = OutboxRow.__table__  # type: ignore[attr-defined]
_TABLES = {name: metadata.tables[name] for name in ("streets", "responders", "teams", "homes", "devices")}
#: what hangs on an alert
_HANGING = tuple(metadata.tables[name] for name in ("outbox", "timeline", "tracks", "tasks", "inbox"))
#: alerts forgotten in one transaction
_MOST = 200


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe as the register knows it; everything is named after its device."""

    device: str
    #: where its calls arrive, and what signs them
    sink: str
    secret: str = field(repr=False)

    @property
    def home(self) -> str:
        """The home in which nobody lives."""
        return f"{PROBE_MARK}{self.device}"

    @property
    def street(self) -> str:
        """The street on which nobody else is."""
        return f"{PROBE_MARK}{self.device}"


def enrol(tx: Tx, probe: Probe, roles: Iterable[str]) -> bool:
    """Put the probe into the register, or bring it up to date. False when it stood there just so."""
    rows = _rows(tx, probe, sorted(roles))
    told = hashlib.sha256(dumps([probe.sink, probe.secret, sorted(roles)]).encode()).hexdigest()
    key = f"probe/{probe.device}"
    if meta.read(tx, key) == told:
        return False
    for table, new in rows:
        overwrite(tx, _TABLES[table], new)
    meta.write(tx, key, told)
    touch(tx)
    return True


def dismiss(tx: Tx, device: str) -> bool:
    """Take a probe out of the register; its alerts stay until they are pruned."""
    mark = f"{PROBE_MARK}{device}"
    gone = tx.execute(sa.delete(meta.META).where(meta.META.c.key == f"probe/{device}")).rowcount
    for table, column in (("devices", "home_id"), ("homes", "street"), ("teams", "street"), ("responders", "street")):
        tx.execute(sa.delete(_TABLES[table]).where(_TABLES[table].c[column] == mark))
    tx.execute(sa.delete(_TABLES["streets"]).where(_TABLES["streets"].c.code == mark))
    if gone:
        touch(tx)
    return bool(gone)


def open_alerts(tx: Tx, probe: Probe) -> list[str]:
    """Alerts of the probe that nobody has closed yet."""
    sql = "SELECT id FROM alerts WHERE subject = ? AND state = 'open' AND drill ORDER BY id"
    return [row[0] for row in fetch(tx, sql, f"home:{probe.home}")]


def prune(tx: Tx, before: datetime) -> int:
    """Forget what probes left behind before this: closed drills on their own streets, and nothing else."""
    c = _ALERTS.c
    mine = (c.drill.is_(True), c.street.like(f"{PROBE_MARK}%"), c.state == "closed", c.closed_at < before)
    ids = [row[0] for row in tx.execute(sa.select(c.id).where(*mine).order_by(c.closed_at).limit(_MOST))]
    if not ids:
        return 0
    keys = sa.select(_OUTBOX.c.key).where(_OUTBOX.c.alert_id.in_(ids))
    attempts = AttemptRow.__table__  # type: ignore[attr-defined]
    tx.execute(sa.delete(attempts).where(attempts.c.key.in_(keys)))
    for table in _HANGING:
        tx.execute(sa.delete(table).where(table.c.alert_id.in_(ids)))
    return int(tx.execute(sa.delete(_ALERTS).where(c.id.in_(ids))).rowcount)


def _rows(tx: Tx, probe: Probe, roles: Iterable[str]) -> list[tuple[str, list[dict[str, Any]]]]:
    me, mark = probe.device, probe.street
    point = {"channel": "webhook", "address": probe.sink, "secret": probe.secret, "drill": True}
    always = {"responder": mark, "always": True, "weekdays": [], "from": "00:00", "to": "24:00", "dates": [],
              "deputy": None}  # fmt: skip
    return [
        ("streets", [{"code": mark, "name": "探测 probe"}]),
        ("responders", [{
            "id": mark, "name": "探测 probe", "role": "street_office", "street": mark, "language": "zh",
            "contacts": tx.sealer.seal_json([point], f"responders.contacts|{mark}"),
        }]),
        ("teams", [{"id": f"{mark}.{role}", "role": role, "street": mark, "shifts": [always]} for role in roles]),
        ("homes", [{
            "id": probe.home, "street": mark, "category": "lives_alone", "address": {"text": "探测 probe"},
            "location": None, "access": None, "family_doctor_team": None, "checkin": None,
        }]),
        ("devices", [{"id": me, "home_id": probe.home, "role": "probe", "dialect": "anling"}]),
    ]  # fmt: skip
