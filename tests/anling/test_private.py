"""Nobody else on the machine reads what we make, and what they could read is told."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anling import key_file
from anling.house import open_ledger
from anling.private import open_to_others
from anling.settings import Settings
from domain.errors import ConfigurationError
from store.schema import upgrade


@pytest.fixture
def lax() -> Iterator[None]:
    """A shell that would let everybody read what it makes."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """What is there, with who may do what."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}


@pytest.mark.usefixtures("lax")
def test_what_we_make_is_ours_alone(tmp_path: Path) -> None:
    """Folder, key and ledger with its two companions, whatever the umask says."""
    settings = Settings(data_dir=tmp_path / "var")
    ledger = open_ledger(settings)
    upgrade(ledger)
    made = modes(settings.data_dir)
    warned = open_to_others(settings)
    ledger.close()

    files = ("secret.key", "anling.db", "anling.db-wal", "anling.db-shm")
    assert {"var": 0o700} | dict.fromkeys(files, 0o600) == made
    assert [] == warned


def test_what_others_can_read_is_told(tmp_path: Path) -> None:
    """A folder and a key that were there before stay as they are; the warning says what to type."""
    (tmp_path / "secret.key").write_text("x" * 40)
    (tmp_path / "secret.key").chmod(0o644)
    tmp_path.chmod(0o755)

    told = open_to_others(Settings(data_dir=tmp_path))

    assert 2 == len(told)
    assert f"{tmp_path} has mode 0755" in told[0]
    assert "chmod 700" in told[0]
    assert "chmod 600" in told[1]


def test_all_who_start_together_have_one_key(tmp_path: Path) -> None:
    """Nobody ever sees half of it: what was sealed with a key that is not the file's would be lost."""
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: settings.secret(), range(8)))

    assert {key_file.place(tmp_path).read_text()} == found
    assert 48 < len(found.pop())
    assert ["secret.key"] == [path.name for path in tmp_path.iterdir()]


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    """It would seal, and anybody could open: a disk that was full must not come to that."""
    key_file.place(tmp_path).write_text("\n")

    with pytest.raises(ConfigurationError, match=r"secret\.key is empty: give back"):
        Settings(data_dir=tmp_path).secret()
