"""Views: alerts as they may be shown, in the shapes of wire.md. Read only, scoped by street and role in the query."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.alerts import Actor
from domain.clock import Clock
from domain.errors import NotFound
from domain.people import Scope
from store import cases, notes, register, said
from store.alerts import ALERTS, TIMELINE, TRACKS
from store.contacts import contacts_of, last_contacts
from store.inbox import INBOX
from store.ledger import Ledger, Tx
from store.lists import Lists, Page
from store.outbox import OUTBOX
from store.register import RESPONDERS
from store.sight import NO_PROBE, PERSONAL, bound, iso_or_none, mine, rows_of
from store.tasks import TASKS

#: entries that somebody's press wrote
_PRESSED = ("claimed", "declined", "released", "progress", "voice_check")


class Views(Lists):
    """Read-only pictures of the ledger: alerts here, everything else in ``Lists``."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        on_duty: Callable[[Tx, str, str | None, datetime], Sequence[Any]],
        next_role: Callable[[Tx, str, str, int], str | None],
        spot: Callable[[Mapping[str, Any] | None], tuple[float, float] | None] = lambda _: None,
    ) -> None:
        super().__init__(ledger, clock, on_duty)
        #: where a location lies on the ground that the console's map shows
        self._spot = spot
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
        where = [ALERTS.c.state == state, *mine(scope)]
        where += [] if street is None else [ALERTS.c.street == street]
        where += [] if home is None else [ALERTS.c.subject == f"home:{home}"]
        where += [] if drill is None else [ALERTS.c.drill == drill]
        where += [] if cursor is None else [ALERTS.c.id < cursor]
        with self._ledger.reading() as tx:
            rows = rows_of(tx, sa.select(ALERTS).where(*where).order_by(ALERTS.c.id.desc()).limit(bound(limit) + 1))
            more = len(rows) > bound(limit)
            rows = rows[: bound(limit)]
            items = self._shown(tx, rows, scope)
        return {"items": items, "next_cursor": rows[-1]["id"] if more else None}

    def board(self, scope: Scope) -> list[dict[str, Any]]:
        """All open alerts, for the live board."""
        query = sa.select(ALERTS).where(ALERTS.c.state == "open", NO_PROBE, *mine(scope)).order_by(ALERTS.c.id.desc())
        with self._ledger.reading() as tx:
            rows = rows_of(tx, query.limit(2_000))
            last = last_contacts(tx, [r["id"] for r in rows])
            return [shown | {"contacts": last.get(shown["id"], [])} for shown in self._shown(tx, rows, scope)]

    def alarms(self) -> list[str]:
        """Keys of open tasks of the operator that fill every screen: no telephone works."""
        query = sa.select(TASKS.c.key, TASKS.c.data).where(TASKS.c.kind == "operator", TASKS.c.done_at.is_(None))
        with self._ledger.reading() as tx:
            return [key for key, data in tx.execute(query.order_by(TASKS.c.key)) if data.get("full_screen")]

    def counts(self) -> dict[str, float]:
        """How many of what, for the metrics."""
        with self._ledger.reading() as tx:
            state = sa.select(ALERTS.c.drill, sa.func.count()).where(ALERTS.c.state == "open", NO_PROBE)
            open_now = {bool(drill): n for drill, n in tx.execute(state.group_by(ALERTS.c.drill))}
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
            .where(ALERTS.c.state == "closed", ALERTS.c.closed_at >= since, NO_PROBE, *mine(scope))
            .order_by(ALERTS.c.closed_at.desc())
            .limit(limit)
        )
        with self._ledger.reading() as tx:
            return self._shown(tx, rows_of(tx, query), scope)

    def alert(self, scope: Scope, alert_id: str) -> dict[str, Any]:
        """One alert whole; who reads cards is written down first."""
        personal = scope.role in PERSONAL
        with self._ledger.reading() as tx:
            rows = rows_of(tx, sa.select(ALERTS).where(ALERTS.c.id == alert_id, *mine(scope)))
            if not rows:
                raise NotFound(f"no alert {alert_id}, or not in your streets")
        if personal and rows[0]["home_id"]:
            self._audited(scope.operator, "access and medical card", rows[0]["home_id"], f"alert {alert_id}")
        with self._ledger.reading() as tx:
            shown = self._shown(tx, rows, scope, contacts=True)[0]
            shown |= said.shown(tx, alert_id, rows[0]["device_id"] if personal else None)
            shown["timeline"] = self._timeline(tx, alert_id)
            shown["desk_cases"] = cases.of_alert(tx, alert_id)
            since = rows[0]["raised_at"]
            cards = self._cards(tx, rows[0]["home_id"], since) if personal else {"access": None, "medical": None}
        return shown | cards

    def brief(self, alert_id: str) -> dict[str, Any]:
        """One alert for the page of a responder who was asked: with the way in, audited."""
        with self._ledger.reading() as tx:
            rows = rows_of(tx, sa.select(ALERTS).where(ALERTS.c.id == alert_id))
            if not rows:
                raise NotFound(f"no alert {alert_id}")
        home = rows[0]["home_id"]
        if home and rows[0]["state"] == "open":
            self._audited("responder page", "access card", home, f"alert {alert_id}")
        with self._ledger.reading() as tx:
            shown = self._shown(tx, rows, None)[0]
            cards = self._cards(tx, home) if rows[0]["state"] == "open" else {"access": None, "medical": None}
            place = said.shown(tx, alert_id, rows[0]["device_id"])
            pressed = self._pressed(tx, alert_id)
        return shown | cards | place | {"pressed": pressed}

    def responder_actor(self, responder_id: str) -> Actor:
        """The person behind a responder id."""
        query = sa.select(RESPONDERS.c.name, RESPONDERS.c.role).where(RESPONDERS.c.id == responder_id)
        with self._ledger.reading() as tx:
            row = tx.execute(query).first()
        if row is None:
            raise NotFound(f"no responder {responder_id}")
        return Actor(responder_id, row[0], role=row[1])

    def _shown(
        self, tx: Tx, rows: Sequence[Mapping[str, Any]], scope: Scope | None, contacts: bool = False
    ) -> list[dict[str, Any]]:
        if not rows:
            return []
        ids, homes = [r["id"] for r in rows], {r["home_id"] for r in rows if r["home_id"]}
        places = register.homes_of(tx, homes)
        named = scope is None or scope.role in PERSONAL
        then = rows[0]["raised_at"] if len(rows) == 1 else None
        people = register.residents_of(tx, homes, then) if named else {}
        tracks = self._tracks(tx, ids, {r["id"]: r["plan"] for r in rows})
        asked = contacts_of(tx, ids) if contacts else {}
        shown = (_alert(r, places.get(r["home_id"]), people.get(r["home_id"] or "", []), tracks.get(r["id"], []))
                 for r in rows)  # fmt: skip
        return [
            self._on_map(one)
            | ({"contacts": asked.get(one["id"], [])} if contacts else {})
            for one in shown
        ]

    def _on_map(self, shown: dict[str, Any]) -> dict[str, Any]:
        if shown["home"]:
            shown["home"]["spot"] = self._spot(shown["home"]["location"])
        return shown

    def _tracks(self, tx: Tx, ids: Sequence[str], plans: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        query = sa.select(TRACKS).where(TRACKS.c.alert_id.in_(ids)).order_by(TRACKS.c.alert_id, TRACKS.c.n)
        for row in rows_of(tx, query):
            role = None
            if row["state"] == "calling":
                role = self._next_role(tx, plans[row["alert_id"]], row["name"], row["joined"])
            found.setdefault(row["alert_id"], []).append(_track(row, role))
        _name_offers(tx, [track for tracks in found.values() for track in tracks])
        return found

    def _timeline(self, tx: Tx, alert_id: str) -> list[dict[str, Any]]:
        entries = []
        query = sa.select(TIMELINE).where(TIMELINE.c.alert_id == alert_id).order_by(TIMELINE.c.seq)
        for row in rows_of(tx, query):
            data = {k: v for k, v in json.loads(row["data"]).items() if k != "set"}
            if row["note"] is not None:
                data["note"] = notes.opened(tx, row["note"], notes.of_timeline(alert_id, row["seq"]))
            entries.append({
                "seq": row["seq"], "at": row["at"].isoformat(), "type": row["type"], "by": row["by"], "data": data,
                "hash": row["hash"],
            })  # fmt: skip
        return entries

    def _pressed(self, tx: Tx, alert_id: str) -> list[dict[str, Any]]:
        """Who has reported what, in order; no notes, they are not for a link."""
        columns = (TIMELINE.c.type, TIMELINE.c.by, TIMELINE.c.data)
        query = sa.select(*columns).where(TIMELINE.c.alert_id == alert_id, TIMELINE.c.type.in_(_PRESSED))
        rows = rows_of(tx, query.order_by(TIMELINE.c.seq))
        return [{"type": row["type"], "by": row["by"], "step": json.loads(row["data"]).get("step")} for row in rows]

    def _cards(self, tx: Tx, home_id: str | None, since: datetime | None = None) -> dict[str, Any]:
        """``since``: who lived there then is told too."""
        home = register.home_of(tx, home_id) if home_id else None
        if home is None:
            return {"access": None, "medical": None}
        residents = register.residents_of(tx, [home["id"]], since)[home["id"]]
        medical = [{"resident": r["id"], **(r.get("medical") or {})} for r in residents]
        told = ("id", "name", "sex", "birth", "language", "hearing", "phones", "contacts")
        people = [{k: r.get(k) for k in told} for r in residents]
        return {"access": dict(home["access"]), "medical": medical, "residents": people}


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
        "raised_at": iso_or_none(row["raised_at"]), "tracks": tracks, "signals": row["signals"],
        "cancel_requested": row["cancel_requested"], "late": row["late"], "replayed": row["replayed"],
        "drill": row["drill"], "plan": row["plan"], "previous": row["previous"], "version": row["version"],
        "closed_at": iso_or_none(row["closed_at"]), "closed_by": row["closed_by"], "outcome": row["outcome"],
        "cause": row["cause"],
    }  # fmt: skip


def _name_offers(tx: Tx, tracks: Iterable[Mapping[str, Any]]) -> None:
    """To whom a track is offered, by name; a log-in without a responder goes by its own."""
    offers = [track["offer"] for track in tracks if track["offer"]]
    if not offers:
        return
    query = sa.select(RESPONDERS.c.id, RESPONDERS.c.name).where(RESPONDERS.c.id.in_({o["to"] for o in offers}))
    names = dict(tx.execute(query).all())
    for offer in offers:
        offer["name"] = names.get(offer["to"], offer["to"])


def _track(row: Mapping[str, Any], next_role: str | None) -> dict[str, Any]:
    claimant = None
    if row["claimant"]:
        claimant = {"id": row["claimant"], "name": row["claimant_name"], "role": row["claimant_role"]}
    offer = {"to": row["offer_to"], "until": iso_or_none(row["offer_until"])} if row["offer_to"] else None
    return {
        "name": row["name"], "state": row["state"], "next_at": iso_or_none(row["next_at"]), "next_role": next_role,
        "claimant": claimant, "claim_until": iso_or_none(row["claim_until"]), "offer": offer, "round": row["round"],
        "called": [{"responder": id, "role": c[0], "at": c[1], "times": c[2]} for id, c in row["called"].items()],
    }  # fmt: skip
