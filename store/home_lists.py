"""Homes as the desk lists them: who lives there, which devices speak for them, and who is protected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import NotFound
from domain.people import PROBE_MARK, Scope
from store import register
from store.alerts import ALERTS
from store.aways import away
from store.checkins import CHECKINS
from store.ends import gone_from
from store.home_sight import theirs
from store.ledger import Ledger, Tx
from store.protection import states_of
from store.reads import write_down
from store.register import DEVICES, HOMES, STREETS
from store.sight import PERSONAL, WIDE, iso_or_none, only, plain, rows_of
from store.traces import STATES

_SEES = WIDE - {"drill", "probe"} | {"street_office", "family_doctor"}
#: days of check-ins that a home's page shows
_DAYS = 14


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which homes."""

    street: str | None = None
    #: only those that could not call for help at this moment
    unprotected: bool = False
    #: part of the id or of the address
    text: str = ""
    after: str | None = None
    limit: int = 50


class HomeLists:
    """Pages of homes, and one home whole."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def page(self, scope: Scope, wanted: Wanted) -> dict[str, Any]:
        """By home id, with how many are protected; names only for those who may read them, and then audited."""
        only(scope, _SEES)
        with self._ledger.reading() as tx:
            rows = _places(tx, scope, wanted.street)
            safe = states_of(tx, self._clock.now(), [row["id"] for row in rows])
            found = [row for row in rows if _fits(row, wanted, safe)]
            ahead = [row for row in found if wanted.after is None or row["id"] > wanted.after]
            shown = [self._line(row, safe) for row in ahead[: wanted.limit]]
            self._fill(tx, scope, shown)
            streets = _streets(tx, scope)
        if scope.role in PERSONAL and shown:
            ids = f"{shown[0]['id']}..{shown[-1]['id']}"
            with self._ledger.transaction() as tx:
                write_down(tx, self._clock.now(), scope.operator, "resident names", ids, "list of homes")
        good, ended = (sum(state == which for state in safe.values()) for which in ("protected", "ended"))
        counts = {"homes": len(rows) - ended, "protected": good, "unprotected": len(rows) - ended - good}
        more = shown[-1]["id"] if len(ahead) > wanted.limit else None
        return {"items": shown, "next_cursor": more, "counts": counts, "streets": streets}

    def home(self, scope: Scope, id: str) -> dict[str, Any]:
        """One home: cards (who reads them is written down first), devices, times away, the last check-ins."""
        only(scope, _SEES)
        with self._ledger.reading() as tx:
            rows = _places(tx, scope, None, id)
        if not rows:
            raise NotFound(f"no home {id}")
        personal, now = scope.role in PERSONAL, self._clock.now()
        if personal:
            with self._ledger.transaction() as tx:
                write_down(tx, now, scope.operator, "access and medical card", id, "home page")
        with self._ledger.reading() as tx:
            line = self._line(rows[0], states_of(tx, now, [id]))
            cards = register.residents_of(tx, [id])[id] if personal else []
            whole = register.home_of(tx, id) or {}
            return line | {
                "residents": cards, "gone": gone_from(tx, id) if personal else [],
                "access": whole.get("access") if personal else None,
                "medical": [{"resident": r["id"], **(r.get("medical") or {})} for r in cards],
                "devices": devices_of(tx, [id]).get(id, []), "shut": _shut(tx, id), "away": away(tx, now, [id]).get(id),
                "checkin": whole.get("checkin"), "checkins": _history(tx, id), "alerts": _alerts(tx, id),
            }  # fmt: skip

    def pins(self, scope: Scope) -> list[dict[str, Any]]:
        """Every home with a place, for the map: its id, address, place, and whether it is protected or calls."""
        only(scope, _SEES)
        with self._ledger.reading() as tx:
            rows = [row for row in _places(tx, scope, None) if row["location"]]
            safe, calling = states_of(tx, self._clock.now(), [row["id"] for row in rows]), _calling(tx)
        return [self._line(row, safe) | {"alert": calling.get(row["id"])} for row in rows]

    @staticmethod
    def _line(row: Mapping[str, Any], safe: Mapping[str, str]) -> dict[str, Any]:
        return {**row, "state": safe[row["id"]], "protected": safe[row["id"]] == "protected"}

    def _fill(self, tx: Tx, scope: Scope, shown: Sequence[dict[str, Any]]) -> None:
        ids = [row["id"] for row in shown]
        people = register.residents_of(tx, ids) if scope.role in PERSONAL else {}
        devices, gone = devices_of(tx, ids), away(tx, self._clock.now(), ids)
        for row in shown:
            cards = people.get(row["id"], [])
            row["residents"] = [{k: card.get(k) for k in ("id", "name", "birth", "age")} for card in cards]
            row["devices"] = devices.get(row["id"], [])
            row["away"] = gone.get(row["id"])


def _places(tx: Tx, scope: Scope, street: str | None, id: str | None = None) -> list[dict[str, Any]]:
    c = HOMES.c
    query = sa.select(c.id, c.street, c.category, c.address, c.location, c.family_doctor_team)
    query = query.where(*theirs(tx, scope), *([c.street == street] if street else []), *([c.id == id] if id else []))
    return [dict(row) for row in rows_of(tx, query.order_by(c.id))]


def _fits(row: Mapping[str, Any], wanted: Wanted, safe: Mapping[str, str]) -> bool:
    if wanted.unprotected and safe[row["id"]] in ("protected", "ended"):
        return False
    said = " ".join([row["id"], *(str(part) for part in (row["address"] or {}).values())])
    return wanted.text.casefold() in said.casefold()


def devices_of(tx: Tx, homes: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Home -> its devices that may speak, with their last sign."""
    d, s = DEVICES.c, STATES.c
    query = sa.select(d.home_id, d.id, d.role, d.dialect, d.gateway, s.last_seen, s.online, s.battery_pct)
    query = query.outerjoin(STATES, s.device_id == d.id).where(d.home_id.in_(homes), d.revoked_at.is_(None))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(tx, query.order_by(d.id)):
        found.setdefault(row["home_id"], []).append(plain(row))
    return found


def _shut(tx: Tx, home: str) -> list[dict[str, Any]]:
    """Devices that are shut out at the broker: they speak for nobody, and may be let in again."""
    d = DEVICES.c
    query = sa.select(d.id, d.role).where(d.home_id == home, d.revoked_at.is_not(None))
    return [dict(row) for row in rows_of(tx, query.order_by(d.id))]


def _history(tx: Tx, home: str) -> list[dict[str, Any]]:
    c = CHECKINS.c
    query = sa.select(c.day, c.state, c.way, c.by, c.settled_at, c.alert_id).where(c.home_id == home)
    return [plain(row) for row in rows_of(tx, query.order_by(c.day.desc()).limit(_DAYS))]


def _alerts(tx: Tx, home: str) -> list[dict[str, Any]]:
    a = ALERTS.c
    query = sa.select(a.id, a.kind, a.severity, a.state, a.raised_at, a.outcome, a.drill).where(a.home_id == home)
    rows = rows_of(tx, query.order_by(a.id.desc()).limit(10))
    return [{**row, "raised_at": iso_or_none(row["raised_at"])} for row in rows]


def _calling(tx: Tx) -> dict[str, str]:
    a = ALERTS.c
    real = (a.state == "open", a.home_id.is_not(None), a.drill.is_(False))
    return dict(tx.execute(sa.select(a.home_id, a.id).where(*real)).all())


def _streets(tx: Tx, scope: Scope) -> list[dict[str, Any]]:
    c = STREETS.c
    query = sa.select(c.code, c.name).where(c.code.not_like(f"{PROBE_MARK}%")).order_by(c.code)
    return [dict(row) for row in rows_of(tx, query.where(*([c.code.in_(scope.streets)] if scope.streets else [])))]
