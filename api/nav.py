"""The way around the console: the pages a log-in may open, in the order in which they are needed."""

from dataclasses import dataclass

from domain.people import DESK, LEADS, Scope

_EVERYBODY = frozenset({
    "administrator", "supervisor", "dispatcher", "auditor", "family_doctor", "street_office", "dispatch_120",
})  # fmt: skip
_LOOKS = DESK | {"auditor"}
_FIELD = frozenset({"family_doctor", "street_office"})

#: may raise an alert for somebody who telephones
RAISERS = DESK | {"street_office"}


@dataclass(frozen=True, slots=True)
class Way:
    """One page of the navigation: its address, its word ``nav.WORD``, and who may open it."""

    path: str
    word: str
    roles: frozenset[str] = _EVERYBODY


#: who may open which page; what they see there is cut to their streets and their role by the query itself
WAYS = (
    Way("/", "board"),
    Way("/raise", "raise", RAISERS),
    Way("/homes", "homes", _LOOKS | _FIELD),
    Way("/checkins", "checkins", _LOOKS | _FIELD),
    Way("/map", "map", _LOOKS | _FIELD),
    Way("/duty", "duty", _LOOKS | _FIELD),
    Way("/messages", "messages", _LOOKS),
    Way("/quarantine", "quarantine", _LOOKS),
    Way("/people", "people", _LOOKS | {"street_office"}),
    Way("/register", "register", LEADS),
    Way("/plans", "plans", _LOOKS),
    Way("/drills", "drills", _LOOKS),
    Way("/reports", "reports", _LOOKS | {"street_office"}),
    Way("/import", "import", LEADS),
    Way("/users", "users", LEADS | {"auditor"}),
    Way("/audit", "audit", LEADS | {"auditor"}),
    Way("/shift", "shift"),
    Way("/account", "account"),
)
_ROLES = {way.word: way.roles for way in WAYS}


def ways(scope: Scope) -> list[Way]:
    """The links for one log-in. A link only leads; every page checks for itself who may see what."""
    return [way for way in WAYS if scope.role in way.roles]


def may_open(scope: Scope, word: str) -> bool:
    """Whether this log-in may open the page of that word."""
    return scope.role in _ROLES[word]


def may_edit(scope: Scope, street: str | None) -> bool:
    """Whether this log-in changes rows of that street; those of the whole district are the district's own."""
    return may_open(scope, "register") and (not scope.streets or street in scope.streets)
