"""The way around the console: the pages a log-in may open, in the order in which they are needed."""

from dataclasses import dataclass

from domain.people import Scope

_EVERYBODY = frozenset({
    "administrator", "supervisor", "dispatcher", "auditor", "family_doctor", "street_office", "dispatch_120",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """One page of the navigation: its address, its word ``nav.WORD``, and who is shown the link."""

    path: str
    word: str
    roles: frozenset[str] = _EVERYBODY


WAYS = (Way("/", "board"),)


def ways(scope: Scope) -> list[Way]:
    """The links for one log-in. A link only leads; every page checks for itself who may see what."""
    return [way for way in WAYS if scope.role in way.roles]
