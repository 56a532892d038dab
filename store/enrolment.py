"""Enrolling: one home is entered or changed by a person at a log-in, with the same checks as a site file."""

from collections.abc import Mapping
from typing import Any

from domain.errors import Forbidden, NotFound
from domain.people import LEADS, Scope
from store.ledger import Tx
from store.register import Register
from store.register_rows import write_change
from store.site import check_site


def enter(register: Register, scope: Scope, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Enter a home as a site file describes it; one that is there is replaced. Its devices' secrets are never shown.

    Raises ``Forbidden``, or ``ConfigurationError`` with everything that is wrong.
    """
    return _load(register, scope, raw, partial=False)


def change(register: Register, scope: Scope, home: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Change what is said and leave the rest; ``null`` takes a card away. Raises ``NotFound`` besides."""
    known = register.place_of(home)
    if known is None or not scope.sees(known["street"]):
        raise NotFound(f"no home {home}")
    return _load(register, scope, {"street": known["street"], **raw, "id": home}, partial=True)


def _load(register: Register, scope: Scope, raw: Mapping[str, Any], partial: bool) -> dict[str, Any]:
    if scope.role not in LEADS:
        raise Forbidden("only an administrator or supervisor may change the register")
    site = check_site({"homes": [dict(raw)]}, "home")
    home = site.homes[0]
    known = register.place_of(home.id)
    if not scope.sees(home.street) or (known is not None and not scope.sees(known["street"])):
        raise Forbidden("this home is not in your streets")

    def then(tx: Tx) -> None:
        write_change(tx, scope.operator, "homes", home.id)

    register.load(site, partial=partial, by=scope.operator, then=then)
    return {"id": home.id, "street": home.street, "category": home.category, "checkin": home.checkin}
