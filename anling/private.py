"""The data folder is ours alone: what we make in it others on the machine cannot read; what they can is told."""

import stat
from collections.abc import Iterator
from pathlib import Path

from anling import key_file
from anling.settings import Settings
from domain.errors import ConfigurationError
from store.ledger import sqlite_path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(path: Path) -> None:
    """Make it, readable by its owner only; one that is there stays as it is. Raises ``ConfigurationError``."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            [f"ANLING_DATA_DIR: the folder {path} cannot be made: {error.strerror}; name one that can"]
        ) from error


def open_to_others(settings: Settings) -> list[str]:
    """Which of our folders and files somebody else on this machine may read or change, with what to do."""
    return [
        f"{path} has mode {mode:04o}: others on this machine get at it; chmod {'700' if path.is_dir() else '600'} it"
        for path in _ours(settings)
        if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & _OTHERS
    ]


def _ours(settings: Settings) -> Iterator[Path]:
    folder = settings.data_dir
    yield folder
    yield key_file.place(folder)
    if ledger := sqlite_path(settings.ledger_url):
        yield from (ledger.with_name(ledger.name + end) for end in ("", "-wal", "-shm"))
    yield folder / "broker"
    yield from sorted((folder / "broker").glob("*.secret"))
    yield folder / "broker" / "passwd"
