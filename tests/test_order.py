"""The longest files are handed out first."""

from tests.order import LONGEST, TESTS


def test_every_long_file_is_there() -> None:
    """A file that was renamed would come last again, and a worker sit alone with it."""
    assert [] == [file for file in LONGEST if not (TESTS / file).exists()]
