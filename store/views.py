"""Views: what may be shown, in the shapes of wire.md. Read only, scoped by street and role in the query itself."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.alerts import Actor
from domain.clock import Clock
from domain.errors import Forbidden, NotFound, Refused
from domain.ids import new_id
from domain.people import Scope
from store import register
from store.alerts import ALERTS, TIMELINE, TRACKS
from store.drills import DRILLS
from store.inbox import INBOX
from store.ledger import Ledger, Tx
from store.outbox import ATTEMPTS, OUTBOX
from store.plans import PLANS
from store.register import DEVICES, HOMES, HUBS, RESIDENTS, RESPONDERS, STREETS, TEAMS
from store.tables import OperatorRow, ReadAuditRow
from store.telemetry import STATES

Page = dict[str, Any]
OPERATORS = OperatorRow.__table__  # type: ignore[attr-defined]
AUDIT = ReadAuditRow.__table__  # type: ignore[attr-defined]
#: roles that see every alert of their streets; the others only those they were asked for
_WIDE = frozenset({"administrator", "supervisor", "dispatcher", "auditor", "drill", "probe"})
_ADMIN = frozenset({"administrator", "supervisor", "auditor"})
_PERSONAL = frozenset({"administrator", "supervisor", "dispatcher", "family_doctor", "street_office", "dispatch_120"})
_MOST = 500


class Views:
    """Read-only pictures of the ledger."""

    def __init__(
        self, ledger: Ledger, clock: Clock, on_duty: Callable[[Tx, str, str | None, datetime], Sequence[Any]],
        next_role: Callable[[Tx, str, str, int], str | None],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._clock = clock
        #: (tx, role, street, at) -> responders on duty
        self._on_duty = on_duty
        #: (tx, plan version, track, tiers joined) -> the role that joins next
        self._next_role = next_role

    def alerts(
        self,
        scope: Scope,
        state: str = "open",
        street: str | None = None,
        home: str | None = None,
        drill: bool | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Newest first."""
        where = [ALERTS.c.state == state, *_mine(scope)]
        where += [] if street is None else [ALERTS.c.street == street]
        where += [] if home is None else [ALERTS.c.home_id == home]
        where += [] if drill is None else [ALERTS.c.drill == drill]
        where += [] if cursor is None else [ALERTS.c.id < cursor]
        with self._ledger.reading() as tx:
            rows = _rows(tx, sa.select(ALERTS).where(*where).order_by(ALERTS.c.id.desc()).limit(_bound(limit) + 1))
            more = len(rows) > _bound(limit)
            rows = rows[: _bound(limit)]
            items = self._shown(tx, rows, scope)
        return {"items": items, "next_cursor": rows[-1]["id"] if more else None}

    def board(self, scope: Scope) -> list[dict[str, Any]]:
        """All open alerts, for the live board."""
        query = sa.select(ALERTS).where(ALERTS.c.state == "open", *_mine(scope)).order_by(ALERTS.c.id.desc())
        with self._ledger.reading() as tx:
            rows = _rows(tx, query.limit(2_000))
            last = _last_contacts(tx, [r["id"] for r in rows])
            return [shown | {"contacts": last.get(shown["id"], [])} for shown in self._shown(tx, rows, scope)]

    def counts(self) -> dict[str, float]:
        """How many of what, for the metrics."""
        with self._ledger.reading() as tx:
            state = sa.select(ALERTS.c.drill, sa.func.count()).where(ALERTS.c.state == "open").group_by(ALERTS.c.drill)
            open_now = {bool(drill): n for drill, n in tx.execute(state)}
            waiting = sa.select(sa.func.count()).where(OUTBOX.c.status.in_(("pending", "leased")))
            unjudged = sa.select(sa.func.count()).where(INBOX.c.outcome == "pending")
            return {
                "open_alerts": float(open_now.get(False, 0)),
                "open_drills": float(open_now.get(True, 0)),
                "outbox_waiting": float(tx.execute(waiting).scalar() or 0),
                "inbox_pending": float(tx.execute(unjudged).scalar() or 0),
            }

    def closed_today(self, scope: Scope, limit: int = 50) -> list[dict[str, Any]]:
        """Alerts closed in the last 24 hours, newest first."""
        since = self._clock.now() - timedelta(hours=24)
        query = (
            sa.select(ALERTS)
            .where(ALERTS.c.state == "closed", ALERTS.c.closed_at >= since, *_mine(scope))
            .order_by(ALERTS.c.closed_at.desc())
            .limit(limit)
        )
        with self._ledger.reading() as tx:
            return self._shown(tx, _rows(tx, query), scope)

    def alert(self, scope: Scope, alert_id: str) -> dict[str, Any]:
        """One alert whole; who reads cards is written down first."""
        personal = scope.role in _PERSONAL
        with self._ledger.reading() as tx:
            rows = _rows(tx, sa.select(ALERTS).where(ALERTS.c.id == alert_id, *_mine(scope)))
            if not rows:
                raise NotFound(f"no alert {alert_id}, or not in your streets")
        if personal and rows[0]["home_id"]:
            self._audited(scope.operator, "access and medical card", rows[0]["home_id"], f"alert {alert_id}")
        with self._ledger.reading() as tx:
            shown = self._shown(tx, rows, scope, contacts=True)[0]
            shown["timeline"] = self._timeline(tx, alert_id)
            cards = self._cards(tx, rows[0]["home_id"]) if personal else {"access": None, "medical": None}
        return shown | cards

    def brief(self, alert_id: str) -> dict[str, Any]:
        """One alert for the page of a responder who was asked: with the way in, audited."""
        with self._ledger.reading() as tx:
            rows = _rows(tx, sa.select(ALERTS).where(ALERTS.c.id == alert_id))
            if not rows:
                raise NotFound(f"no alert {alert_id}")
        home = rows[0]["home_id"]
        if home and rows[0]["state"] == "open":
            self._audited("responder page", "access card", home, f"alert {alert_id}")
        with self._ledger.reading() as tx:
            shown = self._shown(tx, rows, None)[0]
            cards = self._cards(tx, home) if rows[0]["state"] == "open" else {"access": None, "medical": None}
        return shown | cards

    def responder_actor(self, responder_id: str) -> Actor:
        """The person behind a responder id."""
        query = sa.select(RESPONDERS.c.name, RESPONDERS.c.role).where(RESPONDERS.c.id == responder_id)
        with self._ledger.reading() as tx:
            row = tx.execute(query).first()
        if row is None:
            raise NotFound(f"no responder {responder_id}")
        return Actor(responder_id, row[0], role=row[1])

    def inbox(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Every message that came in, newest first; unreadable ones too."""
        _only(scope, _WIDE)
        c = INBOX.c
        columns = (
            c.id,
            c.topic,
            c.device_id,
            c.event_id,
            c.kind,
            c.received_at,
            c.retain,
            c.outcome,
            c.reason,
            c.alert_id,
        )
        query = sa.select(*columns)
        if scope.streets:
            query = query.outerjoin(DEVICES, DEVICES.c.id == c.device_id).outerjoin(
                HOMES, HOMES.c.id == DEVICES.c.home_id
            )
            query = query.where(sa.or_(HOMES.c.street.in_(scope.streets), HOMES.c.street.is_(None)))
        return self._page(query, c.id, limit, cursor)

    def messages(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Every contact decided and what came of it, newest first."""
        _only(scope, _WIDE)
        c, mine = OUTBOX.c, _mine(scope)
        query = sa.select(OUTBOX).order_by(c.created_at.desc(), c.key.desc()).limit(_bound(limit) + 1)
        if mine:
            query = query.where(c.alert_id.in_(sa.select(ALERTS.c.id).where(*mine)))
        if cursor:
            query = query.where(_older(cursor))
        with self._ledger.reading() as tx:
            rows = _rows(tx, query)
            items = _contacts(tx, rows[: _bound(limit)])
        last = rows[_bound(limit) - 1] if len(rows) > _bound(limit) else None
        return {"items": items, "next_cursor": f"{last['created_at'].isoformat()} {last['key']}" if last else None}

    def drills(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Drill windows, newest first."""
        _only(scope, _WIDE)
        return self._page(sa.select(DRILLS), DRILLS.c.id, limit, cursor)

    def plans(self, scope: Scope) -> Page:
        """Approved plans, newest first."""
        del scope
        with self._ledger.reading() as tx:
            rows = _rows(tx, sa.select(PLANS).order_by(PLANS.c.effective_from.desc()))
        return {"items": [_plain(r) for r in rows], "next_cursor": None}

    def audit(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Who saw whose card."""
        _only(scope, _ADMIN)
        return self._page(sa.select(AUDIT), AUDIT.c.id, limit, cursor)

    def duty(self, scope: Scope, role: str, street: str | None = None, at: datetime | None = None) -> Page:
        """Who is on duty."""
        when = at or self._clock.now()
        with self._ledger.reading() as tx:
            people = self._on_duty(tx, role, street, when)
        items = [{"id": p.id, "name": p.name, "role": p.role, "street": p.street} for p in people]
        items = [i for i in items if scope.sees(i["street"])]
        return {"items": items, "next_cursor": None, "at": when.isoformat()}

    def streets(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Streets in scope."""
        where = [STREETS.c.code.in_(scope.streets)] if scope.streets else []
        return self._page(sa.select(STREETS).where(*where), STREETS.c.code, limit, cursor, newest=False)

    def homes(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Homes in scope, without their access cards."""
        c = HOMES.c
        query = sa.select(c.id, c.street, c.category, c.address, c.location, c.family_doctor_team, c.checkin)
        query = query.where(*([c.street.in_(scope.streets)] if scope.streets else []))
        return self._page(query, c.id, limit, cursor, newest=False)

    def residents(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Names and homes; cards are opened only for an alert."""
        _only(scope, _PERSONAL)
        query = sa.select(RESIDENTS.c.id, RESIDENTS.c.home_id, RESIDENTS.c.card).join(
            HOMES, HOMES.c.id == RESIDENTS.c.home_id
        )
        query = query.where(*([HOMES.c.street.in_(scope.streets)] if scope.streets else []))
        if cursor:
            query = query.where(RESIDENTS.c.id > cursor)
        with self._ledger.reading() as tx:
            rows = _rows(tx, query.order_by(RESIDENTS.c.id).limit(_bound(limit) + 1))
            shown = [
                {"id": r["id"], "home": r["home_id"],
                 "name": register.resident_name(tx, r["id"], r["card"])}
                for r in rows[: _bound(limit)]
            ]  # fmt: skip
        if shown:
            self._audited(scope.operator, "resident names", f"{shown[0]['id']}..{shown[-1]['id']}", "list")
        return {"items": shown, "next_cursor": shown[-1]["id"] if len(rows) > _bound(limit) else None}

    def devices(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Registered devices with their last sign of life."""
        c = DEVICES.c
        query = (
            sa.select(
                c.id, c.home_id, c.role, c.dialect, c.gateway, STATES.c.last_seen, STATES.c.online, STATES.c.battery_pct
            )
            .outerjoin(STATES, STATES.c.device_id == c.id)
            .outerjoin(HOMES, HOMES.c.id == c.home_id)
            .where(*([HOMES.c.street.in_(scope.streets)] if scope.streets else []))
        )
        return self._page(query, c.id, limit, cursor, newest=False)

    def hubs(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Hubs, without their secrets."""
        del scope
        return self._page(sa.select(HUBS.c.id, HUBS.c.dialect, HUBS.c.site), HUBS.c.id, limit, cursor, newest=False)

    def responders(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Responders, without their contact points."""
        c = RESPONDERS.c
        where = [sa.or_(c.street.in_(scope.streets), c.street.is_(None))] if scope.streets else []
        return self._page(
            sa.select(c.id, c.name, c.role, c.street, c.language).where(*where), c.id, limit, cursor, newest=False
        )

    def teams(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Teams and their shifts."""
        c = TEAMS.c
        where = [sa.or_(c.street.in_(scope.streets), c.street.is_(None))] if scope.streets else []
        return self._page(sa.select(TEAMS).where(*where), c.id, limit, cursor, newest=False)

    def users(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Log-ins, for administrators."""
        _only(scope, _ADMIN)
        c = OPERATORS.c
        query = sa.select(c.name, c.role, c.streets, c.responder, c.disabled)
        return self._page(query, c.name, limit, cursor, newest=False)

    def _page(self, query: Any, key: Any, limit: int, cursor: str | None, newest: bool = True) -> Page:
        if cursor is not None:
            query = query.where(key < cursor if newest else key > cursor)
        query = query.order_by(key.desc() if newest else key).limit(_bound(limit) + 1)
        with self._ledger.reading() as tx:
            rows = _rows(tx, query)
        items = [_plain(r) for r in rows[: _bound(limit)]]
        more = len(rows) > _bound(limit)
        return {"items": items, "next_cursor": items[-1][key.name] if more else None}

    def _shown(
        self, tx: Tx, rows: Sequence[Mapping[str, Any]], scope: Scope | None, contacts: bool = False
    ) -> list[dict[str, Any]]:
        if not rows:
            return []
        ids, homes = [r["id"] for r in rows], {r["home_id"] for r in rows if r["home_id"]}
        places = register.homes_of(tx, homes)
        named = scope is None or scope.role in _PERSONAL
        people = register.residents_of(tx, homes) if named else {}
        tracks = self._tracks(tx, ids, {r["id"]: r["plan"] for r in rows})
        asked = _contacts_of(tx, ids) if contacts else {}
        return [
            _alert(r, places.get(r["home_id"]), people.get(r["home_id"] or "", []), tracks.get(r["id"], []))
            | ({"contacts": asked.get(r["id"], [])} if contacts else {})
            for r in rows
        ]

    def _tracks(self, tx: Tx, ids: Sequence[str], plans: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        query = sa.select(TRACKS).where(TRACKS.c.alert_id.in_(ids)).order_by(TRACKS.c.alert_id, TRACKS.c.n)
        for row in _rows(tx, query):
            role = None
            if row["state"] == "calling":
                role = self._next_role(tx, plans[row["alert_id"]], row["name"], row["joined"])
            found.setdefault(row["alert_id"], []).append(_track(row, role))
        return found

    def _timeline(self, tx: Tx, alert_id: str) -> list[dict[str, Any]]:
        entries = []
        query = sa.select(TIMELINE).where(TIMELINE.c.alert_id == alert_id).order_by(TIMELINE.c.seq)
        for row in _rows(tx, query):
            data = {k: v for k, v in json.loads(row["data"]).items() if k != "set"}
            if row["note"] is not None:
                place = f"timeline.note|{alert_id}/{row['seq']}"
                data["note"] = tx.sealer.open(row["note"], place).decode()
            entries.append({
                "seq": row["seq"], "at": row["at"].isoformat(), "type": row["type"], "by": row["by"], "data": data,
                "hash": row["hash"],
            })  # fmt: skip
        return entries

    def _cards(self, tx: Tx, home_id: str | None) -> dict[str, Any]:
        home = register.home_of(tx, home_id) if home_id else None
        if home is None:
            return {"access": None, "medical": None}
        residents = register.residents_of(tx, [home["id"]])[home["id"]]
        medical = [{"resident": r["id"], **(r.get("medical") or {})} for r in residents]
        return {"access": dict(home["access"]), "medical": medical}

    def _audited(self, operator: str, what: str, subject: str, reason: str) -> None:
        row = {
            "id": new_id(),
            "at": self._clock.now(),
            "operator": operator,
            "what": what,
            "subject": subject,
            "reason": reason,
        }
        with self._ledger.transaction() as tx:
            tx.execute(sa.insert(AUDIT), [row])


def _mine(scope: Scope) -> list[Any]:
    """The part of the ledger that this log-in may see, as conditions of the query."""
    where: list[Any] = []
    if scope.streets:
        where.append(sa.or_(ALERTS.c.street.in_(scope.streets), ALERTS.c.street.is_(None)))
    if scope.role in ("drill", "probe"):
        where.append(ALERTS.c.drill.is_(True))
    elif scope.role not in _WIDE:
        asked = sa.select(OUTBOX.c.alert_id).where(OUTBOX.c.person == (scope.responder or scope.operator))
        where.append(ALERTS.c.id.in_(asked))
    return where


def _older(cursor: str) -> Any:
    """What comes after ``instant key``: one decision orders many contacts at the same instant."""
    at, _, key = cursor.partition(" ")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError as error:
        raise Refused("this cursor is not one of ours; begin again without it") from error
    return sa.or_(OUTBOX.c.created_at < instant, (OUTBOX.c.created_at == instant) & (OUTBOX.c.key < key))


def _only(scope: Scope, roles: frozenset[str]) -> None:
    if scope.role not in roles:
        raise Forbidden("your log-in may not see this list")


def _bound(limit: int) -> int:
    return max(1, min(limit, _MOST))


def _rows(tx: Tx, query: Any) -> list[Mapping[str, Any]]:
    return [dict(row) for row in tx.execute(query).mappings()]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _alert(
    row: Mapping[str, Any], home: Mapping[str, Any] | None, residents: Iterable[Mapping[str, Any]], tracks: list[Any]
) -> dict[str, Any]:
    place = {"home": None, "device": {"id": row["device_id"]}}
    if row["home_id"]:
        address = home["address"] if home else {}
        place = {
            "home": {"id": row["home_id"], "address": address, "street": row["street"],
                     "category": home["category"] if home else None, "location": home["location"] if home else None},
            "device": {"id": row["device_id"]} if row["device_id"] else None,
        }  # fmt: skip
    return place | {
        "id": row["id"],
        "residents": [{k: r.get(k) for k in ("id", "name", "sex", "birth", "language")} for r in residents],
        "kind": row["kind"], "severity": row["severity"], "state": row["state"], "stage": row["stage"],
        "raised_at": _iso(row["raised_at"]), "tracks": tracks, "signals": row["signals"],
        "cancel_requested": row["cancel_requested"], "late": row["late"], "replayed": row["replayed"],
        "drill": row["drill"], "plan": row["plan"], "previous": row["previous"], "version": row["version"],
        "closed_at": _iso(row["closed_at"]), "closed_by": row["closed_by"], "outcome": row["outcome"],
        "cause": row["cause"],
    }  # fmt: skip


def _track(row: Mapping[str, Any], next_role: str | None) -> dict[str, Any]:
    claimant = None
    if row["claimant"]:
        claimant = {"id": row["claimant"], "name": row["claimant_name"], "role": row["claimant_role"]}
    offer = {"to": row["offer_to"], "until": _iso(row["offer_until"])} if row["offer_to"] else None
    return {
        "name": row["name"], "state": row["state"], "next_at": _iso(row["next_at"]), "next_role": next_role,
        "claimant": claimant, "claim_until": _iso(row["claim_until"]), "offer": offer, "round": row["round"],
        "called": [{"responder": id, "role": c[0], "at": c[1], "times": c[2]} for id, c in row["called"].items()],
    }  # fmt: skip


def _contacts_of(tx: Tx, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    query = sa.select(OUTBOX).where(OUTBOX.c.alert_id.in_(ids)).order_by(OUTBOX.c.created_at, OUTBOX.c.key)
    found: dict[str, list[dict[str, Any]]] = {}
    for contact in _contacts(tx, _rows(tx, query)):
        found.setdefault(contact.pop("alert"), []).append(contact)
    return found


def _last_contacts(tx: Tx, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The latest call of each alert, however many went before it."""
    c = OUTBOX.c
    of_these = sa.select(c.alert_id, sa.func.max(c.created_at).label("at")).where(c.alert_id.in_(ids))
    latest = of_these.where(c.purpose == "contact").group_by(c.alert_id).subquery()
    query = sa.select(OUTBOX).join(latest, (latest.c.alert_id == c.alert_id) & (latest.c.at == c.created_at))
    found: dict[str, list[dict[str, Any]]] = {}
    for contact in _contacts(tx, _rows(tx, query.where(c.purpose == "contact"))):
        found.setdefault(contact.pop("alert"), []).append(contact)
    return found


def _contacts(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Outbox rows with the last attempt's word."""
    keys, people = [r["key"] for r in rows], {r["person"] for r in rows}
    named = sa.select(RESPONDERS.c.id, RESPONDERS.c.name).where(RESPONDERS.c.id.in_(people))
    names: dict[str, str] = {row[0]: row[1] for row in tx.execute(named)} if people else {}
    tries: dict[str, Mapping[str, Any]] = {}
    if keys:
        for t in _rows(tx, sa.select(ATTEMPTS).where(ATTEMPTS.c.key.in_(keys)).order_by(ATTEMPTS.c.n)):
            tries[t["key"]] = t
    return [{**_contact(r, tries.get(r["key"])), "name": names.get(r["person"])} for r in rows]


def _contact(row: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> dict[str, Any]:
    ended = row["status"] in ("failed", "superseded", "answered")
    status = row["status"] if ended or attempt is None else attempt["status"]
    at = (attempt["settled_at"] or attempt["started_at"]) if attempt else row["created_at"]
    return {
        "alert": row["alert_id"], "key": row["key"], "purpose": row["purpose"], "track": row["track"],
        "role": row["role"], "responder": row["person"], "channel": row["channel"], "attempt": row["attempts"],
        "status": status, "at": _iso(at), "ordered_at": _iso(row["created_at"]),
        "reason": (attempt["reason"] if attempt else None) or row["reason"],
        "reference": attempt["reference"] if attempt else None,
    }  # fmt: skip
