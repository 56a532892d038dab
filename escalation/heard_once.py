"""A signed message is obeyed once; its repeat, whoever sends it and to whichever process, hears the same answer.

A crash between obeying and noting it obeys a repeat once more: rather twice than not at all.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from domain.clock import Clock
from store import heard
from store.ledger import Ledger


class HeardOnce:
    """Remembers stamps in the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def obey(self, stamp: str | None, kept: timedelta, act: Callable[[], str]) -> str:
        """``act()``, or what it said when this stamp was obeyed before. What raises was not obeyed. None: always."""
        if stamp is None:
            return act()
        name = hashlib.sha256(stamp.encode()).hexdigest()
        with self._ledger.reading() as tx:
            said = heard.answered(tx, name, self._clock.now())
        if said is None:
            said = act()
            with self._ledger.transaction() as tx:
                heard.keep(tx, name, said, self._clock.now() + kept)
        return said
