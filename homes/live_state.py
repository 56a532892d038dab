"""The live state of a home: its last signs of life, what is wrong with its devices, and why a rule is uneasy.

Positions and vital signs are a remote view: only while an alert is open, only with the resident's
consent on the card, and each look is written down (R15, R31).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from broker_bridge.datum import at_the_edge
from domain.clock import Clock
from domain.errors import NotFound
from domain.people import DESK, Scope
from escalation import asked_first
from homes.rules import is_place, metres
from homes.rules_quiet import SIGNS, Quiet, sentence
from store import aways, faults, register, rule_states, signs
from store.home_lists import devices_of
from store.ledger import Ledger, Tx
from store.protection import Protection
from store.reads import write_down, written_since
from store.sight import only
from store.views import Views

_SEES = DESK | {"street_office", "family_doctor", "dispatch_120"}
_CONSENT = "remote_view"
_HOURS = 48
#: a page that stays open is one look for so long
_LOOK = timedelta(minutes=10)
#: days of a roll-up
DAYS = 14


@dataclass(frozen=True, slots=True)
class _Look:
    """What one reader may see of one home now."""

    place: Mapping[str, Any]
    alert: str | None
    agreed: bool

    @property
    def view(self) -> bool:
        """Position and vital signs too."""
        return self.alert is not None and self.agreed


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

    def of(self, scope: Scope, home: str, again: bool = False) -> dict[str, Any]:
        """One home as far as ``scope`` may see it; the look is in the audit before the answer is out.

        ``again``: a page that renews itself goes on looking; that is one look for ten minutes.
        """
        look = self._look(scope, home)
        what = "live state with position and vital signs" if look.view else "live state"
        if not (again and self._still_looking(scope, home, what)):
            self._write_down(scope, home, look, what)
        with self._ledger.reading() as tx:
            return self._shown(tx, home, look) | {
                "remote_view": {"open": look.view, "consent": look.agreed, "alert": look.alert},
            }  # fmt: skip

    def by_hour(self, scope: Scope, home: str) -> dict[str, Any]:
        """The signs of the last 24 hours, for a picture: local hours, and the counts of each kind. Audited."""
        now = self._clock.now().replace(minute=0, second=0, microsecond=0)
        hours = [now - timedelta(hours=n) for n in range(23, -1, -1)]
        counted = self._counted(scope, home, hours[0], "signs by the hour")
        labels = [hour.astimezone(self._zone).strftime("%H") for hour in hours]
        return {"labels": labels, "counts": {kind: [n.get(h, 0) for h in hours] for kind, n in counted.items()}}

    def by_day(self, scope: Scope, home: str) -> dict[str, Any]:
        """The signs of the last fourteen days, rolled up from the hours. Audited."""
        today = self._clock.now().astimezone(self._zone).date()
        days = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
        start = datetime(days[0].year, days[0].month, days[0].day, tzinfo=self._zone)
        counted = self._counted(scope, home, start.astimezone(self._clock.now().tzinfo), "signs by the day")
        rolled = {kind: self._rolled(hours) for kind, hours in counted.items()}
        labels = [day.strftime("%m-%d") for day in days]
        return {"labels": labels, "counts": {kind: [n.get(d, 0) for d in days] for kind, n in rolled.items()}}

    def _look(self, scope: Scope, home: str) -> _Look:
        only(scope, _SEES)
        alerts = self._views.alerts(scope, "open", home=home, limit=1)["items"]
        wide = scope.role in DESK | {"street_office"}
        with self._ledger.reading() as tx:
            found = register.homes_of(tx, [home]).get(home)
            if found is None or not scope.sees(found["street"]) or not (wide or alerts):
                raise NotFound(f"no home {home}, or not yours to see now")
            agreed = _agreed(register.residents_of(tx, [home])[home])
        return _Look(found, alerts[0]["id"] if alerts else None, agreed)

    def _write_down(self, scope: Scope, home: str, look: _Look, what: str) -> None:
        with self._ledger.transaction() as tx:
            reason = f"alert {look.alert}" if look.alert else "no alert"
            write_down(tx, self._clock.now(), scope.operator, what, home, reason)

    def _still_looking(self, scope: Scope, home: str, what: str) -> bool:
        """The position that has become visible meanwhile is another look."""
        with self._ledger.reading() as tx:
            return written_since(tx, self._clock.now() - _LOOK, scope.operator, what, home)

    def _counted(self, scope: Scope, home: str, since: datetime, what: str) -> dict[str, dict[datetime, int]]:
        self._write_down(scope, home, self._look(scope, home), what)
        with self._ledger.reading() as tx:
            counted = signs.hours_of(tx, [home], since).get(home, {})
        return {kind: counted[kind] for kind in (*SIGNS, "vitals") if kind in counted}

    def _rolled(self, hours: Mapping[datetime, int]) -> dict[date, int]:
        rolled: dict[date, int] = {}
        for hour, n in hours.items():
            day = hour.astimezone(self._zone).date()
            rolled[day] = rolled.get(day, 0) + n
        return rolled

    def _shown(self, tx: Tx, home: str, look: _Look) -> dict[str, Any]:
        now = self._clock.now()
        last = signs.last_of(tx, [home], opened=look.view).get(home, {})
        life = signs.newest_life(tx, [home]).get(home)
        shown = {kind: {**said, "at": said["at"].isoformat()} for kind, said in sorted(last.items())}
        if not look.view:
            shown.pop("location", None)
        quiet = rule_states.of(tx, "inactivity", [home]).get(home)
        return {
            "home": home, "address": look.place["address"], "street": look.place["street"],
            "state": self._protection.state_of(tx, home), "away": aways.away(tx, now, [home]).get(home),
            "last_life": life.isoformat() if life else None, "signs": shown,
            "metres_from_home": _distance(look.place.get("location"), shown.get("location", {}).get("value")),
            "hours": self._hours(tx, home, now), "devices": devices_of(tx, [home]).get(home, []),
            "faults": [{"device": f.device, "role": f.role, "fault": f.fault, "since": f.since.isoformat()}
                       for f in faults.of_homes(tx, [home]).get(home, [])],
            "uneasy": None if quiet is None else self._why(quiet.data) | {"state": quiet.state},
            "falls": _falls(tx, home),
        }  # fmt: skip

    def _hours(self, tx: Tx, home: str, now: datetime) -> dict[str, dict[str, int]]:
        hours = signs.hours_of(tx, [home], now - timedelta(hours=_HOURS)).get(home, {})
        return {kind: {hour.isoformat(): n for hour, n in sorted(counts.items())}
                for kind, counts in sorted(hours.items()) if kind != "location"}  # fmt: skip

    def _why(self, data: Mapping[str, Any]) -> dict[str, str]:
        since, until = (datetime.fromisoformat(str(data[name])) for name in ("since", "until"))
        quiet = Quiet(str(data["sign"]), since, int(data["usual"]), until, str(data.get("days") or ""))
        return {language: sentence(quiet, self._zone, language) for language in ("zh", "en")}


def _falls(tx: Tx, home: str) -> dict[str, Any]:
    """A fall that is being asked about, and those that turned out well: recorded, and no alert."""
    asked = rule_states.of(tx, asked_first.RULE, [home]).get(home)
    well = rule_states.of(tx, asked_first.WELL, [home]).get(home)
    return {
        "asking_until": asked.next_at.isoformat() if asked and asked.next_at else None,
        "well": list(reversed(well.data["falls"])) if well else [],
    }


def _distance(home: Mapping[str, Any] | None, fix: Mapping[str, Any] | None) -> int | None:
    """From home to the newest position, metres."""
    place = at_the_edge(home or {})
    if fix is None or not (is_place(place) and is_place(fix)):
        return None
    return round(metres(place["lat"], place["lon"], fix["lat"], fix["lon"]))


def _agreed(residents: Iterable[Mapping[str, Any]]) -> bool:
    """Everybody who lives there has agreed: ``consents: ["remote_view"]`` or ``{"remote_view": true}`` on the card."""
    said = [card.get("consents") for card in residents]
    given = [
        _CONSENT in c if isinstance(c, list) else c.get(_CONSENT) is True if isinstance(c, Mapping) else False
        for c in said
    ]
    return bool(given) and all(given)
