"""The live state of a home: its last signs of life, what is wrong with its devices, and why a rule is uneasy.

Positions and vital signs are a remote view: only while an alert is open, only with the resident's
consent on the card, and each look is written down (R15, R31).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import Clock
from domain.errors import NotFound
from domain.people import Scope
from homes.rules_quiet import Quiet, sentence
from store import aways, faults, register, rule_states, signs
from store.ledger import Ledger, Tx
from store.protection import Protection
from store.reads import write_down
from store.sight import only
from store.views import Views

_SEES = frozenset({
    "administrator", "supervisor", "dispatcher", "street_office", "family_doctor", "dispatch_120",
})  # fmt: skip
_CONSENT = "remote_view"
_HOURS = 48


class LiveState:
    """Shows one home."""

    def __init__(
        self, ledger: Ledger, clock: Clock, zone: ZoneInfo, protection: Protection, views: Views
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._zone = zone
        self._protection = protection
        self._views = views

    def of(self, scope: Scope, home: str) -> dict[str, Any]:
        """One home as far as ``scope`` may see it; the look is in the audit before the answer is out."""
        only(scope, _SEES)
        alerts = self._views.alerts(scope, "open", home=home, limit=1)["items"]
        wide = scope.role in ("administrator", "supervisor", "dispatcher", "street_office")
        with self._ledger.reading() as tx:
            found = register.homes_of(tx, [home]).get(home)
            if found is None or not scope.sees(found["street"]) or not (wide or alerts):
                raise NotFound(f"no home {home}, or not yours to see now")
            agreed = _agreed(register.residents_of(tx, [home])[home])
        view = bool(alerts) and agreed
        what = "live state with position and vital signs" if view else "live state"
        with self._ledger.transaction() as tx:
            reason = f"alert {alerts[0]['id']}" if alerts else "no alert"
            write_down(tx, self._clock.now(), scope.operator, what, home, reason)
        with self._ledger.reading() as tx:
            return self._shown(tx, home, view) | {
                "remote_view": {"open": view, "consent": agreed, "alert": alerts[0]["id"] if alerts else None},
            }  # fmt: skip

    def _shown(self, tx: Tx, home: str, view: bool) -> dict[str, Any]:
        now = self._clock.now()
        last = signs.last_of(tx, [home], opened=view).get(home, {})
        life = signs.newest_life(tx, [home]).get(home)
        shown = {kind: {**said, "at": said["at"].isoformat()} for kind, said in sorted(last.items())}
        if not view:
            shown.pop("location", None)
        quiet = rule_states.of(tx, "inactivity", [home]).get(home)
        return {
            "home": home, "state": self._protection.state_of(tx, home), "away": aways.away(tx, now, [home]).get(home),
            "last_life": life.isoformat() if life else None, "signs": shown,
            "hours": self._hours(tx, home, now),
            "faults": [{"device": f.device, "role": f.role, "fault": f.fault, "since": f.since.isoformat()}
                       for f in faults.of_homes(tx, [home]).get(home, [])],
            "uneasy": None if quiet is None else self._why(quiet.data) | {"state": quiet.state},
        }  # fmt: skip

    def _hours(self, tx: Tx, home: str, now: datetime) -> dict[str, dict[str, int]]:
        hours = signs.hours_of(tx, [home], now - timedelta(hours=_HOURS)).get(home, {})
        return {kind: {hour.isoformat(): n for hour, n in sorted(counts.items())}
                for kind, counts in sorted(hours.items()) if kind != "location"}  # fmt: skip

    def _why(self, data: Mapping[str, Any]) -> dict[str, str]:
        since, until = (datetime.fromisoformat(str(data[name])) for name in ("since", "until"))
        quiet = Quiet(str(data["sign"]), since, int(data["usual"]), until, str(data.get("days") or ""))
        return {language: sentence(quiet, self._zone, language) for language in ("zh", "en")}


def _agreed(residents: Iterable[Mapping[str, Any]]) -> bool:
    """Everybody who lives there has agreed: ``consents: ["remote_view"]`` or ``{"remote_view": true}`` on the card."""
    said = [card.get("consents") for card in residents]
    given = [
        _CONSENT in c if isinstance(c, list) else c.get(_CONSENT) is True if isinstance(c, Mapping) else False
        for c in said
    ]
    return bool(given) and all(given)
