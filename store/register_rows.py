"""One row of the register in the site file's own terms, so that a change says only what changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from domain.clock import wall_now
from domain.errors import ConfigurationError
from store import register
from store.ledger import Tx
from store.reads import AUDIT, write_down
from store.register import DEVICES, HOMES, HUBS, RESIDENTS, RESPONDERS, STREETS, TEAMS
from store.sight import rows_of

NOUNS = ("streets", "homes", "residents", "devices", "hubs", "responders", "teams")
_CHANGED = "register changed"


def row_of(tx: Tx, noun: str, id: str) -> dict[str, Any] | None:
    """What the register holds under this id; None when nothing. Secrets are not told: they stay as they are."""
    table, key = _TABLES[noun]
    rows = rows_of(tx, sa.select(table).where(key == id))
    return _READ.get(noun, _plain)(tx, rows[0]) if rows else None


def mark_of(tx: Tx, noun: str, id: str, row: Mapping[str, Any] | None) -> str:
    """The same for the same content, another for any other; tells nothing of the content itself."""
    said = orjson.dumps([noun, id, row], default=str, option=orjson.OPT_SORT_KEYS)
    return tx.sealer.mark(said.decode())


def last_change(tx: Tx, noun: str, id: str) -> tuple[str, datetime] | None:
    """Who changed this row last by a form or over the API, and when."""
    c = AUDIT.c
    query = sa.select(c.operator, c.at).where(c.subject == id, c.reason == noun, c.what == _CHANGED)
    row = tx.execute(query.order_by(c.id.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def write_change(tx: Tx, operator: str, noun: str, id: str) -> None:
    """In the audit: somebody changed this row by a form or over the API. In the transaction of the change."""
    write_down(tx, wall_now(), operator, _CHANGED, id, noun)


def as_site(tx: Tx, noun: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """A site file that holds this one row. A resident and a device stand in their home, named by ``home``."""
    if noun not in ("residents", "devices"):
        return {noun: [dict(value)]}
    home = str(value.get("home") or "")
    street = tx.execute(sa.select(HOMES.c.street).where(HOMES.c.id == home)).scalar()
    if street is None:
        raise ConfigurationError([f"home: no home {home!r}; enter it first"])
    part = {name: v for name, v in value.items() if name != "home"}
    return {"homes": [{"id": home, "street": street, noun: [part]}]}


_TABLES: dict[str, tuple[Any, Any]] = {
    "streets": (STREETS, STREETS.c.code), "homes": (HOMES, HOMES.c.id), "residents": (RESIDENTS, RESIDENTS.c.id),
    "devices": (DEVICES, DEVICES.c.id), "hubs": (HUBS, HUBS.c.id), "responders": (RESPONDERS, RESPONDERS.c.id),
    "teams": (TEAMS, TEAMS.c.id),
}  # fmt: skip


def _plain(_: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _home(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    known = register.home_of(tx, row["id"]) or {}
    names = ("id", "street", "category", "address", "location", "family_doctor_team", "access", "checkin", "choices")
    return {name: known[name] for name in names if known.get(name) is not None}


def _resident(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    card = register.card_of(tx, row["id"], row["card"])
    return {"home": row["home_id"], **{name: value for name, value in card.items() if value is not None}}


def _device(_: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "role", "dialect", "gateway", "site", "external")
    return {"home": row["home_id"], **{name: row[name] for name in names if row[name] is not None}}


def _hub(_: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "dialect", "site")}


def _responder(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    contacts = tx.sealer.open_json(row["contacts"], f"responders.contacts|{row['id']}") or []
    return _plain(tx, {name: row[name] for name in ("id", "name", "role", "street", "language")}) | {
        "contacts": contacts
    }


_READ = {"homes": _home, "residents": _resident, "devices": _device, "hubs": _hub, "responders": _responder}
