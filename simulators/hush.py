"""A street in which a drill is played keeps still: nobody there presses by chance while it runs."""

import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

#: seconds after which a drill that was killed no longer keeps the street still
_LONGEST = 1800.0


class Hush:
    """A file that says so; without one nobody is asked to be still."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def __bool__(self) -> bool:
        """Whether a drill runs now."""
        if self._file is None:
            return False
        try:
            return time.time() - self._file.stat().st_mtime < _LONGEST
        except OSError:
            return False

    def __enter__(self) -> None:
        if self._file is not None:
            self._file.touch()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # it is gone: the demo's folder was cleared away
                self._file.unlink()
