"""Reports by name, for the console, for programs and for the command line, each within the streets of the asker."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import Clock, iso
from domain.errors import NotFound
from domain.people import Scope
from records import indicators
from store.indicators import alert_facts, day_facts
from store.ledger import Ledger
from store.protection import Protection
from store.sight import WIDE, only

NAMES = ("response_times", "alerts", "checkins", "coverage", "protection")
_LONGEST = 400
_SEES = WIDE | {"street_office"}


class Reports:
    """Works figures out of the ledger as it is now."""

    def __init__(
        self, ledger: Ledger, clock: Clock, zone: ZoneInfo, coverage: Callable[[Scope, float], Mapping[str, Any]]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._zone = zone
        #: (scope, days ahead) -> the gaps of the duty calendar
        self._coverage = coverage
        self._protection = Protection(ledger, clock)

    def report(self, scope: Scope, name: str, days: int = 30) -> dict[str, Any]:
        """``coverage`` looks ``days`` ahead, ``protection`` at this moment, the others back. Raises ``NotFound``."""
        only(scope, _SEES)
        if name not in NAMES:
            raise NotFound(f"no report {name!r}; write one of {', '.join(NAMES)}")
        now, span = self._clock.now(), timedelta(days=max(1, min(days, _LONGEST)))
        if name == "coverage":
            since, until = now, now + span
            items: Sequence[Mapping[str, Any]] = self._coverage(scope, span.days)["gaps"]
        else:
            since, until = now - span, now
            items = self._back(scope, name, since, until)
        return {"name": name, "from": iso(since), "until": iso(until), "items": list(items), "next_cursor": None}

    def _back(self, scope: Scope, name: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
        if name == "protection":
            return indicators.protection(self._protection.counts(scope, 0))
        with self._ledger.reading() as tx:
            if name == "checkins":
                first, last = (at.astimezone(self._zone).date().isoformat() for at in (since, until))
                return indicators.checkins(day_facts(tx, scope, first, last))
            facts = alert_facts(tx, scope, since, until)
        return indicators.response_times(facts) if name == "response_times" else indicators.alerts(facts)


def as_csv(report: Mapping[str, Any]) -> str:
    """The lines of a report for a spreadsheet."""
    out = io.StringIO()
    heads = list(report["items"][0]) if report["items"] else []
    writer = csv.DictWriter(out, heads, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in item.items()} for item in report["items"])
    return out.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
