"""Contacts as they are shown: each outbox row with the word of its last attempt and the person's name."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from store.ledger import Tx
from store.outbox import ATTEMPTS, OUTBOX
from store.register import RESPONDERS
from store.sight import iso_or_none, rows_of


def contacts_of(tx: Tx, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Alert -> everything that was sent about it, in the order in which it was decided."""
    query = sa.select(OUTBOX).where(OUTBOX.c.alert_id.in_(ids)).order_by(OUTBOX.c.created_at, OUTBOX.c.key)
    return _by_alert(contacts(tx, rows_of(tx, query)))


def last_contacts(tx: Tx, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The latest call of each alert, however many went before it."""
    c = OUTBOX.c
    of_these = sa.select(c.alert_id, sa.func.max(c.created_at).label("at")).where(c.alert_id.in_(ids))
    latest = of_these.where(c.purpose == "contact").group_by(c.alert_id).subquery()
    query = sa.select(OUTBOX).join(latest, (latest.c.alert_id == c.alert_id) & (latest.c.at == c.created_at))
    return _by_alert(contacts(tx, rows_of(tx, query.where(c.purpose == "contact"))))


def contacts(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Outbox rows with the last attempt's word."""
    keys, people = [r["key"] for r in rows], {r["person"] for r in rows}
    named = sa.select(RESPONDERS.c.id, RESPONDERS.c.name).where(RESPONDERS.c.id.in_(people))
    names: dict[str, str] = {row[0]: row[1] for row in tx.execute(named)} if people else {}
    tries: dict[str, list[Mapping[str, Any]]] = {}
    if keys:
        for t in rows_of(tx, sa.select(ATTEMPTS).where(ATTEMPTS.c.key.in_(keys)).order_by(ATTEMPTS.c.n)):
            tries.setdefault(t["key"], []).append(t)
    return [_told(r, tries.get(r["key"], []), names.get(r["person"])) for r in rows]


def _by_alert(told: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in told:
        found.setdefault(one.pop("alert"), []).append(one)
    return found


def _told(row: Mapping[str, Any], tries: Sequence[Mapping[str, Any]], name: str | None) -> dict[str, Any]:
    """One row, with what the provider said to each try."""
    shown = contact(row, tries[-1] if tries else None)
    return {**shown, "name": name, "tries": [_try(t) for t in tries]}


def _try(attempt: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attempt": attempt["n"], "at": iso_or_none(attempt["started_at"]),
        "settled_at": iso_or_none(attempt["settled_at"]), "status": attempt["status"], "code": attempt["code"],
        "reason": attempt["reason"], "reference": attempt["reference"], "line": attempt["line"],
    }  # fmt: skip


def contact(row: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> dict[str, Any]:
    """One row as it stands: its end if it has one, else the word of its last attempt."""
    ended = row["status"] in ("failed", "superseded", "answered")
    status = row["status"] if ended or attempt is None else attempt["status"]
    at = (attempt["settled_at"] or attempt["started_at"]) if attempt else row["created_at"]
    return {
        "alert": row["alert_id"], "key": row["key"], "purpose": row["purpose"], "track": row["track"],
        "role": row["role"], "responder": row["person"], "channel": row["channel"], "attempt": row["attempts"],
        "status": status, "at": iso_or_none(at), "ordered_at": iso_or_none(row["created_at"]),
        "reason": (attempt["reason"] if attempt else None) or row["reason"],
        "reference": attempt["reference"] if attempt else None,
    }  # fmt: skip
