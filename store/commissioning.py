"""Commissioning: a home is protected after each device was heard, each contact proved, and somebody signed."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.people import DESK, Scope
from store import register
from store.bulk import overwrite
from store.inbox import INBOX
from store.ledger import Ledger, Tx
from store.register import DEVICES, HOMES, touch
from store.sight import rows_of
from store.tables import CommissioningRow
from store.traces import STATES

COMMISSIONINGS = CommissioningRow.__table__  # type: ignore[attr-defined]
_MAY = DESK | {"street_office"}
#: as long as presses of the home count as tests; an installer who needs longer begins again
WINDOW = timedelta(minutes=30)
#: kinds that show that a device can call, and roles that must show it; from others any word will do
_CALLS = frozenset({"sos", "fall", "smoke", "gas", "water_leak"})
_MUST_CALL = frozenset({"sos_button", "wristband", "pull_cord", "fall_radar"})


class Commissioning:
    """Walks an installer through a home."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def start(self, scope: Scope, home: str) -> dict[str, Any]:
        """From now on, for half an hour, the home's presses are tests. What was accepted before is to prove again."""
        now = self._clock.now()
        row = {
            "home_id": home, "opened_at": now, "opened_by": scope.operator, "proved": {}, "signed_at": None,
            "signed_by": None,
        }  # fmt: skip
        with self._ledger.transaction() as tx:
            _seen(tx, scope, home)
            overwrite(tx, COMMISSIONINGS, [row])
            touch(tx)
            return _status(tx, home)

    def prove(self, scope: Scope, home: str, contact: str) -> dict[str, Any]:
        """The installer reached this contact. Raises ``Refused`` for one that the home does not have."""
        with self._ledger.transaction() as tx:
            _seen(tx, scope, home)
            row = _open(tx, home)
            known = [c["key"] for c in _status(tx, home)["contacts"]]
            if contact not in known:
                raise Refused(f"no contact {contact!r}; write one of {', '.join(known) or '(this home has none)'}")
            proved = {**row["proved"], contact: {"at": self._clock.now().isoformat(), "by": scope.operator}}
            tx.execute(sa.update(COMMISSIONINGS).where(COMMISSIONINGS.c.home_id == home).values(proved=proved))
            return _status(tx, home)

    def sign(self, scope: Scope, home: str) -> dict[str, Any]:
        """The home is protected from now on. Raises ``Refused`` with everything that is missing."""
        with self._ledger.transaction() as tx:
            _seen(tx, scope, home)
            row = _open(tx, home)
            status = _status(tx, home)
            if status["missing"]:
                raise Refused("not yet: " + "; ".join(status["missing"]))
            proved = {**row["proved"], "devices": sorted(d["id"] for d in status["devices"])}
            changes = {"signed_at": self._clock.now(), "signed_by": scope.operator, "proved": proved}
            tx.execute(sa.update(COMMISSIONINGS).where(COMMISSIONINGS.c.home_id == home).values(**changes))
            touch(tx)
            return _status(tx, home)

    def status(self, scope: Scope, home: str) -> dict[str, Any]:
        """What was heard, who was reached, what is missing."""
        with self._ledger.reading() as tx:
            _seen(tx, scope, home)
            return _status(tx, home)


def commissioned(tx: Tx, homes: Iterable[str] | None = None) -> dict[str, frozenset[str]]:
    """Home -> devices that were accepted with it. A device that came later is not among them."""
    query = sa.select(COMMISSIONINGS.c.home_id, COMMISSIONINGS.c.proved).where(COMMISSIONINGS.c.signed_at.is_not(None))
    if homes is not None:
        query = query.where(COMMISSIONINGS.c.home_id.in_(list(homes)))
    return {home: frozenset(proved.get("devices", ())) for home, proved in tx.execute(query)}


def installing(tx: Tx) -> dict[str, datetime]:
    """Home -> until when its presses are an installer's tests."""
    c = COMMISSIONINGS.c
    query = sa.select(c.home_id, c.opened_at).where(c.signed_at.is_(None))
    return {home: opened_at + WINDOW for home, opened_at in tx.execute(query)}


def _seen(tx: Tx, scope: Scope, home: str) -> None:
    if scope.role not in _MAY:
        raise Forbidden("only the street office, a dispatcher, supervisor or administrator commissions a home")
    street = tx.execute(sa.select(HOMES.c.street).where(HOMES.c.id == home)).first()
    if street is None or not scope.sees(street[0]):
        raise NotFound(f"no home {home}")


def _open(tx: Tx, home: str) -> Mapping[str, Any]:
    rows = rows_of(tx, sa.select(COMMISSIONINGS).where(COMMISSIONINGS.c.home_id == home))
    if not rows or rows[0]["signed_at"] is not None:
        raise Refused("start the commissioning first")
    return rows[0]


def _status(tx: Tx, home: str) -> dict[str, Any]:
    rows = rows_of(tx, sa.select(COMMISSIONINGS).where(COMMISSIONINGS.c.home_id == home))
    row = rows[0] if rows else None
    devices = _devices(tx, home, row["opened_at"] if row else None)
    contacts = [{"key": key, **(row["proved"].get(key, {}) if row else {})} for key in _contacts(tx, home)]
    accepted = set(row["proved"].get("devices", ())) if row else set()
    missing = [f"{d['id']} ({d['role']}): press it and see it arrive" for d in devices
               if d["heard_at"] is None and d["id"] not in accepted]  # fmt: skip
    missing += [f"{c['key']}: call and speak with them" for c in contacts if "at" not in c]
    if not devices:
        missing.append("no device: provision one first")
    return {
        "home": home,
        "opened_at": row["opened_at"].isoformat() if row else None,
        "opened_by": row["opened_by"] if row else None,
        "devices": devices,
        "contacts": contacts,
        "missing": missing,
        "signed_at": row["signed_at"].isoformat() if row and row["signed_at"] else None,
        "signed_by": row["signed_by"] if row else None,
        "protected": bool(row and row["signed_at"]) and not missing,
    }


def _devices(tx: Tx, home: str, since: datetime | None) -> list[dict[str, Any]]:
    """The home's devices, and when each was heard since the installer began."""
    d = DEVICES.c
    here = sa.select(d.id, d.role).where(d.home_id == home, d.revoked_at.is_(None)).order_by(d.id)
    known: dict[str, str] = dict(tx.execute(here).all())
    heard = {} if since is None else _heard(tx, known, since)
    return [
        {"id": id, "role": role, "heard_at": heard[id].isoformat() if id in heard else None}
        for id, role in known.items()
    ]


def _heard(tx: Tx, known: Mapping[str, str], since: datetime) -> dict[str, datetime]:
    """Device -> its first call since then; of what is no button any word counts."""
    i, s = INBOX.c, STATES.c
    said = sa.select(i.device_id, i.kind, sa.func.min(i.received_at)).group_by(i.device_id, i.kind)
    signs = sa.select(s.device_id, s.kind, s.last_seen)
    rows = [
        *tx.execute(said.where(i.device_id.in_(known), i.received_at >= since)),
        *tx.execute(signs.where(s.device_id.in_(known), s.last_seen >= since)),
    ]
    return {id: at for id, kind, at in rows if kind in _CALLS or known[id] not in _MUST_CALL}


def _contacts(tx: Tx, home: str) -> list[str]:
    """Everybody the cards name: the residents' own contacts, and the key holders."""
    cards = register.residents_of(tx, [home])[home]
    family = [f"{card['id']}:contact:{n}" for card in cards for n, _ in enumerate(card.get("contacts") or ())]
    card = register.home_of(tx, home) or {}
    return family + [f"key_holder:{id}" for id in (card.get("access") or {}).get("key_holders") or ()]
