"""What people wrote in free words: sealed; a note that cannot be opened says so and hides nothing beside it (P6)."""

from collections.abc import Mapping
from typing import Any

import structlog

from store.ledger import Tx

_LOG = structlog.get_logger("anling.notes")
#: shown in place of a note that is damaged
LOST = "（此处文字已损坏，无法读取）/ (what was written here is damaged and cannot be read)"


def opened(tx: Tx, sealed: bytes | None, place: str) -> str | None:
    """The note; None where none was written."""
    if sealed is None:
        return None
    plain = tx.sealer.peek(sealed, place)
    if plain is None:
        _LOG.error("note_unusable", place=place)
        return LOST
    return plain.decode()


def of_timeline(alert: str, seq: int) -> str:
    """The place to which the note of one entry is sealed."""
    return f"timeline.note|{alert}/{seq}"


def with_bare(tx: Tx, row: Mapping[Any, Any]) -> dict[str, Any]:
    """A timeline's row with its note as it was sealed first, which is what the hash covers. Raises ``Unreadable``."""
    note = row["note"]
    bare = note if note is None else tx.sealer.bare(note, of_timeline(row["alert_id"], row["seq"]))
    return {**row, "note": bare}
