"""Progress: how far long work has come, on standard error."""

import sys


def progress(text: str, done: int, every: int) -> None:
    """On a terminal one line that counts; elsewhere a line whenever ``done`` is a multiple of ``every``."""
    watched = sys.stderr.isatty()
    if watched or (done and done % every == 0):
        print(text, end="\r" if watched else "\n", file=sys.stderr)
