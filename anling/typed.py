"""What people type and set: files and instants, each with the error that says what to write instead."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError


def zone() -> ZoneInfo:
    """Wall time of this installation."""
    from anling.settings import read_settings

    return ZoneInfo(read_settings().timezone)


def instant(text: str) -> datetime:
    """A date or an instant; wall time unless it names its zone. Raises ``ConfigurationError``."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError([f"{text!r} is no date or instant; write 2026-11-22T03:10"]) from error
    return found if found.tzinfo else found.replace(tzinfo=zone())


def text_in(file: Path, setting: str | None = None) -> str:
    """The file as text, unreadable characters marked. Raises ``ConfigurationError``."""
    return bytes_in(file, setting).decode(errors="replace")


def bytes_in(file: Path, setting: str | None = None) -> bytes:
    """The file, which may be that of a setting. Raises ``ConfigurationError``."""
    try:
        return file.read_bytes()
    except OSError as error:
        named = f"{setting}: {file}" if setting else str(file)
        raise ConfigurationError([f"{named}: cannot be read: {error.strerror}"]) from error
