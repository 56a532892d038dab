"""A list or a site file taken in: read, checked whole, tried on the register, and kept only when all of it is right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.clock import wall_now
from domain.errors import ConfigurationError
from domain.people import Scope
from escalation.admission import admission
from records.sheets import in_rows, read_sheet
from store.ledger import Ledger, Tx
from store.references import dangling, duty_parts
from store.register import Register
from store.site import Misread, Site, check_site, parse_site


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
        try:
            site = read_site(file)
        except Misread as wrong:
            raise self._all(file, wrong.problems, wrong.rough, scope) from wrong
        if scope and scope.streets and any(foreign(site, scope)):
            raise self._all(file, (), site, scope)
        warned: list[str] = []
        admit = admitting(self._ledger, self._zone, site, allow_gaps, warned.append)
        try:
            counts = Register(self._ledger).load(site, dry_run, file.sheet, by, admit)
        except ConfigurationError as wrong:
            raise ConfigurationError(_placed(file, wrong.problems)) from wrong
        return Taken(counts, tuple(warned), tuple(home.id for home in site.homes))

    def _all(self, file: File, problems: Sequence[str], site: Site, scope: Scope | None) -> ConfigurationError:
        """Besides what the file itself says wrongly: whom it names in vain, and what is not the sender's."""
        with self._ledger.reading() as tx:
            named = list(dangling(tx, site))
        theirs = foreign(site, scope) if scope and scope.streets else []
        return ConfigurationError(_placed(file, [*problems, *named, *theirs]))


def _placed(file: File, problems: Sequence[str]) -> Sequence[str]:
    return in_rows(problems, file.raw, file.name) if file.sheet else problems


def admitting(
    ledger: Ledger, zone: ZoneInfo, site: Site, allow_gaps: bool = False, warn: Callable[[str], None] | None = None
) -> Callable[[Tx], None] | None:
    """What to ask before a site is kept; None when nothing of it changes who is on duty."""
    if not (site.teams or site.responders or any(duty_parts(site).values())):
        return None
    return admission(ledger, zone, wall_now(), allow_gaps, warn or (lambda _: None))


def read_site(file: File) -> Site:
    """The file as a site, checked. Raises ``ConfigurationError`` with every problem found."""
    return check_site(read_sheet(file.raw, file.name), file.name) if file.sheet else parse_site(file.raw, file.name)


def foreign(site: Site, scope: Scope) -> list[str]:
    """What is of streets that are not the sender's."""
    said: list[tuple[str, str | None]] = [(f"homes[{n}]", home.street) for n, home in enumerate(site.homes)]
    said += [(f"responders[{n}]", one.street) for n, one in enumerate(site.responders)]
    said += [(f"teams[{n}]", one.street) for n, one in enumerate(site.teams)]
    said += [(f"streets[{n}]", one.code) for n, one in enumerate(site.streets)]
    said += [(f"hubs[{n}]", None) for n, _ in enumerate(site.hubs)]
    return [
        f"{where}.street: {street or 'the whole district'} is not yours; leave it to somebody of the district"
        for where, street in said
        if street is None or street not in scope.streets
    ]
