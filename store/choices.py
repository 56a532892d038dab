"""What homes have chosen of the rules."""

from domain.choices import AskFirst, read_choices
from store.bulk import fetch, read_json
from store.ledger import Tx


def choices_of(tx: Tx, home: str) -> AskFirst | None:
    """How this home wants falls to be asked about; None: at once."""
    rows = fetch(tx, "SELECT choices FROM homes WHERE id = ?", home)
    said = read_json(rows[0][0]) if rows and rows[0][0] is not None else None
    return read_choices(said, []) if isinstance(said, dict) else None
