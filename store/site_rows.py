"""A site file as rows of the register, secrets hashed and cards sealed; nothing here writes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.checkins import Way, read_rule
from domain.passwords import hash_secret
from store import hub_secrets
from store.seal import Sealer
from store.site import Site

Row = dict[str, Any]


def streets(site: Site) -> list[Row]:
    """Codes and names."""
    return [{"code": s.code, "name": s.name} for s in site.streets]


def responders(site: Site, sealer: Sealer) -> Iterator[Row]:
    """Contact points sealed."""
    for r in site.responders:
        contacts = [c.model_dump(include={"channel", "address", "secret", "drill"}) for c in r.contacts]
        sealed = sealer.seal_json(contacts, f"responders.contacts|{r.id}")
        yield {
            "id": r.id, "name": r.name, "role": r.role, "street": r.street, "language": r.language, "contacts": sealed,
        }  # fmt: skip


def teams(site: Site) -> Iterator[Row]:
    """With their shifts in the file's own words."""
    for team in site.teams:
        shifts = [s.model_dump(by_alias=True) for s in team.shifts]
        yield {"id": team.id, "role": team.role, "street": team.street, "shifts": shifts}


def hubs(site: Site, sealer: Sealer) -> Iterator[Row]:
    """A secret that the file does not say is None."""
    for h in site.hubs:
        kept = h.secret and hub_secrets.keep(sealer, h.secret)
        yield {"id": h.id, "dialect": h.dialect, "site": h.site, "secret_hash": kept}


def homes(site: Site, sealer: Sealer, at: datetime) -> Iterator[Row]:
    """Access cards sealed; ``at``: since when a home's rule of check-ins is known, if it was not before."""
    for home in site.homes:
        rule = read_rule(home.checkin, [])
        yield {
            "id": home.id, "street": home.street, "category": home.category, "address": home.address,
            "location": home.location, "family_doctor_team": home.family_doctor_team, "checkin": home.checkin,
            "choices": home.choices, "access": sealer.seal_json(home.access, f"homes.access|{home.id}"),
            "checkin_opens": rule and rule.opens, "checkin_by": rule and rule.by,
            "checkin_activity": Way.ACTIVITY in rule.ways if rule else None, "checkin_since": at if rule else None,
        }  # fmt: skip


def residents(site: Site, sealer: Sealer) -> Iterator[Row]:
    """Cards sealed."""
    for home in site.homes:
        for r in home.residents:
            card = r.model_dump(exclude={"id"})
            yield {"id": r.id, "home_id": home.id, "card": sealer.seal_json(card, f"residents.card|{r.id}")}


def devices(site: Site) -> Iterator[Row]:
    """A secret that the file does not say is None; hashing the others takes a while."""
    for home in site.homes:
        for d in home.devices:
            yield {
                "id": d.id, "home_id": home.id, "role": d.role, "dialect": d.dialect, "gateway": d.gateway,
                "site": d.site, "external": d.external, "secret_hash": hash_secret(d.secret) if d.secret else None,
            }  # fmt: skip


def cards(site: Site) -> Iterator[tuple[str, Row]]:
    """What is said of everybody's telephones: resident, card."""
    for home in site.homes:
        for r in home.residents:
            yield r.id, r.model_dump(include={"phones", "contacts"})
