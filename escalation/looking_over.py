"""The whole ledger looked over: every alert rebuilt from its story, every chain of hashes, every day's signed head."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.errors import AnlingError
from escalation.retrace import retrace
from store import alerts, day_heads, salvage
from store.ledger import Ledger, Tx

_BATCH = 100
#: nobody could be this wrong by accident; the rest is counted only
_MOST = 200


@dataclass(slots=True)
class Verdict:
    """What was looked at, and what is not as it was written."""

    alerts: int = 0
    entries: int = 0
    #: (alert or day, what is wrong with it)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    heads: dict[date, str] = field(default_factory=dict)
    signed: list[date] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Nothing is wrong."""
        return not self.wrong


def look_over(ledger: Ledger, now: datetime, told: Callable[[int], None] = lambda done: None) -> Verdict:
    """Read everything in short looks, while presses go on. Signs days that are over when nothing is wrong."""
    verdict = Verdict()
    for batch in _batches(ledger):
        for id in batch:
            entries, wrong = _of(ledger, id)
            verdict.alerts += 1
            verdict.entries += entries
            verdict.wrong += [(id, what) for what in wrong][: max(0, _MOST - len(verdict.wrong))]
        told(verdict.alerts)
    with ledger.reading() as tx:
        verdict.wrong += [(id, "entries whose alert is gone") for id in salvage.orphans(tx, _MOST)]
    verdict.heads = day_heads.heads(ledger)
    with ledger.reading() as tx:
        late = day_heads.disputed(tx, verdict.heads)
    verdict.wrong += [(str(day), "entries were changed, added or taken away since this day's head") for day in late]
    if verdict.whole:
        with ledger.transaction() as tx:
            verdict.signed = day_heads.sign(tx, verdict.heads, now)
    return verdict


def _batches(ledger: Ledger) -> Iterator[list[str]]:
    after = ""
    while True:
        with ledger.reading() as tx:
            batch = alerts.ids_after(tx, after, _BATCH)
        if not batch:
            return
        yield batch
        after = batch[-1]


def _of(ledger: Ledger, id: str) -> tuple[int, list[str]]:
    """Entries, and what is wrong; looked at twice, because somebody may decide between two of our questions."""
    entries, wrong = 0, [""]
    for _ in range(2):
        with ledger.reading() as tx:
            entries, wrong = _once(tx, id)
        if not wrong:
            break
    return entries, wrong


def _once(tx: Tx, id: str) -> tuple[int, list[str]]:
    try:
        found = retrace(tx, id)
    except (AnlingError, LookupError, TypeError, ValueError, AttributeError) as error:
        return 0, [f"cannot be read: {type(error).__name__}"]
    wrong = [f"{name}: stored {was}, told {told}" for name, (was, told) in found.differences.items()]
    if found.broken_at is not None:
        wrong.append(f"the chain of hashes breaks at entry {found.broken_at}")
    return found.alert.entries, wrong
