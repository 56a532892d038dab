"""The register: who lives where, which device speaks for whom, who may come. Imported whole or not at all."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from domain.clock import wall_now
from domain.errors import ConfigurationError, Unreadable
from domain.passwords import check_secret, hash_secret
from domain.people import ContactPoint, Responder, Team, is_probe
from store import card_lacks, duty, hub_secrets, numbers, site_rows, staging
from store.bulk import among, fetch, instant, listed, overwrite, read_json
from store.edition import touch as touch
from store.edition import version as version
from store.ledger import Ledger, Tx
from store.merge import merged
from store.references import dangling, duty_parts
from store.seal import Sealer
from store.site import DEVICE_ID, RESERVED, Site
from store.site_duty import entry_of
from store.stopped import stopped
from store.tables import (
    DeviceRow,
    HomeRow,
    ResidentRow,
    ResponderRow,
    StreetRow,
    TeamRow,
)

_LOG = structlog.get_logger("anling.register")
#: an import of so many homes is laid out first on SQLite, so that no press waits; tried so often when others edit
MANY, _TRIES = 1000, 3
DEVICES = DeviceRow.__table__  # type: ignore[attr-defined]
HOMES = HomeRow.__table__  # type: ignore[attr-defined]
RESIDENTS = ResidentRow.__table__  # type: ignore[attr-defined]
RESPONDERS = ResponderRow.__table__  # type: ignore[attr-defined]
TEAMS = TeamRow.__table__  # type: ignore[attr-defined]
STREETS = StreetRow.__table__  # type: ignore[attr-defined]
HUBS = hub_secrets.HUBS


@dataclass(frozen=True, slots=True)
class Speaker:
    """What the register knows of a device that speaks: its home, its role, its gateway."""

    device: str
    role: str
    gateway: str | None
    home: str | None
    street: str | None
    category: str | None
    doctor_team: str | None


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may be asked to come; ``version`` rises with each change of the register."""

    version: str
    responders: Mapping[str, Responder]
    teams: tuple[Team, ...]


@dataclass(frozen=True, slots=True)
class _Keeping:
    """How an import is kept: tried only, by whom, and what may refuse it at the end."""

    dry_run: bool
    by: str
    then: Callable[[Tx], None] | None


class Register:
    """Reads and imports the register."""

    def __init__(self, ledger: Ledger, wall: Callable[[], datetime] = wall_now) -> None:
        self._ledger = ledger
        self._wall = wall

    def load(
        self, site: Site, dry_run: bool = False, partial: bool = False, by: str = "import",
        then: Callable[[Tx], None] | None = None, first: Callable[[Tx], None] | None = None,
    ) -> dict[str, int]:  # fmt: skip
        """Upsert a checked site file in one transaction; rows that it does not name stay. Returns counts.

        ``partial``: what a home's cards do not say stays as it is (a sheet has few columns).

        ``first`` sees the register as it is, ``then`` as it would be; each may raise to leave it as it was.
        """
        counts = {
            "streets": len(site.streets), "responders": len(site.responders), "teams": len(site.teams),
            "hubs": len(site.hubs), "homes": len(site.homes),
            "residents": sum(len(h.residents) for h in site.homes), "devices": sum(len(h.devices) for h in site.homes),
        } | {name: len(parts) for name, parts in duty_parts(site).items()}  # fmt: skip
        # hashing sixty thousand secrets takes seconds, in which no press should wait for the ledger
        devices = list(site_rows.devices(site))
        if self._ledger.sqlite and len(site.homes) >= MANY and first is None:
            for _ in range(_TRIES):
                if self._staged(site, devices, partial, _Keeping(dry_run, by, then)):
                    return counts
        with self._ledger.transaction() as tx:
            if first:
                first(tx)
            problems = list(dangling(tx, site))
            if problems:
                raise ConfigurationError(problems)
            with _undone(tx) if dry_run else nullcontext():
                _write(tx, merged(tx, site) if partial else site, devices, self._wall(), by)
                if then:
                    then(tx)
        return counts

    def _staged(self, site: Site, devices: Sequence[site_rows.Row], partial: bool, how: "_Keeping") -> bool:
        """The same with everything prepared; False when the register was changed meanwhile by somebody else."""
        with self._ledger.reading() as tx:
            edition, whole = version(tx), merged(tx, site) if partial else site
        laid = _laid(self._ledger.sealer, whole, devices, self._wall())

        def lay_out(tx: Tx) -> None:
            for table, rows in laid:
                staging.lay_out(tx, table, rows)

        def clear(tx: Tx) -> None:
            staging.clear(tx, *(table for table, _ in laid))

        with self._ledger.staged(lay_out, clear) as tx:
            if partial and version(tx) != edition:
                return False
            if problems := list(dangling(tx, site)):
                raise ConfigurationError(problems)
            with _undone(tx) if how.dry_run else nullcontext():
                _write_people(tx, whole)
                for table, _ in laid:
                    staging.take_over(tx, table)
                numbers.doubt(tx)
                card_lacks.forget_all(tx)
                _write_duty(tx, whole, self._wall(), how.by)
                if how.then:
                    how.then(tx)
        numbers.fill(self._ledger)
        return True

    def add_device(self, id: str, home: str, role: str, gateway: str | None, secret: str) -> None:
        """Register one device of a home that is known. Raises ``ConfigurationError`` with all problems."""
        problems = [] if re.fullmatch(DEVICE_ID, id) else [f"device id {id!r} must match {DEVICE_ID}"]
        if id in RESERVED:
            problems.append(f"device id {id!r} is a log-in of our own at the broker; choose another")
        with self._ledger.transaction() as tx:
            if not tx.execute(sa.select(HOMES.c.id).where(HOMES.c.id == home)).first():
                problems.append(f"no home {home!r} in the register; import it first")
            known = tx.execute(sa.select(DEVICES).where(DEVICES.c.id == id)).mappings().first()
            if known and (known["secret_hash"] or (known["home_id"], known["dialect"]) != (home, "anling")):
                problems.append(f"device {id!r} is there already, in home {known['home_id']!r}: `anling device secret"
                                f" {id}` gives it another secret; a site file or the console moves it")  # fmt: skip
            if problems:
                raise ConfigurationError(problems)
            row = {
                "id": id, "home_id": home, "role": role, "dialect": "anling", "gateway": gateway, "site": None,
                "external": None, "secret_hash": hash_secret(secret), "revoked_at": None,
            }  # fmt: skip
            overwrite(tx, DEVICES, [row], staging.KEPT)
            touch(tx)

    def place_of(self, home: str) -> Mapping[str, Any] | None:
        """Where a home is, without its cards; None for one that is not registered."""
        with self._ledger.reading() as tx:
            return homes_of(tx, [home]).get(home)

    def secret_ok(self, device: str, secret: str) -> bool:
        """Whether ``secret`` is the device's own; an unknown device or one without a secret never passes."""
        with self._ledger.reading() as tx:
            for kind in (DEVICES.c, HUBS.c):
                let_in = (kind.id == device) & kind.revoked_at.is_(None)
                if kept := tx.execute(sa.select(kind.secret_hash).where(let_in)).scalar():
                    break
        return bool(kept) and check_secret(secret, str(kept))


def speakers(tx: Tx, devices: Iterable[str]) -> dict[str, Speaker]:
    """What is known of these devices; unknown ones are absent."""
    wanted = set(devices)
    if not wanted:
        return {}
    sql = (
        "SELECT d.id, d.role, d.gateway, d.home_id, h.street, h.category, h.family_doctor_team"
        f" FROM devices d LEFT JOIN homes h ON h.id = d.home_id WHERE {among(tx, 'd.id')}"
    )
    return {row[0]: Speaker(*row) for row in fetch(tx, sql, listed(tx, wanted))}


def people(tx: Tx) -> People:
    """Responders and teams, contact points opened."""
    mute, present = stopped(tx), sa.select(RESPONDERS).where(RESPONDERS.c.ended_at.is_(None))
    responders = {row["id"]: _responder(tx, row, mute) for row in tx.execute(present).mappings()}
    rows = fetch(tx, "SELECT id, role, street, shifts FROM teams ORDER BY id")
    teams = tuple(duty.team_of(id, role, street, shifts, tx.unread) for id, role, street, shifts in rows)
    return People(version(tx), responders, teams)


def street_codes(tx: Tx) -> list[str]:
    """All streets, without those of the watch's probes."""
    codes = tx.execute(sa.select(STREETS.c.code).order_by(STREETS.c.code))
    return [code for (code,) in codes if not is_probe(code)]


def in_batches(tx: Tx, size: int) -> Iterator[list[str]]:
    """The ids of all homes in which somebody lives, so many at a time."""
    after = ""
    while ids := [id for (id,) in fetch(
        tx, "SELECT id FROM homes WHERE id > ? AND ended_at IS NULL ORDER BY id LIMIT ?", after, size
    )]:  # fmt: skip
        yield ids
        after = ids[-1]


def home_count(tx: Tx) -> int:
    """How many homes somebody lives in."""
    return int(fetch(tx, "SELECT count(*) FROM homes WHERE ended_at IS NULL")[0][0])


def home_of(tx: Tx, id: str) -> Mapping[str, Any] | None:
    """One home with its access card opened; the caller audits the read where a person sees it."""
    row = tx.execute(sa.select(HOMES).where(HOMES.c.id == id)).mappings().first()
    if row is None:
        return None
    return {**row, "access": _opened(tx, row["access"], f"homes.access|{id}") or {}}


def accesses_of(tx: Tx, homes: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Home -> its access card, opened; for looking up who is named there, never for showing it."""
    sql = f"SELECT id, access FROM homes WHERE {among(tx, 'id')}"
    rows = fetch(tx, sql, listed(tx, set(homes)))
    return {id: _opened(tx, access, f"homes.access|{id}") or {} for id, access in rows}


_PLACE = ("id", "street", "category", "address", "location", "family_doctor_team")


def homes_of(tx: Tx, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Homes without their access cards."""
    wanted = [i for i in set(ids) if i]
    if not wanted:
        return {}
    sql = f"SELECT {', '.join(_PLACE)} FROM homes WHERE {among(tx, 'id')}"
    rows = (dict(zip(_PLACE, row, strict=True)) for row in fetch(tx, sql, listed(tx, wanted)))
    return {r["id"]: r | {"address": read_json(r["address"]), "location": read_json(r["location"])} for r in rows}


def residents_of(
    tx: Tx, homes: Iterable[str], since: datetime | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Home id -> cards of the people who live there, opened; ``since``: also of those who did then."""
    wanted = [h for h in set(homes) if h]
    found: dict[str, list[dict[str, Any]]] = {h: [] for h in wanted}
    if wanted:
        still = "(ended_at IS NULL OR ended_at > ?)" if since else "ended_at IS NULL"
        sql = f"SELECT id, home_id, card FROM residents WHERE {among(tx, 'home_id')} AND {still} ORDER BY id"
        for id, home, card in fetch(tx, sql, listed(tx, wanted), *([instant(tx, since)] if since else [])):
            found[home].append({"id": id, **(_opened(tx, card, f"residents.card|{id}") or {})})
    return found


def card_of(tx: Tx, resident: str, card: bytes) -> dict[str, Any]:
    """One sealed card, opened."""
    return {"id": resident, **(_opened(tx, card, f"residents.card|{resident}") or {})}


def resident_name(tx: Tx, id: str, card: bytes) -> str | None:
    """The name on one sealed card."""
    opened = _opened(tx, card, f"residents.card|{id}") or {}
    return opened.get("name")


def edited(tx: Tx, at: datetime, by: str) -> None:
    """To be called after every edit: duty's history follows, and everybody reads the register again."""
    now = people(tx)
    duty.follow(tx, now.responders.values(), now.teams, at, by)
    touch(tx)


@contextmanager
def _undone(tx: Tx) -> Iterator[None]:
    """Everything is tried, nothing stays."""
    point = tx.connection.begin_nested()
    try:
        yield
    finally:
        point.rollback()


def _write(tx: Tx, site: Site, devices: Sequence[site_rows.Row], at: datetime, by: str) -> None:
    _write_people(tx, site)
    left = card_lacks.homes_of(tx, [r.id for h in site.homes for r in h.residents])
    for table, rows in _laid(tx.sealer, site, devices, at):
        overwrite(tx, table, rows, staging.KEPT)
    card_lacks.forget(tx, [*left, *(h.id for h in site.homes)])
    numbers.keep(tx, site_rows.cards(site))
    _write_duty(tx, site, at, by)


def _write_people(tx: Tx, site: Site) -> None:
    overwrite(tx, STREETS, site_rows.streets(site))
    overwrite(tx, RESPONDERS, list(site_rows.responders(site, tx.sealer)))
    overwrite(tx, TEAMS, list(site_rows.teams(site)))


def _laid(
    sealer: Sealer, site: Site, devices: Sequence[site_rows.Row], at: datetime
) -> list[tuple[sa.Table, Sequence[site_rows.Row]]]:
    """The many rows, ready to be written."""
    return [
        (HUBS, list(site_rows.hubs(site, sealer))), (HOMES, list(site_rows.homes(site, sealer, at))),
        (RESIDENTS, list(site_rows.residents(site, sealer))), (DEVICES, devices),
    ]  # fmt: skip


def _write_duty(tx: Tx, site: Site, at: datetime, by: str) -> None:
    duty.record(tx, [entry_of(part) for parts in duty_parts(site).values() for part in parts], at, by)
    edited(tx, at, by)


def _responder(tx: Tx, row: Mapping[Any, Any], mute: Mapping[tuple[str, str], str]) -> Responder:
    """Without the contact points at which the person forbade messages (P25)."""
    raw = _opened(tx, row["contacts"], f"responders.contacts|{row['id']}") or []
    points = tuple(
        ContactPoint(n, c["channel"], c["address"], c["secret"], c["drill"])
        for n, c in enumerate(raw)
        if mute.get((row["id"], c["channel"])) != c["address"]
    )
    return Responder(row["id"], row["name"] or row["id"], row["role"], row["street"], row["language"], points)


def _opened(tx: Tx, sealed: bytes | None, place: str) -> Any:
    """A value that cannot be opened counts as not there: it must not hide its neighbours, nor stop a call (P6)."""
    try:
        return tx.sealer.open_json(sealed, place)
    except (Unreadable, ValueError) as error:
        tx.unread.add(place)
        _LOG.error("value_unusable", place=place, why=str(error)[:300])
        return None
