"""A list or a site file taken in: read, checked whole, tried on the register, and kept only when all of it is right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import wall_now
from domain.errors import ConfigurationError, Forbidden, NotFound, Refused
from domain.people import Scope
from escalation.admission import admission
from records.sheets import read_sheet
from store.ledger import Ledger, Tx
from store.merge import laid_over
from store.reads import write_down
from store.references import duty_parts
from store.register import Register
from store.register_rows import as_site, row_of
from store.site import Site, check_site, parse_site

_EDITORS = frozenset({"administrator", "supervisor"})
_KEY = {"streets": "code"}


@dataclass(frozen=True, slots=True)
class File:
    """What somebody sent: its name tells whether it is a sheet."""

    name: str
    raw: bytes

    @property
    def sheet(self) -> bool:
        """CSV and XLSX say only part of a home; JSON says all."""
        return self.name.lower().endswith((".csv", ".xlsx"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What would be, or was, written; and what should be known about it."""

    counts: Mapping[str, int]
    warnings: tuple[str, ...]
    homes: tuple[str, ...]


class Imports:
    """Takes files in, whole or not at all."""

    def __init__(self, ledger: Ledger, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._zone = zone

    def take(self, file: File, scope: Scope | None, by: str, dry_run: bool, allow_gaps: bool = False) -> Taken:
        """Raises ``ConfigurationError`` with everything that is wrong; then nothing was written.

        ``scope``: the streets that the file may speak of; None: all.
        """
        site = read_site(file)
        problems = list(_foreign(site, scope)) if scope and scope.streets else []
        if problems:
            raise ConfigurationError(problems)
        warned: list[str] = []
        admit = self._admit(site, allow_gaps, warned.append)
        counts = Register(self._ledger).load(site, dry_run, file.sheet, by, admit)
        return Taken(counts, tuple(warned), tuple(home.id for home in site.homes))

    def edit(self, scope: Scope, noun: str, id: str, said: Mapping[str, Any], new: bool) -> dict[str, Any]:
        """One row laid down (``new``) or changed: what is not said stays. Audited with the change itself.

        Raises ``Forbidden``, ``NotFound``, ``Refused`` (is there already), ``ConfigurationError`` (all that is wrong).
        """
        if scope.role not in _EDITORS:
            raise Forbidden("only administrators and supervisors change the register")
        with self._ledger.reading() as tx:
            known = row_of(tx, noun, id)
            if known is not None and scope.streets and _foreign(check_site(as_site(tx, noun, known), noun), scope):
                raise NotFound(f"no {id} in {noun}")
            value = laid_over(known or {}, {**said, _KEY.get(noun, "id"): id})
            file = as_site(tx, noun, value)
        if new and known is not None:
            raise Refused(f"there is {id} in {noun} already; change it with PATCH")
        if not new and known is None:
            raise NotFound(f"no {id} in {noun}")
        site = check_site(file, noun)
        if scope.streets and (problems := _foreign(site, scope)):
            raise ConfigurationError(problems)
        admit = self._admit(site, False, lambda _: None)

        def then(tx: Tx) -> None:
            if admit:
                admit(tx)
            write_down(tx, wall_now(), scope.operator, "register changed", id, noun)

        Register(self._ledger).load(site, partial=True, by=scope.operator, then=then)
        return {"id": id, "created": new}

    def _admit(self, site: Site, allow_gaps: bool, warn: Callable[[str], None]) -> Callable[[Tx], None] | None:
        if not (site.teams or site.responders or any(duty_parts(site).values())):
            return None
        return admission(self._ledger, self._zone, wall_now(), allow_gaps, warn)


def read_site(file: File) -> Site:
    """The file as a site, checked. Raises ``ConfigurationError`` with every problem found."""
    return check_site(read_sheet(file.raw, file.name), file.name) if file.sheet else parse_site(file.raw, file.name)


def _foreign(site: Site, scope: Scope) -> list[str]:
    """What is of streets that are not the sender's."""
    said: list[tuple[str, str | None]] = [(f"homes[{n}]", home.street) for n, home in enumerate(site.homes)]
    said += [(f"responders[{n}]", one.street) for n, one in enumerate(site.responders)]
    said += [(f"teams[{n}]", one.street) for n, one in enumerate(site.teams)]
    said += [(f"streets[{n}]", one.code) for n, one in enumerate(site.streets)]
    return [
        f"{where}.street: {street or 'the whole district'} is not yours; leave it to somebody of the district"
        for where, street in said
        if street is None or street not in scope.streets
    ]
