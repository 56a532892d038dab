"""Other makers' devices in the register: which of ours speaks when a hub names one of its own."""

from collections.abc import Iterable
from datetime import datetime

from domain.foreign import Inside, Outside
from store.bulk import among, fetch, listed, read_instant
from store.ledger import Tx


def inside(tx: Tx, wanted: Iterable[Outside]) -> dict[Outside, Inside]:
    """Those of ``wanted`` that the register knows. A name that two devices share means none of them."""
    asked = list(wanted)
    names = {name for outside in asked for name in outside.names}
    sql = (
        "SELECT id, role, dialect, site, external FROM devices WHERE revoked_at IS NULL"
        f" AND dialect <> 'anling' AND (({among(tx, 'external')}) OR ({among(tx, 'id')}))"
    )
    rows = fetch(tx, sql, listed(tx, names), listed(tx, names)) if names else []
    found = {o: known for o in asked if not o.hub and (known := _match(o, rows)) is not None}
    return found | _hubs(tx, [o for o in asked if o.hub])


def behind(tx: Tx, hubs: Iterable[Outside]) -> dict[Outside, list[str]]:
    """The devices behind each hub: what it says of itself holds for all of them."""
    asked = [hub for hub in hubs if hub.site is not None]
    sites = {hub.site for hub in asked if hub.site}
    sql = f"SELECT id, dialect, site FROM devices WHERE revoked_at IS NULL AND {among(tx, 'site')}"
    rows = fetch(tx, sql, listed(tx, sites)) if sites else []
    return {hub: [id for id, dialect, site in rows if site == hub.site and _speaks(dialect, hub)] for hub in asked}


def last_seen(tx: Tx, devices: Iterable[str]) -> dict[str, datetime]:
    """When each of these last gave a sign."""
    sql = f"SELECT device_id, last_seen FROM device_states WHERE {among(tx, 'device_id')}"
    return {id: read_instant(tx, at) for id, at in fetch(tx, sql, listed(tx, devices))}


def may_be_urgent(tx: Tx, site: str, roles: Iterable[str]) -> bool:
    """Whether a device of one of these roles stands behind the hub of this site."""
    sql = f"SELECT 1 FROM devices WHERE site = ? AND {among(tx, 'role')} LIMIT 1"
    return bool(fetch(tx, sql, site, listed(tx, roles)))


def _match(outside: Outside, rows: Iterable[tuple[str, str, str, str | None, str | None]]) -> Inside | None:
    """By the most exact spelling that any device of this dialect and site has."""
    mine = [row for row in rows if _speaks(row[2], outside) and _stands(row[3], outside)]
    for name in outside.names:
        found = {row[0]: row[1] for row in mine if row[4] == name or (row[4] is None and row[0] == name)}
        if len(found) == 1:
            return Inside(*next(iter(found.items())))
        if found:
            return None
    return None


def _speaks(dialect: str, outside: Outside) -> bool:
    return outside.dialect in (dialect, "auto") or dialect == "auto"


def _stands(site: str | None, outside: Outside) -> bool:
    """A hub speaks for its own site only; a platform's names are the whole world's."""
    return outside.site is None or site is None or site == outside.site


def _hubs(tx: Tx, hubs: Iterable[Outside]) -> dict[Outside, Inside]:
    asked = list(hubs)
    sites = {hub.site for hub in asked if hub.site}
    sql = f"SELECT id, dialect, site FROM hubs WHERE {among(tx, 'site')}"
    rows = fetch(tx, sql, listed(tx, sites)) if sites else []
    return {
        hub: Inside(id, "gateway")
        for hub in asked
        for id, dialect, site in rows
        if site == hub.site and _speaks(dialect, hub)
    }
