"""The day's board of check-ins, and what people say about them: well, away, in hospital, back again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.checkins import CheckinState, Way
from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.people import DESK, Scope
from store import aways, checkins
from store.checkin_lists import Filter, counts, page_of
from store.home_sight import may_see
from store.ledger import Ledger, Tx
from store.register import homes_of
from store.tasks import settle_tasks

_MAY = DESK | {"street_office", "family_doctor"}
_SEES = _MAY | {"auditor"}
_KINDS = ("away", "hospital")


class Checkins:
    """Reads the day and takes in people's words."""

    def __init__(self, ledger: Ledger, clock: Clock, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._clock = clock
        self._zone = zone

    def page(
        self,
        scope: Scope,
        day: str | None = None,
        state: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """One day's check-ins by home, with the day's counts; today when no day is given."""
        _only(scope, _SEES)
        when = day or self._clock.now().astimezone(self._zone).date().isoformat()
        with self._ledger.reading() as tx:
            page = page_of(tx, scope, Filter(when, state), limit, cursor)
            return page | {"day": when, "counts": counts(tx, scope, when)}

    def ok(self, scope: Scope, id: str, way: str = Way.DESK, note: str | None = None) -> dict[str, Any]:
        """Somebody knows that all is well: by a visit, a call, the family. ``id``: ``home:day``."""
        _only(scope, _MAY)
        if way not in set(Way):
            raise Refused(f"way: write one of {', '.join(Way)}")
        home, _, day = id.rpartition(":")
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            self._home(tx, scope, home)
            sealed = tx.sealer.seal(note.encode(), f"checkins.note|{day}/{home}") if note else None
            if not checkins.settle(tx, day, home, CheckinState.OK, way, now, scope.operator, note=sealed):
                found = page_of(tx, scope, Filter(day, home=home), 1, None)["items"]
                if not found:
                    raise NotFound(f"no check-in {id}")
                if found[0]["state"] == CheckinState.MISSED:
                    raise Refused(f"an alert was raised: close alert {found[0]['alert']} with an outcome")
            settle_tasks(tx, [f"visit:{home}:{day}"], now, "well", scope.operator)
            return dict(page_of(tx, scope, Filter(day, home=home), 1, None)["items"][0])

    def away(self, scope: Scope, home: str, kind: str = "away", until: datetime | None = None) -> dict[str, Any]:
        """Nobody is asked until then, or until somebody says that they are back."""
        _only(scope, _MAY)
        if kind not in _KINDS:
            raise Refused(f"kind: write one of {', '.join(_KINDS)}")
        now = self._clock.now()
        if until is not None and until <= now:
            raise Refused("until: is in the past")
        with self._ledger.transaction() as tx:
            self._home(tx, scope, home)
            aways.end(tx, home, now, scope.operator)
            return aways.begin(tx, home, kind, now, until, scope.operator)

    def back(self, scope: Scope, home: str) -> dict[str, Any]:
        """They are at home again; the next day is asked as ever."""
        _only(scope, _MAY)
        now = self._clock.now()
        with self._ledger.transaction() as tx:
            self._home(tx, scope, home)
            if not aways.end(tx, home, now, scope.operator):
                raise NotFound(f"home {home} is not away")
        return {"home": home, "away": None}

    @staticmethod
    def _home(tx: Tx, scope: Scope, home: str) -> Mapping[str, Any]:
        found = homes_of(tx, [home]).get(home)
        if found is None or not may_see(tx, scope, home):
            raise NotFound(f"no home {home}")
        return found


def _only(scope: Scope, roles: frozenset[str]) -> None:
    if scope.role not in roles:
        raise Forbidden("your log-in may not do this")
