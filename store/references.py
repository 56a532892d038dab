"""References of a site file: whoever is named must be in the file or in the ledger already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from store.ledger import Tx
from store.site import Site, SiteTeam
from store.site_duty import named_by
from store.tables import ResponderRow, StreetRow, TeamRow


def dangling(tx: Tx, site: Site) -> Iterator[str]:
    """Streets, responders and teams that are neither in the file nor in the ledger, in the file's own terms."""
    streets = {s.code for s in site.streets} | _ids(tx, StreetRow, "code")
    people = {r.id for r in site.responders} | _ids(tx, ResponderRow, present=True)
    teams = {t.id for t in site.teams} | _ids(tx, TeamRow)
    for n, home in enumerate(site.homes):
        if home.street and home.street not in streets:
            yield f"homes[{n}].street: no street {home.street!r}; add it under streets"
        if home.family_doctor_team and home.family_doctor_team not in teams:
            yield f"homes[{n}].family_doctor_team: no team {home.family_doctor_team!r}; add it under teams"
    for n, team in enumerate(site.teams):
        yield from (f"teams[{n}].{problem}" for problem in _strangers(team, people))
    known = {"responder": people, "team": teams}
    for title, parts in duty_parts(site).items():
        for n, part in enumerate(parts):
            yield from (f"{title}[{n}].{problem}" for problem in unknown(part, known))


def unknown(part: Any, known: Mapping[str, set[str]]) -> Iterator[str]:
    """What one override, swap, absence or deputy names that nobody knows."""
    for name, (noun, id) in named_by(part).items():
        if id not in known[noun]:
            yield f"{name}: no {noun} {id!r}; add it under {noun}s"


def duty_parts(site: Site) -> dict[str, Sequence[Any]]:
    """The lists of a site file that bend the shifts."""
    return {
        "overrides": site.overrides, "swaps": site.swaps, "absences": site.absences, "deputies": site.deputies,
        "holidays": site.holidays,
    }  # fmt: skip


def _strangers(team: SiteTeam, people: set[str]) -> Iterator[str]:
    for m, shift in enumerate(team.shifts):
        for name, person in (("responder", shift.responder), ("deputy", shift.deputy)):
            if person and person not in people:
                yield f"shifts[{m}].{name}: no responder {person!r}; add it under responders"


def _ids(tx: Tx, row: Any, column: str = "id", present: bool = False) -> set[str]:
    c = row.__table__.c
    query = sa.select(c[column]).where(c.ended_at.is_(None)) if present else sa.select(c[column])
    return {id for (id,) in tx.execute(query)}
