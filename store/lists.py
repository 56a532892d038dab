"""Lists: the inbox, the messages, the register, the audit, page by page. Read only, scoped."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.clock import Clock
from domain.errors import NotFound, Refused
from domain.people import Scope
from store import plans, register
from store.alerts import ALERTS
from store.contacts import contacts
from store.drills import DRILLS, verdicts_of
from store.home_sight import theirs
from store.inbox import INBOX, payload
from store.ledger import Ledger, Tx
from store.outbox import OUTBOX
from store.oversight import Reads, log_ins_seen, reads_seen
from store.reads import AUDIT as AUDIT
from store.reads import write_down
from store.register import DEVICES, HOMES, HUBS, RESIDENTS, RESPONDERS, STREETS, TEAMS
from store.sight import ADMIN, PERSONAL, WIDE, bound, mine, only, plain, rows_of
from store.tables import OperatorRow
from store.traces import STATES

Page = dict[str, Any]
OPERATORS = OperatorRow.__table__  # type: ignore[attr-defined]


class Lists:
    """Pages of everything that is not an alert."""

    def __init__(
        self, ledger: Ledger, clock: Clock, on_duty: Callable[[Tx, str, str | None, datetime], Sequence[Any]]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        #: (tx, role, street, at) -> responders on duty
        self._on_duty = on_duty

    def inbox(self, scope: Scope, limit: int = 100, cursor: str | None = None, unread: bool = False) -> Page:
        """Every message that came in, newest first; ``unread``: only what no decoder could read, with the reason."""
        only(scope, WIDE)
        query = _inbox(scope, "id", "topic", "device_id", "event_id", "kind", "received_at", "retain", "outcome",
                       "reason", "alert_id")  # fmt: skip
        if unread:
            query = query.where(INBOX.c.kind.in_(("unreadable", "unknown")))
        return self._page(query, INBOX.c.id, limit, cursor)

    def raw(self, scope: Scope, id: str) -> dict[str, Any]:
        """The bytes of one message as they came, in Base64, and as text where they are; who looks is written down."""
        only(scope, ADMIN | {"dispatcher"})
        with self._ledger.reading() as tx:
            rows = rows_of(tx, _inbox(scope, "id", "topic", "received_at", "reason").where(INBOX.c.id == id))
        if not rows:
            raise NotFound(f"no message {id}, or not in your streets")
        self._audited(scope.operator, "raw message", id, "inbox")
        with self._ledger.reading() as tx:
            plain_bytes = payload(tx, id)
        shown = {"payload": base64.b64encode(plain_bytes).decode(), "text": plain_bytes.decode("utf-8", "replace")}
        return plain(rows[0]) | shown

    def messages(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Every contact decided and what came of it, newest first."""
        only(scope, WIDE)
        c, seen = OUTBOX.c, mine(scope)
        query = sa.select(OUTBOX).order_by(c.created_at.desc(), c.key.desc()).limit(bound(limit) + 1)
        if seen:
            query = query.where(c.alert_id.in_(sa.select(ALERTS.c.id).where(*seen)))
        if cursor:
            query = query.where(_older(cursor))
        with self._ledger.reading() as tx:
            rows = rows_of(tx, query)
            items = contacts(tx, rows[: bound(limit)])
        last = rows[bound(limit) - 1] if len(rows) > bound(limit) else None
        return {"items": items, "next_cursor": f"{last['created_at'].isoformat()} {last['key']}" if last else None}

    def drills(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Drill windows, newest first, each with whether it passed."""
        only(scope, WIDE)
        page = self._page(sa.select(DRILLS), DRILLS.c.id, limit, cursor)
        with self._ledger.reading() as tx:
            found = verdicts_of(tx, [drill["id"] for drill in page["items"]])
        return page | {"items": [drill | {"verdict": found.get(drill["id"])} for drill in page["items"]]}

    def plans(self, scope: Scope) -> Page:
        """Approved plans, newest first, with those in force; then what waits for a second person."""
        del scope
        with self._ledger.reading() as tx:
            rows = plans.listed(tx)
            now, streets = self._clock.now(), {r["street"] for r in rows}
            running = {plans.in_force(tx, now, street) for street in streets}
        items = [plain(r) | {"in_force": r["state"] == "approved" and r["version"] in running} for r in rows]
        return {"items": items, "next_cursor": None}

    def audit(
        self, scope: Scope, limit: int = 100, cursor: str | None = None, wanted: Reads | None = None
    ) -> Page:
        """Who saw whose card; with streets, what concerns those."""
        only(scope, ADMIN)
        with self._ledger.reading() as tx:
            query = sa.select(AUDIT).where(*reads_seen(tx, scope), *(wanted or Reads()).conditions())
        return self._page(query, AUDIT.c.id, limit, cursor)

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
        with self._ledger.reading() as tx:
            query = query.where(*theirs(tx, scope))
        return self._page(query, c.id, limit, cursor, newest=False)

    def residents(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Names and homes; cards are opened only for an alert."""
        only(scope, PERSONAL)
        query = sa.select(RESIDENTS.c.id, RESIDENTS.c.home_id, RESIDENTS.c.card, HOMES.c.address).join(
            HOMES, HOMES.c.id == RESIDENTS.c.home_id
        ).where(RESIDENTS.c.ended_at.is_(None))
        if cursor:
            query = query.where(RESIDENTS.c.id > cursor)
        with self._ledger.reading() as tx:
            query = query.where(*theirs(tx, scope))
            rows = rows_of(tx, query.order_by(RESIDENTS.c.id).limit(bound(limit) + 1))
            shown = [
                {"id": r["id"], "home": r["home_id"], "address": r["address"],
                 "name": register.resident_name(tx, r["id"], r["card"])}
                for r in rows[: bound(limit)]
            ]  # fmt: skip
        if shown:
            self._audited(scope.operator, "resident names", f"{shown[0]['id']}..{shown[-1]['id']}", "list")
        return {"items": shown, "next_cursor": shown[-1]["id"] if len(rows) > bound(limit) else None}

    def devices(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Registered devices with their last sign of life."""
        c = DEVICES.c
        query = (
            sa.select(
                c.id, c.home_id, c.role, c.dialect, c.gateway, STATES.c.last_seen, STATES.c.online, STATES.c.battery_pct
            )
            .outerjoin(STATES, STATES.c.device_id == c.id)
            .outerjoin(HOMES, HOMES.c.id == c.home_id)
        )
        with self._ledger.reading() as tx:
            if scope.streets or scope.role not in WIDE:
                query = query.where(*theirs(tx, scope))
        return self._page(query, c.id, limit, cursor, newest=False)

    def hubs(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Hubs, without their secrets."""
        del scope
        return self._page(sa.select(HUBS.c.id, HUBS.c.dialect, HUBS.c.site), HUBS.c.id, limit, cursor, newest=False)

    def responders(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Responders, without their contact points."""
        c = RESPONDERS.c
        where: list[Any] = [c.ended_at.is_(None)]
        where += [sa.or_(c.street.in_(scope.streets), c.street.is_(None))] if scope.streets else []
        return self._page(
            sa.select(c.id, c.name, c.role, c.street, c.language).where(*where), c.id, limit, cursor, newest=False
        )

    def teams(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Teams and their shifts."""
        c = TEAMS.c
        where = [sa.or_(c.street.in_(scope.streets), c.street.is_(None))] if scope.streets else []
        return self._page(sa.select(TEAMS).where(*where), c.id, limit, cursor, newest=False)

    def users(self, scope: Scope, limit: int = 100, cursor: str | None = None) -> Page:
        """Log-ins, for administrators; with streets, those of the streets."""
        only(scope, ADMIN)
        c = OPERATORS.c
        with self._ledger.reading() as tx:
            query = sa.select(c.name, c.role, c.streets, c.responder, c.disabled).where(*log_ins_seen(tx, scope))
        return self._page(query, c.name, limit, cursor, newest=False)

    def _page(self, query: Any, key: Any, limit: int, cursor: str | None, newest: bool = True) -> Page:
        if cursor is not None:
            query = query.where(key < cursor if newest else key > cursor)
        query = query.order_by(key.desc() if newest else key).limit(bound(limit) + 1)
        with self._ledger.reading() as tx:
            rows = rows_of(tx, query)
        items = [plain(r) for r in rows[: bound(limit)]]
        more = len(rows) > bound(limit)
        return {"items": items, "next_cursor": items[-1][key.name] if more else None}

    def _audited(self, operator: str, what: str, subject: str, reason: str) -> None:
        with self._ledger.transaction() as tx:
            write_down(tx, self._clock.now(), operator, what, subject, reason)


def _inbox(scope: Scope, *names: str) -> Any:
    """Messages in scope; those of devices that nobody registered are shown to everybody on the list."""
    query = sa.select(*(INBOX.c[name] for name in names))
    if not scope.streets:
        return query
    query = query.outerjoin(DEVICES, DEVICES.c.id == INBOX.c.device_id).outerjoin(
        HOMES, HOMES.c.id == DEVICES.c.home_id
    )
    return query.where(sa.or_(HOMES.c.street.in_(scope.streets), HOMES.c.street.is_(None)))


def _older(cursor: str) -> Any:
    """What comes after ``instant key``: one decision orders many contacts at the same instant."""
    at, _, key = cursor.partition(" ")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError as error:
        raise Refused("this cursor is not one of ours; begin again without it") from error
    return sa.or_(OUTBOX.c.created_at < instant, (OUTBOX.c.created_at == instant) & (OUTBOX.c.key < key))
