"""Everybody who may be asked to come, with their ways to be reached (never the whole number), and all residents."""

from collections.abc import Collection
from typing import Any

from domain.clock import wall_now
from domain.people import DESK, ContactPoint, Responder, Scope, is_probe
from store import proofs, register
from store.ends import gone_people
from store.ledger import Ledger
from store.proofs import Proof
from store.reads import write_down
from store.sight import WIDE, iso_or_none, only


class PeopleLists:
    """Reads responders and the teams they stand in."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def responders(self, scope: Scope) -> list[dict[str, Any]]:
        """By role and name, within the streets of the log-in and the district's own."""
        only(scope, WIDE | {"street_office"})
        with self._ledger.reading() as tx:
            people = register.people(tx)
            known = proofs.known_of(tx, dict(people.responders))
        teams: dict[str, list[str]] = {}
        for team in people.teams:
            for shift in team.shifts:
                teams.setdefault(shift.responder, []).append(team.id)
        seen = (p for p in people.responders.values() if scope.sees(p.street) and not is_probe(p.street))
        return [
            _shown(person, known) | {"teams": list(dict.fromkeys(teams.get(person.id, ())))}
            for person in sorted(seen, key=lambda p: (p.role, p.name))
        ]

    def gone(self, scope: Scope) -> list[dict[str, Any]]:
        """Responders who come no more, within the streets of the log-in and the district's own."""
        only(scope, WIDE | {"street_office"})
        with self._ledger.reading() as tx:
            return [one for one in gone_people(tx) if scope.sees(one["street"])]

    def numbers(self, scope: Scope, ids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
        """Telephone numbers of these people, whole, for a list on paper: (channel, number). Written down."""
        only(scope, DESK)
        with self._ledger.transaction() as tx:
            people = register.people(tx)
            write_down(tx, wall_now(), scope.operator, "contact points", f"{len(ids)} people", "duty list")
        seen = (p for id in ids if (p := people.responders.get(id)) and scope.sees(p.street))
        spoken = {p.id: [(c.channel, c.address) for c in p.contacts if c.channel in ("voice", "sms")] for p in seen}
        return {id: _apart(points) for id, points in spoken.items()}


def _apart(points: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A number that takes calls and messages stands once."""
    first: dict[str, str] = {}
    for channel, number in points:
        first.setdefault(number, channel)
    return [(channel, number) for number, channel in first.items()]


def _shown(person: Responder, known: dict[tuple[str, int], Proof]) -> dict[str, Any]:
    ways = [_way(point, known.get((person.id, point.n))) for point in person.contacts]
    told = {"id": person.id, "name": person.name, "role": person.role, "street": person.street}
    return {**told, "language": person.language, "ways": ways}


def _way(point: ContactPoint, proof: Proof | None) -> dict[str, Any]:
    """Only the end of a telephone number; of an address nothing: it may hold a key."""
    number = point.address.startswith("+")
    return {
        "channel": point.channel, "ends": f"…{point.address[-4:]}" if number else "", "drill": point.drill,
        "proved_at": iso_or_none(proof.proved_at) if proof else None,
        "broken": bool(proof and proof.broken_at), "why": proof.broken_why if proof else None,
    }  # fmt: skip
