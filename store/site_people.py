"""A site file read for itself, without a ledger: its people, its teams, its homes as an alert would be about them."""

from datetime import tzinfo

from domain.alerts import Subject
from domain.duty import Changes
from domain.people import ContactPoint, Responder, Shift, Team
from store.duty import changes_of
from store.facts import facts_in
from store.references import duty_parts
from store.site import Site, SiteResponder, SiteShift
from store.site_duty import entry_of


def people_in(site: Site) -> dict[str, Responder]:
    """Everybody the file names who may be asked."""
    return {r.id: _responder(r) for r in site.responders}


def teams_in(site: Site) -> tuple[Team, ...]:
    """The file's teams with their shifts."""
    return tuple(Team(t.id, t.role, t.street, tuple(map(_shift, t.shifts))) for t in site.teams)


def changes_in(site: Site, zone: tzinfo) -> Changes:
    """The file's overrides, swaps, absences, deputies and holidays."""
    return changes_of([entry_of(part) for parts in duty_parts(site).values() for part in parts], zone)


def home_in(site: Site, id: str, asked: frozenset[str]) -> Subject | None:
    """One home of the file, with the facts that a plan asks for."""
    home = next((h for h in site.homes if h.id == id), None)
    if home is None:
        return None
    cards = [r.model_dump() for r in home.residents]
    facts = facts_in(cards, home.access, asked) | {f"category:{home.category}"}
    return Subject(home.id, None, home.street, home.family_doctor_team, facts)


def _responder(r: SiteResponder) -> Responder:
    points = tuple(ContactPoint(n, c.channel, c.address, c.secret, c.drill) for n, c in enumerate(r.contacts))
    return Responder(r.id, r.name, r.role, r.street, r.language, points)


def _shift(s: SiteShift) -> Shift:
    dates = tuple(s.dates)
    return Shift(s.responder, s.always, tuple(s.weekdays), s.start, s.end, dates, s.deputy, s.days)
