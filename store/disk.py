"""The disk: what was named there stays so, also when the power goes now."""

import os
from pathlib import Path


def settle(folder: Path) -> None:
    """The names of a folder's files reach the disk before this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
