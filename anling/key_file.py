"""The key file: where the secret key lies in the data folder; written whole or not at all, and its owner's alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from domain.errors import ConfigurationError
from store.disk import settle

NAME = "secret.key"


def place(folder: Path) -> Path:
    """Where it lies, unless ANLING_SECRET_KEY gives the key."""
    return folder / NAME


def fresh() -> str:
    """A key that nobody has."""
    return secrets.token_urlsafe(48)


def read(path: Path) -> str:
    """The key that lies there. Raises ``ConfigurationError`` for none, and for an empty one, which anybody has."""
    try:
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from error
    if not key:
        raise ConfigurationError([
            f"{path} is empty: give back the key it held, or delete it where there is no ledger yet"
        ])
    return key


def made(folder: Path) -> str:
    """The key of this folder, made at the first time. Of two processes that make it together both have the same."""
    path = place(folder)
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            lay_down(path, fresh())
    return read(path)


def lay_down(path: Path, key: str) -> None:
    """A key where none is. Raises ``FileExistsError``."""
    part = _part(path, key)
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without second names
        if path.exists():
            raise FileExistsError(path) from None
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    settle(path.parent)


def replace(path: Path, key: str) -> None:
    """Another key in its place; at every instant one of the two is there."""
    _part(path, key).replace(path)
    settle(path.parent)


def _part(path: Path, key: str) -> Path:
    """The whole text, on the disk under a name that nobody else writes."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return part
