"""The family's link: one page on which they say that nobody is at home, or somebody again. It opens nothing else."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.people import DESK, Scope
from escalation import own_word
from escalation.tokens import Tokens
from store import aways, register
from store.home_sight import may_see
from store.ledger import Ledger
from store.reads import write_down

_MAY = DESK | {"street_office", "family_doctor"}
_WAY = "family"


class Family:
    """Makes links and takes in what is said behind them."""

    def __init__(self, ledger: Ledger, clock: Clock, tokens: Tokens, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._clock = clock
        self._tokens = tokens
        self._zone = zone

    def link(self, scope: Scope, home: str) -> str:
        """A link for the family of a home; that it was given out is in the audit."""
        if scope.role not in _MAY:
            raise Forbidden("your log-in may not do this")
        with self._ledger.transaction() as tx:
            if register.homes_of(tx, [home]).get(home) is None or not may_see(tx, scope, home):
                raise NotFound(f"no home {home}")
            write_down(tx, self._clock.now(), scope.operator, "family link", home, "given out")
        return f"/f/{self._tokens.family(home)}"

    def find(self, token: str) -> dict[str, Any] | None:
        """Whether somebody is away there; None for a link that is not ours, or has expired, or whose home has ended."""
        home = self._tokens.read_family(token)
        with self._ledger.reading() as tx:
            known = register.home_of(tx, home) if home else None
            if home is None or known is None or known.get("ended_at"):
                return None
            return {"home": home, "away": aways.away(tx, self._clock.now(), [home]).get(home)}

    def say(self, token: str, kind: str, until: datetime | None = None) -> dict[str, Any] | None:
        """``away``, ``hospital`` or ``back``; what holds then, after the commit."""
        found = self.find(token)
        if found is None:
            return None
        home, now = str(found["home"]), self._clock.now()
        if until is not None and until <= now:
            raise Refused("until: is in the past")
        with self._ledger.transaction() as tx:
            if kind == "back":
                own_word.back(tx, home, _WAY, now)
            else:
                day = now.astimezone(self._zone).date().isoformat()
                own_word.gone(tx, home, kind, _WAY, now, day, until)
        return self.find(token)
