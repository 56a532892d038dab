"""Retracing: an alert rebuilt from its timeline alone, and whether that is what the ledger holds (invariant 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from domain.alerts import Alert
from domain.errors import NotFound
from escalation.timeline import replay
from store import alerts, salvage
from store.ledger import Tx


@dataclass(frozen=True, slots=True)
class Retraced:
    """What the timeline tells of an alert."""

    alert: Alert
    decisions: int
    #: field -> (as stored, as told); empty when they are the same
    differences: Mapping[str, tuple[Any, Any]]
    #: number of the first entry whose hash does not follow from the one before; None: the chain is whole
    broken_at: int | None = None

    @property
    def equal(self) -> bool:
        """Whether the ledger holds exactly what its timeline tells."""
        return not self.differences and self.broken_at is None


def retrace(tx: Tx, id: str) -> Retraced:
    """Rebuild one alert. Raises ``NotFound``, and ``ValueError`` where its timeline cannot be read."""
    stored = alerts.peek(tx, id)
    if stored is None:
        raise NotFound(f"no alert {id}")
    changes = salvage.story(tx, id)
    entries, head = salvage.chain_end(tx, id)
    told = replace(replay(changes), entries=entries, head=head)
    return Retraced(told, len(changes), _differences(stored, told), _broken(tx, id))


def _differences(stored: Alert, told: Alert) -> dict[str, tuple[Any, Any]]:
    names = [f.name for f in fields(Alert) if f.name != "tracks"]
    found = {n: (getattr(stored, n), getattr(told, n)) for n in names if getattr(stored, n) != getattr(told, n)}
    if [t.name for t in stored.tracks] != [t.name for t in told.tracks]:
        found["tracks"] = ([t.name for t in stored.tracks], [t.name for t in told.tracks])
        return found
    for mine, other in zip(stored.tracks, told.tracks, strict=True):
        for field in fields(mine):
            pair = getattr(mine, field.name), getattr(other, field.name)
            if pair[0] != pair[1]:
                found[f"tracks.{mine.name}.{field.name}"] = pair
    return found


def _broken(tx: Tx, id: str) -> int | None:
    head = ""
    for row in alerts.timeline(tx, id):
        if alerts.chain_hash(head, row) != row["hash"]:
            return int(row["seq"])
        head = row["hash"]
    return None
