"""Another key: everything is sealed anew while presses go on, killed or not, and the old key opens nothing any more."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from anling.rotation import rotate
from anling.settings import Settings
from domain.clock import wall_now
from domain.errors import ConfigurationError, Unreadable
from escalation.looking_over import look_over
from escalation.tokens import Tokens
from store import key_ring, numbers, proofs
from store.accounts import Accounts
from store.ledger import Ledger
from store.register import home_of, people
from store.resealing import PLACES
from store.schema import verify_key
from store.seal import Sealer
from tests.town import DOCTOR, NOON, SECRET, Town, site

SITE_SECRET = "the hub's own secret"


@dataclass
class Place:
    """An installation whose key is in its data folder, and the town that goes on living in it."""

    settings: Settings
    town: Town
    alert: str

    def opened(self, secret: str) -> Ledger:
        """Its ledger as a process sees it that is started with this key."""
        return Ledger(self.settings.ledger_url, Sealer(secret))


@pytest.fixture
def place(tmp_path: Path, migrated_file: Path) -> Iterator[Place]:
    """On SQLite."""
    shutil.copy(migrated_file, tmp_path / "anling.db")
    yield from _settled(Settings(data_dir=tmp_path))


@pytest.fixture
def anywhere(tmp_path: Path, ledger_url: str) -> Iterator[Place]:
    """On both databases."""
    yield from _settled(Settings(data_dir=tmp_path, database_url=ledger_url))


def _settled(settings: Settings) -> Iterator[Place]:
    """An alert with a note, a proved telephone, a hub with a secret."""
    (settings.data_dir / "secret.key").write_text(SECRET)
    (settings.data_dir / "secret.key").chmod(0o600)
    ledger = Ledger(settings.ledger_url, Sealer(SECRET))
    verify_key(ledger)
    town = Town(ledger)
    town.settle_in(site() | {"hubs": [{"id": "hub-0001", "secret": SITE_SECRET, "dialect": "z2m", "site": "north"}]})
    alert = town.press("dev-0001")
    town.commands.claim(alert, DOCTOR)
    town.commands.note(alert, DOCTOR, "门锁着")
    town.commands.close(alert, DOCTOR, "accidental")
    with ledger.transaction() as tx:
        first = people(tx).responders["doctor-1"].contacts[0]
        proofs.prove(tx, "doctor-1", first.channel, first.address, NOON)
    yield Place(settings, town, alert)
    ledger.close()


def _sealed(ledger: Ledger) -> list[tuple[str, bytes, str]]:
    """Every sealed value with its place."""
    found = []
    for column, pattern in PLACES.items():
        name, _, field = column.partition(".")
        table = SQLModel.metadata.tables[name]
        with ledger.reading() as tx:
            rows = tx.execute(sa.select(table).where(table.c[field].is_not(None))).mappings().all()
        found += [(f"{column}|{pattern.format(**row)}", row[field], column) for row in rows]
    return found


def _by_key_alone(ledger: Ledger, secret: str) -> set[str]:
    """Columns of which this key, knowing no other, opens something."""
    alone = Sealer(secret)
    found = set()
    for place, value, column in _sealed(ledger):
        try:
            alone.open(value, place)
        except Unreadable:
            continue
        found.add(column)
    return found


def _whole_and_new(place: Place) -> None:
    """A process started with the new key reads all of it, the old key alone opens nothing and is refused."""
    new = place.settings.secret()
    ledger = place.opened(new)
    verify_key(ledger)
    for where, value, _ in _sealed(ledger):
        ledger.sealer.open(value, where)
    assert look_over(ledger, NOON + timedelta(days=2)).whole
    assert Accounts(ledger).hub_of("z2m", SITE_SECRET, thorough=False) == ("hub-0001", "north")
    with ledger.reading() as tx:
        assert ["home-1"] == numbers.homes_with(tx, "+862150000001", (), 1)
    assert set() == _by_key_alone(ledger, SECRET)
    ledger.close()
    stale = place.opened(SECRET)
    with pytest.raises(ConfigurationError, match="the new one after"):
        verify_key(stale)
    stale.close()


def test_every_sealed_column_is_known() -> None:
    """Whoever adds a column of ciphertext says here to which place it is sealed, else a change of keys loses it."""
    columns = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }

    assert columns == set(PLACES)


def test_all_is_sealed_anew_while_presses_go_on(place: Place) -> None:
    """Whoever was started with the old key and presses on finds cards and numbers at every moment."""
    stop, failures = threading.Event(), []

    def press() -> None:
        while not stop.is_set():
            id = place.town.press("dev-0002")
            with place.town.ledger.reading() as tx:
                home = home_of(tx, "home-2")
                point = people(tx).responders["doctor-1"].contacts
            if not point or home is None or not home.get("access"):
                failures.append(id)

    presser = threading.Thread(target=press)
    presser.start()
    ledger = place.opened(SECRET)
    verify_key(ledger)
    try:
        done = rotate(place.settings, ledger)
    finally:
        stop.set()
        presser.join()
        again = rotate(place.settings, ledger) if failures else None
        ledger.close()

    assert ([], None) == (failures, again)
    assert (True, 0) == (done.ended, done.unreadable)
    assert SECRET == (done.old_key.read_text() if done.old_key else "")
    with place.town.ledger.reading() as tx:
        known = proofs.known_of(tx, dict(people(tx).responders))
    assert NOON == known["doctor-1", 0].proved_at


@pytest.mark.parametrize(("point", "times"), [("keys-half-way", 3), ("keys-before-end", 1)])
def test_killed_it_goes_on(place: Place, point: str, times: int) -> None:
    """kill -9 with half of the values sealed anew, and between the new key file and the last word: both keys open
    everything meanwhile, and typed again it comes to its end.
    """
    place.town.ledger.close()
    command = [sys.executable, "tests/acceptance/fatal.py", point, str(times), "keys", "rotate"]
    given = {"ANLING_DATA_DIR": str(place.settings.data_dir)}
    killed = subprocess.run(command, env=os.environ | given, capture_output=True, check=False)
    assert -9 == killed.returncode
    for secret in (SECRET, place.settings.secret()):
        between = place.opened(secret)
        verify_key(between)
        assert look_over(between, NOON).whole
        for where, value, _ in _sealed(between):
            between.sealer.open(value, where)
        between.close()

    ledger = place.opened(place.settings.secret())
    verify_key(ledger)
    assert rotate(place.settings, ledger).ended
    ledger.close()

    _whole_and_new(place)


def test_twice_changed_it_is_whole(anywhere: Place) -> None:
    """The chain of hashes and the notes of a timeline outlive every change of keys."""
    for _ in range(2):
        ledger = anywhere.opened(anywhere.settings.secret())
        verify_key(ledger)
        assert rotate(anywhere.settings, ledger).ended
        ledger.close()

    _whole_and_new(anywhere)


def test_a_damaged_ring_stops_nobody_but_the_next_change(place: Place) -> None:
    """What the key here opens goes on; a new change would throw the earlier keys away, and is refused."""
    ledger = place.opened(SECRET)
    place.town.change("INSERT INTO meta (key, value) VALUES ('key_ring', '{\"present\": 1')")

    verify_key(ledger)
    with pytest.raises(Unreadable, match="restore it from a backup"):
        rotate(place.settings, ledger)
    ledger.close()


def test_a_key_from_the_environment_is_carried_by_hand(place: Place) -> None:
    """The change does not end before every process has the new key: the old one still lets them start."""
    mine = place.settings.model_copy(update={"secret_key": SECRET})
    first = place.opened(SECRET)
    verify_key(first)
    begun = rotate(mine, first)
    first.close()
    assert begun.new_key is not None
    new = begun.new_key.read_text()
    restarted = place.opened(SECRET)
    verify_key(restarted)
    restarted.close()

    second = place.opened(new)
    verify_key(second)
    ended = rotate(mine.model_copy(update={"secret_key": new}), second)
    second.close()

    assert (False, True) == (begun.ended, ended.ended)
    assert not begun.new_key.exists()
    stale = place.opened(SECRET)
    with pytest.raises(ConfigurationError):
        verify_key(stale)
    stale.close()


@pytest.mark.parametrize("leaked", [False, True])
def test_links_of_before_count_for_a_week(place: Place, leaked: bool) -> None:
    """Somebody's telephone rang before the change, the key is pressed after it; a leaked key's links end at once."""
    link = Tokens(SECRET).call("key-1", 1)
    ledger = place.opened(SECRET)
    verify_key(ledger)
    rotate(place.settings, ledger, leaked=leaked)
    ledger.close()

    after = place.opened(place.settings.secret())
    verify_key(after)
    tokens = Tokens(place.settings.secret(), lambda: after.sealer.links)
    ring = key_ring.learn(after)
    after.close()

    assert (None if leaked else ("key-1", 1)) == tokens.read_call(link)
    assert ("key-2", 1) == tokens.read_call(tokens.call("key-2", 1))
    assert ring is not None
    assert [] == ring.recent(wall_now() + timedelta(days=8))
