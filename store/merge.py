"""Merging: a list that tells only part of a home leaves the rest of its cards as they are."""

from collections.abc import Mapping
from typing import Any

from store.bulk import among, fetch, listed, read_json
from store.ledger import Tx
from store.site import Site, SiteHome, SiteResident

_HOME = ("id", "street", "category", "address", "location", "access", "family_doctor_team", "checkin", "choices")


def merged(tx: Tx, site: Site) -> Site:
    """The site with everything that it does not say taken from the register."""
    known = _homes(tx, [home.id for home in site.homes])
    cards = _cards(tx, [r.id for home in site.homes for r in home.residents])
    homes = [_home(home, known.get(home.id, {}), cards) for home in site.homes]
    return site.model_copy(update={"homes": homes})


def _home(home: SiteHome, kept: Mapping[str, Any], cards: Mapping[str, Mapping[str, Any]]) -> SiteHome:
    said = home.model_dump(exclude_unset=True, exclude={"residents", "devices"})
    residents = [_resident(r, cards.get(r.id, {})) for r in home.residents]
    whole = SiteHome.model_validate(laid_over(kept, said))
    return whole.model_copy(update={"residents": residents, "devices": home.devices})


def _resident(resident: SiteResident, kept: Mapping[str, Any]) -> SiteResident:
    return SiteResident.model_validate(laid_over(kept, resident.model_dump(exclude_unset=True)))


def laid_over(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said wins, cards within cards too; ``null`` takes a field away."""
    both = {**kept, **said}
    for name, value in said.items():
        old = kept.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            both[name] = laid_over(old, value)
    return {name: value for name, value in both.items() if value is not None}


def _homes(tx: Tx, ids: list[str]) -> dict[str, dict[str, Any]]:
    if not ids:
        return {}
    found = {}
    for row in fetch(tx, f"SELECT {', '.join(_HOME)} FROM homes WHERE {among(tx, 'id')}", listed(tx, ids)):
        home = dict(zip(_HOME, row, strict=True))
        home |= {name: read_json(home[name]) for name in ("address", "location", "checkin", "choices")}
        home["access"] = tx.sealer.open_json(home["access"], f"homes.access|{home['id']}")
        found[home["id"]] = home
    return found


def _cards(tx: Tx, ids: list[str]) -> dict[str, dict[str, Any]]:
    if not ids:
        return {}
    rows = fetch(tx, f"SELECT id, card FROM residents WHERE {among(tx, 'id')}", listed(tx, ids))
    return {id: {"id": id, **(tx.sealer.open_json(card, f"residents.card|{id}") or {})} for id, card in rows}
